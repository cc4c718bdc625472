"""The train program: a job's folder in, its model, measurements and log out."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pairloom.container.failure import fail
from pairloom.container.job_folder import DEFAULT_ROOT, JobFolder
from pairloom.container.job_log import logging_to
from pairloom.container.patience import LeftAloneError
from pairloom.container.training_job import TrainingJob
from pairloom.training.termination import termination_noticed

_LOGGER = logging.getLogger("pairloom")


def main(root: str | os.PathLike[str] = DEFAULT_ROOT, signals_before: Sequence[int] = ()) -> int:
    """Run the training job of a folder; return 0, or 2 where the user can mend it, else 1.

    SIGTERM ends the job within seconds, with the best model so far by validation, else the last.
    `signals_before` are those that came while the program was loaded.
    """
    folder = JobFolder(Path(root))
    with logging_to(sys.stdout), termination_noticed() as terminated:
        for number in signals_before[:1]:
            signal.raise_signal(number)
        try:
            return _run(folder, terminated)
        except Exception as error:  # noqa: BLE001  the last place that can still say why
            return fail(folder, error)


def _run(folder: JobFolder, terminated: Callable[[], bool]) -> int:
    try:
        folder.make_clean()
        TrainingJob(folder, os.environ, terminated).run()
    except LeftAloneError as left:
        # The thread that was left alone may be deep in native code, which must not be unloaded.
        folder.remove_scratch()
        _LOGGER.info("%s", left)
        sys.stdout.flush()
        os._exit(0)
    return 0
