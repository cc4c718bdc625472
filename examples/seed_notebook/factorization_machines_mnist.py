# %% [markdown]
# # Is this handwritten digit a zero?
#
# A factorization machine learns from MNIST's images whether one shows a zero, is put behind an
# endpoint, and judges 10,000 images that it has not seen. The cells of code are those of
# SageMaker's introduction to factorization machines. They talk to SageMaker's API through its
# own SDK, so they run at AWS, and on a platform of your own machine:
#
# ```text
# pairloom up --detach
# pairloom samples examples/mnist/data
# pairloom run examples/seed_notebook/factorization_machines_mnist.ipynb
# ```
#
# What the published text of the cells has lost, or what the SDK has since renamed, is put back and
# marked `Repaired`. Cells that the introduction does not have are marked `Added`.

# %% [markdown]
# ## 1. Introduction
#
# Every image has 28 x 28 grey pixels, which become 784 features. The machine learns a weight for
# each of them and a short vector of factors, whose products stand for pairs of pixels. Few large
# tables are as dense as these images; they are small enough to look at, though.

# %% [markdown]
# ## 2. Prerequisites and preprocessing
#
# The client needs `sagemaker` (2.257 or later of version 2), Matplotlib and pandas. The images are
# expected in the bucket `sagemaker-sample-files`, where AWS has them and where `pairloom samples`
# puts them.

# %% [markdown]
# ## 3. Permissions and environment variables
#
# Who calls, in which region, where the images come from, and the bucket of this account for all
# that is made on the way.

# %%
import re
import boto3
import sagemaker
from sagemaker import get_execution_role
import json

role = get_execution_role()

region = boto3.Session().region_name

# S3 bucket where the original mnist data is downloaded and stored.
downloaded_data_bucket = f"sagemaker-sample-files"
downloaded_data_prefix = "datasets/image/MNIST"

sess = sagemaker.Session()

# bucket used for storing processed data and model.
bucket = sess.default_bucket()
prefix = "sagemaker/DEMO-fm-mnist"

# %% [markdown]
# ## 4. Data ingestion
#
# One pickle holds three parts: 50,000 images to train on, 10,000 to choose settings by, which are
# not used here, and 10,000 to test on.

# %%
import pickle, gzip, numpy, json
import boto3

# Load the dataset
s3 = boto3.client("s3")
s3.download_file(downloaded_data_bucket, f"{downloaded_data_prefix}/mnist.pkl.gz", "mnist.pkl.gz")
with gzip.open("mnist.pkl.gz", "rb") as f:  # Repaired: `gzip.open(` was lost
    train_set, valid_set, test_set = pickle.load(f, encoding="latin1")

# %% [markdown]
# ## 5. Data inspection
#
# One of the images, before anything is made of them.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt

plt.rcParams["figure.figsize"] = (2, 10)

def show_digit(img, caption="", subplot=None):
    if subplot is None:
        _, (subplot) = plt.subplots(1, 1)
    imgr = img.reshape((28, 28))
    subplot.imshow(imgr, cmap="gray")

show_digit(train_set[0][30], f"This is a {train_set[1][30]}")

# %% [markdown]
# ## 6. Data conversion
#
# The label is 1 for a zero and 0 for any other digit. Images and labels are written as
# recordio-protobuf, the format that the training program reads, by the SDK's own writer.

# %%
import io
import numpy as np
import sagemaker.amazon.common as smac  # Repaired: `sagemaker.amazon.common` was lost

vectors = np.array([t.tolist() for t in train_set[0]]).astype("float32")
labels = np.where(np.array([t.tolist() for t in train_set[1]]) == 0, 1.0, 0.0).astype("float32")

buf = io.BytesIO()
smac.write_numpy_to_dense_tensor(buf, vectors, labels)
buf.seek(0)  # Repaired: this line was lost, without which nothing is left to upload

# %% [markdown]
# The file goes to the bucket, and the model will go there too.

# %%
import boto3
import os

key = "recordio-pb-data"
boto3.resource("s3").Bucket(bucket).Object(os.path.join(prefix, "train", key)).upload_fileobj(buf)
s3_train_data = f"s3://{bucket}/{prefix}/train/{key}"
print(f"uploaded training data location: {s3_train_data}")

# %%
output_location = f"s3://{bucket}/{prefix}/output"
print(f"training artifacts will be uploaded to: {output_location}")

# %% [markdown]
# ## 7. Training the FM model
#
# The algorithm is named by the address of its image. `feature_dim` is the number of pixels,
# `num_factors` the length of the vectors, `mini_batch_size` how many images one step sees; all
# other settings keep their defaults. `fit` starts the job, shows its log and waits for its end.

# %%
from sagemaker.amazon.amazon_estimator import get_image_uri  # Repaired: the module's name was lost

container = get_image_uri(boto3.Session().region_name, "factorization-machines")

# %%
import boto3
import sagemaker

sess = sagemaker.Session()

fm = sagemaker.estimator.Estimator(
    # Repaired: these arguments were lost, and `fm.set_hyperparameters(` below them
    container,
    role,
    instance_count=1,
    instance_type="ml.c4.xlarge",
    output_path=output_location,
    sagemaker_session=sess,
)
fm.set_hyperparameters(
    feature_dim=784, predictor_type="binary_classifier", mini_batch_size=200, num_factors=10
)
fm.fit({"train": s3_train_data})  # Repaired: `fm.fit(` was lost

# %% [markdown]
# ## 8. Set up hosting for the model
#
# One call makes a model, an endpoint configuration and an endpoint, and waits until it is in service.

# %%
fm_predictor = fm.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge")

# %% [markdown]
# ## 9. Import model into hosting
#
# The next three steps are what that call did, by boto3 alone, for a second endpoint. First the model:
# an image and the artifact that the job left in the bucket.

# %%
# Added: a model by boto3
sagemaker_client = boto3.client("sagemaker")
second_name = f"{fm.latest_training_job.name}-boto3"
sagemaker_client.create_model(
    ModelName=second_name,
    PrimaryContainer={"Image": container, "ModelDataUrl": fm.model_data},
    ExecutionRoleArn=role,
)

# %% [markdown]
# ## 10. Create endpoint configuration
#
# It says how many processes serve which model; several models would share the requests by weight.

# %%
# Added: an endpoint configuration by boto3
sagemaker_client.create_endpoint_config(
    EndpointConfigName=second_name,
    ProductionVariants=[
        {
            "VariantName": "AllTraffic",
            "ModelName": second_name,
            "InstanceType": "ml.m4.xlarge",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1,
        }
    ],
)

# %% [markdown]
# ## 11. Create endpoint

# %%
# Added: an endpoint by boto3, looked at every second until it is in service
sagemaker_client.create_endpoint(EndpointName=second_name, EndpointConfigName=second_name)
sagemaker_client.get_waiter("endpoint_in_service").wait(
    EndpointName=second_name, WaiterConfig={"Delay": 1, "MaxAttempts": 600}
)

# %% [markdown]
# ## 12. Validate the model for use
#
# The predictor is told how to write a request in the algorithm's JSON and how to read the answer.

# %%
import json
from sagemaker.deserializers import JSONDeserializer  # Repaired: json_deserializer has gone

def fm_serializer(data):
    js = {"instances": []}
    for row in data:
        js["instances"].append({"features": row.tolist()})
    return json.dumps(js)

fm_predictor.serializer.serialize = fm_serializer
fm_predictor.deserializer = JSONDeserializer()  # Repaired: as above

# %% [markdown]
# One image. `score` is the probability that it shows a zero; `predicted_label` is 1 from one half on.

# %%
result = fm_predictor.predict(train_set[0][30:31], initial_args={"ContentType": "application/json"})

# %%
# Added: the answer, which is also that of the second endpoint
print(result)
second_answer = boto3.client("sagemaker-runtime").invoke_endpoint(
    EndpointName=second_name,
    ContentType="application/json",
    Body=fm_serializer(train_set[0][30:31]),
)
assert json.loads(second_answer["Body"].read()) == result

# %% [markdown]
# All 10,000 test images, in 100 requests.

# %%
import numpy as np

predictions = []
for array in np.array_split(test_set[0], 100):
    result = fm_predictor.predict(array, initial_args={"ContentType": "application/json"})
    predictions += [r["predicted_label"] for r in result["predictions"]]

predictions = np.array(predictions)

# %% [markdown]
# What was right and what was wrong: actual labels in rows, predicted ones in columns.

# %%
import pandas as pd

pd.crosstab(  # Repaired: `pd.crosstab(` was lost
    np.where(test_set[1] == 0, 1, 0), predictions, rownames=["actuals"], colnames=["predictions"]
)

# %%
# Added: the counts beside those that the introduction names
zeros = test_set[1] == 0
counts = {
    "zeros found": (951, int(np.sum(zeros & (predictions == 1)))),
    "other digits called zero": (165, int(np.sum(~zeros & (predictions == 1)))),
    "zeros missed": (29, int(np.sum(zeros & (predictions == 0)))),
}
print(pd.DataFrame(counts, index=["introduction", "here"]).T)

# %% [markdown]
# Endpoints serve until they are deleted.

# %%
import sagemaker

sagemaker.Session().delete_endpoint(fm_predictor.endpoint_name)  # Repaired: this line was lost

# %%
# Added: the second endpoint, both configurations and both models
sagemaker_client.delete_endpoint(EndpointName=second_name)
for name in (second_name, fm_predictor.endpoint_name):
    config = sagemaker_client.describe_endpoint_config(EndpointConfigName=name)
    sagemaker_client.delete_endpoint_config(EndpointConfigName=name)
    for variant in config["ProductionVariants"]:
        sagemaker_client.delete_model(ModelName=variant["ModelName"])
