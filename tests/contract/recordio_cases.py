"""Matrices that our writer and the real SDK's both write. Plain arithmetic, so that two
processes with different NumPy versions make the same ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

DTYPES: dict[str, Any] = {"float32": np.float32, "float64": np.float64, "int64": np.int64}


def _dense(dtype: Any, rows: int = 7, columns: int = 13) -> Any:
    numbers = np.arange(rows * columns).reshape(rows, columns) * 37 % 101 - 50
    return (numbers / (1 if dtype is np.int64 else 7)).astype(dtype)


def _sparse(dtype: Any, columns: int = 40000) -> Any:
    """Rows of 0 to 5 ascending ids, the first and the last column among them."""
    offsets = np.array([0, 0, 1, 3, 3, 8, 9, 9])
    ids = np.array([0, 127, columns - 1, 0, 128, 300, 16384, columns - 2, columns - 1])
    return sparse.csr_matrix((_dense(dtype, 1, 9)[0], ids, offsets), (7, columns))


def _unsorted(dtype: Any) -> Any:
    """Descending ids and a stored zero."""
    data = np.array([1, 0, -3, 5, 2], dtype)
    return sparse.csr_matrix((data, np.array([4, 0, 2, 300, 1]), np.array([0, 3, 3, 5])), (3, 301))


def _labels(dtype: Any, rows: int = 7) -> Any:
    return (np.arange(rows) * 5 % 3 - 1).astype(dtype)


CASES: dict[str, tuple[Any, Any]] = {
    **{f"dense-{name}-unlabeled": (_dense(dtype), None) for name, dtype in DTYPES.items()},
    **{f"sparse-{name}-unlabeled": (_sparse(dtype), None) for name, dtype in DTYPES.items()},
    **{
        f"dense-{name}-labels-{label_name}": (_dense(dtype), _labels(label_dtype))
        for name, dtype in DTYPES.items()
        for label_name, label_dtype in DTYPES.items()
    },
    **{
        f"sparse-{name}-labels-{label_name}": (_sparse(dtype), _labels(label_dtype))
        for name, dtype in DTYPES.items()
        for label_name, label_dtype in DTYPES.items()
    },
    **{f"unsorted-{name}": (_unsorted(dtype), _labels(dtype, 3)) for name, dtype in DTYPES.items()},
    "empty-rows-only": (sparse.csr_matrix((4, 9), dtype=np.float32), _labels(np.float32, 4)),
    "empty-rows-unlabeled": (sparse.csr_matrix((4, 2**20), dtype=np.float64), None),
    "stored-zeros-only": (
        sparse.csr_matrix((np.zeros(3, np.float32), np.arange(3), np.array([0, 1, 3])), (2, 5)),
        _labels(np.float32, 2),
    ),
    "one-column": (np.ones((3, 1), np.float32), _labels(np.float32, 3)),
    "wide-as-mnist": (_dense(np.float32, 5, 784), _labels(np.float32, 5)),
    "long-rows": (_dense(np.float64, 2, 20000), None),
    "int32-limits": (np.array([[-(2**31), 2**31 - 1, -1, 0, 127, 128]]), np.array([-(2**31)])),
    "float32-limits": (
        np.array([[np.finfo(np.float32).max, np.finfo(np.float32).tiny, -0.0, 1e-45]], np.float32),
        np.array([-0.0], np.float32),
    ),
    "no-rows": (np.zeros((0, 3), np.float32), None),
    "coo": (_sparse(np.float32).tocoo(), _labels(np.float32)),
    "csc": (_sparse(np.float32).tocsc(), _labels(np.float32)),
    "fortran-order": (np.asfortranarray(_dense(np.float64)), None),
}
