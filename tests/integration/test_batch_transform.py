"""Batch transform asks the real server, and gets what the model itself answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from integration.endpoints import Endpoint as ServedModel
from integration.endpoints import root_of, served
from pairloom.formats import write_recordio
from pairloom.serving import Predictor
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO
from pairloom.serving.transform import Endpoint, TransformSettings, transform
from unit.model.native.models import small_model, some_matrix

ROWS = some_matrix(num_rows=300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModel]:
    folder = tmp_path_factory.mktemp("served")
    model = small_model(predictor_type="binary_classifier")
    with served(root_of(model, folder / "ml"), folder / "serve.log", workers=2) as endpoint:
        yield endpoint


def write_rows(path: Path, content_type: str) -> None:
    instances = [{"features": row} for row in ROWS.tolist()]
    if content_type == RECORDIO:
        write_recordio(path, ROWS)
    elif content_type == JSON:
        path.write_text(json.dumps({"instances": instances}))
    elif content_type == JSON_LINES:
        path.write_text("\n".join(map(json.dumps, instances)))
    else:
        np.savetxt(path, ROWS, fmt="%.9g", delimiter=",")


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
@pytest.mark.parametrize("content_type", [JSON, JSON_LINES, RECORDIO, CSV])
def test_a_server_answers_files_as_its_model_does(
    content_type: str, strategy: str, server: ServedModel, tmp_path: Path
) -> None:
    write_rows(tmp_path / "rows", content_type)
    settings = TransformSettings(
        content_type=content_type,
        batch_strategy=strategy,  # type: ignore[arg-type]
        max_concurrent_transforms=4,
    )
    local = Predictor(small_model(predictor_type="binary_classifier")).invoke
    with closing(Endpoint(f"http://127.0.0.1:{server.port}")) as remote:
        for name, invoke in (("remote", remote), ("local", local)):
            assert not transform(tmp_path / "rows", tmp_path / name, invoke, settings).failed
    answers = [(tmp_path / name / "rows.out").read_bytes() for name in ("remote", "local")]
    assert answers[0] == answers[1]
    assert len(answers[0].splitlines()) == len(ROWS)
