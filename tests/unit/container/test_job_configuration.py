"""Settings of a job: what is read, and that nothing else gets through."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.container.job_configuration import (
    Channel,
    Hosts,
    read_channels,
    read_hosts,
    read_hyperparameters,
)
from pairloom.container.job_folder import JobFolder
from pairloom.errors import UserError

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KNOWN_NAMES = st.sampled_from(
    ["train", "test", "ContentType", "TrainingInputMode", "RecordWrapperType", "current_host",
     "hosts"]
)  # fmt: skip
NEARLY_RIGHT = st.dictionaries(
    KNOWN_NAMES, ANY_JSON | st.dictionaries(KNOWN_NAMES, ANY_JSON), max_size=3
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> JobFolder:
    folder = JobFolder(tmp_path_factory.mktemp("ml"))
    folder.hyperparameters.parent.mkdir(parents=True)
    return folder


def test_channels_have_what_sagemaker_writes(folder: JobFolder) -> None:
    settings = {"S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    document = {
        "train": {"ContentType": "text/csv", "TrainingInputMode": "File", **settings},
        "test": {"TrainingInputMode": "FastFile", **settings},
        "validation": {"TrainingInputMode": "Pipe", **settings},
    }
    folder.input_data_config.write_text(json.dumps(document))
    assert read_channels(folder) == {
        "train": Channel("train", folder.input_data / "train", "text/csv", "File"),
        "test": Channel("test", folder.input_data / "test", None, "File"),
        "validation": Channel("validation", folder.input_data / "validation", None, "Pipe"),
    }


def test_hosts_are_sorted_and_the_first_writes_the_model(folder: JobFolder) -> None:
    document = {"current_host": "algo-2", "hosts": ["algo-2", "algo-1"]}
    folder.resource_config.write_text(json.dumps(document))
    hosts = read_hosts(folder)
    assert hosts == Hosts("algo-2", ("algo-1", "algo-2"))
    assert not hosts.writes_model


@pytest.mark.parametrize("name", ["", "two words", "line\nbreak", 7, "/etc", "../up", ".."])
def test_host_that_would_break_log_or_leave_the_root_is_refused(
    name: object, folder: JobFolder
) -> None:
    folder.resource_config.write_text(json.dumps({"current_host": name, "hosts": [name]}))
    with pytest.raises(UserError, match=r"resourceconfig.json: current_host is "):
        read_hosts(folder)


def refusal(read: Callable[[JobFolder], object], folder: JobFolder) -> str | None:
    """Return what a file is refused with, or None; no other error may come."""
    try:
        read(folder)
    except UserError as error:
        return str(error)
    return None


@given(document=ANY_JSON | NEARLY_RIGHT)
def test_any_json_is_read_or_refused_with_its_file(document: object, folder: JobFolder) -> None:
    text = json.dumps(document)
    readers: list[tuple[Path, Callable[[JobFolder], object]]] = [
        (folder.hyperparameters, read_hyperparameters),
        (folder.input_data_config, read_channels),
        (folder.resource_config, read_hosts),
    ]
    for path, read in readers:
        path.write_text(text)
        assert str(path) in (refusal(read, folder) or str(path))


@given(content=st.binary())
def test_any_bytes_are_read_or_refused_with_their_file(content: bytes, folder: JobFolder) -> None:
    folder.hyperparameters.write_bytes(content)
    path = str(folder.hyperparameters)
    assert path in (refusal(read_hyperparameters, folder) or path)


def test_deep_nesting_is_refused(folder: JobFolder) -> None:
    folder.hyperparameters.write_text("[" * 100_000)
    with pytest.raises(UserError, match="not readable as JSON"):
        read_hyperparameters(folder)


def test_a_pipe_of_wrapped_files_is_refused(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    folder.input_data_config.parent.mkdir(parents=True)
    settings = {"TrainingInputMode": "Pipe", "RecordWrapperType": "RecordIO"}
    folder.input_data_config.write_text(json.dumps({"train": settings}))
    with pytest.raises(UserError, match=r"train.RecordWrapperType is 'RecordIO'; expected None"):
        read_channels(folder)
