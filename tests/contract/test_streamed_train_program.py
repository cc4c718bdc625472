"""The train program on rows that are streamed, from files and from pipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.job_tree import WITHOUT_REPORT, JobTree
from integration.runs import one_hot_rows
from integration.test_piped_train_program import SETTINGS, SOON, PipeWriter, recordio
from pairloom.container.train import main

STREAMED = {**SOON, "PAIRLOOM_MAX_MEMORY": "4MiB"}


@pytest.fixture
def whole(tmp_path: Path) -> JobTree:
    """Return a job that read all rows into memory."""
    tree = JobTree(tmp_path / "whole")
    tree.shards("train", one_hot_rows(600), one_hot_rows(300, seed=1))
    tree.configure(**SETTINGS)
    ran = tree.train(**WITHOUT_REPORT)
    assert ran.returncode == 0, ran.stdout
    assert "Read channel train: 900 rows of 900 features, sparse" in ran.stdout
    return tree


def model(tree: JobTree) -> bytes:
    return (tree.model_folder / "model_algo-1").read_bytes()


def test_streamed_files_give_the_same_model_and_metrics(whole: JobTree, tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "streamed")
    tree.shards("train", one_hot_rows(600), one_hot_rows(300, seed=1))
    tree.configure(**SETTINGS)
    ran = tree.train(**STREAMED)
    assert ran.returncode == 0, ran.stdout
    said = "Channel train is streamed in 4,194,304 bytes of memory: rows of 900 features"
    assert said in ran.stdout
    assert model(tree) == model(whole)
    assert tree.metrics()["history"][-1]["train"] == whole.metrics()["history"][-1]["train"]


def test_a_stream_of_pipes_gives_the_model_of_files(whole: JobTree, tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "piped")
    folder = tree.channel("train", TrainingInputMode="Pipe")
    folder.rmdir()
    tree.configure(**SETTINGS)
    content = recordio(tmp_path, 600) + recordio(tmp_path, 300, seed=1)
    writer = PipeWriter(folder, content, range(3))
    ran = tree.train(**STREAMED)
    writer.join(20)
    assert ran.returncode == 0, ran.stdout
    assert "Channel train is streamed in 4,194,304 bytes" in ran.stdout
    assert model(tree) == model(whole)


@pytest.mark.parametrize(
    ("content_type", "memory", "said"),
    [
        ("text/csv", "4MiB", "CSV cannot be streamed; only recordio-protobuf and libsvm text can"),
        ("text/libsvm", "4MiB", "whether feature ids count from 0 must be told"),
        (None, "4 megs", "PAIRLOOM_MAX_MEMORY: '4 megs' is refused; must be a number of bytes, or"),
        (None, "1MiB", "max_memory_bytes 1,048,576; must be from 4,194,304"),
    ],
)
def test_what_cannot_be_streamed_is_a_client_error(
    content_type: str | None, memory: str, said: str, tmp_path: Path
) -> None:
    tree = JobTree(tmp_path / "job")
    (tree.channel("train", content_type) / "rows").write_text("1,2\n")
    tree.configure(**SETTINGS)
    ran = tree.train(**{**STREAMED, "PAIRLOOM_MAX_MEMORY": memory})
    assert ran.returncode == 2
    assert said in tree.failure()


def test_files_that_do_not_fit_in_memory_are_streamed_unasked(
    whole: JobTree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PAIRLOOM_REPORT", "false")
    monkeypatch.setattr("pairloom.data.stream_memory.allowed_memory_bytes", lambda: 10_000)
    tree = JobTree(tmp_path / "streamed")
    tree.shards("train", one_hot_rows(600), one_hot_rows(300, seed=1))
    tree.configure(**SETTINGS)
    assert main(tree.root) == 0
    assert "Channel train is streamed in 536,870,912 bytes of memory" in capsys.readouterr().out
    assert model(tree) == model(whole)
