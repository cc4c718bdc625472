from __future__ import annotations

import joblib
import pytest

from pairloom.estimators.threads import count_threads

BACKENDS = ["loky", "threading", "multiprocessing"]


def test_negative_number_means_the_allowed_cores_at_the_top() -> None:
    assert count_threads(-1) == joblib.cpu_count()


def test_none_means_what_joblib_says() -> None:
    assert count_threads(None) == 1
    with joblib.parallel_config(n_jobs=3):
        assert count_threads(None) == 3


def test_positive_number_is_kept() -> None:
    assert count_threads(7) == 7


@pytest.mark.parametrize("backend", BACKENDS)
def test_worker_of_joblib_gets_one_thread(backend: str) -> None:
    with joblib.Parallel(n_jobs=2, backend=backend) as parallel:
        counted = parallel(joblib.delayed(count_threads)(n) for n in (-1, -1, None, 3))
    assert counted == [1, 1, 1, 3]
