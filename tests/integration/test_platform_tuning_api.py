"""Tuning jobs through boto3."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.metric_definitions import METRIC_DEFINITIONS
from integration.platform_api import RunningApi, utc, waited
from integration.tuning_requests import ranges, tuning_request
from pairloom.platform.protocol.services import operation_model
from pairloom.platform.tuning.child_request import child_request
from pairloom.platform.tuning.objective import TUNING_OBJECTIVE
from pairloom.platform.tuning.tuning_request import read_tuning_request

METRIC = "test:binary_classification_cross_entropy"


def create(client: Any, name: str, **members: Any) -> dict[str, Any]:
    request = tuning_request(name, **members)
    client.create_hyper_parameter_tuning_job(**request)
    return request


def describe(client: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name
    )
    return answer


def add_children(api: RunningApi, request: dict[str, Any], values: Sequence[float | None]) -> None:
    """Give a tuning job training jobs that have ended, with these objectives or as failed ones."""
    asked, tuning_job = read_tuning_request(request), request["HyperParameterTuningJobName"]
    for number, value in enumerate(values, 1):
        name = f"{tuning_job}-{number:03d}-0123abcd"
        tuned = {one.name: one.text_at(number / 10) for one in asked.ranges}
        made = child_request(name, asked.definition, asked.objective, tuned)
        api.store.create_training_job(name, made, tuning_job=tuning_job)
        if value is None:
            api.store.transition(name, "Failed", "", failure_reason="ClientError: no rows")
            continue
        final = {"MetricName": asked.objective.metric, "Value": value, "Timestamp": waited()}
        api.store.transition(name, "Completed", "", final_metrics=[final])


def test_tuning_job_is_created_and_described_as_sagemaker_does(
    api: RunningApi, client: Any
) -> None:
    request = create(client, "tuned", Tags=[{"Key": "team", "Value": "one"}], RandomSeed=5)
    arn = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/tuned"
    job = describe(client, "tuned")
    assert (job["HyperParameterTuningJobArn"], job["HyperParameterTuningJobStatus"]) == (
        arn,
        "InProgress",
    )
    config = job["HyperParameterTuningJobConfig"]
    assert config == request["HyperParameterTuningJobConfig"]
    definition = job["TrainingJobDefinition"]
    static = request["TrainingJobDefinition"]["StaticHyperParameters"]
    assert definition["StaticHyperParameters"] == {**static, "_tuning_objective_metric": METRIC}
    found = definition["AlgorithmSpecification"]["MetricDefinitions"]
    assert {one["Name"]: one["Regex"] for one in found} == METRIC_DEFINITIONS
    assert definition["OutputDataConfig"] == {"KmsKeyId": "", "S3OutputPath": "s3://jobs/out"}
    assert definition["EnableNetworkIsolation"] is False
    assert set(job["TrainingJobStatusCounters"].values()) == {0}
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 0}
    assert "BestTrainingJob" not in job
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "one"}]
    with pytest.raises(ClientError, match="already exists") as raised:
        create(client, "tuned")
    assert raised.value.response["Error"]["Code"] == "ResourceInUse"


def test_counters_and_best_training_job_follow_the_training_jobs(
    api: RunningApi, client: Any
) -> None:
    request = create(client, "counted", static={"epochs": "2"})
    add_children(api, request, [0.5, None, 0.25, 0.75])
    job = describe(client, "counted")
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 3, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 1, "Stopped": 0,
    }  # fmt: skip
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 1}
    best = job["BestTrainingJob"]
    assert best["TrainingJobName"] == "counted-003-0123abcd"
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": "Minimize", "MetricName": METRIC, "Value": 0.25,
    }  # fmt: skip
    assert best["ObjectiveStatus"] == "Succeeded"
    assert list(best["TunedHyperParameters"]) == ["factors_lr"]
    assert job["TuningJobCompletionDetails"]["NumberOfTrainingJobsObjectiveNotImproving"] == 1
    child = client.describe_training_job(TrainingJobName="counted-003-0123abcd")
    assert child["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert child["HyperParameters"][TUNING_OBJECTIVE] == METRIC
    assert child["HyperParameters"]["epochs"] == "2"


def test_training_jobs_of_a_tuning_job_are_listed_by_status_and_order(
    api: RunningApi, client: Any
) -> None:
    add_children(api, create(client, "listed"), [0.5, None, 0.25, 0.75])

    def numbers(**asked: Any) -> list[int]:
        listing = "list_training_jobs_for_hyper_parameter_tuning_job"
        pages = client.get_paginator(listing).paginate(
            HyperParameterTuningJobName="listed", PaginationConfig={"PageSize": 3}, **asked
        )
        jobs = [job for page in pages for job in page["TrainingJobSummaries"]]
        return [int(job["TrainingJobName"].split("-")[1]) for job in jobs]

    assert numbers() == [1, 2, 3, 4]
    assert numbers(SortOrder="Descending") == [4, 3, 2, 1]
    assert numbers(SortBy="CreationTime", SortOrder="Descending") == [4, 3, 2, 1]
    assert numbers(SortBy="Status") == [1, 3, 4, 2]
    assert numbers(SortBy="FinalObjectiveMetricValue") == [3, 1, 4]
    assert numbers(SortBy="FinalObjectiveMetricValue", SortOrder="Descending") == [4, 1, 3]
    assert numbers(StatusEquals="Failed") == [2]
    shape = operation_model("sagemaker", "ListTrainingJobsForHyperParameterTuningJob").input_shape
    assert set(shape.members) == {
        "HyperParameterTuningJobName", "NextToken", "MaxResults", "StatusEquals", "SortBy",
        "SortOrder",
    }  # fmt: skip


def test_tuning_jobs_are_listed_in_pages_by_filters_and_order(api: RunningApi, client: Any) -> None:
    begun = waited()
    made = [f"many-{4 - index}" for index in range(5)]
    for name in made:
        create(client, name)
        waited()
    ended = waited()
    api.store.tuning_jobs.change("many-3", status="Completed")
    create(client, "other")

    def names(**asked: Any) -> list[str]:
        pages = client.get_paginator("list_hyper_parameter_tuning_jobs").paginate(
            PaginationConfig={"PageSize": 2}, **{"NameContains": "many-", **asked}
        )
        jobs = [job for page in pages for job in page["HyperParameterTuningJobSummaries"]]
        assert {job["Strategy"] for job in jobs} <= {"Random"}
        return [job["HyperParameterTuningJobName"] for job in jobs]

    assert names() == sorted(made)
    assert names(SortBy="CreationTime") == made
    assert names(SortBy="CreationTime", SortOrder="Descending") == made[::-1]
    assert names(SortBy="Status")[0] == "many-3"
    assert names(StatusEquals="Completed") == ["many-3"]
    after, before = utc(begun), utc(ended)
    assert len(names(CreationTimeAfter=after, CreationTimeBefore=before)) == 5
    assert names(LastModifiedTimeAfter=before) == ["many-3"]
    assert "many-3" not in names(LastModifiedTimeBefore=before)
    shape = operation_model("sagemaker", "ListHyperParameterTuningJobs").input_shape
    assert set(shape.members) == {
        "NextToken", "MaxResults", "SortBy", "SortOrder", "NameContains", "CreationTimeAfter",
        "CreationTimeBefore", "LastModifiedTimeAfter", "LastModifiedTimeBefore", "StatusEquals",
    }  # fmt: skip


def test_stop_is_noted_and_refused_after_the_end(api: RunningApi, client: Any) -> None:
    create(client, "stops")
    client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stops")
    client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stops")
    assert describe(client, "stops")["HyperParameterTuningJobStatus"] == "Stopping"
    api.store.tuning_jobs.change("stops", status="Stopped")
    with pytest.raises(ClientError, match="tuning job is in status Stopped") as raised:
        client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stops")
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_tuning_job_that_is_not_there_is_not_found(client: Any) -> None:
    for call in (
        client.describe_hyper_parameter_tuning_job,
        client.stop_hyper_parameter_tuning_job,
        client.list_training_jobs_for_hyper_parameter_tuning_job,
    ):
        with pytest.raises(ClientError, match="can't find a tuning job with the name") as raised:
            call(HyperParameterTuningJobName="nobody")
        assert raised.value.response["Error"]["Code"] == "ResourceNotFound"


def _warm(kind: str) -> dict[str, Any]:
    parent = [{"HyperParameterTuningJobName": "parent"}]
    return {"ParentHyperParameterTuningJobs": parent, "WarmStartType": kind}


def test_grid_is_described_with_the_number_of_its_combinations(client: Any) -> None:
    grid = ranges(categories={"factors_lr": ["0.1", "0.2", "0.3"], "epochs": ["1", "2"]})
    create(client, "grid", Strategy="Grid", ParameterRanges=grid, jobs=None)

    limits = describe(client, "grid")["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert limits == {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 2}


def test_parents_of_a_warm_start_have_ended_and_are_alike(api: RunningApi, client: Any) -> None:
    parent = create(client, "parent")
    identical, transfer = _warm("IdenticalDataAndAlgorithm"), _warm("TransferLearning")
    with pytest.raises(ClientError, match="'parent' is InProgress; a parent must have ended"):
        create(client, "warm", WarmStartConfig=identical)
    add_children(api, parent, [0.5, 0.1])
    api.store.tuning_jobs.change("parent", status="Completed")
    other = {"uri": "s3://other/in"}
    with pytest.raises(ClientError, match="IdenticalDataAndAlgorithm wants them to be the same"):
        create(client, "warm", WarmStartConfig=identical, **other)
    with pytest.raises(ClientError, match="only one has bias_lr"):
        create(client, "warm", WarmStartConfig=identical, static={"bias_lr": "0.1"})
    accuracy = {"Type": "Maximize", "MetricName": "test:binary_classification_accuracy"}
    with pytest.raises(ClientError, match="has the objective"):
        create(client, "warm", WarmStartConfig=transfer, HyperParameterTuningJobObjective=accuracy)
    grid = ranges(categories={"factors_lr": ["1", "2", "3", "4"]})
    with pytest.raises(ClientError, match="not supported with the Grid strategy"):
        create(client, "warm", WarmStartConfig=identical, Strategy="Grid", ParameterRanges=grid)
    create(client, "moved", WarmStartConfig=transfer, **other)
    add_children(api, create(client, "warm", WarmStartConfig=identical), [0.3])
    job = describe(client, "warm")
    assert job["WarmStartConfig"] == identical
    assert job["BestTrainingJob"]["TrainingJobName"] == "warm-001-0123abcd"
    assert job["OverallBestTrainingJob"]["TrainingJobName"] == "parent-002-0123abcd"
    assert job["OverallBestTrainingJob"]["TuningJobName"] == "parent"
    assert "OverallBestTrainingJob" not in describe(client, "moved")


def test_api_does_not_load_optuna() -> None:
    program = "import sys, pairloom.platform.app; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = ran.stdout.split()
    assert "pairloom.platform.operations.tuning_jobs" in loaded
    assert "optuna" not in loaded
