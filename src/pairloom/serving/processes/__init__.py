"""The processes of an endpoint: one that supervises, and workers that share its sockets."""

from __future__ import annotations
