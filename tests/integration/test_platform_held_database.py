"""The API while another program holds the database, at once or in the middle of a request."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from integration.hosting import model_request
from integration.platform_api import job_request, running_api
from pairloom.platform.store import Store, StoreAwayError, database


def test_request_that_must_write_is_told_to_try_again_and_others_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.2)
    with running_api(tmp_path) as api, closing(api.client("sagemaker")) as client:
        client.create_training_job(**job_request("before"))
        with closing(sqlite3.connect(tmp_path / "platform.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(ClientError) as refused:
                client.create_training_job(**job_request("meanwhile"))
            job = client.describe_training_job(TrainingJobName="before")
            assert job["TrainingJobStatus"] == "InProgress"
            other.execute("ROLLBACK")
        client.create_training_job(**job_request("meanwhile"))
    answer = refused.value.response
    assert answer["Error"]["Code"] == "ServiceUnavailable"
    assert answer["Error"]["Message"] == (
        "the platform's database does not answer just now; try again"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_request_that_breaks_off_between_its_changes_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = [{"Key": "team", "Value": "one"}]

    def break_off(*_: object) -> None:
        raise StoreAwayError("the database has gone")

    with running_api(tmp_path) as api, closing(api.client("sagemaker")) as client:

        def make() -> list[str]:
            job = client.create_training_job(**job_request("fm", Tags=tags))
            model = client.create_model(**model_request("fm"), Tags=tags)
            return [job["TrainingJobArn"], model["ModelArn"]]

        with monkeypatch.context() as broken:
            broken.setattr(Store, "add_tags", break_off)
            for create, request in (
                (client.create_training_job, job_request("fm", Tags=tags)),
                (client.create_model, {**model_request("fm"), "Tags": tags}),
            ):
                with pytest.raises(ClientError, match="try again"):
                    create(**request)
        arns = make()
        with monkeypatch.context() as broken:
            broken.setattr(Store, "delete_tags", break_off)
            with pytest.raises(ClientError, match="try again"):
                client.delete_model(ModelName="fm")
        assert client.describe_model(ModelName="fm")["ModelArn"] == arns[1]
        for arn in arns:
            assert client.list_tags(ResourceArn=arn)["Tags"] == tags
