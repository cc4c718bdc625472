"""How many threads an estimator may use."""

from __future__ import annotations

import joblib
from joblib.parallel import get_active_backend


def count_threads(n_jobs: int | None) -> int:
    """Return the threads that `n_jobs` allows, as joblib counts them.

    A negative number means all allowed cores but some; inside a joblib worker, whose siblings
    have those cores, it means one.
    """
    backend, _ = get_active_backend()
    if n_jobs is not None and n_jobs < 0 and backend.nesting_level:
        return 1
    return int(joblib.effective_n_jobs(n_jobs))
