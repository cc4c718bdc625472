"""A table that grows with the features seen gives the bytes of one that holds them all."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from integration.runs import as_classes, bytes_of_run, one_hot_rows, sparse_real_rows
from integration.short_runs import settings_of
from integration.stopped_runs import train_in_pieces
from integration.streams import allow_small_streams, options_of, stream_of, write_shards
from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.errors import (
    DataError,
    DataFormatError,
    HyperparameterError,
    PlatformError,
    UserError,
)
from pairloom.model.native import find_faults
from pairloom.training import Checkpoints, TrainingResult, TrainingState, train
from pairloom.training.feature_table import bytes_per_feature, grows, growth_of
from pairloom.training.warm_start import warm_start, with_optimizer_state

ROWS = one_hot_rows(800, feature_dim=3000)
VALIDATION = one_hot_rows(300, feature_dim=3000, seed=1)
OPTIMIZERS = ("adam", "adagrad", "ftrl", "sgd")
WIDEST = 2**31 - 1


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 20_000)


def both(rows: RowBatch = ROWS, *, validation: RowBatch | None = None, **settings: Any) -> Any:
    """Train a fixed and a growing table."""
    return [
        train(rows, settings_of(rows, feature_table=table, **settings), validation=validation)
        for table in ("fixed", "growing")
    ]


def assert_equal_runs(one: TrainingResult, other: TrainingResult) -> None:
    """Compare everything but the file, which says how its table came about."""
    ours, theirs = (bytes_of_run(result, VALIDATION, num_threads=2) for result in (one, other))
    assert ours.pop("artifact")
    assert theirs.pop("artifact")
    assert ours == theirs


def spread_out(rows: RowBatch, feature_dim: int = WIDEST) -> RowBatch:
    """Return the same rows with their features far apart."""
    assert rows.feature_ids is not None
    apart = (feature_dim - 1) // (rows.feature_dim - 1)
    wide = rows.feature_ids.astype(np.int64) * apart
    return replace(rows, feature_dim=feature_dim, feature_ids=wide.astype(np.int32))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_growing_table_gives_the_bytes_of_a_fixed_one(optimizer: str) -> None:
    fixed, growing = both(_optimizer=optimizer, shuffle=True)
    assert_equal_runs(fixed, growing)
    assert growing.model.table.num_entries == fixed.model.trained.sum() < 2000


@pytest.mark.parametrize("case", ["initial", "zero"])
def test_early_stopping_restores_the_bytes_of_a_fixed_table(case: str) -> None:
    settings: dict[str, Any] = {
        "epochs": 12, "factors_lr": 0.2, "early_stopping": True, "plateau_patience": 1,
    }  # fmt: skip
    fixed, growing = both(validation=VALIDATION, untrained_features=case, **settings)
    assert_equal_runs(fixed, growing)
    assert growing.epochs_run < 12


def test_features_seen_after_the_best_epoch_start_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    class Growing:
        """Rows of more and more features."""

        feature_dim = ROWS.feature_dim

        def rows_of(self, epoch: int) -> RowBatch:
            labels = ROWS.labels
            assert labels is not None
            return one_hot_rows(100 + 300 * epoch, feature_dim=3000, seed=epoch)

    runs = []
    for table in ("fixed", "growing"):
        settings = settings_of(ROWS, feature_table=table, epochs=3, _optimizer="ftrl")
        losses = iter((1.0, 2.0, 3.0))
        monkeypatch.setattr(
            "pairloom.training.loop.evaluate",
            lambda *_, losses=losses, **__: {"binary_classification_cross_entropy": next(losses)},
        )
        stopping = replace(settings, early_stopping=True)
        runs.append(train(Growing(), stopping, validation=VALIDATION))
    assert runs[1].best_epoch == 0
    assert_equal_runs(*runs)
    assert runs[1].model.table.num_entries > len(runs[0].model.trained) / 10


def test_a_model_file_holds_the_features_seen_and_scores_the_others(tmp_path: Path) -> None:
    for case in ("initial", "zero"):
        fixed, growing = both(sparse(), untrained_features=case)
        path = tmp_path / f"{case}.pairloom"
        growing.model.save(path)
        loaded = Model.load(path)
        assert find_faults(path) == []
        features = np.arange(200)
        assert_equal_parameters(loaded, fixed.model, features)
        for rows in (sparse(seed=5), sparse(seed=6)):
            expected = fixed.model.score_rows(rows)
            assert loaded.score_rows(rows).tobytes() == expected.tobytes()
            assert growing.model.score_rows(rows).tobytes() == expected.tobytes()
        again = tmp_path / "again.pairloom"
        loaded.save(again)
        assert again.read_bytes() == path.read_bytes()


def sparse(seed: int = 0) -> RowBatch:
    """Return rows of which the first hold half of the features."""
    rows = as_classes(sparse_real_rows(60, seed=seed))
    assert rows.row_offsets is not None
    assert rows.feature_ids is not None
    assert rows.values is not None
    if seed:
        return rows
    values = np.where(rows.feature_ids % 2 == 0, rows.values, 0).astype(np.float32)
    return replace(rows, values=values)


def assert_equal_parameters(one: Model, other: Model, features: Any) -> None:
    for ours, theirs in zip(
        one.parameters_of(features), other.parameters_of(features), strict=True
    ):
        assert ours.tobytes() == theirs.tobytes()
    assert one.linear_weights.tobytes() == other.linear_weights.tobytes()
    assert one.factors.tobytes() == other.factors.tobytes()
    assert one.trained.tolist() == other.trained.tolist()
    assert one.trained_features.tolist() == other.trained_features.tolist()


def test_two_thousand_million_features_take_the_memory_of_those_seen(tmp_path: Path) -> None:
    rows = spread_out(ROWS)
    settings = settings_of(rows)
    assert grows(settings)
    before = resident_bytes()
    result = train(rows, settings)
    seen = result.model.table.num_entries
    assert resident_bytes() - before < 40 * 2**20
    result.model.save(tmp_path / "model.pairloom")
    row_bytes, most_index_bytes = 4 * 12, 8 * 2.7 + 4
    size = (tmp_path / "model.pairloom").stat().st_size
    assert size < seen * (row_bytes + most_index_bytes) + 16_384
    loaded = Model.load(tmp_path / "model.pairloom")
    narrow, _ = both()
    assert loaded.score_rows(rows).tobytes() == result.model.score_rows(rows).tobytes()
    assert [event.train for event in result.history] != []
    assert len(loaded.trained_features) == narrow.model.trained.sum()
    with pytest.raises(DataError, match=r"6 values for each of 2,147,483,647 features"):
        loaded.factors  # noqa: B018
    with pytest.raises(DataError, match=r"SageMaker's artifact holds every feature: 7 values"):
        loaded.save(tmp_path / "model.tar.gz")


def resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmRSS:\s*(\d+) kB", status)
    assert found is not None
    return 1024 * int(found[1])


def test_a_small_model_is_exported_whole_to_sagemaker(tmp_path: Path) -> None:
    fixed, growing = both()
    for name, result in (("fixed", fixed), ("growing", growing)):
        result.model.save(tmp_path / f"{name}.tar.gz")
    ours, theirs = (Model.load(tmp_path / f"{name}.tar.gz") for name in ("growing", "fixed"))
    assert_equal_parameters(ours, theirs, np.arange(3000))


@pytest.mark.parametrize("pieces", [[0], [3, 1, 8], [14]])
def test_a_run_in_pieces_equals_the_whole(pieces: list[int], tmp_path: Path) -> None:
    settings = settings_of(
        ROWS,
        feature_table="growing",
        shuffle=True,
        early_stopping=True,
        epochs=6,
        _optimizer="ftrl",
    )
    whole = train(ROWS, settings, validation=VALIDATION)
    resumed = train_in_pieces(tmp_path, ROWS, settings, pieces, validation=VALIDATION)
    assert_equal_runs(resumed, whole)
    for name, result in (("whole", whole), ("resumed", resumed)):
        with_optimizer_state(result.model, result.state).save(tmp_path / name)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "resumed").read_bytes()


def test_a_checkpoint_of_the_other_table_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(ROWS, epochs=3)
    train(ROWS, settings, checkpoints=Checkpoints(tmp_path, every_epochs=1))
    monkeypatch.setattr("pairloom.training.feature_table.LARGEST_FIXED_BYTES", 1)
    with pytest.raises(DataFormatError, match="of a fixed feature table; this run has a growing"):
        train(ROWS, settings, checkpoints=Checkpoints(tmp_path))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_from_a_saved_model_to_the_same_bytes(
    optimizer: str, tmp_path: Path
) -> None:
    def of(epochs: int, **settings: Any) -> Any:
        return settings_of(
            ROWS, feature_table="growing", epochs=epochs, _optimizer=optimizer, **settings
        )

    whole = train(ROWS, of(4))
    half = train(ROWS, of(2))
    with_optimizer_state(half.model, half.state).save(tmp_path / "half.pairloom")
    assert find_faults(tmp_path / "half.pairloom") == []
    states = (
        warm_start(Model.load(tmp_path / "half.pairloom"), of(2)),
        pickle.loads(pickle.dumps(half.state)),
        half.state.copy(),
    )
    for state in states:
        resumed = train(ROWS, of(2), state=state)
        assert_equal_parameters(resumed.model, whole.model, np.arange(3000))
    twin = half.state.with_hyperparameters(of(2, seed=9))
    assert_equal_parameters(twin.model(), half.model, np.arange(3000))


def test_a_model_starts_a_run_in_either_table(tmp_path: Path) -> None:
    late = one_hot_rows(500, feature_dim=3000, seed=7)
    for case in ("initial", "zero"):
        starts = both(untrained_features=case)
        starts[1].model.save(tmp_path / "growing.pairloom")
        starts[0].model.save(tmp_path / "fixed.pairloom")
        runs = []
        for name in ("fixed", "growing"):
            for table in ("fixed", "growing"):
                settings = settings_of(late, feature_table=table, untrained_features=case)
                state = warm_start(Model.load(tmp_path / f"{name}.pairloom"), settings)
                runs.append(train(late, settings, state=state))
        for run in runs[1:]:
            assert_equal_runs(run, runs[0])


def test_optimizer_state_of_the_other_table_is_refused(tmp_path: Path) -> None:
    _, growing = both()
    with_optimizer_state(growing.model, growing.state).save(tmp_path / "model.pairloom")
    fixed = settings_of(ROWS, feature_table="fixed")
    with pytest.raises(UserError, match="give the feature_table that it was made with"):
        warm_start(Model.load(tmp_path / "model.pairloom"), fixed)
    with pytest.raises(UserError, match="give the feature_table that it was made with"):
        growing.state.with_hyperparameters(fixed)


def test_streamed_rows_give_the_bytes_of_rows_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_small_streams(monkeypatch)
    settings = settings_of(ROWS, feature_table="growing")
    whole = train(ROWS, settings)
    folder = write_shards(tmp_path / "shards", ROWS, [100, 350])
    stream = stream_of(folder, options_of(ROWS), feature_dim=ROWS.feature_dim)
    assert_equal_runs(train(stream, settings), whole)


def test_rows_are_explained_ranked_and_embedded_as_from_a_fixed_table(tmp_path: Path) -> None:
    fixed, growing = (result.model for result in both(sparse()))
    growing.save(tmp_path / "model.pairloom")
    rows = replace(sparse(seed=5), labels=None)
    assert rows.row_offsets is not None
    context = replace(rows, row_offsets=rows.row_offsets[:2])
    expected = fixed.rank(context, rows, overlap="add")
    explained = fixed.explain(rows, 3)
    for model in (growing, Model.load(tmp_path / "model.pairloom")):
        ranked = model.rank(context, rows, overlap="add")
        assert ranked.candidates.tolist() == expected.candidates.tolist()
        assert ranked.scores.tobytes() == expected.scores.tobytes()
        assert model.explain(rows, 3).linear.tolist() == explained.linear.tolist()
        items = np.array([0, 1, 5, 199])
        assert model.embeddings(items).tobytes() == fixed.embeddings(items).tobytes()
        assert model.row_embeddings(rows).tobytes() == fixed.row_embeddings(rows).tobytes()
        assert model.embeddings().shape == (model.table.num_entries, 7)
        strongest = model.top_interactions(3)
        assert {feature for pair in strongest for feature in pair[:2]} <= set(
            model.stored_features.tolist()
        )


def test_features_beyond_memory_end_training_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(ROWS, feature_table="growing", mini_batch_size=40)
    each = bytes_per_feature(settings)
    monkeypatch.setattr("pairloom.training.feature_table.allowed_memory_bytes", lambda: 400 * each)
    growth = growth_of(settings)
    assert growth is not None
    assert growth.most_entries == 300
    state = TrainingState.initial(settings)
    with pytest.raises(PlatformError, match=rf"the table holds 300 of {each} bytes each, "):
        train(ROWS, settings, state=state)
    assert np.isfinite(state.model().parameters_of(np.arange(3000))[1]).all()


def test_a_table_is_fixed_up_to_16_gib_and_where_all_features_are_updated() -> None:
    wide = one_hot_rows(2, feature_dim=600_000_000)
    assert grows(settings_of(wide))
    assert not grows(settings_of(wide, feature_table="fixed"))
    assert not grows(settings_of(wide, lazy_update=False))
    assert not grows(settings_of(one_hot_rows(2, feature_dim=90_000_000)))
    with pytest.raises(HyperparameterError, match="must be true with feature_table=growing"):
        settings_of(wide, lazy_update=False, feature_table="growing")


def test_a_fixed_table_that_memory_does_not_hold_says_how_large_it_is() -> None:
    settings = settings_of(spread_out(ROWS), feature_table="fixed", num_factors=2**20)
    with pytest.raises(MemoryError, match=r"bytes for each feature, [\d,]+ in all; with feature_t"):
        TrainingState(settings)
