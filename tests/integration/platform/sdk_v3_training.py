"""Version 3 of the SageMaker SDK trains on a platform."""

from __future__ import annotations

import io
import time
from typing import Any

from sagemaker.core.resources import TrainingJob
from sagemaker.core.shapes import (
    AlgorithmSpecification,
    Channel,
    DataSource,
    OutputDataConfig,
    ResourceConfig,
    S3DataSource,
    StoppingCondition,
)
from sagemaker.core.utils.exceptions import FailedStatusError
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import CheckpointConfig, Compute, InputData

from integration.platform.digit_settings import HYPERPARAMETERS

NO_REPORT = {"PAIRLOOM_REPORT": "false"}
CONTENT_TYPE = "application/x-recordio-protobuf"


def trainer_of(image: str, name: str, instance_count: int = 1, **more: Any) -> ModelTrainer:
    """Return a trainer of a factorization machine for digits."""
    return ModelTrainer(
        training_image=image,
        base_job_name=name,
        hyperparameters=HYPERPARAMETERS,
        compute=Compute(instance_type="ml.c5.xlarge", instance_count=instance_count),
        **more,
    )


def channels_of(train: str) -> list[InputData]:
    """Return a prefix as the channels for training and testing."""
    return [
        InputData(channel_name=name, data_source=train, content_type=CONTENT_TYPE)
        for name in ("train", "test")
    ]


def train_with_log(trainer: ModelTrainer, train: str, said: io.StringIO) -> dict[str, Any]:
    """Train to the end; return what the job was and the log that was shown."""
    trainer.train(channels_of(train), wait=True, logs=True)
    return {"said": said.getvalue(), **_about(trainer._latest_training_job)}


def train_on_local_file(image: str, rows: str) -> dict[str, Any]:
    """Train on two instances, from a file that the SDK uploads, and with checkpoints."""
    trainer = trainer_of(
        image,
        "local",
        instance_count=2,
        checkpoint_config=CheckpointConfig(),
        environment={"PAIRLOOM_CHECKPOINT_EPOCHS": "1", **NO_REPORT},
    )
    begin = time.monotonic()
    trainer.train([InputData(channel_name="train", data_source=rows)], wait=False)
    seconds = time.monotonic() - begin
    job = trainer._latest_training_job
    job.wait(poll=1)
    return {"seconds": seconds, "checkpoints": job.checkpoint_config.s3_uri, **_about(job)}


def train_by_resources(train: str, role: str, output: str, said: io.StringIO) -> dict[str, Any]:
    """Do without the trainer what it does, and what it does not."""

    def create(name: str, **changed: str) -> TrainingJob:
        source = S3DataSource(
            s3_data_type="S3Prefix", s3_uri=train, s3_data_distribution_type="FullyReplicated"
        )
        given = {name: str(value) for name, value in HYPERPARAMETERS.items()}
        return TrainingJob.create(
            training_job_name=name,
            role_arn=role,
            algorithm_specification=AlgorithmSpecification(
                training_image="registry/factorization-machines:1", training_input_mode="File"
            ),
            hyper_parameters={**given, **changed},
            input_data_config=[
                Channel(channel_name="train", data_source=DataSource(s3_data_source=source))
            ],
            output_data_config=OutputDataConfig(s3_output_path=output),
            resource_config=ResourceConfig(
                instance_type="ml.c5.xlarge", instance_count=2, volume_size_in_gb=30
            ),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
            tags=[{"key": "team", "value": "digits"}],
            environment=NO_REPORT,
        )

    whole, endless, refused = (
        create("core-whole"),
        create("core-endless", epochs="100000"),
        create("core-refused", num_factors="-1"),
    )
    while endless.refresh().secondary_status != "Training":
        time.sleep(0.2)
    endless.stop()
    endless.wait(poll=1)
    begin = len(said.getvalue())
    whole.wait(poll=1, logs=True)
    failure = ""
    try:
        refused.wait(poll=1)
    except FailedStatusError as error:
        failure = str(error)
    return {
        "whole": _about(whole),
        "said": said.getvalue()[begin:],
        "got": TrainingJob.get("core-whole").training_job_arn,
        "endless": endless.training_job_status,
        "failure": failure,
        "listed": [
            job.training_job_name
            for job in TrainingJob.get_all(
                name_contains="core-", sort_by="CreationTime", sort_order="Descending"
            )
        ],
        "stopped": [
            job.training_job_name
            for job in TrainingJob.get_all(status_equals="Stopped", name_contains="core-")
        ],
    }


def _about(job: TrainingJob) -> dict[str, Any]:
    return {
        "name": job.training_job_name,
        "status": job.training_job_status,
        "steps": [step.status for step in job.secondary_status_transitions],
        "artifact": job.model_artifacts.s3_model_artifacts,
        "metrics": {of.metric_name: of.value for of in job.final_metric_data_list},
        "billed": job.billable_time_in_seconds,
    }
