"""The sections of a report's page, each with what a run has for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pairloom.model import Model
from pairloom.reports.classifier_curves import (
    RankedCurves,
    calibration_bins,
    calibration_error,
    ranked_curves,
)
from pairloom.reports.confusion import count_confusion
from pairloom.reports.page import Section
from pairloom.reports.pictures.classifier import (
    draw_calibration,
    draw_confusion,
    draw_precision_recall,
    draw_roc,
)
from pairloom.reports.pictures.learning import draw_learning_curves
from pairloom.reports.pictures.parameters import (
    draw_interactions,
    draw_linear_weights,
    draw_similarities,
)
from pairloom.reports.pictures.picture import Picture
from pairloom.reports.pictures.regressor import draw_predicted_against_actual, draw_residuals
from pairloom.reports.run_record import RunRecord
from pairloom.reports.scored_rows import ScoredRows, probabilities_of
from pairloom.reports.strongest import (
    factor_similarities,
    strongest_interactions,
    strongest_linear_weights,
)
from pairloom.reports.tables import (
    calibration_table,
    confusion_table,
    epochs_table,
    hyperparameters_table,
    metrics_table,
    run_table,
    strongest_table,
    timing_table,
)
from pairloom.training.metrics import loss_name

DrawModel: TypeAlias = Callable[[Model], Picture]

NO_ROWS = (
    "The run kept no scored rows: train with validation or test rows to see how well it predicts."
)


def sections_of(run: RunRecord, more_pictures: Sequence[DrawModel] = ()) -> list[Section]:
    """Return the sections of a run in the order of the page; what it cannot fill is left out."""
    sections = (
        _summary(run),
        _learning(run),
        _predictions(run),
        _parameters(run.model, more_pictures),
        Section(name="settings", title="Hyperparameters", tables=[hyperparameters_table(run)]),
        _timing(run),
    )
    return [section for section in sections if section is not None]


def _summary(run: RunRecord) -> Section:
    metrics = metrics_table(run)
    tables = [run_table(run)] + ([] if metrics is None else [metrics])
    return Section(name="summary", title="Summary", tables=tables)


def _timing(run: RunRecord) -> Section | None:
    timing = timing_table(run)
    return None if timing is None else Section(name="timing", title="Timing", tables=[timing])


def _learning(run: RunRecord) -> Section | None:
    if not run.history:
        return None
    kind = run.model.predictor_type
    return Section(
        name="learning",
        title="Learning",
        pictures=[draw_learning_curves(run.history, run.best_epoch, kind)],
        tables=[epochs_table(run, loss_name(kind))],
    )


def _predictions(run: RunRecord) -> Section:
    section = Section(name="predictions", title="Predictions")
    scored = {part: rows for part, rows in run.scored.items() if len(rows.labels)}
    if not scored:
        section.text = NO_ROWS
        return section
    part = "test" if "test" in scored else "validation"
    section.text = f"On the {part} rows, unless a picture says otherwise. Each row counts once."
    if run.model.predictor_type == "regressor":
        rows = scored[part]
        section.pictures = [draw_predicted_against_actual(rows, part), draw_residuals(rows, part)]
        return section
    _add_ranking(section, dict(reversed(scored.items())))
    _add_probabilities(section, scored[part], part)
    return section


def _add_ranking(section: Section, scored: dict[str, ScoredRows]) -> None:
    curves: dict[str, RankedCurves] = {}
    for part, rows in scored.items():
        ranked = ranked_curves(rows.labels, rows.scores)
        if ranked is None:
            section.text += f" All {part} rows have one label: no curve ranks them."
        else:
            curves[part] = ranked
    if curves:
        shares = {part: float(scored[part].labels.mean()) for part in curves}
        section.pictures += [draw_roc(curves), draw_precision_recall(curves, shares)]


def _add_probabilities(section: Section, rows: ScoredRows, part: str) -> None:
    probabilities = probabilities_of(rows)
    bins = calibration_bins(rows.labels, probabilities)
    matrix = count_confusion(rows.labels, probabilities)
    section.pictures += [
        draw_calibration(bins, calibration_error(bins), part),
        draw_confusion(matrix, part),
    ]
    section.tables += [confusion_table(matrix, part), calibration_table(bins, part)]


def _parameters(model: Model, more_pictures: Sequence[DrawModel]) -> Section:
    section = Section(name="parameters", title="What was learned")
    weights = strongest_linear_weights(model)
    if weights:
        section.pictures.append(draw_linear_weights(weights))
        section.tables.append(
            strongest_table("linear-weights", "Strongest linear weights", "feature", weights)
        )
    interactions = strongest_interactions(model)
    if interactions:
        section.pictures.append(draw_interactions(interactions))
        section.tables.append(
            strongest_table("interactions", "Strongest interactions", "features", interactions)
        )
    similarities = factor_similarities(model)
    if similarities is not None:
        section.pictures.append(draw_similarities(similarities))
    section.pictures += [draw(model) for draw in more_pictures]
    return section
