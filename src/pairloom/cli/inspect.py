"""`pairloom inspect`: what a model or a data file holds."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pairloom.batch import RowBatch
from pairloom.cli.arguments import CommandParser, count
from pairloom.cli.file_options import add_format_options, add_weight_option, given_file_options
from pairloom.data import RowFiles
from pairloom.errors import DataFormatError, UserError
from pairloom.model import Model
from pairloom.model.native import NativeArtifact, find_faults, is_native
from pairloom.model.native.header import FORMAT_VERSION
from pairloom.reports.run_folder import holds_model, model_file

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands

MOST_LABELS_LISTED = 10


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "inspect",
        parents=[shared],
        help="describe a model or a data file",
        description="Describe a model: its shape, hyperparameters and strongest linear weights; "
        "or the rows of a data file: number, width, nonzeros and labels.",
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="folder of a run, or data")
    parser.add_argument(
        "--top", type=count, default=10, metavar="N", help="linear weights to list; default 10"
    )
    add_format_options(parser, learns=True)
    add_weight_option(parser)
    parser.add_argument(
        "--verify",
        action="store_true",
        help="check every byte of a model file: checksums, index, numbers",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    path: Path = arguments.path
    if arguments.verify:
        _verify(path)
        return
    if holds_model(path):
        file = model_file(path)
        model = Model.load(file)
        lines: Iterable[str] = chain(
            model_lines(model), section_lines(file), weight_lines(model, arguments.top)
        )
    else:
        lines = data_lines(RowFiles(given_file_options(arguments), learns=True).read(path))
    for line in lines:
        print(line)


def model_lines(model: Model) -> Iterator[str]:
    """Yield the description of a model."""
    features = model.stored_features
    weights, factors = model.stored_parameters_of(features)
    trained = len(model.trained_features)
    yield f"predictor_type      {model.predictor_type}"
    yield f"feature_dim         {model.feature_dim:,}, of which {trained:,} trained"
    yield f"num_factors         {model.num_factors:,}"
    yield f"untrained_features  {model.untrained_features}"
    yield f"bias                {model.bias:.6g}"
    yield f"linear weights      {_spread(weights)}"
    yield f"factors             {_spread(factors)}"
    yield ""
    yield "hyperparameters"
    for name, value in model.hyperparameters.to_strings().items():
        yield f"  {name:<31} {value}"


def weight_lines(model: Model, top: int) -> Iterator[str]:
    """Yield the strongest linear weights of a model."""
    features = model.stored_features
    weights, _ = model.stored_parameters_of(features)
    strongest = np.argsort(-np.abs(weights), kind="stable")[:top]
    yield ""
    yield f"strongest linear weights, {len(strongest)} of {model.feature_dim:,}"
    names = model.feature_names
    for place in strongest:
        feature = features[place]
        name = "" if names is None else f"  {names[feature]}"
        yield f"  feature {feature:<12} {weights[place]:+.6g}{name}"


def section_lines(path: Path) -> Iterator[str]:
    """Yield the sections of a native artifact; nothing for SageMaker's."""
    if not is_native(path):
        return
    header = NativeArtifact(path).header
    yield ""
    yield f"file of {header.file_bytes:,} bytes, format version {FORMAT_VERSION}"
    yield f"  {header.num_entries:,} rows of {header.row_bytes} bytes"
    yield f"  {'section':<16} {'byte':>12} {'length':>14}  crc32"
    for section in header.sections:
        place = f"{section.offset:>12} {section.length:>14}"
        yield f"  {section.name:<16} {place}  {section.checksum:08x}"


def _verify(path: Path) -> None:
    if not holds_model(path):
        raise UserError(f"{path}: no model; --verify checks model files")
    file = model_file(path)
    if not is_native(file):
        Model.load(file)  # which reads and checks all of it
    else:
        faults = find_faults(file)
        if faults:
            raise DataFormatError("\n".join(faults))
    print(f"{file}: every byte is as it was written")


def data_lines(rows: RowBatch) -> Iterator[str]:
    """Yield the description of rows."""
    nonzeros = rows.num_nonzeros if rows.values is None else int(np.count_nonzero(rows.values))
    cells = rows.num_rows * rows.feature_dim
    yield f"rows      {rows.num_rows:,}, {'dense' if rows.is_dense else 'sparse'}"
    yield f"width     {rows.feature_dim:,}"
    yield f"nonzeros  {nonzeros:,}, {100 * nonzeros / max(cells, 1):.3g} % of all values"
    if rows.labels is None:
        yield "labels    none"
        return
    labels, counts = np.unique(rows.labels, return_counts=True)
    if len(labels) > MOST_LABELS_LISTED:
        yield f"labels    {len(labels):,} different, {_spread(rows.labels)}"
        return
    for label, found in zip(labels, counts, strict=True):
        yield f"label {label:<3g} {found:,} rows, {100 * found / rows.num_rows:.3g} %"


def _spread(values: npt.NDArray[np.float32]) -> str:
    if not values.size:
        return "none"
    return f"{values.min():.4g} to {values.max():.4g}, mean {values.mean(dtype=np.float64):.4g}"
