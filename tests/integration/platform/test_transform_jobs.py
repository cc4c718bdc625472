"""Transform jobs from the objects of the input to those of the output."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest

from integration.platform.running_jobs import BUCKET, channel
from integration.platform.running_transforms import (
    ROWS,
    TOLERANCE,
    RunningTransforms,
    csv_of,
    expected_scores,
    json_lines_of,
    json_of,
    scores_of_lines,
)
from pairloom.formats import write_recordio

pytestmark = pytest.mark.platform

SCORES = expected_scores(ROWS)
CSV = {"ContentType": "text/csv", "SplitType": "Line"}
CSV_ANSWERS = {"Accept": "text/csv", "AssembleWith": "Line"}
RECORDIO = {"ContentType": "application/x-recordio-protobuf", "SplitType": "RecordIO"}


def close(found: list[float], rows: slice = slice(None)) -> bool:
    return bool(np.allclose(found, SCORES[rows], rtol=TOLERANCE, atol=TOLERANCE))


def test_every_object_of_the_input_becomes_one_of_the_output(transforms: RunningTransforms) -> None:
    transforms.start_runner()
    content = json_lines_of(ROWS)
    for key in ("in/a.jsonl", "in/sub/folder/b.jsonl", "in/_c.jsonl", "in/.d"):
        transforms.put(f"every/{key}", content)
    transforms.put("every/in/e.jsonl.gz", gzip.compress(content))
    transforms.put("every/in/empty.jsonl", b"")
    transforms.put("every/inner/other.jsonl", content)
    prefix = transforms.transform(
        "every",
        f"s3://{BUCKET}/every/in/",
        source={"CompressionType": "Gzip"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
    )
    record = transforms.wait_for_transform("every")
    assert record.status == "Completed", record.state
    outputs = transforms.outputs(prefix)
    assert outputs.pop("empty.jsonl.out") == b""
    assert set(outputs) == {
        "a.jsonl.out", "sub/folder/b.jsonl.out", "_c.jsonl.out", ".d.out", "e.jsonl.gz.out",
    }  # fmt: skip
    assert all(close(scores_of_lines(answers)) for answers in outputs.values())
    assert record.created_at <= record.state["started_at"] <= record.state["ended_at"]
    log = transforms.transform_log("every")
    assert any("of all 2 instances" in line for line in log)
    assert any("MaxConcurrentTransforms=" in line for line in log)
    assert "6 of 6 files have answers" in log[-1]
    assert list(transforms.settings.transforms_folder.iterdir()) == []


FORMATS: dict[str, tuple[bytes, dict[str, Any], dict[str, Any]]] = {
    "csv": (csv_of(ROWS), CSV, CSV_ANSWERS),
    "json": (
        json_of(ROWS),
        {"ContentType": "application/json", "SplitType": "None"},
        {"Accept": "application/json", "AssembleWith": "None"},
    ),
    "json-by-default": (
        json_of(ROWS), {"ContentType": "application/json", "SplitType": "None"}, {"Accept": ""},
    ),
}  # fmt: skip


def test_every_format_gives_the_same_scores(transforms: RunningTransforms) -> None:
    transforms.start_runner()
    path = transforms.folder / "rows.pbr"
    write_recordio(path, ROWS)
    formats = {**FORMATS, "recordio": (path.read_bytes(), RECORDIO, {})}
    prefixes = {}
    for name, (content, source, answers) in formats.items():
        uri = transforms.put(f"formats/{name}/rows", content)
        prefixes[name] = transforms.transform(name, uri, source=source, answers=answers)
    found: dict[str, list[float]] = {}
    for name, prefix in prefixes.items():
        record = transforms.wait_for_transform(name)
        assert record.status == "Completed", record.state
        (answer,) = transforms.outputs(prefix).values()
        if name == "csv":
            found[name] = [float(line) for line in answer.splitlines()]
        elif name == "recordio":
            found[name] = scores_of_lines(answer)
        else:
            found[name] = [of["score"] for of in json.loads(answer)["predictions"]]
    assert all(close(scores) for scores in found.values())


def test_manifest_filters_and_join_are_heeded(transforms: RunningTransforms) -> None:
    transforms.start_runner()
    with_ids = b"".join(
        b"row%d,%s\n" % (number, line) for number, line in enumerate(csv_of(ROWS).splitlines())
    )
    transforms.put("joined/part/a.csv", with_ids)
    transforms.put("joined/part/left-out.csv", b"not read\n")
    manifest = [{"prefix": f"s3://{BUCKET}/joined/"}, "part/a.csv"]
    uri = transforms.put("joined/x.manifest", json.dumps(manifest).encode())
    prefix = transforms.transform(
        "joined",
        uri,
        source={**CSV, "S3DataType": "ManifestFile"},
        answers=CSV_ANSWERS,
        BatchStrategy="SingleRecord",
        MaxPayloadInMB=1,
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    )
    record = transforms.wait_for_transform("joined")
    assert record.status == "Completed", record.state
    outputs = transforms.outputs(prefix)
    lines = [line.split(",") for line in outputs.pop("part/a.csv.out").decode().splitlines()]
    assert outputs == {}
    assert [line[0] for line in lines] == [f"row{number}" for number in range(len(ROWS))]
    assert close([float(line[1]) for line in lines])
    assert any("MaxPayloadInMB=1, BatchStrategy=SINGLE_RECORD" in line
               for line in transforms.transform_log("joined"))  # fmt: skip


def test_container_advises_where_the_request_is_silent(transforms: RunningTransforms) -> None:
    advice = {
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "9",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
    }
    archive = transforms.objects.client.get_object(Bucket=BUCKET, Key="models/fm/model.tar.gz")
    transforms.make_model(archive["Body"].read(), "advised", Environment=advice)
    uri = transforms.put("advice/rows.jsonl", json_lines_of(ROWS[:2]))
    transforms.transform("silent", uri, ModelName="advised")
    transforms.transform("telling", uri, ModelName="advised", MaxPayloadInMB=4,
                         MaxConcurrentTransforms=2, BatchStrategy="MultiRecord")  # fmt: skip
    transforms.transform("job", uri, ModelName="advised",
                         Environment={"SAGEMAKER_MAX_PAYLOAD_IN_MB": "5"})  # fmt: skip
    transforms.start_runner()
    settings = "MaxConcurrentTransforms={}, MaxPayloadInMB={}, BatchStrategy={}"
    for name, advised in {
        "silent": (3, 9, "SINGLE_RECORD"),
        "telling": (2, 4, "MULTI_RECORD"),
        "job": (3, 5, "SINGLE_RECORD"),
    }.items():
        assert transforms.wait_for_transform(name).status == "Completed"
        log = transforms.transform_log(name)
        assert any(settings.format(*advised) in line for line in log), log


def test_files_with_wrong_records_fail_the_job_and_the_others_are_kept(
    transforms: RunningTransforms,
) -> None:
    transforms.start_runner()
    transforms.put("mixed/good.csv", csv_of(ROWS))
    transforms.put("mixed/bad.csv", csv_of(ROWS) + b"1,2\n")
    prefix = transforms.transform("mixed", f"s3://{BUCKET}/mixed/", source=CSV, answers=CSV_ANSWERS)
    record = transforms.wait_for_transform("mixed")
    assert record.status == "Failed"
    reason = record.state["failure_reason"]
    assert reason.startswith("ClientError: 1 of 2 files failed and have no .out: bad.csv; ")
    assert "line 41 has 2 values, expected 6" in reason
    assert list(transforms.outputs(prefix)) == ["good.csv.out"]
    assert any("bad.csv: ClientError: " in line for line in transforms.transform_log("mixed"))


def test_every_failure_names_the_member_and_who_can_mend_it(transforms: RunningTransforms) -> None:
    transforms.make_model(b"no archive", "broken")
    rows = transforms.put("failing/rows.jsonl", json_lines_of(ROWS))
    transforms.objects.client.delete_object(Bucket=BUCKET, Key="models/gone/model.tar.gz")
    transforms.make_model(b"", "gone")
    transforms.objects.client.delete_object(Bucket=BUCKET, Key="models/gone/model.tar.gz")
    cases: dict[str, tuple[dict[str, Any], list[str]]] = {
        "no-objects": (
            {"uri": f"s3://{BUCKET}/nothing/"},
            ["ClientError: TransformInput: there are no objects", "nothing/"],
        ),
        "no-bucket": (
            {"uri": "s3://no-such-bucket/x"},
            ["ClientError: TransformInput: ", "there is no bucket no-such-bucket"],
        ),
        "broken-model": (
            {"uri": rows, "ModelName": "broken"},
            ["ClientError: ModelName: ", "models/broken/model.tar.gz", "tar.gz"],
        ),
        "gone-model": (
            {"uri": rows, "ModelName": "gone"},
            ["ClientError: ModelName: ", "models/gone/model.tar.gz: there is no such object"],
        ),
        "content-type": (
            {"uri": rows, "source": {"ContentType": "image/png"}},
            ["ClientError: 1 of 1 files", "rows.jsonl", "content type 'image/png'"],
        ),
        "no-output-bucket": (
            {"uri": rows, "answers": {"S3OutputPath": "s3://no-such-bucket/out"}},
            ["ClientError: TransformOutput.S3OutputPath: ", "there is no bucket"],
        ),
    }
    for name, (members, _) in cases.items():
        transforms.transform(name, **members)
    transforms.start_runner()
    for name, (_, expected) in cases.items():
        record = transforms.wait_for_transform(name)
        reason = record.state["failure_reason"]
        assert record.status == "Failed"
        assert all(part in reason for part in expected), (name, reason)
        assert "Traceback" not in reason


def test_kinds_of_jobs_take_turns_on_one_core(transforms: RunningTransforms) -> None:
    train = channel("train", f"s3://{BUCKET}/in/train")
    for number in range(4):
        transforms.submit(f"train-{number}", train)
    uri = transforms.put("turns/rows.jsonl", json_lines_of(ROWS))
    for number in range(2):
        transforms.transform(f"transform-{number}", uri)
    transforms.start_runner("taskset", "--cpu-list", "0")
    ends = {
        f"train-{number}": transforms.wait(f"train-{number}").modified_at for number in range(4)
    }
    for number in range(2):
        name = f"transform-{number}"
        ends[name] = transforms.wait_for_transform(name).state["ended_at"]
    assert sorted(ends, key=lambda name: ends[name]) == [
        "train-0", "transform-0", "train-1", "transform-1", "train-2", "train-3",
    ]  # fmt: skip
