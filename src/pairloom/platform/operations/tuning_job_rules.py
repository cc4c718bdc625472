"""What a CreateHyperParameterTuningJob request must be, beyond what its members' shapes say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairloom.errors import UserError
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.request_rules import check_tags
from pairloom.platform.operations.training_job_rules import check_training_job
from pairloom.platform.protocol.errors import validation_error
from pairloom.platform.tuning.child_request import child_request
from pairloom.platform.tuning.tuning_request import ACTIVE, TuningRequest, read_tuning_request


def check_tuning_job(platform: Platform, request: Members) -> None:
    """Refuse what can only fail later.

    Raises
    ------
    ApiError
        ValidationException, naming the member and the rule.
    """
    try:
        asked = read_tuning_request(request)
        _check_resources(asked.definition)
        _check_parents(platform, asked)
    except UserError as error:
        raise validation_error(str(error)) from error
    first = {one.name: one.text_at(0.0) for one in asked.ranges}
    check_training_job(child_request("any", asked.definition, asked.objective, first))
    check_tags(request.get("Tags", []))


def _check_resources(definition: Mapping[str, Any]) -> None:
    names = ("ResourceConfig", "HyperParameterTuningResourceConfig")
    given = [name for name in names if definition.get(name)]
    if len(given) != 1:
        raise UserError(
            f"TrainingJobDefinition must have one of {' and '.join(names)}; it has {len(given)}"
        )


def _check_parents(platform: Platform, asked: TuningRequest) -> None:
    for name in asked.parents:
        parent = platform.store.tuning_jobs.get(name)
        if parent is None:
            raise UserError(f"WarmStartConfig: there is no tuning job {name!r}")
        if parent.status in ACTIVE:
            raise UserError(
                f"WarmStartConfig: the tuning job {name!r} is {parent.status}; a parent must have "
                "ended"
            )
        _compare(name, read_tuning_request(parent.request), asked)


def _compare(name: str, parent: TuningRequest, asked: TuningRequest) -> None:
    if parent.objective != asked.objective:
        raise UserError(
            f"WarmStartConfig: the tuning job {name!r} has the objective "
            f"{parent.objective.metric}; this one has {asked.objective.metric}, and they must be "
            "the same"
        )
    if not asked.is_identical:
        return
    if _data_and_image(parent) != _data_and_image(asked):
        raise UserError(
            f"WarmStartConfig: InputDataConfig or TrainingImage is not that of {name!r}; "
            "IdenticalDataAndAlgorithm wants them to be the same, TransferLearning does not"
        )
    differing = sorted(_hyperparameters(parent) ^ _hyperparameters(asked))
    if differing:
        raise UserError(
            f"WarmStartConfig: of {name!r} and this tuning job only one has "
            f"{', '.join(differing)}; with IdenticalDataAndAlgorithm each hyperparameter of the "
            "parent must be tuned or static here"
        )


def _data_and_image(asked: TuningRequest) -> tuple[object, object]:
    definition = asked.definition
    image = definition["AlgorithmSpecification"].get("TrainingImage")
    return definition.get("InputDataConfig"), image


def _hyperparameters(asked: TuningRequest) -> set[str]:
    return {*asked.static, *(one.name for one in asked.ranges)}
