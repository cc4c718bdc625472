"""The transform program: `python -m pairloom.platform.transform DIR`, the folder of one job."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from pairloom.container.failure import CLIENT_ERROR, explain, fail
from pairloom.container.job_folder import JobFolder
from pairloom.container.job_log import logging_to
from pairloom.errors import PlatformError, UserError
from pairloom.platform.transform.transform_plan import TransformPlan, artifact_folder
from pairloom.serving import Predictor
from pairloom.serving.model_cache import load_for_serving
from pairloom.serving.transform import FailedFile, TransformSettings, transform_files

_LOGGER = logging.getLogger("pairloom.transform")
_MOST_NAMED = 5


def main(root: Path) -> int:
    """Write the answers to a job's files; return 0, or 2 where the user can mend it, else 1."""
    folder = JobFolder(root)
    with logging_to(sys.stdout):
        try:
            _run(folder)
        except Exception as error:  # noqa: BLE001  the last place that can still say why
            return fail(folder, error)
    return 0


def _run(folder: JobFolder) -> None:
    folder.make_clean()
    plan = TransformPlan.read(folder)
    _log_settings(plan.settings)
    predictor = Predictor(load_for_serving(JobFolder(artifact_folder(folder)).model).model)
    files = [(path, answers) for path, answers in plan.pairs(folder) if not answers.exists()]
    if len(files) < len(plan.files):
        _LOGGER.info("%d files were done before", len(plan.files) - len(files))

    def tell(path: Path, error: Exception | None) -> None:
        name = path.relative_to(folder.input_data)
        if error is None:
            _LOGGER.info("[sagemaker logs]: %s: done", name)
        else:
            _LOGGER.error("[sagemaker logs]: %s: %s", name, explain(error)[0])

    result = transform_files(files, predictor.invoke, plan.settings, on_end=tell)
    total = len(plan.files)
    _LOGGER.info("%d of %d files have answers", total - len(result.failed), total)
    _raise_failures(folder, result.failed, total)


def _log_settings(settings: TransformSettings) -> None:
    _LOGGER.info(
        "[sagemaker logs]: MaxConcurrentTransforms=%d, MaxPayloadInMB=%d, BatchStrategy=%s",
        settings.max_concurrent_transforms,
        settings.max_payload_in_mb,
        "SINGLE_RECORD" if settings.batch_strategy == "SingleRecord" else "MULTI_RECORD",
    )


def _raise_failures(folder: JobFolder, failed: Sequence[FailedFile], total: int) -> None:
    """Raise what the job's FailureReason is to say: the first error, and which files have none."""
    if not failed:
        return
    first = f"{failed[0].path.relative_to(folder.input_data)}: {explain(failed[0].error)[0]}"
    names = [str(of.path.relative_to(folder.input_data)) for of in failed[:_MOST_NAMED]]
    more = ", ..." if len(failed) > _MOST_NAMED else ""
    message = f"{len(failed)} of {total} files failed and have no .out: {', '.join(names)}{more}"
    by_user = all(explain(of.error)[1] == CLIENT_ERROR for of in failed)
    raise (UserError if by_user else PlatformError)(f"{message}; {first}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
