"""Training and prediction where other threads and processes are about."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from integration.runs import digest, one_hot_rows, run

SETTINGS: dict[str, object] = {"predictor_type": "binary_classifier", "mini_batch_size": 500}

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks"
)


def trained_factors(num_threads: int = 2) -> str:
    return digest(run(one_hot_rows(3000), SETTINGS, num_threads=num_threads).model.factors)


@contextmanager
def forking_with_threads() -> Iterator[None]:
    """Silence Python's general warning about forking a process that has threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def exit_code_of_fork(child: Callable[[], bool]) -> int:
    """Run `child` in a forked process, for at most a minute; 0 when it returns true."""
    with forking_with_threads():
        process_id = os.fork()
    if process_id == 0:
        signal.alarm(60)
        code = 1
        try:
            code = 0 if child() else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(process_id, 0)
    return os.waitstatus_to_exitcode(status)


@needs_fork
def test_a_forked_child_trains_to_the_same_bytes() -> None:
    expected = trained_factors()
    assert exit_code_of_fork(lambda: trained_factors() == expected) == 0
    assert trained_factors() == expected


@needs_fork
def test_a_childs_child_trains_to_the_same_bytes() -> None:
    expected = trained_factors(3)

    def child() -> bool:
        grandchild = exit_code_of_fork(lambda: trained_factors(3) == expected)
        return grandchild == 0 and trained_factors(3) == expected

    assert exit_code_of_fork(child) == 0


@needs_fork
def test_a_child_forked_while_another_thread_trains_can_train() -> None:
    expected = trained_factors()
    with ThreadPoolExecutor(1) as executor:
        busy = executor.submit(lambda: [trained_factors() for _ in range(20)])
        codes = [exit_code_of_fork(lambda: trained_factors() == expected) for _ in range(3)]
        assert set(busy.result()) == {expected}
    assert codes == [0, 0, 0]


@needs_fork
def test_a_forked_pool_trains_to_the_same_bytes() -> None:
    expected = trained_factors()
    with forking_with_threads(), multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(trained_factors, [1, 2, 3]).get(timeout=60) == [expected] * 3


def test_one_model_predicts_from_many_threads_at_once() -> None:
    rows = one_hot_rows(5000)
    model = run(rows, SETTINGS, num_threads=2).model
    expected = digest(model.predict_rows(rows))

    def predict(num_threads: int) -> set[str]:
        return {digest(model.predict_rows(rows, num_threads=num_threads)) for _ in range(25)}

    with ThreadPoolExecutor(8) as executor:
        results = list(executor.map(predict, [1, 2, 3, 4] * 2))
    assert results == [{expected}] * 8


def test_models_train_side_by_side_to_their_own_bytes() -> None:
    def factors(seed: int) -> str:
        settings = {**SETTINGS, "seed": seed}
        return digest(run(one_hot_rows(3000), settings, num_threads=2).model.factors)

    expected = [factors(seed) for seed in range(6)]
    assert len(set(expected)) == 6
    with ThreadPoolExecutor(6) as executor:
        assert list(executor.map(factors, range(6))) == expected


THREADS_ADDED = """
import os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[1])])
from integration.runs import one_hot_rows, run
rows = one_hot_rows(20_000)
before = len(os.listdir("/proc/self/task"))
model = run(rows, {"predictor_type": "binary_classifier", "epochs": 1}, num_threads=0).model
model.predict_rows(rows)
print(len(os.listdir("/proc/self/task")) - before)
"""


@needs_affinity
@pytest.mark.parametrize("cores", [1, 2])
def test_no_more_threads_work_than_the_affinity_mask_has_cores(cores: int) -> None:
    if cores > len(os.sched_getaffinity(0)):
        pytest.skip(f"this process may run on fewer than {cores} cores")
    child = subprocess.run(
        [sys.executable, "-c", THREADS_ADDED, str(cores)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(child.stdout) == cores - 1  # the calling thread works too


def test_more_threads_than_rows_change_nothing() -> None:
    rows = one_hot_rows(3)
    few = run(rows, SETTINGS, num_threads=1).model
    many = run(rows, SETTINGS, num_threads=64).model
    np.testing.assert_array_equal(few.factors, many.factors)
    np.testing.assert_array_equal(few.score_rows(rows), many.score_rows(rows, num_threads=64))
