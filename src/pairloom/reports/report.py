"""The report of a run: one page and its pictures, from the run's folder alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pairloom.errors import UserError
from pairloom.reports.page import render_page
from pairloom.reports.run_folder import (
    REPORT_FOLDER,
    REPORT_PAGE,
    folder_written_beside,
    is_report_folder,
)
from pairloom.reports.run_record import RunRecord, read_run
from pairloom.reports.sections import DrawModel, sections_of
from pairloom.reports.tables import number
from pairloom.training.metrics import loss_name


def write_report(
    folder: Path,
    output: Path | None = None,
    *,
    more_pictures: Sequence[DrawModel] = (),
) -> Path:
    """Write the report of a run and return the path of its page.

    The same run gives the same bytes.

    Parameters
    ----------
    folder
        What `pairloom train` wrote.
    output
        Folder for the page and its pictures, by default `report` in the run's own. An earlier
        report there is replaced; anything else is refused.
    more_pictures
        What else to draw of the model.
    """
    target = folder / REPORT_FOLDER if output is None else output
    _refuse_foreign_folder(target)
    return report_on(read_run(folder), target, more_pictures=more_pictures)


def report_on(run: RunRecord, target: Path, *, more_pictures: Sequence[DrawModel] = ()) -> Path:
    """Write the report of a run that is at hand into a folder; return the path of its page."""
    _refuse_foreign_folder(target)
    sections = sections_of(run, more_pictures)
    title = f"Pairloom report: {run.model.predictor_type.replace('_', ' ')}"
    page = render_page(title, _summary(run), sections)
    with folder_written_beside(target) as written:
        (written / REPORT_PAGE).write_text(page, encoding="utf-8")
        for section in sections:
            for picture in section.pictures:
                (written / f"{picture.name}.png").write_bytes(picture.png)
    return target / REPORT_PAGE


def _refuse_foreign_folder(target: Path) -> None:
    if target.exists() and not is_report_folder(target):
        raise UserError(f"{target}: exists and holds no report; name a new folder")


def _summary(run: RunRecord) -> str:
    model = run.model
    said = [
        f"A factorization machine of {model.feature_dim:,} features "
        f"and {model.num_factors:,} factors."
    ]
    loss = loss_name(model.predictor_type)
    if loss in run.test:
        said.append(f"Test loss ({loss}): {number(run.test[loss])}.")
    return " ".join(said)
