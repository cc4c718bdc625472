"""Rows that are streamed: when asked for, or when they cannot fit."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from integration.runs import one_hot_rows
from pairloom.cli.arguments import memory_bytes
from pairloom.cli.program import main
from pairloom.formats import write_libsvm, write_recordio
from pairloom.model import Model

SHAPE = ["--num-factors", "4", "--predictor-type", "binary_classifier", "--epochs", "2"]
ROWS = one_hot_rows(700)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = tmp_path / "shards"
    folder.mkdir()
    write_recordio(folder / "a.pbr", ROWS)
    write_recordio(folder / "b.pbr", one_hot_rows(300, seed=4))
    return folder


def trained(tmp_path: Path, name: str, *arguments: object) -> Model:
    output = tmp_path / name
    assert main(["train", "--output", str(output), *SHAPE, *map(str, arguments)]) == 0
    return Model.load(output / "model.pairloom")


def test_streamed_training_writes_the_same_model(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = ["--validation", shards / "b.pbr", "--test", shards / "b.pbr"]
    trained(tmp_path, "whole", "--train", shards, *held_out)
    before = capsys.readouterr()
    trained(tmp_path, "streamed", "--train", shards, *held_out, "--max-memory", "4MiB")
    after = capsys.readouterr()
    models = [(tmp_path / name / "model.pairloom").read_bytes() for name in ("whole", "streamed")]
    assert models[0] == models[1]
    assert before.out == after.out
    assert "feature_dim is 900, the width of the training rows" in after.err


def test_a_cache_is_kept_and_read_and_changes_nothing(shards: Path, tmp_path: Path) -> None:
    whole = trained(tmp_path, "whole", "--train", shards)
    cache = tmp_path / "cache"
    for name in ("first", "again"):
        cached = trained(tmp_path, name, "--train", shards, "--cache", cache)
        assert cached.factors.tobytes() == whole.factors.tobytes()
        assert [path.suffix for path in cache.iterdir()] == [".cache"]


def test_rows_that_cannot_fit_are_streamed_and_it_is_said(
    shards: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pairloom.data.stream_memory.allowed_memory_bytes", lambda: 10_000)
    trained(tmp_path, "run", "--train", shards)
    assert (
        f"{shards}: more than fits in memory; the rows are streamed in 536,870,912"
        in capsys.readouterr().err
    )
    write_libsvm(tmp_path / "rows.libsvm", ROWS, zero_based=True)
    arguments = ["--train", str(tmp_path / "rows.libsvm"), "--output", str(tmp_path / "other")]
    assert main(["train", *arguments, *SHAPE]) == 2
    assert "whether feature ids count from 0 must be told" in capsys.readouterr().err


def test_streamed_text_keeps_where_its_ids_begin(tmp_path: Path) -> None:
    write_libsvm(tmp_path / "rows.libsvm", ROWS, zero_based=True)
    model = trained(tmp_path, "run", "--train", tmp_path / "rows.libsvm", "--feature-dim", 900,
                    "--zero-based", "true", "--max-memory", "5 MB")  # fmt: skip
    assert model.metadata["encoding"]["zero_based"] is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5000000", 5_000_000), ("4MiB", 4 << 20), ("1.5GB", 1_500_000_000), ("2 GiB", 2 << 30)],
)
def test_amounts_of_memory_have_units(text: str, expected: int) -> None:
    assert memory_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1gb", "1 XB", "1e9", "nan"])
def test_other_amounts_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a number followed by B, KB, MB"):
        memory_bytes(text)
