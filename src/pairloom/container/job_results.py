"""What a training job leaves: the model, and its measurements with their report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairloom.batch import RowBatch
from pairloom.container.job_configuration import TEST, Hosts
from pairloom.container.job_folder import JobFolder
from pairloom.container.job_log import JobLog
from pairloom.container.training_lines import RowsSeen, TrainingLines
from pairloom.formats.complete_file import written_beside
from pairloom.model import Model
from pairloom.reports.libraries import HINT, missing_libraries
from pairloom.reports.run_folder import METRICS_FILE, REPORT_FOLDER, metrics_text, run_metrics
from pairloom.reports.run_record import RunRecord
from pairloom.reports.scored_rows import ScoredRows, score_parts
from pairloom.reports.stopwatch import measured
from pairloom.training import TrainingResult, evaluate


@dataclass(frozen=True, slots=True)
class TrainedJob:
    """What training gave, with the rows that it did not train on."""

    result: TrainingResult
    model: Model  # with the encoding of its rows
    held_out: Mapping[str, RowBatch]


class JobResults:
    """Writes the files of one host's job."""

    def __init__(self, folder: JobFolder, hosts: Hosts, log: JobLog) -> None:
        self._model = folder.model
        self._folder = folder.output_data
        self._writes_model = hosts.writes_model
        self._log = log
        if not hosts.writes_model:
            self._folder = folder.output_data / hosts.current

    def write_model(self, job: TrainedJob) -> None:
        """Write the model; of several hosts the first alone does."""
        if not self._writes_model:
            self._log.info("This host writes no model; the first host writes its own.")
            return
        began = time.time()
        job.model.save(self._model)
        size = self._model.stat().st_size
        self._log.info(f'Saved the model to "{self._model}", {size} bytes')
        self._log.seconds("finalize.time", began)

    def write_metrics(self, job: TrainedJob, seconds: dict[str, float]) -> dict[str, Any]:
        """Write what training measured, and return it."""
        metrics = run_metrics(job.result)
        metrics["seconds"] = seconds
        self._replace_metrics(metrics)
        return metrics

    def write_tested(
        self,
        job: TrainedJob,
        metrics: Mapping[str, Any],
        lines: TrainingLines,
        *,
        report: bool,
    ) -> None:
        """Measure and score held-out rows; write that, and a report, beside the rest."""
        tested, seconds = dict(metrics), metrics["seconds"]
        if TEST in job.held_out:
            with measured(seconds, "testing"):
                tested["test"] = evaluate(job.model, job.held_out[TEST])
            rows = job.held_out[TEST].num_rows
            batches = -(-rows // job.model.hyperparameters.mini_batch_size)
            lines.tested(tested["test"], RowsSeen(rows, batches))
        with measured(seconds, "scoring"):
            scored = score_parts(job.model, job.held_out)
        self._replace_metrics(tested)
        if not report:
            return
        try:
            self._write_report(job, tested, scored)
        except Exception as error:  # noqa: BLE001  a picture that fails must not cost a model
            self._log.warning(f"no report: {type(error).__name__}: {error}")

    def _replace_metrics(self, metrics: Mapping[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with written_beside(self._folder / METRICS_FILE) as partial:
            partial.write_text(metrics_text(metrics), encoding="utf-8")

    def _write_report(
        self, job: TrainedJob, metrics: Mapping[str, Any], scored: Mapping[str, ScoredRows]
    ) -> None:
        missing = missing_libraries()
        if missing:
            self._log.info(f"No report is written: it needs {' and '.join(missing)}; {HINT}")
            return
        from pairloom.reports.report import report_on  # noqa: PLC0415  optional, and slow

        run = RunRecord(
            model=job.model,
            history=job.result.history,
            best_epoch=job.result.best_epoch,
            test=metrics.get("test", {}),
            seconds=metrics["seconds"],
            version=metrics["pairloom_version"],
            scored=scored,
        )
        page: Path = report_on(run, self._folder / REPORT_FOLDER)
        self._log.info(f'Saved the report to "{page}"')
