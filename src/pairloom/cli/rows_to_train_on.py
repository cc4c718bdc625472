"""The rows to train on: read into memory, or streamed where they are too many."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pairloom.batch import RowBatch
from pairloom.cli.arguments import memory_bytes
from pairloom.data import FileOptions, RowFiles, RowStream
from pairloom.data.sources.listing import format_of_source, list_source
from pairloom.data.sources.objects import is_object_location
from pairloom.data.stream_formats import STREAMED_FORMATS
from pairloom.data.stream_memory import (
    DEFAULT_MAX_MEMORY_BYTES,
    fit_in_memory,
)
from pairloom.formats.recordio import PredictorType


def add_stream_options(parser: argparse.ArgumentParser) -> None:
    """Add `--max-memory` and `--cache`."""
    parser.add_argument(
        "--max-memory",
        type=memory_bytes,
        metavar="SIZE",
        help="stream the rows to train on in at most so much memory beside the model's, as 512MB "
        "or 2GiB, instead of reading them all; rows that cannot fit are streamed anyway",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="keep streamed rows packed there in the first epoch; later epochs and runs read these",
    )


def read_rows_to_train_on(
    arguments: argparse.Namespace,
    files: RowFiles,
    feature_dim: int | None,
    predictor_type: PredictorType,
) -> RowBatch | RowStream:
    """Read the rows, or open them as a stream; `files` then reads others in the same way."""
    source: str | Path = arguments.train
    most_bytes: int | None = arguments.max_memory
    cached = arguments.cache is not None
    if most_bytes is None and not cached and isinstance(source, Path):
        if not _must_be_streamed(source, files.options):
            return files.read_labelled(source, feature_dim, predictor_type)
        most_bytes = DEFAULT_MAX_MEMORY_BYTES
        if not arguments.quiet:
            told = (
                f"{source}: more than fits in memory; the rows are streamed in {most_bytes:,} bytes"
            )
            print(told, file=sys.stderr)
    stream = RowStream.of(
        source,
        options=files.options,
        feature_dim=feature_dim,
        predictor_type=predictor_type,
        encoding=files.encoding,
        max_memory_bytes=most_bytes or DEFAULT_MAX_MEMORY_BYTES,
        cache_folder=arguments.cache,
    )
    files.encoding = stream.encoding
    return stream


def rows_source(text: str) -> str | Path:
    """Return the location of objects as it is, anything else as a path."""
    return text if is_object_location(text) else Path(text)


def _must_be_streamed(source: Path, options: FileOptions) -> bool:
    if not source.is_file() and not source.is_dir():  # a pipe, or nothing: reading says what
        return False
    shards = list_source(source)
    file_format = options.format or format_of_source(source, shards)
    return file_format in STREAMED_FORMATS and not fit_in_memory(shards)
