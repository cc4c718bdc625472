"""The estimators' constructors."""

from __future__ import annotations

import textwrap

from generators.hyperparameter_settings import literal
from pairloom.estimators.declared import CLASS_WEIGHT, Parameter, shared_parameters

CLASSIFIER_PATH = "src/pairloom/estimators/classifier_parameters.py"
REGRESSOR_PATH = "src/pairloom/estimators/regressor_parameters.py"

_HEAD = '''\
# Generated from the tables in src/pairloom/hyperparameters/table.py and
# src/pairloom/estimators/declared.py by scripts/generate.py: do not edit.
"""The constructor of {estimator}: it stores its arguments, as scikit-learn asks."""

from __future__ import annotations

{imports}

import numpy as np
from sklearn.base import BaseEstimator
'''


def render_classifier() -> str:
    """Return the text of the module with the classifier's constructor."""
    imports = "from collections.abc import Mapping\nfrom typing import Any, Literal"
    head = _HEAD.format(estimator="FMClassifier", imports=imports)
    return head + _class(
        "ClassifierParameters", "FMClassifier", (*shared_parameters(), CLASS_WEIGHT)
    )


def render_regressor() -> str:
    """Return the text of the module with the regressor's constructor."""
    head = _HEAD.format(estimator="FMRegressor", imports="from typing import Literal")
    return head + _class("RegressorParameters", "FMRegressor", shared_parameters())


def _class(name: str, estimator: str, parameters: tuple[Parameter, ...]) -> str:
    arguments = "".join(f"        {_argument(parameter)},\n" for parameter in parameters)
    described = "".join(map(_description, parameters))
    stored = "".join(f"        self.{each.name} = {each.name}\n" for each in parameters)
    return f'''

class {name}(BaseEstimator):
    """Parameters of {estimator}."""

    def __init__(
        self,
        *,
{arguments}    ) -> None:
        """Store the parameters; `fit` checks them.

        Parameters
        ----------
{described}        """
{stored}'''


def _argument(parameter: Parameter) -> str:
    return f"{parameter.name}: {parameter.annotation} = {literal(parameter.default)}"


def _description(parameter: Parameter) -> str:
    text = textwrap.indent(textwrap.fill(parameter.help, 84), " " * 12)
    return f"        {parameter.name}\n{text}\n"
