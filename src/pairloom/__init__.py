"""Pairloom: factorization machines, fast and reproducible."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairloom.estimators.classifier import FMClassifier
    from pairloom.estimators.regressor import FMRegressor
    from pairloom.model import Model

__all__ = ["FMClassifier", "FMRegressor", "Model"]

_MODULES = {
    "FMClassifier": "pairloom.estimators.classifier",
    "FMRegressor": "pairloom.estimators.regressor",
    "Model": "pairloom.model",
}


def __getattr__(name: str) -> object:
    """Import a class when it is first asked for, and scikit-learn with an estimator."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"sklearn", "scipy", "joblib"}:
            raise
        raise ModuleNotFoundError(
            f"{name} needs {error.name}, which is not installed: pip install 'pairloom[sklearn]'",
            name=error.name,
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
