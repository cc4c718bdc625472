"""Rows of fifos, one for each epoch, as SageMaker's Pipe mode offers them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from pairloom.batch import RowBatch
from pairloom.data.fifo_stream import FifoStream
from pairloom.data.row_files import RowFiles
from pairloom.errors import DataError, UserError
from pairloom.formats.recordio import PredictorType

WAIT_SECONDS = 600.0


class FifoRows:
    """The rows of a channel, whose fifo `<channel>_<epoch>` is read to its end in each epoch.

    Parameters
    ----------
    files
        How the bytes are read; its options tell the format.
    channel
        The fifos' path without epoch: `/opt/ml/input/data/train` for `train_0`, `train_1`, ...
    feature_dim
        Width that all rows must have.
    predictor_type
        Which the labels must suit.
    wait_seconds
        Longest time to wait for the next fifo to appear, for its writer, and for each next byte.
    stop_requested
        Asked while waiting; once it returns true, `rows_of` raises RowsInterruptedError.
    """

    def __init__(
        self,
        files: RowFiles,
        channel: Path,
        *,
        feature_dim: int,
        predictor_type: PredictorType,
        wait_seconds: float = WAIT_SECONDS,
        stop_requested: Callable[[], bool] = lambda: False,
    ) -> None:
        self._files = files
        self._channel = channel
        self._feature_dim = feature_dim
        self._predictor_type = predictor_type
        self._wait_seconds = wait_seconds
        self._stop_requested = stop_requested

    @property
    def feature_dim(self) -> int:
        return self._feature_dim

    def rows_of(self, epoch: int) -> RowBatch:
        """Read the epoch's fifo to its end.

        Raises
        ------
        DataFormatError
            The bytes do not follow their format, as when the writer ended inside a record; names
            the fifo and the place.
        DataError
            The fifo is empty, did not come in time, or its rows do not suit; names the fifo.
        RowsInterruptedError
            Asked to stop before the end.
        """
        path = self._channel.with_name(f"{self._channel.name}_{epoch}")
        knew_columns = self._files.encoding.columns is not None
        with FifoStream(
            path, wait_seconds=self._wait_seconds, stop_requested=self._stop_requested
        ) as stream:
            rows = self._read(stream)
        if not knew_columns:
            self._refuse_learned_categories(path)
        return rows

    def _read(self, stream: FifoStream) -> RowBatch:
        source = cast("BinaryIO", stream)
        empty = f"{stream.name}: the fifo is empty; expected rows"
        try:
            rows = self._files.read_labelled(source, self._feature_dim, self._predictor_type)
        except UserError as error:
            if stream.num_bytes == 0 and stream.ended:
                raise DataError(empty) from error
            raise
        if rows.num_rows == 0:
            raise DataError(empty)
        return rows

    def _refuse_learned_categories(self, path: Path) -> None:
        """Raise UserError: another epoch, first after a resume, might number them otherwise."""
        for column in self._files.encoding.columns or ():
            if column.values is not None:
                raise UserError(
                    f"{path}: column {column.name} holds categories, which cannot be numbered "
                    "from a stream; set hash_bits"
                )
