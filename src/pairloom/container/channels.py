"""What the channels of a job hold: rows, and the model that training starts from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pairloom.batch import RowBatch
from pairloom.container.content_types import RECORDIO, file_options, is_recordio
from pairloom.container.job_configuration import MODEL, Channel
from pairloom.container.resumed_pipe import PipeNumbers, ResumedPipe
from pairloom.data import EpochRows, FifoRows, RowFiles, RowStream
from pairloom.data.sources.listing import list_source
from pairloom.data.sources.shard import FifoShard, Shard
from pairloom.data.stream_memory import fit_in_memory
from pairloom.errors import UserError
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.recordio import PredictorType
from pairloom.formats.shards import list_shards
from pairloom.model import Model
from pairloom.model.sagemaker import is_artifact_name

NATIVE_SUFFIX = ".pairloom"


class ChannelRows:
    """Reads the rows of channels, those of all in the same encoding.

    Parameters
    ----------
    encoding
        Of the model that training starts from, or what the hyperparameters say of it.
    wait_seconds
        Longest time to wait for a pipe, or for its next bytes.
    stop_requested
        Asked while a pipe is waited for.
    weight_feature
        Name of the feature that is the weight of its row, or None.
    """

    def __init__(
        self,
        encoding: FeatureEncoding,
        predictor_type: PredictorType,
        *,
        wait_seconds: float,
        stop_requested: Callable[[], bool],
        weight_feature: str | None = None,
    ) -> None:
        self._files = RowFiles(file_options(None), encoding, learns=True)
        self._weight_feature = weight_feature
        self._predictor_type = predictor_type
        self._wait_seconds = wait_seconds
        self._stop_requested = stop_requested

    @property
    def encoding(self) -> FeatureEncoding:
        """What is known by now: what was told, and what the rows read so far have shown."""
        return self._files.encoding

    def read(self, channel: Channel, feature_dim: int | None) -> RowBatch:
        """Read all rows of a channel, once; they have labels, and this width if one is told.

        Raises
        ------
        UserError
            Names channel, content type, file and what is wrong with it.
        """
        if channel.input_mode == "Pipe":
            with named(channel):
                return self._fifos(channel, feature_dim).rows_of(0)
        with named(channel):
            self._begin(channel)
            _refuse_missing(channel)
            rows = self._files.read_labelled(channel.path, feature_dim, self._predictor_type)
            if rows.num_rows == 0:
                raise UserError(f"{channel.path}: no rows in any of its files")
            return rows

    def must_be_streamed(self, channel: Channel) -> bool:
        """Say whether a channel's files are recordio-protobuf and do not fit in memory."""
        if channel.input_mode == "Pipe" or not is_recordio(channel.content_type):
            return False
        with named(channel):
            _refuse_missing(channel)
            return not fit_in_memory(list_source(channel.path))

    def stream(self, channel: Channel, feature_dim: int | None, max_memory_bytes: int) -> RowStream:
        """Return the rows of a channel as a stream, from its files or from a pipe in each epoch.

        Raises
        ------
        UserError
            Names channel and content type, and what cannot be streamed or must be told.
        """
        with named(channel):
            self._begin(channel)
            settings: dict[str, Any] = {
                "options": self._files.options,
                "feature_dim": feature_dim,
                "predictor_type": self._predictor_type,
                "encoding": self.encoding,
                "max_memory_bytes": max_memory_bytes,
                "stop_requested": self._stop_requested,
            }
            if channel.input_mode == "Pipe":
                shards = self._pipes_of_epochs(channel.path)
                stream = RowStream(shards, name=f"{channel.path}_*", **settings)
            else:
                _refuse_missing(channel)
                stream = RowStream.of(channel.path, **settings)
            self._files.encoding = stream.encoding
            return stream

    def _pipes_of_epochs(self, channel: Path) -> Callable[[int], list[Shard]]:
        numbers = PipeNumbers(channel)

        def shards_of(epoch: int) -> list[Shard]:
            return [FifoShard(numbers.path(numbers.of(epoch)), self._wait_seconds)]

        return shards_of

    def of_epochs(self, channel: Channel, feature_dim: int | None) -> EpochRows:
        """Return the rows of a channel in Pipe mode, which every epoch reads anew."""
        with named(channel):
            return ResumedPipe(self._fifos(channel, feature_dim), channel.path)

    def _fifos(self, channel: Channel, feature_dim: int | None) -> FifoRows:
        self._begin(channel)
        if feature_dim is None:
            raise UserError("feature_dim: missing; in Pipe mode it must be told before rows come")
        return FifoRows(
            self._files,
            channel.path,
            feature_dim=feature_dim,
            predictor_type=self._predictor_type,
            wait_seconds=self._wait_seconds,
            stop_requested=self._stop_requested,
        )

    def _begin(self, channel: Channel) -> None:
        options = dataclasses.replace(
            file_options(channel.content_type), weight_feature=self._weight_feature
        )
        self._files = RowFiles(options, self.encoding, learns=True)


def check_content_types(channels: Mapping[str, Channel]) -> None:
    """Raise UserError unless the rows of every channel can be read."""
    for channel in channels.values():
        if channel.name != MODEL:
            with named(channel):
                file_options(channel.content_type)


def starting_model(channel: Channel) -> Model:
    """Load the one model that a channel holds.

    Raises
    ------
    UserError
        It holds none, or several.
    """
    _refuse_missing(channel)
    files = list_shards(channel.path)
    models = [file for file in files if is_artifact_name(file) or file.suffix == NATIVE_SUFFIX]
    if len(models) != 1:
        held = ", ".join(file.name for file in models or files)
        raise UserError(
            f"{channel}: {channel.path} must hold one model, model.tar.gz, model_algo-1 or "
            f"*{NATIVE_SUFFIX}; it holds {held}"
        )
    return Model.load(models[0])


@contextmanager
def named(channel: Channel) -> Iterator[None]:
    """Let what is wrong with a channel's rows name the channel and how they were read."""
    try:
        yield
    except UserError as error:
        read_as = channel.content_type or f"{RECORDIO}, since it names no content type"
        raise UserError(f"{channel}, read as {read_as}: {error}") from error


def _refuse_missing(channel: Channel) -> None:
    if not channel.path.exists():
        raise UserError(f"{channel}: {channel.path} is missing; the channel's files belong there")
