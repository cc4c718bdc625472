"""The way of InvokeEndpoint: from a request of the API to a serving process and back."""

from __future__ import annotations

from pairloom.platform.gateway.gateway import ClientGoneError, Gateway

__all__ = ["ClientGoneError", "Gateway"]
