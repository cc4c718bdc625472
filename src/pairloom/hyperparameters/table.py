"""The declared table: every hyperparameter's name, values, default, tuning range and meaning.

The typed settings, the command line's options, the estimators' signatures and
docs/hyperparameters.md are made from it, by `scripts/generate.py`.
"""

from __future__ import annotations

from pairloom.hyperparameters.declaration import Hyperparameter, TuningRange
from pairloom.hyperparameters.domains import (
    FLOAT32_SMALLEST_NORMAL,
    INT64_MAX,
    POSITIVE,
    Choice,
    Flag,
    Integer,
    Real,
    Text,
)

UNIFORM_SCALE_WHEN_UNSET = 0.07  # MXNet's Uniform(); SageMaker names no default


_ANY = Real()
_NOT_NEGATIVE = Real(minimum=0.0)
_CONTINUOUS = TuningRange(1e-8, 512)


def _parameter_group(
    group: str, *, noun: str, learning_rate: float, weight_decay: float, sigma: float
) -> tuple[Hyperparameter, ...]:
    method = f"{group}_init_method"
    return (
        Hyperparameter(
            name=f"{group}_lr",
            domain=_NOT_NEGATIVE,
            default=learning_rate,
            tuning_range=_CONTINUOUS,
            help=f"Learning rate of {noun}; multiplied by `_learning_rate`.",
        ),
        Hyperparameter(
            name=f"{group}_wd",
            domain=_NOT_NEGATIVE,
            default=weight_decay,
            tuning_range=_CONTINUOUS,
            help=f"Weight decay of {noun}, added to the gradient; multiplied by `_wd`.",
        ),
        Hyperparameter(
            name=method,
            domain=Choice(("normal", "uniform", "constant")),
            default="normal",
            help=f"Distribution of {noun} at the start.",
        ),
        Hyperparameter(
            name=f"{group}_init_scale",
            domain=_NOT_NEGATIVE,
            tuning_range=_CONTINUOUS,
            help=f"With `{method}=uniform`: start in [-scale, scale]; "
            f"{UNIFORM_SCALE_WHEN_UNSET} when unset, as in MXNet.",
        ),
        Hyperparameter(
            name=f"{group}_init_sigma",
            domain=_NOT_NEGATIVE,
            default=sigma,
            tuning_range=_CONTINUOUS,
            help=f"With `{method}=normal`: standard deviation of the start, whose mean is 0.",
        ),
        Hyperparameter(
            name=f"{group}_init_value",
            domain=_ANY,
            tuning_range=_CONTINUOUS,
            help=f"With `{method}=constant`: the start; it must then be given.",
        ),
    )


_REQUIRED = (
    Hyperparameter(
        name="feature_dim",
        domain=Integer(),
        required=True,
        help="Width of the rows: every feature id is below it.",
    ),
    Hyperparameter(
        name="num_factors",
        domain=Integer(),
        required=True,
        help="Length of each feature's factor vector.",
    ),
    Hyperparameter(
        name="predictor_type",
        domain=Choice(("binary_classifier", "regressor")),
        required=True,
        help="Logistic loss on labels 0 and 1, or squared loss on any number.",
    ),
)

_STEPS = (
    Hyperparameter(
        name="epochs",
        domain=Integer(),
        default=1,
        tuning_range=TuningRange(1, 1000),
        help="Passes over the training rows, at most.",
    ),
    Hyperparameter(
        name="mini_batch_size",
        domain=Integer(),
        default=1000,
        tuning_range=TuningRange(100, 10000),
        help="Rows of one step.",
    ),
    Hyperparameter(
        name="clip_gradient",
        domain=POSITIVE,
        help="Each gradient is clipped to [-c, c], after weight decay; unset: no clipping.",
    ),
    Hyperparameter(
        name="eps",
        domain=POSITIVE,
        help="Added to the denominator of adam and adagrad, which zero would let vanish; "
        "unset: 1e-8.",
    ),
    Hyperparameter(
        name="rescale_grad",
        domain=_ANY,
        help="Factor on the summed gradient of a step; unset: 1 / `mini_batch_size` with adam, "
        "1 with the others.",
    ),
)

_GROUPS = (
    *_parameter_group("bias", noun="the bias", learning_rate=0.1, weight_decay=0.01, sigma=0.01),
    *_parameter_group(
        "linear", noun="the linear weights", learning_rate=0.001, weight_decay=0.001, sigma=0.01
    ),
    *_parameter_group(
        "factors", noun="the factors", learning_rate=0.0001, weight_decay=0.00001, sigma=0.001
    ),
)

_HIDDEN = (
    Hyperparameter(
        name="use_bias",
        domain=Flag(),
        default=True,
        origin="hidden",
        help="Whether the model has a bias.",
    ),
    Hyperparameter(
        name="use_linear",
        domain=Flag(),
        default=True,
        origin="hidden",
        help="Whether the model has linear weights.",
    ),
    Hyperparameter(
        name="batch_metrics_publish_interval",
        domain=Integer(),
        default=500,
        origin="hidden",
        help="Metrics of the mini-batch are reported every so many steps, from the first on.",
    ),
    Hyperparameter(
        name="_optimizer",
        domain=Choice(("adam", "adagrad", "ftrl", "sgd")),
        default="adam",
        origin="hidden",
        help="Rule that turns gradients into updates.",
    ),
    Hyperparameter(
        name="_learning_rate",
        domain=_NOT_NEGATIVE,
        default=1.0,
        origin="hidden",
        help="Factor on all three learning rates.",
    ),
    Hyperparameter(
        name="_wd",
        domain=_NOT_NEGATIVE,
        default=1.0,
        origin="hidden",
        help="Factor on all three weight decays.",
    ),
)


def _without_effect(name: str, default: str, reason: str) -> Hyperparameter:
    return Hyperparameter(
        name=name,
        domain=Text(),
        default=default,
        has_effect=False,
        origin="hidden",
        help=reason,
    )


_WITHOUT_EFFECT = (
    _without_effect("_data_format", "record", "The format of a channel is told by its content."),
    _without_effect("_kvstore", "auto", "There is no MXNet key-value store."),
    _without_effect("_log_level", "info", "The program that trains sets what is logged."),
    _without_effect("_num_gpus", "auto", "Training runs on CPUs."),
    _without_effect("_num_kv_servers", "auto", "There is no MXNet key-value store."),
    _without_effect(
        "_tuning_objective_metric",
        "",
        "In a container a metric of `test` is measured after every epoch; the model is the same.",
    ),
    _without_effect("_use_full_symbolic", "true", "There is no MXNet graph."),
)

_OWN = (
    Hyperparameter(
        name="seed",
        domain=Integer(minimum=0, maximum=INT64_MAX),
        default=0,
        origin="pairloom",
        help="Seed of all randomness: the same seed gives the same bytes.",
    ),
    Hyperparameter(
        name="adagrad_initial_accumulator",
        domain=_NOT_NEGATIVE,
        default=1.0,
        origin="pairloom",
        help="Where adagrad's sums of squared gradients start.",
    ),
    Hyperparameter(
        name="ftrl_beta",
        domain=_NOT_NEGATIVE,
        default=1.0,
        origin="pairloom",
        help="Added to the root of ftrl's sums of squared gradients: damps the first steps.",
    ),
    Hyperparameter(
        name="linear_l1",
        domain=_NOT_NEGATIVE,
        default=0.0,
        origin="pairloom",
        help="With ftrl: L1 strength on the linear weights, which sets the weak ones to 0.",
    ),
    Hyperparameter(
        name="factors_l1",
        domain=_NOT_NEGATIVE,
        default=0.0,
        origin="pairloom",
        help="With ftrl: L1 strength on the factors, which sets the weak ones to 0.",
    ),
    Hyperparameter(
        name="batch_ramp",
        domain=Integer(minimum=0),
        default=0,
        origin="pairloom",
        help="A mini-batch has at most 1 / `batch_ramp` of the rows trained so far, but never "
        "fewer than 64 unless `mini_batch_size` is; 0: all have `mini_batch_size` rows.",
    ),
    Hyperparameter(
        name="lazy_update",
        domain=Flag(),
        default=True,
        origin="pairloom",
        help="Update only the features of the mini-batch, as SageMaker does; false: all.",
    ),
    Hyperparameter(
        name="rowwise_state",
        domain=Flag(),
        default=False,
        origin="pairloom",
        help="With adam and adagrad: one second moment, or sum of squared gradients, for all "
        "factors of a feature, of the mean of their squared gradients; false: one for each.",
    ),
    Hyperparameter(
        name="shuffle",
        domain=Flag(),
        default=False,
        origin="pairloom",
        help="Reorder the training rows in every epoch; false: the order of the file.",
    ),
    Hyperparameter(
        name="untrained_features",
        domain=Choice(("initial", "zero")),
        default="initial",
        origin="pairloom",
        help="What a feature that no training row held adds to a score: "
        "its initial values, or nothing.",
    ),
    Hyperparameter(
        name="early_stopping",
        domain=Flag(),
        default=False,
        origin="pairloom",
        help="Stop when the validation loss no longer falls, and keep the best epoch.",
    ),
    Hyperparameter(
        name="early_stopping_patience",
        domain=Integer(),
        default=3,
        origin="pairloom",
        help="With `early_stopping`: epochs without a better validation loss to wait for one.",
    ),
    Hyperparameter(
        name="plateau_patience",
        domain=Integer(minimum=0),
        default=0,
        origin="pairloom",
        help="Multiply the learning rates by `plateau_factor` after so many epochs in a row "
        "without a lower validation loss, and again after as many more; 0: never.",
    ),
    Hyperparameter(
        name="plateau_factor",
        domain=Real(minimum=FLOAT32_SMALLEST_NORMAL, below=1.0),
        default=0.5,
        origin="pairloom",
        help="With `plateau_patience`: what the learning rates are multiplied by.",
    ),
)

_FEATURES = (
    Hyperparameter(
        name="hash_bits",
        domain=Integer(maximum=30),
        origin="pairloom",
        help="Features are hashed into 2^hash_bits ids, which is then `feature_dim`: names of "
        "columns and values, and numeric ids that do not fit; unset: not.",
    ),
    Hyperparameter(
        name="feature_table",
        domain=Choice(("auto", "fixed", "growing")),
        default="auto",
        origin="pairloom",
        help="Which features take memory: all of `feature_dim` (fixed), or those that training "
        "rows hold (growing), with the same parameters; auto: growing where all would take "
        "more than 16 GiB.",
    ),
    Hyperparameter(
        name="admission_count",
        domain=Integer(maximum=255),
        default=1,
        origin="pairloom",
        help="With `feature_table=growing` and `untrained_features=zero`: a feature takes part "
        "from the so many-th time on that rows of one epoch hold it; before, it counts nothing "
        "and takes no memory but a count.",
    ),
    Hyperparameter(
        name="factor_type",
        domain=Choice(("float32", "bfloat16")),
        default="float32",
        origin="pairloom",
        help="What factors are in memory while a model is trained: bfloat16 takes half, and is "
        "rounded at random, by the seed, to either side; sums, linear weights and the optimizer's "
        "values stay float32.",
    ),
    Hyperparameter(
        name="weight_feature",
        domain=Text(may_be_empty=False),
        origin="pairloom",
        help="Feature that is no feature but the weight of its row, a number >= 0: an entry of "
        "recordio-protobuf's `features` map, or a column of a table; unset: rows weigh the same.",
    ),
)

TABLE: tuple[Hyperparameter, ...] = (
    *_REQUIRED,
    *_STEPS,
    *_GROUPS,
    *_HIDDEN,
    *_WITHOUT_EFFECT,
    *_OWN,
    *_FEATURES,
)

BY_NAME = {row.name: row for row in TABLE}
