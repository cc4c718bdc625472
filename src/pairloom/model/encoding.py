"""The feature encoding that a model carries in its metadata."""

from __future__ import annotations

from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.model.model import Model

_KEY = "encoding"


def with_encoding(model: Model, encoding: FeatureEncoding) -> Model:
    """Return the model with its encoding, and the features' names and fields that follow from it.

    The parameters are shared, not copied. An encoding that says nothing is left out.
    """
    if encoding == FeatureEncoding():
        return model
    names, fields = encoding.feature_names(), encoding.fields()
    return Model(
        model.table,
        model.hyperparameters,
        feature_names=model.feature_names if names is None else names,
        fields=model.fields if fields is None else fields,
        metadata={**model.metadata, _KEY: encoding.to_json()},
        optimizer_state=model.optimizer_state,
    )


def encoding_of(model: Model) -> FeatureEncoding:
    """Return what a model's rows were encoded by; of a model that does not say, nothing known.

    Raises
    ------
    DataFormatError
        The model's metadata holds another thing by that name.
    """
    if _KEY in model.metadata:
        return FeatureEncoding.from_json(model.metadata[_KEY])
    return FeatureEncoding(hash_bits=model.hyperparameters.hash_bits)
