"""`pairloom convert`: rows from one file format to another."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.batch import RowBatch
from pairloom.cli.arguments import CommandParser
from pairloom.cli.row_files import read_rows
from pairloom.errors import DataError, UserError
from pairloom.formats import write_recordio
from pairloom.formats.array_files import read_labels, write_array_file
from pairloom.formats.complete_file import written_beside

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands

ARRAY_SUFFIXES = {".npy", ".npz"}
RECORDIO_SUFFIXES = {".pbr", ".recordio", ""}


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "convert",
        parents=[shared],
        help="rewrite rows in another file format",
        description="Rewrite rows in another file format. The source is told by its content: "
        "recordio-protobuf, .npz (dense, or CSR as scipy.sparse.save_npz writes it) or .npy; the "
        "target by its suffix: .pbr, .recordio or none, .npz, .npy.",
    )
    parser.add_argument(
        "source", type=Path, metavar="SRC", help="file, or folder of recordio files"
    )
    parser.add_argument("target", type=Path, metavar="DST", help="file to write")
    parser.add_argument(
        "--labels", type=Path, metavar="NPY", help="one label per row, for a source without labels"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    target: Path = arguments.target
    if target.suffix not in ARRAY_SUFFIXES | RECORDIO_SUFFIXES:
        raise UserError(
            f"{target}: unknown suffix {target.suffix}; expected .pbr or .recordio "
            f"(recordio-protobuf), .npz or .npy"
        )
    rows = read_rows(arguments.source)
    if arguments.labels is not None:
        rows = _with_labels(rows, arguments.source, arguments.labels)
    write_rows(target, rows)
    if not arguments.quiet:
        layout = "dense" if rows.is_dense else "sparse"
        labelled = "without labels" if rows.labels is None else "with labels"
        print(
            f"{target}: {rows.num_rows:,} {layout} rows of width {rows.feature_dim:,}, {labelled}",
            file=sys.stderr,
        )


def write_rows(target: Path, rows: RowBatch) -> None:
    """Write rows in the format of the path's suffix; the file appears when it is complete."""
    if rows.weights is not None and target.suffix not in ARRAY_SUFFIXES:
        raise UserError(
            f"{target}: recordio-protobuf cannot hold row weights; write a .npz instead"
        )
    if target.suffix in ARRAY_SUFFIXES:
        with written_beside(target) as partial:
            write_array_file(partial, rows)
    else:
        write_recordio(target, rows)


def _with_labels(rows: RowBatch, source: Path, labels_path: Path) -> RowBatch:
    if rows.labels is not None:
        raise UserError(f"{source}: the rows have labels already; leave --labels out")
    labels = read_labels(labels_path)
    if len(labels) != rows.num_rows:
        raise DataError(
            f"{labels_path}: {len(labels)} labels; expected one for each of the {rows.num_rows} "
            f"rows of {source}"
        )
    return dataclasses.replace(rows, labels=labels)
