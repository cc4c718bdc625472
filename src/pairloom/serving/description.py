"""What the model of an endpoint is, for those who ask the endpoint."""

from __future__ import annotations

from typing import Any

from pairloom.serving.model_cache import ServedModel


def describe_model(served: ServedModel) -> dict[str, Any]:
    """Return shapes, hyperparameters and the summary of training, in types that JSON can carry."""
    model = served.model
    return {
        "predictor_type": model.predictor_type,
        "feature_dim": model.feature_dim,
        "num_factors": model.num_factors,
        "num_trained_features": len(model.trained_features),
        "untrained_features": model.untrained_features,
        "hyperparameters": model.hyperparameters.to_dict(),
        "training": model.metadata.get("training"),
        "artifact": {"sha256": served.artifact_sha256, "bytes": served.artifact_bytes},
    }


def model_labels(served: ServedModel) -> dict[str, str]:
    """Return what tells this model from others, as labels of a metric."""
    return {
        "sha256": served.artifact_sha256,
        "predictor_type": served.model.predictor_type,
        "feature_dim": str(served.model.feature_dim),
        "num_factors": str(served.model.num_factors),
    }
