"""The SageMaker SDK tunes on a platform; run by the SDK's interpreter.

Usage: sdk_tuning.py ROWS.npz, which holds `pixels` and `labels`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import sagemaker
from botocore.exceptions import ParamValidationError
from sagemaker.estimator import Estimator
from sagemaker.tuner import (
    CategoricalParameter,
    ContinuousParameter,
    HyperbandStrategyConfig,
    HyperparameterTuner,
    IntegerParameter,
    StrategyConfig,
    TuningJobCompletionCriteriaConfig,
    WarmStartConfig,
    WarmStartTypes,
)

from integration.platform.sdk_training import estimator_of, upload

METRIC = "test:binary_classification_cross_entropy"
RANGES = {
    "linear_lr": ContinuousParameter(1e-5, 0.1, scaling_type="Logarithmic"),
    "factors_lr": ContinuousParameter(1e-5, 0.1),
    "epochs": IntegerParameter(1, 4, scaling_type="Linear"),
}


def main(rows: str) -> None:
    """Print what the SDK found, as one JSON object."""
    session = sagemaker.Session()
    estimator = estimator_of(session)
    train = upload(rows, session.default_bucket())
    inputs = {"train": train, "test": train}
    first = tuner_of(estimator, RANGES, strategy="Bayesian", max_jobs=4, random_seed=3)
    begin = time.monotonic()
    first.fit(inputs)
    found: dict[str, Any] = {"seconds": time.monotonic() - begin}
    name = first.latest_tuning_job.name
    found["name"] = name
    found["analytics"] = first.analytics().dataframe().to_dict("records")
    found["ranges"] = sorted(first.analytics().tuning_ranges)
    found["best"] = first.best_training_job()
    best = first.best_estimator()
    found["artifact"] = best.model_data
    found["best_hyperparameters"] = {k: str(v) for k, v in best.hyperparameters().items()}
    attached = HyperparameterTuner.attach(name, sagemaker_session=session)
    found["attached"] = {
        "estimator": type(attached.estimator).__name__,
        "ranges": sorted(
            one["Name"] for of in attached.hyperparameter_ranges().values() for one in of
        ),
        "best": attached.best_training_job(),
        "max_jobs": attached.max_jobs,
    }
    found["description"] = first.describe()
    found["status"] = found["description"]["HyperParameterTuningJobStatus"]
    found["others"] = others(estimator, inputs, name)
    found["stopped"] = stopped(session, inputs)
    sys.stdout.write(json.dumps(found, default=str) + "\n")


def tuner_of(estimator: Estimator, ranges: dict[str, Any], **settings: Any) -> HyperparameterTuner:
    return HyperparameterTuner(
        estimator,
        METRIC,
        ranges,
        objective_type="Minimize",
        max_parallel_jobs=2,
        **settings,
    )


def others(estimator: Estimator, inputs: dict[str, str], parent: str) -> dict[str, Any]:
    """Tune in the other ways that the SDK has; return how each ended."""
    identical = WarmStartConfig(WarmStartTypes.IDENTICAL_DATA_AND_ALGORITHM, parents={parent})
    criteria = TuningJobCompletionCriteriaConfig(target_objective_metric_value=0.69)
    hyperband = StrategyConfig(HyperbandStrategyConfig(max_resource=4, min_resource=1))
    grid = {
        "linear_lr": CategoricalParameter([0.001, 0.01]),
        "epochs": CategoricalParameter([2]),
    }
    without_epochs = {name: one for name, one in RANGES.items() if name != "epochs"}
    tuners = {
        "identical": tuner_of(estimator, RANGES, max_jobs=1, warm_start_config=identical),
        "criteria": tuner_of(
            estimator,
            RANGES,
            strategy="Random",
            max_jobs=20,
            completion_criteria_config=criteria,
            early_stopping_type="Auto",
        ),
        "hyperband": tuner_of(
            estimator, without_epochs, strategy="Hyperband", max_jobs=3, strategy_config=hyperband
        ),
        "grid": tuner_of(estimator, grid, strategy="Grid", max_jobs=2),
    }
    for kind, tuner in tuners.items():
        tuner.fit(inputs, wait=False, job_name=kind)
    for tuner in tuners.values():
        tuner.wait()
    described = {kind: tuner.describe() for kind, tuner in tuners.items()}
    transfer = tuners["grid"].transfer_learning_tuner(estimator=estimator)
    # Its class for factorization machines cannot be made of the text that a category is.
    attached = HyperparameterTuner.attach(
        "grid",
        sagemaker_session=estimator.sagemaker_session,
        estimator_cls="sagemaker.estimator.Estimator",
    )
    found = {
        kind: {
            "status": job["HyperParameterTuningJobStatus"],
            "counters": job["TrainingJobStatusCounters"],
            "best": job["BestTrainingJob"],
            "overall": job.get("OverallBestTrainingJob"),
        }
        for kind, job in described.items()
    }
    return {
        **found,
        "transfer_parents": sorted(transfer.warm_start_config.parents),
        "attached_grid": [attached.strategy, attached.max_jobs],
        "uncounted_grid": uncounted_grid(estimator, inputs, grid),
    }


def uncounted_grid(estimator: Estimator, inputs: dict[str, str], grid: dict[str, Any]) -> str:
    """Return what becomes of a grid when `max_jobs` is left out, as the SDK's words advise."""
    try:
        tuner_of(estimator, grid, strategy="Grid").fit(inputs, wait=False, job_name="uncounted")
    except ParamValidationError as error:
        return str(error)
    return "created"


def stopped(session: sagemaker.Session, inputs: dict[str, str]) -> str:
    endless = estimator_of(session, epochs=100_000)
    ranges = {name: one for name, one in RANGES.items() if name != "epochs"}
    tuner = tuner_of(endless, ranges, max_jobs=4)
    tuner.fit(inputs, wait=False, job_name="endless")
    tuner.stop_tuning_job()
    tuner.wait()
    tuner.stop_tuning_job()  # which is no error
    status: str = tuner.describe()["HyperParameterTuningJobStatus"]
    return status


if __name__ == "__main__":
    main(sys.argv[1])
