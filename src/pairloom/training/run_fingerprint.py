"""What a checkpoint must have in common with the run that goes on from it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError, UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.checkpoint_file import CheckpointFile
from pairloom.training.state import TrainingState

DRAWN_FROM_SEED = "parameters drawn from the seed"


def run_fingerprint(
    hyperparameters: Hyperparameters,
    rows: str,
    validation: RowBatch | None,
    start: TrainingState | None,
) -> dict[str, Any]:
    """Return hyperparameters and checksums of the data, in types that JSON can carry.

    `rows` is what the training rows say of themselves.
    """
    return {
        "hyperparameters": hyperparameters.to_dict(),
        "training rows": rows,
        "validation rows": "none" if validation is None else rows_fingerprint(validation),
        "start": DRAWN_FROM_SEED if start is None else _state_fingerprint(start),
    }


def rows_fingerprint(rows: RowBatch) -> str:
    """Return the number of rows and a checksum over ids, values, labels and weights."""
    checksum = 0
    for array in (rows.row_offsets, rows.feature_ids, rows.values, rows.labels, rows.weights):
        described = "none" if array is None else f"{array.dtype.str} {array.shape}"
        checksum = zlib.crc32(described.encode(), checksum)
        if array is not None:
            checksum = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, checksum)
    return f"{rows.num_rows} of checksum {checksum:08x}"


def refuse_other_run(checkpoint: CheckpointFile, current: Mapping[str, Any]) -> None:
    """Raise UserError that names everything in which a checkpoint's run was another."""
    try:
        before = _flat(checkpoint.content["fingerprint"])
    except (KeyError, TypeError, AttributeError) as error:
        raise DataFormatError(f"{checkpoint.path}: no fingerprint of a run: {error!r}") from error
    now = _flat(current)
    differences = [
        f"{name} {before.get(name, 'unset')}, this run has {now.get(name, 'unset')}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    if differences:
        raise UserError(
            f"{checkpoint.path}: the checkpoint was made with {'; with '.join(differences)}"
        )


def _flat(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in fingerprint.items() if name != "hyperparameters"}
    return {**fingerprint["hyperparameters"], **rest}


def _state_fingerprint(state: TrainingState) -> str:
    trainer = state.trainer
    checksum = zlib.crc32(np.array([trainer.bias, *trainer.bias_state]).tobytes())
    features = trainer.features()
    arrays: list[npt.NDArray[Any]] = [] if features is None else [features]
    arrays += [trainer.linear_weights(), trainer.factors(), trainer.trained()]
    for slot in range(trainer.state_slots):
        arrays += [trainer.linear_state(slot), trainer.factor_state(slot)]
    for array in arrays:
        checksum = zlib.crc32(array.view(np.uint8).data, checksum)
    return f"parameters of checksum {checksum:08x} after {trainer.step_count} steps"
