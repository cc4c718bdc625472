"""The API's operations on transform jobs, by boto3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from integration.platform.running_transforms import transform_request
from integration.platform_api import RunningApi, field_paths, running_api
from pairloom.platform.protocol.services import operation_model
from pairloom.platform.transform.transform_job_fields import TRANSFORM_JOB_FIELDS

INPUT, OUTPUT = "s3://bucket/in", "s3://bucket/out"
CSV = {"ContentType": "text/csv", "SplitType": "Line"}
IMAGE = "x.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(Path(tmp_path_factory.mktemp("api"))) as running:
        container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}
        request = {"ModelName": "fm", "PrimaryContainer": container}
        running.store.models.create("fm", request)
        yield running


@pytest.fixture(scope="module")
def client(api: RunningApi) -> Any:
    return api.client("sagemaker")


def refusal(client: Any, name: str, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        client.create_transform_job(**transform_request(name, INPUT, OUTPUT, **members))
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_job_is_described_as_it_was_asked_for_with_defaults(client: Any) -> None:
    request = transform_request(
        "whole",
        INPUT,
        OUTPUT,
        MaxPayloadInMB=20,
        MaxConcurrentTransforms=5,
        BatchStrategy="SingleRecord",
        Environment={"A": "b"},
        ModelClientConfig={"InvocationsMaxRetries": 0},
        ExperimentConfig={"TrialName": "t"},
        Tags=[{"Key": "k", "Value": "v"}],
    )
    arn = client.create_transform_job(**request)["TransformJobArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:111122223333:transform-job/whole"
    described = client.describe_transform_job(TransformJobName="whole")
    assert client.list_tags(ResourceArn=arn)["Tags"] == request.pop("Tags")
    assert described["TransformJobStatus"] == "InProgress"
    assert described.pop("TransformOutput") == {**request.pop("TransformOutput"), "KmsKeyId": ""}
    source = {**request.pop("TransformInput"), "CompressionType": "None"}
    assert described.pop("TransformInput") == source
    assert {name: described[name] for name in request} == request
    assert described["DataProcessing"] == {
        "InputFilter": "$", "OutputFilter": "$", "JoinSource": "None",
    }  # fmt: skip
    assert "TransformStartTime" not in described
    assert refusal(client, "whole")[0] == "ResourceInUse"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no-model": ({"ModelName": "none"}, "Could not find model"),
    "payload": ({"MaxPayloadInMB": 101}, "MaxPayloadInMB is 101; must be from 1 to 100"),
    "no-payload": ({"MaxPayloadInMB": 0}, "MaxPayloadInMB is 0; must be from 1 to 100"),
    "product": (
        {"MaxPayloadInMB": 51, "MaxConcurrentTransforms": 2},
        "MaxConcurrentTransforms, 2, times MaxPayloadInMB, 51, is 102; must be at most 100",
    ),
    "concurrent": ({"MaxConcurrentTransforms": 101}, "MaxConcurrentTransforms is 101"),
    "tfrecord": ({"source": {"SplitType": "TFRecord"}}, "SplitType TFRecord is not supported"),
    "augmented": (
        {"source": {"S3DataType": "AugmentedManifestFile"}},
        "S3DataType AugmentedManifestFile is not supported",
    ),
    "key": ({"answers": {"KmsKeyId": "k"}}, "TransformOutput.KmsKeyId is not supported"),
    "capture": (
        {"DataCaptureConfig": {"DestinationS3Uri": "s3://b/c"}},
        "DataCaptureConfig is not supported",
    ),
    "path": ({"DataProcessing": {"InputFilter": "features"}}, "JSONPath 'features'"),
    "join": (
        {"source": CSV, "DataProcessing": {"JoinSource": "Input"}},
        "filters and joins need records and answers both in CSV",
    ),
    "variable": ({"Environment": {"LD_PRELOAD": "x"}}, "LD_PRELOAD is refused"),
    "twice": ({"Tags": [{"Key": "k", "Value": "v"}] * 2}, "'k' is there more than once"),
    "address": ({"answers": {"S3OutputPath": "https://x/y"}}, "https://x/y"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_request_that_can_only_fail_is_refused(client: Any, name: str) -> None:
    members, expected = REFUSED[name]
    code, message = refusal(client, name, **members)
    assert code == "ValidationException"
    assert expected in message


def test_every_field_of_the_request_has_a_fate() -> None:
    paths = list(field_paths(operation_model("sagemaker", "CreateTransformJob").input_shape))
    fields = TRANSFORM_JOB_FIELDS
    assert len(paths) > 30
    assert [path for path in paths if fields.fate(path) is None] == []
    assert {*fields.honoured, *fields.ignored, *fields.refused} - set(paths) == set()


def test_jobs_are_listed_newest_first_by_filters_order_and_pages(client: Any) -> None:
    names = [f"listed-{number}" for number in range(5)]
    for name in names:
        client.create_transform_job(**transform_request(name, INPUT, OUTPUT))

    def listed(**filters: Any) -> list[str]:
        pages = client.get_paginator("list_transform_jobs").paginate(
            NameContains="listed", PaginationConfig={"PageSize": 2}, **filters
        )
        return [of["TransformJobName"] for page in pages for of in page["TransformJobSummaries"]]

    assert listed() == names[::-1]
    assert listed(SortBy="Name", SortOrder="Ascending") == names
    assert listed(SortBy="Status", SortOrder="Ascending") == names
    made = client.describe_transform_job(TransformJobName=names[2])["CreationTime"]
    assert listed(CreationTimeAfter=made, SortOrder="Ascending")[-2:] == names[3:]
    assert names[4] not in listed(CreationTimeBefore=made)
    assert listed(LastModifiedTimeBefore=made.replace(year=2000)) == []
    assert len(listed(LastModifiedTimeAfter=made.replace(year=2000))) == 5
    client.stop_transform_job(TransformJobName=names[1])
    assert listed(StatusEquals="Stopping") == [names[1]]


def test_job_that_is_absent_or_has_ended_is_refused(api: RunningApi, client: Any) -> None:
    client.create_transform_job(**transform_request("ended", INPUT, OUTPUT))
    api.store.transform_jobs.change(
        "ended", status="Failed", failure_reason="ClientError: why", started_at=1.0, ended_at=2.0
    )
    described = client.describe_transform_job(TransformJobName="ended")
    assert described["FailureReason"] == "ClientError: why"
    assert (described["TransformEndTime"] - described["TransformStartTime"]).seconds == 1
    with pytest.raises(ClientError, match="the transform job is in status Failed"):
        client.stop_transform_job(TransformJobName="ended")
    for operation in (client.describe_transform_job, client.stop_transform_job):
        with pytest.raises(ClientError, match="Could not find transform job"):
            operation(TransformJobName="absent")
