"""Names of features as a page can show them: whoever wrote the data chose them."""

from __future__ import annotations

import unicodedata


def readable_name(name: str) -> str:
    """Return a name with unprintable characters as their codes, among them those that turn text."""
    return "".join(
        sign if sign.isprintable() else f"\\u{{{ord(sign):x}}}"
        for sign in unicodedata.normalize("NFC", name)
    )
