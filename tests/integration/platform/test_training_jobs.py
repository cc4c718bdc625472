"""Training jobs from the store, through the train program, into the object store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integration.platform.running_jobs import (
    BUCKET,
    RunningJobs,
    channel,
    recordio,
    small_rows,
    statuses,
)

TRAIN = channel("train", f"s3://{BUCKET}/in/train")
TEST = channel("test", f"s3://{BUCKET}/in/test/")


def test_job_runs_from_start_to_results(jobs: RunningJobs) -> None:
    jobs.start_runner()
    jobs.submit("small", TRAIN, TEST, hyperparameters={"epochs": "3"})
    record = jobs.wait("small")
    assert record.status == "Completed", record
    assert statuses(record) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(step.ended_at is not None for step in record.transitions)
    results = record.results
    assert results["model_artifacts"] == f"s3://{BUCKET}/out/small/output/model.tar.gz"
    assert list(jobs.archive(results["model_artifacts"])) == ["model_algo-1"]
    output = jobs.archive(results["output_artifacts"])
    measured = json.loads(output["metrics.json"])
    final = {of["MetricName"]: of["Value"] for of in results["final_metrics"]}
    accuracy = "binary_classification_accuracy"
    assert final[f"test:{accuracy}"] == measured["test"][accuracy]
    assert final["train:progress"] == 100
    points = jobs.store.metrics({"TrainingJobName": "small"}, f"train:{accuracy}:epoch")
    assert len(points) == 3
    assert results["training_seconds"] == results["billable_seconds"] >= 1
    log = jobs.log("small")
    assert any("Final configuration" in line for line in log)
    assert not any("not for jobs" in line for line in log)
    assert [line for line in log if line.startswith("Pairloom ignores")] == [
        "Pairloom ignores ResourceConfig.InstanceType (every job runs on this machine)"
    ]
    assert jobs.processes("small") == []
    jobs.runners[0].terminate()
    assert jobs.runners[0].wait(20) == 0
    assert not jobs.settings.job_folder("small").exists()


@pytest.mark.platform
def test_manifest_of_two_instances_trains_one_model_of_all_shards(
    jobs: RunningJobs, tmp_path: Path
) -> None:
    for shard in range(2):
        part = small_rows(slice(100 * shard, 100 * (shard + 1)))
        jobs.put(f"set/matrix_{shard}.pbr", recordio(part, tmp_path))
    names = [{"prefix": f"s3://{BUCKET}/set/"}, "matrix_0.pbr", "matrix_1.pbr"]
    uri = jobs.put("set/.amazon.manifest", json.dumps(names).encode())
    jobs.start_runner()
    source = {"S3DataType": "ManifestFile", "S3DataDistributionType": "ShardedByS3Key"}
    jobs.submit("set", channel("train", uri, **source),
                ResourceConfig={"InstanceCount": 2, "VolumeSizeInGB": 1})  # fmt: skip
    jobs.submit("whole", TRAIN)
    record, whole = jobs.wait("set"), jobs.wait("whole")
    assert record.status == whole.status == "Completed"
    told = [line for line in jobs.log("set") if "hosts" in line and "One process" in line]
    assert len(told) == 1
    assert "algo-1, algo-2" in told[0]
    (other,) = jobs.log("set", "algo-2")
    assert "algo-1 trains on the data of all hosts" in other
    artifacts = [of.results["model_artifacts"] for of in (record, whole)]
    assert jobs.archive(artifacts[0]) == jobs.archive(artifacts[1])


@pytest.mark.platform
def test_pipe_and_fast_file_train_the_same_model_as_file(jobs: RunningJobs) -> None:
    jobs.start_runner()
    models = {}
    for mode in ("File", "FastFile", "Pipe"):
        name = jobs.submit(f"by-{mode}", {**TRAIN, "InputMode": mode},
                           hyperparameters={"epochs": "3"})  # fmt: skip
        record = jobs.wait(name)
        assert record.status == "Completed", record.results
        models[mode] = jobs.archive(record.results["model_artifacts"])
    assert models["File"] == models["FastFile"] == models["Pipe"]


@pytest.mark.platform
def test_stopped_job_keeps_the_model_so_far(jobs: RunningJobs) -> None:
    jobs.start_runner()
    jobs.submit("long", TRAIN, hyperparameters={"epochs": "1000000"})
    jobs.wait("long", lambda job: bool(jobs.store.metrics({"TrainingJobName": "long"})))
    jobs.store.request_stop("long")
    record = jobs.wait("long", seconds=60)
    assert (record.status, record.secondary_status) == ("Stopped", "Stopped")
    assert "Stopping" in statuses(record)
    assert list(jobs.archive(record.results["model_artifacts"])) == ["model_algo-1"]
    assert jobs.processes("long") == []


@pytest.mark.platform
def test_job_that_is_stopped_before_a_runner_takes_it_never_trains(jobs: RunningJobs) -> None:
    jobs.submit("early", TRAIN)
    jobs.store.request_stop("early")
    jobs.start_runner()
    record = jobs.wait("early")
    assert statuses(record) == ["Starting", "Stopping", "Stopped"]
    assert "model_artifacts" not in record.results


@pytest.mark.platform
def test_job_that_runs_too_long_ends_with_its_model(jobs: RunningJobs) -> None:
    jobs.start_runner()
    jobs.submit("slow", TRAIN, hyperparameters={"epochs": "1000000"},
                StoppingCondition={"MaxRuntimeInSeconds": 8})  # fmt: skip
    record = jobs.wait("slow", seconds=60)
    assert (record.status, record.secondary_status) == ("Stopped", "MaxRuntimeExceeded")
    assert "model_artifacts" in record.results


@pytest.mark.platform
def test_checkpoints_are_kept_and_taken_up_by_the_next_job(jobs: RunningJobs) -> None:
    jobs.start_runner()
    kept = {
        "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/kept"},
        "Environment": {"PAIRLOOM_CHECKPOINT_EPOCHS": "1", "PAIRLOOM_REPORT": "false"},
    }
    jobs.submit("first", TRAIN, hyperparameters={"epochs": "200000"}, **kept)
    jobs.wait("first", lambda job: "Training" in statuses(job))
    jobs.wait("first", lambda _: any("epoch=2," in line for line in _log(jobs, "first")))
    jobs.store.request_stop("first")
    assert jobs.wait("first").status == "Stopped"
    listed = jobs.objects.client.list_objects_v2(Bucket=BUCKET, Prefix="kept/")["Contents"]
    assert listed
    jobs.submit("second", TRAIN, hyperparameters={"epochs": "200000"}, **kept)
    jobs.wait("second", lambda _: any("Going on from" in line for line in _log(jobs, "second")))
    jobs.store.request_stop("second")
    assert jobs.wait("second").status == "Stopped"


def _log(jobs: RunningJobs, name: str) -> list[str]:
    return jobs.log(name) if jobs.store.log_streams(prefix=f"{name}/") else []
