"""Captured requests on disk: what a killed process left is completed by the next one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairloom.platform.endpoints.capture_folder import CaptureFolder
from pairloom.platform.gateway.capture_record import Captured, CaptureSettings
from pairloom.platform.gateway.capture_writer import CaptureWriter

CONFIG: dict[str, Any] = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/here",
    "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/CSV"]},
}


def record(body: bytes = b"1,2", **config: Any) -> Captured:
    settings = CaptureSettings.of({**CONFIG, **config})
    assert settings is not None
    return Captured(settings=settings, endpoint="e", variant="v", time=1_795_426_752.25,
                    request_type="text/csv; charset=utf-8", request=body,
                    answer_type="application/json", answer=b"{}")  # fmt: skip


def test_written_requests_are_complete_files_below_their_time(tmp_path: Path) -> None:
    folder = CaptureFolder(tmp_path)
    writer = CaptureWriter(folder)
    writer.start()
    for number in range(3):
        writer.take(record(b"%d" % number))
    writer.close()

    (file,) = folder.complete_files()
    assert file.destination == "s3://bucket/here"
    assert file.name.startswith("e/v/2026/11/23/09/39-12-250-")
    lines = [json.loads(line) for line in file.path.read_text().splitlines()]
    inputs = [line["captureData"]["endpointInput"] for line in lines]
    assert [one["data"] for one in inputs] == ["0", "1", "2"]
    assert {one["encoding"] for one in inputs} == {"CSV"}
    assert lines[0]["captureData"]["endpointOutput"]["data"] == "e30="


def test_next_process_completes_what_a_killed_one_left(tmp_path: Path) -> None:
    folder = CaptureFolder(tmp_path)
    line = record().line()
    folder.begin("s3://bucket/here", "e/v/2026/11/23/09/one.jsonl").write_bytes(line + line[:40])
    folder.begin("s3://bucket/here", "e/v/2026/11/23/09/two.jsonl").write_bytes(line[:40])
    writer = CaptureWriter(folder)
    writer.start()
    writer.close()

    (file,) = folder.complete_files()
    assert file.name == "e/v/2026/11/23/09/one.jsonl"
    assert file.path.read_bytes() == line


def test_modes_say_which_side_is_captured() -> None:
    for mode, name in (("Input", "endpointInput"), ("Output", "endpointOutput")):
        line = json.loads(record(CaptureOptions=[{"CaptureMode": mode}]).line())
        assert line["captureData"].keys() == {name}


def test_body_that_is_no_text_is_base64() -> None:
    one = json.loads(record(b"\xff").line())["captureData"]["endpointInput"]
    assert (one["encoding"], one["data"]) == ("BASE64", "/w==")


@pytest.mark.parametrize("config", [None, {}, {**CONFIG, "EnableCapture": False}])
def test_capture_that_is_off_captures_nothing(config: dict[str, Any] | None) -> None:
    assert CaptureSettings.of(config) is None


@pytest.mark.parametrize(("percentage", "least", "most"), [(0, 0, 0), (100, 400, 400),
                                                           (50, 140, 260)])  # fmt: skip
def test_sampling_percentage_is_that_of_requests(percentage: int, least: int, most: int) -> None:
    settings = record(InitialSamplingPercentage=percentage).settings
    assert least <= sum(settings.draws for _ in range(400)) <= most
