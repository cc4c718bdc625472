from __future__ import annotations

import subprocess
import sys

import pytest

import pairloom

PUBLIC = ["FMClassifier", "FMRegressor", "Model"]

WITHOUT_SCIKIT_LEARN = """
import sys
sys.modules["sklearn"] = None
import pairloom
try:
    pairloom.FMClassifier
except ModuleNotFoundError as error:
    print(error)
"""


def test_public_names_are_these() -> None:
    assert sorted(pairloom.__all__) == PUBLIC
    assert set(PUBLIC) <= set(dir(pairloom))
    assert [getattr(pairloom, name).__name__ for name in PUBLIC] == PUBLIC


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'pairloom' has no attribute 'FMRanker'"):
        pairloom.FMRanker  # noqa: B018


def test_missing_scikit_learn_is_said_with_the_remedy() -> None:
    command = [sys.executable, "-c", WITHOUT_SCIKIT_LEARN]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert said.startswith("FMClassifier needs sklearn")
    assert said.endswith("pip install 'pairloom[sklearn]'")
