from __future__ import annotations

import doctest
from types import ModuleType

import pytest

import pairloom.estimators.classifier
import pairloom.estimators.regressor


@pytest.mark.parametrize("module", [pairloom.estimators.classifier, pairloom.estimators.regressor])
def test_example_in_the_docstring_runs(module: ModuleType) -> None:
    failed, attempted = doctest.testmod(module)
    assert (failed, attempted > 0) == (0, True)
