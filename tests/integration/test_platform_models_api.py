"""Models and endpoint configurations through boto3."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from integration.hosting import CAPTURE, MODEL_DATA, make_config, model_request, variant
from integration.platform_api import IMAGE, UNCHECKED, RunningApi, field_paths
from pairloom.platform.jobs.field_fates import FieldFates
from pairloom.platform.operations.hosting_fields import (
    ENDPOINT_CONFIG_FIELDS,
    ENDPOINT_FIELDS,
    ENDPOINT_UPDATE_FIELDS,
    INVOCATION_FIELDS,
    MODEL_FIELDS,
    WEIGHTS_FIELDS,
)
from pairloom.platform.protocol.services import operation_model

ROLE = "arn:aws:iam::111122223333:role/PairloomExecutionRole"
ARN = "arn:aws:sagemaker:us-east-1:111122223333"


def _without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_model_is_created_and_described_as_sagemaker_does(client: Any) -> None:
    made = client.create_model(**model_request("fm"), Tags=[{"Key": "team", "Value": "one"}])
    assert made["ModelArn"] == f"{ARN}:model/fm"
    described = _without_metadata(client.describe_model(ModelName="fm"))
    assert abs(described.pop("CreationTime").timestamp() - time.time()) < 30
    assert described == {
        "ModelName": "fm",
        "PrimaryContainer": {"Image": IMAGE, "Mode": "SingleModel", "ModelDataUrl": MODEL_DATA},
        "ExecutionRoleArn": ROLE,
        "ModelArn": f"{ARN}:model/fm",
        "EnableNetworkIsolation": False,
    }
    assert client.list_tags(ResourceArn=made["ModelArn"])["Tags"] == [
        {"Key": "team", "Value": "one"}
    ]


def test_model_may_stand_in_containers_and_name_its_data_as_a_source(client: Any) -> None:
    source = {"S3Uri": MODEL_DATA, "S3DataType": "S3Object", "CompressionType": "Gzip"}
    container = {
        "Image": IMAGE,
        "ModelDataSource": {"S3DataSource": source},
        "Environment": {"OMP_NUM_THREADS": "1"},
    }
    client.create_model(ModelName="listed-container", Containers=[container])
    described = client.describe_model(ModelName="listed-container")
    assert described["Containers"] == [{**container, "Mode": "SingleModel"}]
    assert not {"PrimaryContainer", "ExecutionRoleArn", "VpcConfig"} & described.keys()


def test_model_of_a_taken_name_is_refused_in_the_words_that_the_sdk_knows(client: Any) -> None:
    client.create_model(**model_request("taken"))
    with pytest.raises(ClientError, match="Cannot create already existing model") as raised:
        client.create_model(**model_request("taken"))
    error = raised.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "ValidationException",
        f'Cannot create already existing model "{ARN}:model/taken".',
    )


def test_deleted_model_is_gone_with_its_tags(client: Any) -> None:
    arn = client.create_model(**model_request("goes"), Tags=[{"Key": "a", "Value": "1"}])[
        "ModelArn"
    ]
    client.delete_model(ModelName="goes")
    for call in (client.describe_model, client.delete_model):
        with pytest.raises(ClientError, match=f'Could not find model "{arn}"') as raised:
            call(ModelName="goes")
        assert raised.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find model with ARN"):
        client.list_tags(ResourceArn=arn)
    client.create_model(**model_request("goes"))
    assert client.list_tags(ResourceArn=arn)["Tags"] == []


SOURCE = {"S3Uri": MODEL_DATA, "S3DataType": "S3Prefix", "CompressionType": "Gzip"}
CONTAINER = model_request("x")["PrimaryContainer"]
REFUSED_MODELS: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({**model_request("under_score")}, "at 'modelName' .*regular expression"),
    "no-container": ({"ModelName": "x"}, "either PrimaryContainer or Containers"),
    "both": ({**model_request("x"), "Containers": [CONTAINER]}, "either PrimaryContainer or"),
    "pipeline": ({"ModelName": "x", "Containers": [CONTAINER] * 2}, "has 2 entries; must have 1"),
    "image": (model_request("x", Image="1.ecr/xgboost:1"), "is of repository 'xgboost'"),
    "no-image": (model_request("x", Image=None), "PrimaryContainer must have an Image"),
    "multi": (model_request("x", Mode="MultiModel"), "Mode must be SingleModel"),
    "no-data": (model_request("x", ModelDataUrl=None), "either ModelDataUrl or ModelDataSource"),
    "two-data": (
        model_request("x", ModelDataSource={"S3DataSource": SOURCE}),
        "either ModelDataUrl or ModelDataSource",
    ),
    "prefix-gzip": (
        model_request("x", ModelDataUrl=None, ModelDataSource={"S3DataSource": SOURCE}),
        "CompressionType Gzip asks for S3DataType S3Object",
    ),
    "https": (model_request("x", ModelDataUrl="https://b/m.tar.gz"), "must be s3://bucket/prefix"),
    "ending": (model_request("x", ModelDataUrl="s3://b/model.zip"), r"must end in \.tar\.gz"),
    "environment": (
        model_request("x", Environment={"LD_PRELOAD": "/x"}),
        "Environment: LD_PRELOAD is refused",
    ),
    "package": (
        {"ModelName": "x", "Containers": [{**CONTAINER, "ModelPackageName": "p"}]},
        "Containers.ModelPackageName is not supported by Pairloom: there is no model registry",
    ),
    "tags": ({**model_request("x"), "Tags": [{"Key": "a", "Value": ""}] * 2}, "more than once"),
}


@pytest.mark.parametrize("case", REFUSED_MODELS)
def test_model_that_breaks_a_rule_is_refused_by_name(case: str, api: RunningApi) -> None:
    request, message = REFUSED_MODELS[case]
    with pytest.raises(ClientError, match=message) as raised:
        api.client("sagemaker", config=UNCHECKED).create_model(**request)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert api.store.models.get("x") is None


def test_configuration_is_created_and_described_as_sagemaker_does(client: Any) -> None:
    second = variant("pair", "second", InitialVariantWeight=0.5, InitialInstanceCount=2)
    arn = make_config(client, "pair", variant("pair"), second, DataCaptureConfig=CAPTURE)
    assert arn == f"{ARN}:endpoint-config/pair"
    described = _without_metadata(client.describe_endpoint_config(EndpointConfigName="pair"))
    assert abs(described.pop("CreationTime").timestamp() - time.time()) < 30
    assert described == {
        "EndpointConfigName": "pair",
        "EndpointConfigArn": arn,
        "ProductionVariants": [{**variant("pair"), "InitialVariantWeight": 1.0}, second],
        "DataCaptureConfig": CAPTURE,
        "EnableNetworkIsolation": False,
    }


def test_configuration_of_a_taken_name_and_one_that_is_not_there_are_refused(client: Any) -> None:
    arn = make_config(client, "config-taken")
    with pytest.raises(ClientError) as raised:
        client.create_endpoint_config(
            EndpointConfigName="config-taken", ProductionVariants=[variant("config-taken")]
        )
    assert raised.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f'Cannot create already existing endpoint configuration "{arn}".',
    }
    client.delete_endpoint_config(EndpointConfigName="config-taken")
    for call in (client.describe_endpoint_config, client.delete_endpoint_config):
        with pytest.raises(ClientError) as raised:
            call(EndpointConfigName="config-taken")
        assert raised.value.response["Error"]["Message"] == (
            f'Could not find endpoint configuration "{arn}".'
        )


VARIANT = variant("served")
SERVERLESS = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
REFUSED_CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"EndpointConfigName": "-x"}, "at 'endpointConfigName' .*regular expression"),
    "no-variant": ({"ProductionVariants": []}, "length greater than or equal to 1"),
    "absent-model": (
        {"ProductionVariants": [variant("nobody")]},
        f'Could not find model "{ARN}:model/nobody"',
    ),
    "no-model": (
        {"ProductionVariants": [{"VariantName": "a", "InitialInstanceCount": 1}]},
        "'a' must have ModelName",
    ),
    "no-count": (
        {"ProductionVariants": [{"VariantName": "a", "ModelName": "served"}]},
        "'a' must have InitialInstanceCount",
    ),
    "no-instance": (
        {"ProductionVariants": [variant("served", InitialInstanceCount=0)]},
        "at 'productionVariants.1.member.initialInstanceCount' .*greater than or equal to 1",
    ),
    "twice": ({"ProductionVariants": [VARIANT, VARIANT]}, "'AllTraffic' is there more than once"),
    "weights": (
        {"ProductionVariants": [variant("served", InitialVariantWeight=0.0)]},
        "InitialVariantWeight must be above 0",
    ),
    "weight": (
        {"ProductionVariants": [variant("served", InitialVariantWeight=-1.0)]},
        "initialVariantWeight' .*greater than or equal to 0",
    ),
    "serverless": (
        {"ProductionVariants": [{**VARIANT, "ServerlessConfig": SERVERLESS}]},
        "ServerlessConfig is not supported by Pairloom: give InitialInstanceCount",
    ),
    "shadow": (
        {"ShadowProductionVariants": [variant("served", "b")]},
        "ShadowProductionVariants is not supported by Pairloom: give ProductionVariants",
    ),
    "kms": ({"KmsKeyId": "key"}, "KmsKeyId is not supported by Pairloom: nothing is encrypted"),
    "capture": (
        {"DataCaptureConfig": {**CAPTURE, "DestinationS3Uri": "https://b/c"}},
        "DataCaptureConfig.DestinationS3Uri: 'https://b/c'",
    ),
    "sampling": (
        {"DataCaptureConfig": {**CAPTURE, "InitialSamplingPercentage": 101}},
        "initialSamplingPercentage' .*less than or equal to 100",
    ),
}


@pytest.mark.parametrize("case", REFUSED_CONFIGS)
def test_configuration_that_breaks_a_rule_is_refused_by_name(
    case: str, api: RunningApi, client: Any
) -> None:
    members, message = REFUSED_CONFIGS[case]
    if api.store.models.get("served") is None:
        client.create_model(**model_request("served"))
    request = {"EndpointConfigName": "x", "ProductionVariants": [VARIANT], **members}
    with pytest.raises(ClientError, match=message) as raised:
        api.client("sagemaker", config=UNCHECKED).create_endpoint_config(**request)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert api.store.endpoint_configs.get("x") is None


def test_more_processes_than_a_machine_bears_are_refused(client: Any) -> None:
    client.create_model(**model_request("many"))
    with pytest.raises(ClientError, match=r"at most 20 instances .*; 21 are asked for") as raised:
        client.create_endpoint_config(
            EndpointConfigName="many",
            ProductionVariants=[variant("many", InitialInstanceCount=21)],
        )
    assert raised.value.response["Error"]["Code"] == "ResourceLimitExceeded"


FATES = {
    "CreateModel": MODEL_FIELDS,
    "CreateEndpointConfig": ENDPOINT_CONFIG_FIELDS,
    "CreateEndpoint": ENDPOINT_FIELDS,
    "UpdateEndpoint": ENDPOINT_UPDATE_FIELDS,
    "UpdateEndpointWeightsAndCapacities": WEIGHTS_FIELDS,
    "InvokeEndpoint": INVOCATION_FIELDS,
}


@pytest.mark.parametrize("operation", FATES)
def test_every_field_has_a_fate_and_every_fate_a_field(operation: str) -> None:
    fates: FieldFates = FATES[operation]
    service = "sagemaker-runtime" if operation == "InvokeEndpoint" else "sagemaker"
    paths = list(field_paths(operation_model(service, operation).input_shape))
    assert [path for path in paths if fates.fate(path) is None] == []
    assert {*fates.honoured, *fates.ignored, *fates.refused} - set(paths) == set()
