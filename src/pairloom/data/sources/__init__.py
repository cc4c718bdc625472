"""Where the bytes of rows lie: files, fifos, objects of a store."""

from __future__ import annotations
