from __future__ import annotations

import gzip
import json
import struct
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pairloom.errors import UserError
from pairloom.formats import write_recordio
from pairloom.serving import Answer, Predictor
from pairloom.serving.media_types import CSV, JSON, RECORDIO
from pairloom.serving.transform import TransformResult, TransformSettings, transform
from unit.model.native.models import dense
from unit.serving.bodies import frames_of, json_body, matrix, model

ROWS = matrix(num_rows=200)
SCORES = model().predict_rows(dense(ROWS)).tolist()
MEGABYTE = 1 << 20


def predictor() -> Predictor:
    return Predictor(model())


def lines_of(rows: npt.NDArray[np.float32]) -> bytes:
    return b"".join(json.dumps({"features": row}).encode() + b"\n" for row in rows.tolist())


def csv_of(rows: npt.NDArray[np.float32]) -> bytes:
    return "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist()).encode()


def run(folder: Path, name: str, content: bytes, **settings: object) -> bytes:
    (folder / name).write_bytes(content)
    result = transform(
        folder / name,
        folder / "out",
        predictor().invoke,
        TransformSettings(**settings),  # type: ignore[arg-type]
    )
    assert not result.failed
    return (folder / "out" / f"{name}.out").read_bytes()


def scores_of(lines: bytes) -> list[float]:
    return [json.loads(line)["score"] for line in lines.splitlines()]


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
@pytest.mark.parametrize("concurrent", [1, 7])
def test_lines_become_lines_in_their_order(strategy: str, concurrent: int, tmp_path: Path) -> None:
    output = run(
        tmp_path,
        "rows.jsonl",
        lines_of(ROWS),
        batch_strategy=strategy,
        max_concurrent_transforms=concurrent,
    )
    assert scores_of(output) == SCORES
    assert output.endswith(b"}\n")


def test_records_are_packed_up_to_the_payload_and_no_further(tmp_path: Path) -> None:
    record = json.dumps({"features": [1, 2, 3, 4], "configuration": "x" * 300_000}).encode()
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join([record] * 10))
    sizes: list[int] = []

    def invoke(body: bytes, content_type: str, accept: str | None) -> Answer:
        sizes.append(len(body))
        return predictor().invoke(body, content_type, accept)

    settings = TransformSettings(max_payload_in_mb=1)
    assert not transform(tmp_path / "rows.jsonl", tmp_path, invoke, settings).failed
    assert len((tmp_path / "rows.jsonl.out").read_bytes().splitlines()) == 10
    assert [size // len(record) for size in sizes] == [3, 3, 3, 1]
    assert max(sizes) <= MEGABYTE


def test_recordio_records_are_sent_whole(tmp_path: Path) -> None:
    write_recordio(tmp_path / "rows.pbr", ROWS)
    content = (tmp_path / "rows.pbr").read_bytes()
    for strategy in ("SingleRecord", "MultiRecord"):
        output = run(tmp_path, "rows.pbr", content, content_type=RECORDIO, batch_strategy=strategy)
        assert scores_of(output) == SCORES
    answers = run(tmp_path, "rows.pbr", content, content_type=RECORDIO, accept=RECORDIO)
    assert len(frames_of(answers)) == len(ROWS)


def test_a_whole_file_is_one_request(tmp_path: Path) -> None:
    output = run(tmp_path, "rows.json", json_body(ROWS), content_type=JSON, accept=JSON)
    assert [prediction["score"] for prediction in json.loads(output)["predictions"]] == SCORES


def test_compressed_files_are_what_they_hold(tmp_path: Path) -> None:
    content = gzip.compress(lines_of(ROWS))
    assert scores_of(run(tmp_path, "rows.jsonl.gz", content)) == SCORES


def test_folders_and_prefixes_keep_names_below_the_output(tmp_path: Path) -> None:
    for name in ("data/part-1", "data/part-2", "data/deep/part-3", "data/other", "data/_SUCCESS"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lines_of(ROWS[:2]))
    settings = TransformSettings()
    transform(tmp_path / "data", tmp_path / "all", predictor().invoke, settings)
    transform(tmp_path / "data" / "part-", tmp_path / "some", predictor().invoke, settings)

    def files_below(folder: Path) -> list[str]:
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())

    expected = ["deep/part-3.out", "other.out", "part-1.out", "part-2.out"]
    assert files_below(tmp_path / "all") == expected
    assert files_below(tmp_path / "some") == ["part-1.out", "part-2.out"]
    with pytest.raises(UserError, match="there is no such file or folder"):
        transform(tmp_path / "none", tmp_path, predictor().invoke, settings)


def failing_run(folder: Path, **settings: object) -> tuple[TransformResult, str]:
    result = transform(
        folder / "in",
        folder / "out",
        predictor().invoke,
        TransformSettings(**settings),  # type: ignore[arg-type]
    )
    (failed,) = result.failed
    left = [path.name for path in (folder / "out").iterdir()]
    assert failed.path.name == "bad"
    assert sorted(left) == ["good-1.out", "good-2.out"]
    return result, str(failed.error)


def inputs(folder: Path, good: bytes, bad: bytes) -> None:
    (folder / "in").mkdir()
    for name, content in (("good-1", good), ("bad", bad), ("good-2", good)):
        (folder / "in" / name).write_bytes(content)


def test_a_failed_file_leaves_nothing_and_the_others_are_kept(tmp_path: Path) -> None:
    bad = lines_of(ROWS[:4]) + b'{"features": [1, 2, 3]}\n'
    inputs(tmp_path, lines_of(ROWS), bad)
    _, complaint = failing_run(tmp_path)
    assert complaint == "records 1 to 5: line 5: features has 3 values, expected 4"
    _, complaint = failing_run(tmp_path, batch_strategy="SingleRecord", max_concurrent_transforms=3)
    assert complaint == "record 5: line 1: features has 3 values, expected 4"


def test_a_failed_file_takes_away_the_answers_of_an_earlier_run(tmp_path: Path) -> None:
    assert run(tmp_path, "rows.jsonl", lines_of(ROWS))
    (tmp_path / "rows.jsonl").write_bytes(b"{}\n")
    result = transform(
        tmp_path / "rows.jsonl", tmp_path / "out", predictor().invoke, TransformSettings()
    )
    assert len(result.failed) == 1
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("output", ["data", "data/deep"])
def test_answers_of_an_earlier_run_are_no_input(output: str, tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / output
    data.mkdir()
    (data / "rows").write_bytes(lines_of(ROWS))
    settings = TransformSettings()
    assert not transform(data, target, predictor().invoke, settings).failed
    answers = (target / "rows.out").read_bytes()
    complaint = r"rows\.out: both an input and where the answers to .*data/rows go"
    with pytest.raises(UserError, match=complaint):
        transform(data, target, predictor().invoke, settings)
    assert (target / "rows.out").read_bytes() == answers


def test_a_record_beyond_the_payload_is_named(tmp_path: Path) -> None:
    inputs(tmp_path, lines_of(ROWS), lines_of(ROWS[:2]) + b" " * 2_000_000 + b"1\n")
    _, complaint = failing_run(tmp_path, max_payload_in_mb=1)
    assert complaint.startswith("record 3 is larger than the payload of 1 MB")


@pytest.mark.parametrize("damage", [slice(0, -3), slice(4, None), slice(0, 5)])
def test_damaged_recordio_is_named(damage: slice, tmp_path: Path) -> None:
    write_recordio(tmp_path / "rows", ROWS[:5])
    content = (tmp_path / "rows").read_bytes()
    inputs(tmp_path, content, content[damage])
    _, complaint = failing_run(tmp_path, content_type=RECORDIO)
    assert "byte " in complaint


def test_records_that_mxnet_split_stay_together(tmp_path: Path) -> None:
    rows = ROWS[:1].copy()
    rows[0, 1] = np.frombuffer(struct.pack("<I", 0xCED7230A), np.float32)[0]
    write_recordio(tmp_path / "whole", rows)
    payload = frames_of((tmp_path / "whole").read_bytes())[0]
    place = payload.index(struct.pack("<I", 0xCED7230A))
    parts = [(1, payload[:place]), (3, payload[place + 4 :])]
    split = b"".join(
        struct.pack("<II", 0xCED7230A, part << 29 | len(piece)) + piece + b"\0" * (-len(piece) % 4)
        for part, piece in parts
    )
    output = run(tmp_path, "split", split * 3, content_type=RECORDIO, batch_strategy="SingleRecord")
    assert scores_of(output) == model().predict_rows(dense(rows)).tolist() * 3


def test_no_more_requests_are_under_way_than_allowed(tmp_path: Path) -> None:
    for part in range(5):
        (tmp_path / f"part-{part}").write_bytes(lines_of(ROWS[:20]))
    lock, now, most = threading.Lock(), [0], [0]

    def invoke(body: bytes, content_type: str, accept: str | None) -> Answer:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.001)
        answer = predictor().invoke(body, content_type, accept)
        with lock:
            now[0] -= 1
        return answer

    settings = TransformSettings(batch_strategy="SingleRecord", max_concurrent_transforms=3)
    result = transform(tmp_path / "part-", tmp_path / "out", invoke, settings)
    assert len(result.written) == 5
    assert most[0] == 3
    for path in result.written:
        assert scores_of(path.read_bytes()) == SCORES[:20]


def test_an_empty_file_gives_an_empty_one(tmp_path: Path) -> None:
    assert run(tmp_path, "empty.jsonl", b"\n") == b""


class TestDataProcessing:
    """After the examples of SageMaker's documentation."""

    def test_csv_ids_are_left_out_and_joined_again(self, tmp_path: Path) -> None:
        rows = ROWS[:3]
        lines = csv_of(rows).splitlines()
        content = b"".join(b'"id, %d",' % i + line + b"\n" for i, line in enumerate(lines))
        settings = {"content_type": CSV, "input_filter": "$[1:]", "join_source": "Input"}
        joined = run(tmp_path, "rows.csv", content, **settings)
        expected = [line + b"," + repr(s).encode() for line, s in zip(lines, SCORES, strict=False)]
        assert joined.splitlines() == [b'"id, %d",' % i + line for i, line in enumerate(expected)]
        output = run(tmp_path, "rows.csv", content, **settings, output_filter="$[0,-1]")
        assert output.splitlines()[1] == b'"id, 1",' + repr(SCORES[1]).encode()

    def test_json_lines_get_an_attribute(self, tmp_path: Path) -> None:
        records = [{"id": i, "features": row} for i, row in enumerate(ROWS[:3].tolist())]
        content = "\n".join(map(json.dumps, records)).encode()
        settings = {"input_filter": "$['features','data']", "join_source": "Input"}
        joined = run(tmp_path, "rows.jsonl", content, **settings)
        assert [json.loads(line) for line in joined.splitlines()] == [
            {**record, "SageMakerOutput": {"score": score}}
            for record, score in zip(records, SCORES, strict=False)
        ]
        output = run(
            tmp_path, "rows.jsonl", content, **settings, output_filter="$['id','SageMakerOutput']"
        )
        assert json.loads(output.splitlines()[2]) == {
            "id": 2,
            "SageMakerOutput": {"score": SCORES[2]},
        }

    def test_a_json_file_is_joined_as_a_whole(self, tmp_path: Path) -> None:
        settings = {"content_type": JSON, "accept": JSON, "join_source": "Input"}
        output = json.loads(run(tmp_path, "rows.json", json_body(ROWS[:2]), **settings))
        assert [p["score"] for p in output["SageMakerOutput"]["predictions"]] == SCORES[:2]
        assert output["instances"] == json.loads(json_body(ROWS[:2]))["instances"]

    def test_a_record_without_the_part_is_named(self, tmp_path: Path) -> None:
        good, bad = b'{"row": {"features": [1, 2, 3, 4]}}\n', b'{"features": [1, 2, 3, 4]}\n'
        inputs(tmp_path, good, good + bad)
        _, complaint = failing_run(tmp_path, input_filter="$.row")
        assert complaint == ("records 1 to 2: record 2 of the request: there is nothing at $.row")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"max_payload_in_mb": 101}, "max_payload_in_mb is 101; expected 1 to 100"),
        ({"max_payload_in_mb": 0}, "expected 1 to 100"),
        (
            {"max_payload_in_mb": 26, "max_concurrent_transforms": 4},
            "max_concurrent_transforms 4 times max_payload_in_mb 26 is 104; expected at most 100",
        ),
        ({"max_concurrent_transforms": 0}, "expected 1 or more"),
        ({"content_type": RECORDIO, "join_source": "Input"}, "filters and joins need records"),
        ({"accept": CSV, "input_filter": "$[1:]"}, "filters and joins need records"),
        ({"input_filter": "id"}, "JSONPath 'id', character 2: expected"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(UserError) as raised:
        TransformSettings(**settings)  # type: ignore[arg-type]
    assert complaint in str(raised.value)
