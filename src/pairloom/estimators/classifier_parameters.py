# Generated from the tables in src/pairloom/hyperparameters/table.py and
# src/pairloom/estimators/declared.py by scripts/generate.py: do not edit.
"""The constructor of FMClassifier: it stores its arguments, as scikit-learn asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator


class ClassifierParameters(BaseEstimator):
    """Parameters of FMClassifier."""

    def __init__(
        self,
        *,
        num_factors: int = 8,
        epochs: int = 20,
        mini_batch_size: int = 50,
        clip_gradient: float | None = None,
        eps: float | None = None,
        rescale_grad: float | None = None,
        bias_lr: float = 0.1,
        bias_wd: float = 0.01,
        bias_init_method: Literal["normal", "uniform", "constant"] = "normal",
        bias_init_scale: float | None = None,
        bias_init_sigma: float = 0.01,
        bias_init_value: float | None = None,
        linear_lr: float = 0.02,
        linear_wd: float = 0.001,
        linear_init_method: Literal["normal", "uniform", "constant"] = "normal",
        linear_init_scale: float | None = None,
        linear_init_sigma: float = 0.01,
        linear_init_value: float | None = None,
        factors_lr: float = 0.01,
        factors_wd: float = 0.01,
        factors_init_method: Literal["normal", "uniform", "constant"] = "normal",
        factors_init_scale: float | None = None,
        factors_init_sigma: float = 0.01,
        factors_init_value: float | None = None,
        use_bias: bool = True,
        use_linear: bool = True,
        optimizer: Literal["adam", "adagrad", "ftrl", "sgd"] = "adam",
        adagrad_initial_accumulator: float = 1.0,
        ftrl_beta: float = 1.0,
        linear_l1: float = 0.0,
        factors_l1: float = 0.0,
        batch_ramp: int = 0,
        lazy_update: bool = True,
        rowwise_state: bool = False,
        shuffle: bool = True,
        untrained_features: Literal["initial", "zero"] = "zero",
        early_stopping: bool = False,
        early_stopping_patience: int = 3,
        plateau_patience: int = 0,
        plateau_factor: float = 0.5,
        hash_bits: int | None = None,
        feature_table: Literal["auto", "fixed", "growing"] = "auto",
        admission_count: int = 1,
        factor_type: Literal["float32", "bfloat16"] = "float32",
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        out_of_range_features: Literal["error", "ignore"] = "error",
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = -1,
        verbose: int = 0,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
    ) -> None:
        """Store the parameters; `fit` checks them.

        Parameters
        ----------
        num_factors
            Length of each feature's factor vector.
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
        optimizer
            Rule that turns gradients into updates.
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
        validation_fraction
            With early_stopping or plateau_patience and no eval_set: share of the rows held out
            to validate.
        warm_start
            Whether fit goes on from the state that the last fit left.
        out_of_range_features
            What to do when X to predict is wider than the training rows were: refuse it, or
            leave the features beyond out, with a warning that counts their values.
        random_state
            Seed; None draws a new one in every fit.
        n_jobs
            Threads, as joblib counts them; inside a joblib worker a negative number means one.
        verbose
            1 writes a line per epoch.
        class_weight
            Factors on the weights of the rows of each class; balanced: inverse to its
            frequency.
        """
        self.num_factors = num_factors
        self.epochs = epochs
        self.mini_batch_size = mini_batch_size
        self.clip_gradient = clip_gradient
        self.eps = eps
        self.rescale_grad = rescale_grad
        self.bias_lr = bias_lr
        self.bias_wd = bias_wd
        self.bias_init_method = bias_init_method
        self.bias_init_scale = bias_init_scale
        self.bias_init_sigma = bias_init_sigma
        self.bias_init_value = bias_init_value
        self.linear_lr = linear_lr
        self.linear_wd = linear_wd
        self.linear_init_method = linear_init_method
        self.linear_init_scale = linear_init_scale
        self.linear_init_sigma = linear_init_sigma
        self.linear_init_value = linear_init_value
        self.factors_lr = factors_lr
        self.factors_wd = factors_wd
        self.factors_init_method = factors_init_method
        self.factors_init_scale = factors_init_scale
        self.factors_init_sigma = factors_init_sigma
        self.factors_init_value = factors_init_value
        self.use_bias = use_bias
        self.use_linear = use_linear
        self.optimizer = optimizer
        self.adagrad_initial_accumulator = adagrad_initial_accumulator
        self.ftrl_beta = ftrl_beta
        self.linear_l1 = linear_l1
        self.factors_l1 = factors_l1
        self.batch_ramp = batch_ramp
        self.lazy_update = lazy_update
        self.rowwise_state = rowwise_state
        self.shuffle = shuffle
        self.untrained_features = untrained_features
        self.early_stopping = early_stopping
        self.early_stopping_patience = early_stopping_patience
        self.plateau_patience = plateau_patience
        self.plateau_factor = plateau_factor
        self.hash_bits = hash_bits
        self.feature_table = feature_table
        self.admission_count = admission_count
        self.factor_type = factor_type
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.out_of_range_features = out_of_range_features
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.class_weight = class_weight
