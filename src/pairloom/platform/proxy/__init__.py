"""The proxy that brings to the API what SDKs send to AWS whatever endpoint they are told."""

from __future__ import annotations
