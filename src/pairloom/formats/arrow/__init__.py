"""CSV, Parquet, Arrow files and data frames as columns: the one place that knows pyarrow."""

from __future__ import annotations

from pairloom.errors import UserError

try:
    import pyarrow  # noqa: F401  asked for once, for all modules of this package
except ModuleNotFoundError as missing:
    raise UserError(
        f"CSV, Parquet, Arrow and data frames need {missing.name}, which is not installed: "
        "pip install 'pairloom[arrow]'"
    ) from missing
