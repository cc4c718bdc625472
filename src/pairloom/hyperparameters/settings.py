# Generated from src/pairloom/hyperparameters/table.py by scripts/generate.py: do not edit.
"""The resolved hyperparameters, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pairloom.hyperparameters.named_values import NamedValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters(NamedValues):
    """Hyperparameters that have an effect, complete and typed; `resolve` makes them.

    Each attribute has SageMaker's name, without a leading underscore.

    Attributes
    ----------
    feature_dim
        Width of the rows: every feature id is below it.
    num_factors
        Length of each feature's factor vector.
    predictor_type
        Logistic loss on labels 0 and 1, or squared loss on any number.
    epochs
        Passes over the training rows, at most.
    mini_batch_size
        Rows of one step.
    clip_gradient
        Each gradient is clipped to [-c, c], after weight decay; unset: no clipping.
    eps
        Added to the denominator of adam and adagrad, which zero would let vanish; unset:
        1e-8.
    rescale_grad
        Factor on the summed gradient of a step; unset: 1 / `mini_batch_size` with adam, 1
        with the others.
    bias_lr
        Learning rate of the bias; multiplied by `_learning_rate`.
    bias_wd
        Weight decay of the bias, added to the gradient; multiplied by `_wd`.
    bias_init_method
        Distribution of the bias at the start.
    bias_init_scale
        With `bias_init_method=uniform`: start in [-scale, scale]; 0.07 when unset, as in
        MXNet.
    bias_init_sigma
        With `bias_init_method=normal`: standard deviation of the start, whose mean is 0.
    bias_init_value
        With `bias_init_method=constant`: the start; it must then be given.
    linear_lr
        Learning rate of the linear weights; multiplied by `_learning_rate`.
    linear_wd
        Weight decay of the linear weights, added to the gradient; multiplied by `_wd`.
    linear_init_method
        Distribution of the linear weights at the start.
    linear_init_scale
        With `linear_init_method=uniform`: start in [-scale, scale]; 0.07 when unset, as in
        MXNet.
    linear_init_sigma
        With `linear_init_method=normal`: standard deviation of the start, whose mean is 0.
    linear_init_value
        With `linear_init_method=constant`: the start; it must then be given.
    factors_lr
        Learning rate of the factors; multiplied by `_learning_rate`.
    factors_wd
        Weight decay of the factors, added to the gradient; multiplied by `_wd`.
    factors_init_method
        Distribution of the factors at the start.
    factors_init_scale
        With `factors_init_method=uniform`: start in [-scale, scale]; 0.07 when unset, as in
        MXNet.
    factors_init_sigma
        With `factors_init_method=normal`: standard deviation of the start, whose mean is 0.
    factors_init_value
        With `factors_init_method=constant`: the start; it must then be given.
    use_bias
        Whether the model has a bias.
    use_linear
        Whether the model has linear weights.
    batch_metrics_publish_interval
        Metrics of the mini-batch are reported every so many steps, from the first on.
    optimizer
        Rule that turns gradients into updates.
    learning_rate
        Factor on all three learning rates.
    wd
        Factor on all three weight decays.
    seed
        Seed of all randomness: the same seed gives the same bytes.
    adagrad_initial_accumulator
        Where adagrad's sums of squared gradients start.
    ftrl_beta
        Added to the root of ftrl's sums of squared gradients: damps the first steps.
    linear_l1
        With ftrl: L1 strength on the linear weights, which sets the weak ones to 0.
    factors_l1
        With ftrl: L1 strength on the factors, which sets the weak ones to 0.
    batch_ramp
        A mini-batch has at most 1 / `batch_ramp` of the rows trained so far, but never
        fewer than 64 unless `mini_batch_size` is; 0: all have `mini_batch_size` rows.
    lazy_update
        Update only the features of the mini-batch, as SageMaker does; false: all.
    rowwise_state
        With adam and adagrad: one second moment, or sum of squared gradients, for all
        factors of a feature, of the mean of their squared gradients; false: one for each.
    shuffle
        Reorder the training rows in every epoch; false: the order of the file.
    untrained_features
        What a feature that no training row held adds to a score: its initial values, or
        nothing.
    early_stopping
        Stop when the validation loss no longer falls, and keep the best epoch.
    early_stopping_patience
        With `early_stopping`: epochs without a better validation loss to wait for one.
    plateau_patience
        Multiply the learning rates by `plateau_factor` after so many epochs in a row
        without a lower validation loss, and again after as many more; 0: never.
    plateau_factor
        With `plateau_patience`: what the learning rates are multiplied by.
    hash_bits
        Features are hashed into 2^hash_bits ids, which is then `feature_dim`: names of
        columns and values, and numeric ids that do not fit; unset: not.
    feature_table
        Which features take memory: all of `feature_dim` (fixed), or those that training
        rows hold (growing), with the same parameters; auto: growing where all would take
        more than 16 GiB.
    admission_count
        With `feature_table=growing` and `untrained_features=zero`: a feature takes part
        from the so many-th time on that rows of one epoch hold it; before, it counts
        nothing and takes no memory but a count.
    factor_type
        What factors are in memory while a model is trained: bfloat16 takes half, and is
        rounded at random, by the seed, to either side; sums, linear weights and the
        optimizer's values stay float32.
    weight_feature
        Feature that is no feature but the weight of its row, a number >= 0: an entry of
        recordio-protobuf's `features` map, or a column of a table; unset: rows weigh the
        same.
    """

    feature_dim: int
    num_factors: int
    predictor_type: Literal["binary_classifier", "regressor"]
    epochs: int = 1
    mini_batch_size: int = 1000
    clip_gradient: float | None = None
    eps: float | None = None
    rescale_grad: float | None = None
    bias_lr: float = 0.1
    bias_wd: float = 0.01
    bias_init_method: Literal["normal", "uniform", "constant"] = "normal"
    bias_init_scale: float | None = None
    bias_init_sigma: float = 0.01
    bias_init_value: float | None = None
    linear_lr: float = 0.001
    linear_wd: float = 0.001
    linear_init_method: Literal["normal", "uniform", "constant"] = "normal"
    linear_init_scale: float | None = None
    linear_init_sigma: float = 0.01
    linear_init_value: float | None = None
    factors_lr: float = 0.0001
    factors_wd: float = 1e-05
    factors_init_method: Literal["normal", "uniform", "constant"] = "normal"
    factors_init_scale: float | None = None
    factors_init_sigma: float = 0.001
    factors_init_value: float | None = None
    use_bias: bool = True
    use_linear: bool = True
    batch_metrics_publish_interval: int = 500
    optimizer: Literal["adam", "adagrad", "ftrl", "sgd"] = "adam"
    learning_rate: float = 1.0
    wd: float = 1.0
    seed: int = 0
    adagrad_initial_accumulator: float = 1.0
    ftrl_beta: float = 1.0
    linear_l1: float = 0.0
    factors_l1: float = 0.0
    batch_ramp: int = 0
    lazy_update: bool = True
    rowwise_state: bool = False
    shuffle: bool = False
    untrained_features: Literal["initial", "zero"] = "initial"
    early_stopping: bool = False
    early_stopping_patience: int = 3
    plateau_patience: int = 0
    plateau_factor: float = 0.5
    hash_bits: int | None = None
    feature_table: Literal["auto", "fixed", "growing"] = "auto"
    admission_count: int = 1
    factor_type: Literal["float32", "bfloat16"] = "float32"
    weight_feature: str | None = None
