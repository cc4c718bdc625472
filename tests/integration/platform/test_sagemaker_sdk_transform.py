"""The real SageMaker SDK's Transformer, on a platform."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sagemaker_sdk import sdk_python

from integration.platform.running_platform import RunningPlatform
from integration.platform.running_transforms import (
    ROWS,
    TOLERANCE,
    csv_of,
    expected_scores,
    model_archive,
)
from integration.platform.sdk_programs import run

pytestmark = pytest.mark.platform


def test_transformer_waits_tails_joins_attaches_and_stops(
    sdk_platform: RunningPlatform, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    rows = csv_of(ROWS)
    with_ids = [b"row%d,%s" % (number, line) for number, line in enumerate(rows.splitlines())]
    (folder / "model.tar.gz").write_bytes(model_archive(tmp_path))
    (folder / "plain.csv").write_bytes(rows)
    (folder / "with-ids.csv").write_bytes(b"\n".join(with_ids))
    found = run(sdk_platform, sdk_python(), "sdk_transform.py", str(folder))

    scores = expected_scores(ROWS)
    assert np.allclose([float(line) for line in found["plain"]], scores, TOLERANCE, TOLERANCE)
    joined = [line.split(",") for line in found["joined"]]
    assert [ids for ids, _ in joined] == [f"row{number}" for number in range(len(ROWS))]
    assert np.allclose([float(value) for _, value in joined], scores, TOLERANCE, TOLERANCE)
    assert "1 of 1 files have answers" in found["said"]
    assert found["attached"] == ["fm", "text/csv", "Line"]
    assert found["stopped"] in {"Stopped", "Completed"}
    assert found["seconds"] < 60
