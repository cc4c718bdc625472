"""The object store: SeaweedFS as it comes along, or any S3 by URL, and a client for either."""

from __future__ import annotations
