"""Version 3 of the SageMaker SDK tunes and transforms on a platform."""

from __future__ import annotations

from typing import Any

import boto3
from sagemaker.core.analytics import TrainingJobAnalytics
from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
from sagemaker.core.resources import HyperParameterTuningJob, TransformJob
from sagemaker.core.shapes import (
    HyperParameterTuningJobWarmStartConfig,
    ParentHyperParameterTuningJob,
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)
from sagemaker.core.transformer import Transformer
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import InputData
from sagemaker.train.tuner import HyperparameterTuner

METRIC = "test:binary_classification_accuracy"
INSTANCE = "ml.m5.large"


def tune(trainer: ModelTrainer, channels: list[InputData]) -> dict[str, Any]:
    """Tune to the end, look at what came of it, go on from it and stop."""
    tuner = _tuner(trainer, max_jobs=2)
    tuner.tune(channels, wait=False)
    job = tuner.latest_tuning_job
    job.wait(poll=1)
    best = tuner.best_training_job()
    table = tuner.analytics().dataframe()
    curve = TrainingJobAnalytics(best, metric_names=[METRIC]).dataframe()
    name = job.hyper_parameter_tuning_job_name
    found = {
        "name": name,
        "status": tuner.describe().hyper_parameter_tuning_job_status,
        "best": best,
        "values": dict(zip(table["TrainingJobName"], table["FinalObjectiveValue"], strict=True)),
        "sizes": sorted(table["mini_batch_size"]),
        "curve": curve["value"].tolist(),
        "jobs": [
            each.training_job_name
            for each in job.get_all_training_jobs(
                sort_by="FinalObjectiveMetricValue", sort_order="Descending"
            )
        ],
    }
    warm = _tuner(
        trainer,
        max_jobs=20,
        warm_start_config=HyperParameterTuningJobWarmStartConfig(
            warm_start_type="IdenticalDataAndAlgorithm",
            parent_hyper_parameter_tuning_jobs=[
                ParentHyperParameterTuningJob(hyper_parameter_tuning_job_name=name)
            ],
        ),
    )
    warm.tune(channels, job_name="warm", wait=False)
    warm.stop_tuning_job()
    warm.latest_tuning_job.wait(poll=1)
    found["warm"] = warm.describe().hyper_parameter_tuning_job_status
    found["listed"] = [
        each.hyper_parameter_tuning_job_name
        for each in HyperParameterTuningJob.get_all(status_equals="Stopped")
    ]
    return found


def transform(image_model: str, rows: str, output: str) -> dict[str, Any]:
    """Transform by the SDK's Transformer with its log, then by the resource, which is stopped."""
    transformer = Transformer(
        image_model,
        1,
        INSTANCE,
        strategy="MultiRecord",
        accept="text/csv",
        assemble_with="Line",
        output_path=output,
        max_payload=6,
    )
    transformer.transform(rows, content_type="text/csv", split_type="Line", wait=True, logs=True)
    job = transformer.latest_transform_job
    attached = Transformer.attach(job.transform_job_name)
    bucket, _, prefix = output.removeprefix("s3://").partition("/")
    key = f"{prefix}/{rows.rpartition('/')[2]}.out"
    answers = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    stopped = TransformJob.create(
        transform_job_name="core-transform",
        model_name=image_model,
        transform_input=TransformInput(
            data_source=TransformDataSource(
                s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=rows)
            ),
            content_type="text/csv",
        ),
        transform_output=TransformOutput(s3_output_path=f"{output}-stopped"),
        transform_resources=TransformResources(instance_type=INSTANCE, instance_count=1),
    )
    stopped.stop()
    stopped.wait(poll=1)
    return {
        "status": job.refresh().transform_job_status,
        "attached": [attached.model_name, attached.accept, attached.assemble_with],
        "answers": answers.splitlines(),
        "stopped": stopped.transform_job_status,
        "listed": [
            each.transform_job_name for each in TransformJob.get_all(name_contains="core-transform")
        ],
    }


def _tuner(trainer: ModelTrainer, **more: Any) -> HyperparameterTuner:
    return HyperparameterTuner(
        model_trainer=trainer,
        objective_metric_name=METRIC,
        hyperparameter_ranges={
            "mini_batch_size": IntegerParameter(100, 400),
            "factors_lr": ContinuousParameter(1e-4, 1e-2, "Logarithmic"),
        },
        strategy="Random",
        random_seed=3,
        max_parallel_jobs=2,
        **more,
    )
