"""The files that the API speaks TLS with, looked at before anything is started."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from pairloom.errors import UserError

_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_KEY: Final = b"PRIVATE KEY-----"
_ENCRYPTED: Final = (b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")


def check_tls_files(certificate: Path, key: Path) -> None:
    """Refuse files that the API could not speak TLS with.

    Raises
    ------
    UserError
        Names the option, the file and what is wrong with it.
    """
    if _CERTIFICATE not in _read("--tls-certificate", certificate):
        raise UserError(f"--tls-certificate {certificate}: holds no certificate in PEM")
    content = _read("--tls-key", key)
    if _KEY not in content:
        raise UserError(f"--tls-key {key}: holds no private key in PEM")
    if any(mark in content for mark in _ENCRYPTED):
        raise UserError(f"--tls-key {key}: is encrypted; it must be readable without a passphrase")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise UserError(
            f"--tls-certificate {certificate} and --tls-key {key} do not belong together, or one "
            f"is damaged: {error}"
        ) from error


def _read(option: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{option} {file}: {error.strerror}") from error
