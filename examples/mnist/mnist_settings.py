"""Two settings for MNIST: the introduction's, and one that errs much less."""

from __future__ import annotations

from collections.abc import Mapping

# What SageMaker's introduction sets; the rest stays at its default.
INTRODUCTION: Mapping[str, object] = {
    "feature_dim": 784,
    "predictor_type": "binary_classifier",
    "mini_batch_size": 200,
    "num_factors": 10,
}

# Chosen on the 10,000 validation images. A larger epsilon keeps Adam from long steps along
# pixels whose gradients have become small, so that late epochs differ little.
ACCURATE: Mapping[str, object] = {
    **INTRODUCTION,
    "epochs": 22,
    "bias_lr": 0.003,
    "linear_lr": 0.0005,
    "factors_lr": 0.0004,
    "bias_wd": 0.0,
    "linear_wd": 0.0001,
    "factors_wd": 0.00001,
    "factors_init_sigma": 0.06,
    "eps": 0.0001,
    "shuffle": True,
}
