"""The estimators' parameters: hyperparameters they take, with which defaults, and their own."""

from __future__ import annotations

from dataclasses import dataclass

from pairloom.hyperparameters import TABLE

SET_BY_THE_ESTIMATOR = {
    "feature_dim": "the width of X, or 2^hash_bits",
    "predictor_type": "the estimator's class",
    "seed": "random_state",
}
NOT_TAKEN = frozenset({"batch_metrics_publish_interval", "_learning_rate", "_wd", "weight_feature"})

DEFAULTS: dict[str, object] = {
    "num_factors": 8,
    "epochs": 20,
    "mini_batch_size": 50,
    "linear_lr": 0.02,
    "linear_wd": 0.001,
    "factors_lr": 0.01,
    "factors_wd": 0.01,
    "factors_init_sigma": 0.01,
    "shuffle": True,
    "untrained_features": "zero",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the estimators' constructors."""

    name: str
    annotation: str
    default: object
    help: str


HYPERPARAMETERS = tuple(
    row
    for row in TABLE
    if row.has_effect and row.name not in SET_BY_THE_ESTIMATOR and row.name not in NOT_TAKEN
)

OWN_PARAMETERS = (
    Parameter(
        name="validation_fraction",
        annotation="float",
        default=0.1,
        help="With early_stopping or plateau_patience and no eval_set: share of the rows held "
        "out to validate.",
    ),
    Parameter(
        name="warm_start",
        annotation="bool",
        default=False,
        help="Whether fit goes on from the state that the last fit left.",
    ),
    Parameter(
        name="out_of_range_features",
        annotation='Literal["error", "ignore"]',
        default="error",
        help="What to do when X to predict is wider than the training rows were: refuse it, or "
        "leave the features beyond out, with a warning that counts their values.",
    ),
    Parameter(
        name="random_state",
        annotation="int | np.random.RandomState | None",
        default=0,
        help="Seed; None draws a new one in every fit.",
    ),
    Parameter(
        name="n_jobs",
        annotation="int | None",
        default=-1,
        help="Threads, as joblib counts them; inside a joblib worker a negative number means one.",
    ),
    Parameter(
        name="verbose",
        annotation="int",
        default=0,
        help="1 writes a line per epoch.",
    ),
)

CLASS_WEIGHT = Parameter(
    name="class_weight",
    annotation='Mapping[Any, float] | Literal["balanced"] | None',
    default=None,
    help="Factors on the weights of the rows of each class; balanced: inverse to its frequency.",
)


def shared_parameters() -> tuple[Parameter, ...]:
    """Return the parameters of both estimators, hyperparameters first, in order."""
    taken = (
        Parameter(
            name=row.attribute,
            annotation=row.annotation,
            default=DEFAULTS.get(row.name, row.default),
            help=row.help,
        )
        for row in HYPERPARAMETERS
    )
    return (*taken, *OWN_PARAMETERS)
