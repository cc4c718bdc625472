"""What keeps the platform's processes running, and the commands that start, end and show them."""

from __future__ import annotations
