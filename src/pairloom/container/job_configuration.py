"""What a training job is told: hyperparameters, channels and hosts, as SageMaker writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pairloom.container.job_folder import JobFolder
from pairloom.container.json_files import as_object, as_text, malformed, read_object
from pairloom.errors import UserError

TRAIN, VALIDATION, TEST, MODEL = CHANNELS = ("train", "validation", "test", "model")
InputMode: TypeAlias = Literal["File", "Pipe"]

_INPUT_MODES: dict[str, InputMode] = {"File": "File", "FastFile": "File", "Pipe": "Pipe"}
_ONE_HOST = "algo-1"


@dataclass(frozen=True, slots=True)
class Channel:
    """One named input of a job.

    Attributes
    ----------
    path
        Folder of its files; in Pipe mode what the names of its pipes begin with.
    content_type
        As it was given, or None.
    distribution
        How its files would be spread over hosts.
    """

    name: str
    path: Path
    content_type: str | None = None
    input_mode: InputMode = "File"
    distribution: str = "FullyReplicated"

    def __str__(self) -> str:
        return f"channel {self.name}"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Which host this is, of which."""

    current: str = _ONE_HOST
    names: tuple[str, ...] = (_ONE_HOST,)

    @property
    def writes_model(self) -> bool:
        """Whether this host, the first by name, writes the model of the job."""
        return self.current == self.names[0]


def read_hyperparameters(folder: JobFolder) -> dict[str, Any]:
    """Return the hyperparameters as they were given, by name."""
    if not folder.hyperparameters.is_file():
        raise UserError(
            f"{folder.hyperparameters}: missing; it holds the hyperparameters, a JSON object of "
            "text"
        )
    return read_object(folder.hyperparameters)


def read_channels(folder: JobFolder) -> dict[str, Channel]:
    """Return the channels by name; without a file that says, every folder of input is one."""
    path = folder.input_data_config
    if path.is_file():
        channels = {name: _channel(folder, name, of) for name, of in read_object(path).items()}
    else:
        channels = {
            part.name: Channel(part.name, part)
            for part in (sorted(folder.input_data.iterdir()) if folder.input_data.is_dir() else [])
            if part.is_dir()
        }
    source = path if path.is_file() else folder.input_data
    unknown = sorted(channels.keys() - set(CHANNELS))
    if unknown:
        raise UserError(
            f"{source}: unknown channel {', '.join(unknown)}; must be {', '.join(CHANNELS)}"
        )
    if TRAIN not in channels:
        raise UserError(f"{source}: no channel {TRAIN}, which holds the rows to train on")
    return channels


def read_hosts(folder: JobFolder) -> Hosts:
    """Return the hosts of the job; without a file that says, this is the only one."""
    path = folder.resource_config
    if not path.is_file():
        return Hosts()
    document = read_object(path)
    current = _host(path, "current_host", document.get("current_host", _ONE_HOST))
    hosts = document.get("hosts", [current])
    if not isinstance(hosts, list) or not hosts:
        raise malformed(path, "hosts", hosts, "a list of names")
    names = sorted(_host(path, f"hosts[{number}]", name) for number, name in enumerate(hosts))
    if current not in names:
        raise malformed(path, "current_host", current, f"one of hosts, {', '.join(names)}")
    return Hosts(current, tuple(names))


def _channel(folder: JobFolder, name: str, value: object) -> Channel:
    path = folder.input_data_config
    settings: Mapping[str, Any] = as_object(path, name, value)
    content_type = settings.get("ContentType")
    if content_type is not None:
        as_text(path, f"{name}.ContentType", content_type)
    mode = as_text(path, f"{name}.TrainingInputMode", settings.get("TrainingInputMode", "File"))
    if mode not in _INPUT_MODES:
        expected = " or ".join(_INPUT_MODES)
        raise malformed(path, f"{name}.TrainingInputMode", mode, expected)
    wrapper = settings.get("RecordWrapperType", "None")
    if wrapper not in ("None", None) and _INPUT_MODES[mode] == "Pipe":
        raise malformed(path, f"{name}.RecordWrapperType", wrapper, "None, since rows are not read "
                        "out of records that wrap whole files")  # fmt: skip
    spread = settings.get("S3DistributionType") or "FullyReplicated"
    distribution = as_text(path, f"{name}.S3DistributionType", spread)
    files = folder.input_data / name
    return Channel(name, files, content_type or None, _INPUT_MODES[mode], distribution)


def _host(path: Path, place: str, value: object) -> str:
    host = as_text(path, place, value)
    if not host or not host.isprintable() or " " in host or "/" in host or host.startswith("."):
        raise malformed(path, place, host, "a name without spaces or slashes")
    return host
