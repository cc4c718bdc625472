"""Training jobs, tags and Search through boto3."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from contract.metric_definitions import METRIC_DEFINITIONS
from integration.platform_api import (
    UNCHECKED,
    RunningApi,
    field_paths,
    job_request,
    utc,
    waited,
)
from pairloom.platform.jobs.training_job_fields import TRAINING_JOB_FIELDS
from pairloom.platform.protocol.services import operation_model


def test_job_is_created_and_described_as_sagemaker_does(api: RunningApi, client: Any) -> None:
    request = job_request("fm-1", Tags=[{"Key": "team", "Value": "one"}])
    made = client.create_training_job(**request)
    arn = "arn:aws:sagemaker:us-east-1:111122223333:training-job/fm-1"
    assert made["TrainingJobArn"] == arn
    job = client.describe_training_job(TrainingJobName="fm-1")
    assert job["TrainingJobArn"] == arn
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("InProgress", "Starting")
    assert job["HyperParameters"] == request["HyperParameters"]
    assert job["OutputDataConfig"] == {"KmsKeyId": "", "S3OutputPath": "s3://bucket/output"}
    assert job["AlgorithmSpecification"]["EnableSageMakerMetricsTimeSeries"] is False
    definitions = job["AlgorithmSpecification"]["MetricDefinitions"]
    assert {one["Name"]: one["Regex"] for one in definitions} == METRIC_DEFINITIONS
    assert job["InputDataConfig"][0]["CompressionType"] == "None"
    assert job["InputDataConfig"][0]["RecordWrapperType"] == "None"
    assert job["EnableManagedSpotTraining"] is False
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == ["Starting"]
    assert job["CreationTime"] == job["LastModifiedTime"]
    assert abs(job["CreationTime"].timestamp() - time.time()) < 30
    assert not {"ModelArtifacts", "VpcConfig", "FailureReason", "TrainingEndTime"} & job.keys()
    assert "{}" not in repr({name: job[name] for name in job if name != "ResponseMetadata"})
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "one"}]


def test_name_that_is_taken_is_refused(client: Any) -> None:
    client.create_training_job(**job_request("taken"))
    with pytest.raises(ClientError, match="a job with this name already exists") as raised:
        client.create_training_job(**job_request("taken"))
    assert raised.value.response["Error"]["Code"] == "ResourceInUse"


def test_end_of_a_job_is_described_and_waited_for(api: RunningApi, client: Any) -> None:
    client.create_training_job(**job_request("ends"))
    api.store.transition("ends", "Training", "in progress", training_started_at=time.time())
    api.store.transition(
        "ends",
        "Completed",
        "done",
        model_artifacts="s3://bucket/output/ends/output/model.tar.gz",
        training_ended_at=time.time(),
        training_seconds=7,
        billable_seconds=7,
        final_metrics=[{"MetricName": "train:rmse", "Value": 0.5, "Timestamp": time.time()}],
    )
    waiter = client.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="ends", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    job = client.describe_training_job(TrainingJobName="ends")
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("ends/output/model.tar.gz")
    assert (job["TrainingTimeInSeconds"], job["BillableTimeInSeconds"]) == (7, 7)
    assert job["FinalMetricDataList"][0]["MetricName"] == "train:rmse"
    steps = job["SecondaryStatusTransitions"]
    assert [step["StatusMessage"] for step in steps[1:]] == ["in progress", "done"]
    assert all("EndTime" in step for step in steps)


def test_failed_job_ends_the_waiter_with_its_reason(api: RunningApi, client: Any) -> None:
    client.create_training_job(**job_request("fails"))
    api.store.transition("fails", "Failed", "failed", failure_reason="ClientError: no rows")
    with pytest.raises(WaiterError, match='"Failed"'):
        client.get_waiter("training_job_completed_or_stopped").wait(
            TrainingJobName="fails", WaiterConfig={"Delay": 1, "MaxAttempts": 1}
        )
    job = client.describe_training_job(TrainingJobName="fails")
    assert job["FailureReason"] == "ClientError: no rows"


def test_stop_is_noted_and_refused_after_the_end(api: RunningApi, client: Any) -> None:
    client.create_training_job(**job_request("stops"))
    client.stop_training_job(TrainingJobName="stops")
    job = client.describe_training_job(TrainingJobName="stops")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopping", "Stopping")
    api.store.transition("stops", "Stopped", "stopped")
    with pytest.raises(ClientError, match="training job is in status Stopped") as raised:
        client.stop_training_job(TrainingJobName="stops")
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_job_that_is_not_there_is_not_found(client: Any) -> None:
    for call in (client.describe_training_job, client.stop_training_job):
        with pytest.raises(ClientError, match="Requested resource not found") as raised:
            call(TrainingJobName="nobody")
        assert raised.value.response["Error"]["Code"] == "ValidationException"


CHANNEL = job_request("x")["InputDataConfig"][0]
ALGORITHM = job_request("x")["AlgorithmSpecification"]
LOOK_AHEAD = {"MetricDefinitions": [{"Name": "a", "Regex": "(?=x)"}]}
SOURCE = CHANNEL["DataSource"]["S3DataSource"]
FILE_SYSTEM = {
    "FileSystemId": "fs-01234567",
    "FileSystemAccessMode": "ro",
    "FileSystemType": "EFS",
    "DirectoryPath": "/x",
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"TrainingJobName": "under_score"}, "at 'trainingJobName' .*regular expression"),
    "long-name": ({"TrainingJobName": "n" * 64}, "length less than or equal to 63"),
    "image": (
        {"AlgorithmSpecification": {"TrainingImage": "x/xgboost:1", "TrainingInputMode": "File"}},
        "is of repository 'xgboost'",
    ),
    "no-image": ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "have a TrainingImage"),
    "mode": (
        {
            "AlgorithmSpecification": {
                "TrainingImage": "factorization-machines",
                "TrainingInputMode": "Tape",
            }
        },
        r"enum value set: \[Pipe, File, FastFile\]",
    ),
    "instance": (
        {"ResourceConfig": {"InstanceType": "ml.c4.tiny", "InstanceCount": 1, "VolumeSizeInGB": 1}},
        "at 'resourceConfig.instanceType' failed",
    ),
    "no-instance": ({"ResourceConfig": {"InstanceCount": 0}}, "InstanceCount is 0"),
    "no-train": ({"InputDataConfig": [{**CHANNEL, "ChannelName": "test"}]}, "a channel 'train'"),
    "twice": ({"InputDataConfig": [CHANNEL, CHANNEL]}, "'train' is there more than once"),
    "uri": (
        {
            "InputDataConfig": [
                {**CHANNEL, "DataSource": {"S3DataSource": {**SOURCE, "S3Uri": "/tmp"}}}
            ]
        },
        "at 'inputDataConfig.1.member.dataSource.s3DataSource.s3Uri'",
    ),
    "augmented": (
        {
            "InputDataConfig": [
                {
                    **CHANNEL,
                    "DataSource": {
                        "S3DataSource": {**SOURCE, "S3DataType": "AugmentedManifestFile"}
                    },
                }
            ]
        },
        "S3DataType AugmentedManifestFile is not supported",
    ),
    "file-system": (
        {"InputDataConfig": [{**CHANNEL, "DataSource": {"FileSystemDataSource": FILE_SYSTEM}}]},
        "FileSystemDataSource is not supported by Pairloom: data are read from S3",
    ),
    "kms": (
        {"OutputDataConfig": {"S3OutputPath": "s3://b/o", "KmsKeyId": "key"}},
        "OutputDataConfig.KmsKeyId is not supported by Pairloom: nothing is encrypted",
    ),
    "regex": (
        {"AlgorithmSpecification": {**ALGORITHM, **LOOK_AHEAD}},
        r"MetricDefinitions: the Regex of 'a' is refused: invalid perl operator.*: \(\?=x\)$",
    ),
    "parameters": (
        {"HyperParameters": {f"name-{index}": "1" for index in range(101)}},
        "at 'hyperParameters' .*length less than or equal to 100",
    ),
    "environment": (
        {"Environment": {"LD_PRELOAD": "/x"}},
        "Environment: LD_PRELOAD is refused, since it decides which code runs",
    ),
    "environment of Ray": (
        {"Environment": {"RAY_RUNTIME_ENV_HOOK": "x"}},
        "Environment: RAY_RUNTIME_ENV_HOOK is refused, since it decides which code runs",
    ),
    "tags": ({"Tags": [{"Key": "a", "Value": "1"}] * 2}, "Tags: 'a' is there more than once"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_request_that_breaks_a_rule_is_refused_by_name(case: str, api: RunningApi) -> None:
    members, message = REFUSED[case]
    unchecked = api.client("sagemaker", config=UNCHECKED)
    with pytest.raises(ClientError, match=message) as raised:
        unchecked.create_training_job(**job_request("refused", **members))
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert api.store.training_job("refused") is None


def test_required_members_are_named(api: RunningApi) -> None:
    unchecked = api.client("sagemaker", config=UNCHECKED)
    request = job_request("without")
    del request["RoleArn"]
    with pytest.raises(ClientError, match=r"Value null at 'roleArn' .*Member must not be null"):
        unchecked.create_training_job(**request)


def test_every_field_of_the_request_has_a_fate() -> None:
    shape = operation_model("sagemaker", "CreateTrainingJob").input_shape
    paths = list(field_paths(shape))
    fate = TRAINING_JOB_FIELDS.fate
    assert "InputDataConfig.DataSource.S3DataSource.S3Uri" in paths
    assert len(paths) > 100
    assert [path for path in paths if fate(path) is None] == []
    assert {fate(path) for path in paths} == {"honoured", "ignored", "refused"}


def test_every_ignored_or_refused_field_is_one_of_the_request() -> None:
    paths = set(field_paths(operation_model("sagemaker", "CreateTrainingJob").input_shape))
    fields = TRAINING_JOB_FIELDS
    assert {*fields.honoured, *fields.ignored, *fields.refused} - paths == set()


def test_ignored_fields_are_told_where_they_ask_for_something() -> None:
    request = job_request("x", EnableManagedSpotTraining=True, EnableNetworkIsolation=False)
    assert set(TRAINING_JOB_FIELDS.ignored_in(request)) == {
        "ResourceConfig.InstanceType",
        "EnableManagedSpotTraining",
        "DebugHookConfig",
        "ProfilerConfig",
    }


def test_jobs_are_listed_in_pages_by_filters_and_order(api: RunningApi, client: Any) -> None:
    begun = waited()
    for index in range(5):
        client.create_training_job(**job_request(f"listed-{4 - index}"))
    ended = waited()
    api.store.transition("listed-3", "Completed", "")
    client.create_training_job(**job_request("unlisted"))

    def names(**asked: Any) -> list[str]:
        pages = client.get_paginator("list_training_jobs").paginate(
            PaginationConfig={"PageSize": 2}, **{"NameContains": "listed-", **asked}
        )
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    made = [f"listed-{4 - index}" for index in range(5)]
    assert names() == made
    assert names(SortOrder="Descending") == made[::-1]
    assert names(SortBy="Name") == sorted(made)
    assert names(SortBy="Status", SortOrder="Ascending")[0] == "listed-3"
    assert names(StatusEquals="Completed") == ["listed-3"]
    after, before = utc(begun), utc(ended)
    assert names(CreationTimeAfter=after, CreationTimeBefore=before) == made
    assert names(CreationTimeAfter=before) == []
    assert names(LastModifiedTimeAfter=before) == ["listed-3"]
    assert names(LastModifiedTimeBefore=before) == [name for name in made if name != "listed-3"]
    assert names(WarmPoolStatusEquals="Available") == []
    for bad in ("x", "bm90aGluZw==", "MQ=="):
        with pytest.raises(ClientError, match="Invalid NextToken"):
            client.list_training_jobs(NextToken=bad)


def test_every_parameter_of_the_list_is_tested() -> None:
    members = operation_model("sagemaker", "ListTrainingJobs").input_shape.members
    assert set(members) == {
        "NextToken", "MaxResults", "CreationTimeAfter", "CreationTimeBefore",
        "LastModifiedTimeAfter", "LastModifiedTimeBefore", "NameContains", "StatusEquals",
        "SortBy", "SortOrder", "WarmPoolStatusEquals", "TrainingPlanArnEquals",
    }  # fmt: skip


def test_tags_are_added_listed_and_deleted(client: Any) -> None:
    arn = client.create_training_job(**job_request("tagged"))["TrainingJobArn"]
    tags = [{"Key": f"k{index:02}", "Value": str(index)} for index in range(50)]
    assert client.add_tags(ResourceArn=arn, Tags=tags)["Tags"] == tags
    with pytest.raises(ClientError, match="at most 50 tags"):
        client.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": ""}])
    client.delete_tags(ResourceArn=arn, TagKeys=["k00", "absent"])
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    assert [tag for page in pages for tag in page["Tags"]] == tags[1:]
    with pytest.raises(ClientError, match="Could not find training job"):
        client.list_tags(ResourceArn=arn + "-other")


def test_sdk_that_polls_seldom_waits_for_the_end_of_a_young_job(api: RunningApi) -> None:
    agent = UNCHECKED.merge(_agent("lib/AWS-SageMaker-Python-SDK#2.257.7"))
    patient = api.client("sagemaker", config=agent)
    patient.create_training_job(**job_request("young"))
    end = threading.Timer(1.0, api.store.transition, ("young", "Completed", ""))
    end.start()
    begun = time.monotonic()
    job = patient.describe_training_job(TrainingJobName="young")
    assert job["TrainingJobStatus"] == "Completed"
    assert 0.5 < time.monotonic() - begun < 10


def _agent(name: str) -> Any:
    return Config(user_agent_extra=name)
