"""`pairloom convert`: rows from one file format to another."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser, add_hash_option
from pairloom.cli.file_options import add_format_options, add_weight_option, given_file_options
from pairloom.data import FileOptions, RowFiles
from pairloom.data.joined_rows import join_rows
from pairloom.data.row_pieces import RowPieces, row_pieces
from pairloom.errors import DataError, UserError
from pairloom.formats.array_files import read_labels, write_array_file
from pairloom.formats.complete_file import written_beside
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.file_format import NAMES, FileFormat, target_format
from pairloom.formats.libsvm import write_libsvm_pieces
from pairloom.formats.recordio import write_recordio_pieces

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "convert",
        parents=[shared],
        help="rewrite rows in another file format",
        description="Rewrite rows in another file format. The source is told by its content and "
        "suffix, the target by its suffix: .pbr, .recordio or none for recordio-protobuf; "
        ".libsvm, .svm or .txt for libsvm text; .npz (dense, or CSR as scipy.sparse.save_npz "
        "writes it); .npy.",
    )
    parser.add_argument("source", type=Path, metavar="SRC", help="file, or folder of files")
    parser.add_argument("target", type=Path, metavar="DST", help="file to write")
    parser.add_argument(
        "--labels", type=Path, metavar="NPY", help="one label per row, for a source without labels"
    )
    add_format_options(parser, learns=True)
    add_weight_option(parser)
    add_hash_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    target: Path = arguments.target
    target_format(target)  # refused before anything is read
    rows = _read(arguments.source, target, given_file_options(arguments), arguments.hash_bits)
    if arguments.labels is not None:
        rows = _with_labels(rows, arguments.source, arguments.labels)
    write_rows(target, rows, arguments.weight_feature)
    if not arguments.quiet:
        layout = "dense" if rows.is_dense else "sparse"
        labelled = "with labels" if rows.has_labels else "without labels"
        print(
            f"{target}: {rows.num_rows:,} {layout} rows of width {rows.feature_dim:,}, {labelled}",
            file=sys.stderr,
        )


def write_rows(target: Path, rows: RowPieces, weight_feature: str | None = None) -> None:
    """Write rows in the format of the path's suffix; the file appears when it is complete."""
    file_format = target_format(target)
    if rows.has_weights and file_format != "numpy":
        _refuse_weights(target, file_format, weight_feature)
    if file_format == "numpy":
        with written_beside(target) as partial:
            write_array_file(partial, join_rows([*rows.read()]))
    elif file_format == "libsvm":
        if not rows.has_labels:
            raise UserError(f"{target}: libsvm text needs a label for each row; add --labels")
        write_libsvm_pieces(target, rows.read())
    else:
        write_recordio_pieces(target, rows.read(), weight_feature=weight_feature)


def _read(source: Path, target: Path, options: FileOptions, hash_bits: int | None) -> RowPieces:
    """Read rows in pieces where source and target let them be, else into memory."""
    pieces = None
    if target_format(target) != "numpy":
        pieces = row_pieces(source, options, hash_bits)
    if pieces is not None:
        return pieces
    files = RowFiles(options, FeatureEncoding(hash_bits=hash_bits), learns=True)
    return RowPieces.of_batch(files.read(source))


def _refuse_weights(target: Path, file_format: FileFormat, weight_feature: str | None) -> None:
    if file_format == "libsvm":
        raise UserError(
            f"{target}: {NAMES[file_format]} cannot hold row weights; write a .npz instead"
        )
    if weight_feature is None:
        raise UserError(
            f"{target}: {NAMES[file_format]} holds row weights under a name; "
            "--weight-feature says it"
        )


def _with_labels(rows: RowPieces, source: Path, labels_path: Path) -> RowPieces:
    if rows.has_labels:
        raise UserError(f"{source}: the rows have labels already; leave --labels out")
    labels = read_labels(labels_path)
    if len(labels) != rows.num_rows:
        raise DataError(
            f"{labels_path}: {len(labels)} labels; expected one for each of the {rows.num_rows} "
            f"rows of {source}"
        )
    return rows.with_labels(labels)
