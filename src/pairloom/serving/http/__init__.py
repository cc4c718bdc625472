"""What an endpoint says over HTTP; alone here and in `processes` are HTTP libraries imported."""

from __future__ import annotations
