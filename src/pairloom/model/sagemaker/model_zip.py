"""`model_algo-1`, the zip in SageMaker's model artifact: graph, parameters and what they lack."""

from __future__ import annotations

import errno
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array
from pairloom.errors import DataFormatError
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model.sagemaker.extras import Extras, extras_text, read_extras
from pairloom.model.sagemaker.member_stream import MemberStream
from pairloom.model.sagemaker.mxnet_array_reader import read_arrays
from pairloom.model.sagemaker.mxnet_arrays import (
    DenseArray,
    MxnetArray,
    RowSparseArray,
    arrays_size,
    write_arrays,
)
from pairloom.model.sagemaker.mxnet_symbol import (
    PredictorType,
    SymbolError,
    predictor_type_of,
    symbol_text,
)

PARAMS_MEMBER = "params"
SYMBOL_MEMBER = "symbol.json"
EXTRAS_MEMBER = "pairloom.json"
FACTORS, LINEAR_WEIGHTS, BIAS = "arg:v", "arg:w1_weight", "arg:w0_weight"

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip can give
_UNIX = 3
_MOST_SYMBOL_BYTES = 1 << 24
_MOST_EXTRAS_BYTES = 1 << 29


@dataclass(frozen=True, slots=True)
class SageMakerModel:
    """What the artifact carries.

    Attributes
    ----------
    hyperparameters
        Those of the run; for an artifact of AWS, its shape and predictor type with the defaults.
    trained
        Which features a training row held; with `untrained_features=zero` the others' rows are
        not stored, and so zero.
    metadata
        Whatever else goes with the model and JSON can carry, such as feature names.
    """

    hyperparameters: Hyperparameters
    bias: float
    linear_weights: Float32Array
    factors: Float32Array
    trained: npt.NDArray[np.bool_]
    metadata: Mapping[str, Any] = field(default_factory=dict)


def write_model_zip(file: BinaryIO, model: SageMakerModel) -> None:
    """Write the zip: stored members, sorted, with fixed times, so that equal models are equal."""
    settings = model.hyperparameters
    symbol = symbol_text(settings.feature_dim, settings.num_factors, settings.predictor_type)
    arrays = _arrays_of(model)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(
            _member(EXTRAS_MEMBER), extras_text(settings, model.trained, model.metadata)
        )
        params = _member(PARAMS_MEMBER)
        params.file_size = arrays_size(arrays)  # decides on zip64
        with archive.open(params, "w") as stream:
            write_arrays(stream, arrays)  # type: ignore[arg-type]
        archive.writestr(_member(SYMBOL_MEMBER), symbol)


def read_model_zip(file: BinaryIO, place: str) -> SageMakerModel:
    """Read the zip; without `pairloom.json`, as AWS writes it, the graph names the predictor type.

    Raises
    ------
    DataFormatError
        The bytes are no such zip; names the member, the offset in it, the rule and the value.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive, place)
            with archive.open(members[SYMBOL_MEMBER]) as stream:
                predictor_type = _read_symbol(stream, members[SYMBOL_MEMBER], place)
            extras = None
            if EXTRAS_MEMBER in members:
                with archive.open(members[EXTRAS_MEMBER]) as stream:
                    text = _whole(stream, members[EXTRAS_MEMBER], place, _MOST_EXTRAS_BYTES)
                extras = read_extras(text, f"{place}: {EXTRAS_MEMBER}")
            with archive.open(members[PARAMS_MEMBER]) as stream:
                parameters = _read_parameters(stream, members[PARAMS_MEMBER], place)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk's own failure
        raise DataFormatError(f"{place}: no zip that can be read: {error}") from error
    return _assemble(parameters, predictor_type, extras, place)


@dataclass(frozen=True, slots=True)
class _Parameters:
    bias: float
    linear_weights: Float32Array
    factors: Float32Array
    stored: npt.NDArray[np.bool_]


def _arrays_of(model: SageMakerModel) -> dict[str, MxnetArray]:
    stored = None
    if model.hyperparameters.untrained_features == "zero" and not model.trained.all():
        stored = np.flatnonzero(model.trained).astype(np.int64)
    return {
        FACTORS: RowSparseArray(model.factors, stored),
        LINEAR_WEIGHTS: RowSparseArray(model.linear_weights.reshape(-1, 1), stored),
        BIAS: DenseArray(np.array([model.bias], dtype=np.float32)),
    }


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EARLIEST)
    member.create_system = _UNIX
    member.external_attr = 0o100644 << 16
    return member


def _members(archive: zipfile.ZipFile, place: str) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename
        if name in members:
            raise DataFormatError(f"{place}: the member {name} is there twice")
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataFormatError(f"{place}: a member must not lead out of the zip: {name!r}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataFormatError(
                f"{place}: {name} must be stored or deflated; its method is {member.compress_type}"
            )
        members[name] = member
    for name in (SYMBOL_MEMBER, PARAMS_MEMBER):
        if name not in members:
            held = ", ".join(list(members)[:5]) or "nothing"
            raise DataFormatError(f"{place}: must hold {name}; it holds {held}")
    return members


def _read_symbol(stream: Any, member: zipfile.ZipInfo, place: str) -> PredictorType:
    text = _whole(stream, member, place, _MOST_SYMBOL_BYTES)
    try:
        return predictor_type_of(text)
    except SymbolError as error:
        raise DataFormatError(f"{place}: {SYMBOL_MEMBER}: {error}") from error


def _whole(stream: Any, member: zipfile.ZipInfo, place: str, most: int) -> bytes:
    place = f"{place}: {member.filename}"
    if member.file_size > most:
        raise DataFormatError(
            f"{place}: must be at most {most:,} bytes; it has {member.file_size:,}"
        )
    reader = MemberStream(stream, place, member.file_size)
    text = reader.take(member.file_size, "the text")
    reader.end()
    return text


def _read_parameters(stream: Any, member: zipfile.ZipInfo, place: str) -> _Parameters:
    place = f"{place}: {PARAMS_MEMBER}"
    arrays = read_arrays(MemberStream(stream, place, member.file_size), most=3)
    if arrays.keys() != {FACTORS, LINEAR_WEIGHTS, BIAS}:
        raise DataFormatError(
            f"{place}: must hold {FACTORS}, {LINEAR_WEIGHTS} and {BIAS}; "
            f"it holds {', '.join(arrays) or 'nothing'}"
        )
    factors = arrays[FACTORS].values
    if factors.ndim != 2 or 0 in factors.shape:
        raise DataFormatError(
            f"{place}: {FACTORS} must have shape (feature_dim, num_factors); it has {factors.shape}"
        )
    for name, shape in ((LINEAR_WEIGHTS, (len(factors), 1)), (BIAS, (1,))):
        if arrays[name].values.shape != shape:
            raise DataFormatError(
                f"{place}: {name} must have shape {shape}; it has {arrays[name].values.shape}"
            )
    for name, array in arrays.items():
        _check_finite(array.values, f"{place}: {name}")
    return _Parameters(
        bias=float(arrays[BIAS].values[0]),
        linear_weights=arrays[LINEAR_WEIGHTS].values.reshape(-1),
        factors=factors,
        stored=_is_stored(arrays[FACTORS]) | _is_stored(arrays[LINEAR_WEIGHTS]),
    )


def _check_finite(values: Float32Array, place: str) -> None:
    piece = max(1, (1 << 20) // values[:1].size)
    for first in range(0, len(values), piece):
        wrong = np.argwhere(~np.isfinite(values[first : first + piece]))
        if len(wrong):
            position = (first + int(wrong[0][0]), *(int(index) for index in wrong[0][1:]))
            raise DataFormatError(
                f"{place}: must be finite; {list(position)} is {values[position]}"
            )


def _is_stored(array: MxnetArray) -> npt.NDArray[np.bool_]:
    if isinstance(array, DenseArray) or array.stored is None:
        return np.ones(len(array.values), dtype=bool)
    stored = np.zeros(len(array.values), dtype=bool)
    stored[array.stored] = True
    return stored


def _assemble(
    parameters: _Parameters, predictor_type: PredictorType, extras: Extras | None, place: str
) -> SageMakerModel:
    feature_dim, num_factors = parameters.factors.shape
    found = {
        "feature_dim": feature_dim,
        "num_factors": num_factors,
        "predictor_type": predictor_type,
    }
    if extras is None:
        extras = Extras(resolve(found), parameters.stored, {})
    for name, value in found.items():
        given = getattr(extras.hyperparameters, name)
        if given != value:
            raise DataFormatError(
                f"{place}: {EXTRAS_MEMBER}: {name} is {given}; the parameters have {value}"
            )
    trained = np.ones(feature_dim, dtype=bool) if extras.trained is None else extras.trained
    return SageMakerModel(
        extras.hyperparameters,
        parameters.bias,
        parameters.linear_weights,
        parameters.factors,
        trained,
        extras.metadata,
    )
