"""Files of every format version ever written are read, and score as they did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from oracle.plain_artifact import read_plain
from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.model.native import find_faults

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("v1-all-rows", "v1-features-seen", "v1-trained-rows")


@pytest.mark.parametrize("name", NAMES)
def test_golden_file_is_read_and_scores_as_written_beside_it(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    model = Model.load(GOLDEN / f"{name}.pairloom")
    assert model.predictor_type == "binary_classifier"
    assert model.bias == expected["bias"]
    assert model.linear_weights.tolist() == expected["linear_weights"]
    assert model.factors.tolist() == expected["factors"]
    assert model.trained.tolist() == expected["trained"]
    rows = RowBatch(9, values=np.array(expected["rows"], np.float32))
    np.testing.assert_allclose(model.score_rows(rows), expected["scores"], rtol=0, atol=1e-6)
    assert find_faults(GOLDEN / f"{name}.pairloom") == []


def test_golden_file_holds_what_goes_with_a_model() -> None:
    model = Model.load(GOLDEN / "v1-all-rows.pairloom")
    assert list(model.feature_names or ()) == [f"feature {feature}" for feature in range(9)]
    assert np.asarray(model.fields).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert model.metadata == {"training": {"rows": 4}}
    assert model.optimizer_state is not None
    assert model.optimizer_state.progress == {"step_count": 2}
    first, second = model.optimizer_state.slots
    np.testing.assert_array_equal(first[0], model.linear_weights / 2)
    np.testing.assert_array_equal(second[1], model.factors / 4)


def test_every_golden_file_is_tested_and_a_plain_reader_reads_it() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.pairloom")) == sorted(NAMES)
    for name in NAMES:
        assert read_plain(GOLDEN / f"{name}.pairloom").bias == 0.375
