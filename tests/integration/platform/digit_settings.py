"""How programs of either version of the SageMaker SDK train on digits."""

from __future__ import annotations

HYPERPARAMETERS = {
    "feature_dim": 784,
    "predictor_type": "binary_classifier",
    "mini_batch_size": 200,
    "num_factors": 10,
    "epochs": 3,
}
