"""The options that say how the files of a command are read."""

from __future__ import annotations

import argparse

from pairloom.data import FileOptions
from pairloom.formats.file_format import FILE_FORMATS
from pairloom.formats.libsvm import ZeroBased

_ZERO_BASED: dict[str, ZeroBased] = {"auto": "auto", "true": True, "false": False}


def add_format_options(parser: argparse.ArgumentParser, *, learns: bool = False) -> None:
    """Add what says how the files of a command are to be read.

    Only a command that learns features from a table asks for labels and categories; others know
    them from the model.
    """
    group = parser.add_argument_group("files")
    group.add_argument(
        "--format",
        choices=FILE_FORMATS,
        help="format of the files; told by their content and suffix when not given",
    )
    group.add_argument(
        "--zero-based",
        choices=_ZERO_BASED,
        default="auto",
        help="whether feature ids of libsvm text count from 0; auto, the default: as in the rows "
        "that the model was trained on, or when any is 0",
    )
    group.add_argument(
        "--no-header", action="store_true", help="CSV has no header; its columns are f0, f1, ..."
    )
    if learns:
        group.add_argument(
            "--label",
            metavar="COLUMN",
            help="column of labels in CSV, Parquet and Arrow files; default label, without a "
            "header f0",
        )
        group.add_argument(
            "--categorical",
            type=lambda text: text.split(","),
            default=[],
            metavar="COLUMN,...",
            help="columns of whole numbers that are categories, as ids are; text always is",
        )


def add_weight_option(parser: argparse.ArgumentParser) -> None:
    """Add `--weight-feature` to a command that knows no hyperparameters."""
    parser.add_argument(
        "--weight-feature",
        metavar="NAME",
        help="feature that is the weight of its row, of recordio-protobuf or a table",
    )


def given_file_options(
    arguments: argparse.Namespace, *, weight_feature: str | None = None
) -> FileOptions:
    """Return what the options say; row weights that they do not name may be missing."""
    given = vars(arguments)
    return FileOptions(
        format=given["format"],
        zero_based=_ZERO_BASED[given["zero_based"]],
        header=not given["no_header"],
        label=given.get("label"),
        categorical=tuple(given.get("categorical", ())),
        weight_feature=given.get("weight_feature") or weight_feature,
        weights_required=given.get("weight_feature") is not None,
    )
