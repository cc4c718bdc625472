from __future__ import annotations

from pathlib import Path

from pairloom.platform.jobs.training_job_fields import TRAINING_JOB_FIELDS
from pairloom.platform.tuning.completion import CONVERGED_JOBS, HOPELESS
from pairloom.platform.tuning.early_stopping import LEAST_COMPLETED, REDUCTION
from pairloom.platform.tuning.limits import MOST_JOBS, MOST_PARALLEL_JOBS
from pairloom.platform.tuning.tree_parzen import RANDOM_TRIALS
from pairloom.platform.tuning.tuning_job_fields import DEFINITION, TUNING_JOB_FIELDS


def test_page_names_every_field_that_training_jobs_do_not_have(repository: Path) -> None:
    page = (repository / "docs" / "tuning.md").read_text(encoding="utf-8")
    of_training = {*TRAINING_JOB_FIELDS.ignored, *TRAINING_JOB_FIELDS.refused}
    fields = {
        path: why
        for path, why in {**TUNING_JOB_FIELDS.ignored, **TUNING_JOB_FIELDS.refused}.items()
        if path.removeprefix(f"{DEFINITION}.") not in of_training
    }
    rows = [f"| `{path}` | {why} |" for path, why in fields.items()]
    assert [row for row in rows if row not in page] == []
    assert page.count("\n| `TrainingJobDefinition") + 2 == len(rows)


def test_numbers_of_the_page_are_those_of_the_tuner(repository: Path) -> None:
    page = (repository / "docs" / "tuning.md").read_text(encoding="utf-8")
    assert (REDUCTION, LEAST_COMPLETED, HOPELESS) == (3, 3, 5)
    assert f"{RANDOM_TRIALS} training jobs at random" in page
    assert f"the last {CONVERGED_JOBS} have improved" in page
    assert f"There may be {MOST_JOBS} training jobs, {MOST_PARALLEL_JOBS} at once" in page
