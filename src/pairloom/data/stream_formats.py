"""In which formats rows can be streamed, and what must then be told of them."""

from __future__ import annotations

import dataclasses
from typing import Any

from pairloom.data.file_options import FileOptions
from pairloom.errors import UserError
from pairloom.formats.blocks import BlockFormat, LibsvmBlocks, RecordioBlocks
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.file_format import NAMES, FileFormat
from pairloom.formats.recordio import PredictorType

STREAMED_FORMATS = ("recordio", "libsvm")


def stream_encoding(encoding: FeatureEncoding, options: FileOptions, name: str) -> FeatureEncoding:
    """Return what is known of features before rows come; raise UserError for what must be told."""
    if encoding.columns is not None:
        raise UserError(f"{name}: the model was trained on a table's columns, not on rows of ids")
    if options.format != "libsvm":
        return encoding
    zero_based = encoding.zero_based if options.zero_based == "auto" else options.zero_based
    if zero_based is None:
        raise UserError(
            f"{name}: whether feature ids count from 0 must be told of libsvm text that is "
            "streamed: zero_based true or false"
        )
    return dataclasses.replace(encoding, zero_based=zero_based)


def block_format(
    name: str,
    options: FileOptions,
    encoding: FeatureEncoding,
    feature_dim: int | None,
    predictor_type: PredictorType,
) -> BlockFormat:
    """Return the format to cut and to parse by; raise UserError for what cannot be streamed."""
    settings: dict[str, Any] = {
        "feature_dim": feature_dim or 0,
        "predictor_type": predictor_type,
        "hash_bits": encoding.hash_bits,
    }
    if options.format == "recordio":
        return RecordioBlocks(
            weight_feature=options.weight_feature,
            require_weights=options.weights_required,
            **settings,
        )
    if options.format != "libsvm":
        raise UserError(f"{name}: {_format_name(options.format)} cannot be streamed; {_STREAMED}")
    if options.weight_feature is not None and options.weights_required:
        raise UserError(
            f"{name}: {NAMES['libsvm']} has no feature {options.weight_feature} of row weights"
        )
    if feature_dim is None:
        raise UserError(f"{name}: feature_dim must be told of libsvm text that is streamed")
    return LibsvmBlocks(zero_based=bool(encoding.zero_based), **settings)


_STREAMED = "only recordio-protobuf and libsvm text can, which `pairloom convert` writes"


def _format_name(file_format: FileFormat | None) -> str:
    return "a format that is not told" if file_format is None else NAMES[file_format]
