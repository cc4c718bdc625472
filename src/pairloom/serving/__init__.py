"""A model behind requests: codecs, the predictor, the server, batch transform."""

from __future__ import annotations

from pairloom.serving.predictor import Answer, Predictor

__all__ = ["Answer", "Predictor"]
