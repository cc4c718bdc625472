"""The platform's key pair: kept, made when missing, replaced while nothing runs."""

from __future__ import annotations

from pathlib import Path

from pairloom.errors import UserError
from pairloom.platform.identity import KeyPair, make_key_pair, read_key_pair
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.supervisor.state import is_held


def platform_keys(folder: Path, *, replace: bool = False) -> KeyPair:
    """Return the key pair of a platform, which need not run.

    Raises
    ------
    UserError
        It is to be replaced while the platform runs, or its file is damaged.
    """
    file = PlatformSettings(folder=folder).keys_file
    if replace and is_held(folder):
        raise UserError(f"the platform of {folder} uses its keys; `pairloom down` ends it first")
    if replace or not file.exists():
        make_key_pair().write(file)
    return read_key_pair(file)
