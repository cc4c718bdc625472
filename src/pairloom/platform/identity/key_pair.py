"""The one key pair that serves the API and the object store, and the file that keeps it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pairloom.errors import UserError

_ID_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """What a client signs its requests with."""

    access_key_id: str
    secret_access_key: str = field(repr=False)

    def write(self, file: Path) -> None:
        """Keep the pair in a file that only its owner may read."""
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key},
            indent=2,
        )
        scratch = file.with_name(f"{file.name}.new")
        scratch.unlink(missing_ok=True)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
        scratch.replace(file)


def make_key_pair() -> KeyPair:
    """Return a new pair, in the forms that AWS gives its own."""
    letters = "".join(secrets.choice(_ID_LETTERS) for _ in range(16))
    return KeyPair(f"AKIA{letters}", secrets.token_urlsafe(30))


def read_key_pair(file: Path) -> KeyPair:
    """Return the pair that a file keeps.

    Raises
    ------
    UserError
        The file is not there or is damaged.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        return KeyPair(str(values["access_key_id"]), str(values["secret_access_key"]))
    except FileNotFoundError:
        raise UserError(f"{file}: not there; `pairloom keys` makes it") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{file}: must be a JSON object with access_key_id and secret_access_key"
        ) from error
