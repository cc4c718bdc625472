"""What `pairloom up` may be told."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pairloom.errors import UserError
from pairloom.platform.supervisor.options import UpOptions, is_loopback

REQUEST = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=example -days 2"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return make_tls(tmp_path_factory.mktemp("tls"))


def make_tls(folder: Path) -> dict[str, Any]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", *REQUEST.split(), "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return {"tls_certificate": certificate, "tls_key": key}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    assert is_loopback(host)
    assert UpOptions(host=host).scheme == "http"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_wider_host_needs_tls_or_a_proxy_in_front(host: str, tls: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="--tls-certificate and --tls-key, or --behind-proxy"):
        UpOptions(host=host)

    assert UpOptions(host=host, behind_proxy=True).scheme == "http"
    assert UpOptions(host=host, **tls).scheme == "https"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tls_key": Path("a")}, "belong together"),
        ({"s3_endpoint": "s3.example.com"}, "must be a URL"),
        ({"s3_endpoint": "ftp://s3.example.com"}, "must be a URL"),
        ({"s3_endpoint": "http://s3.example.com/bucket"}, "must be a URL"),
    ],
)
def test_option_that_cannot_be_met_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        UpOptions(**given)


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("tls_certificate", None, "No such file or directory"),
        ("tls_certificate", "folder", "Is a directory"),
        ("tls_certificate", "", "holds no certificate in PEM"),
        ("tls_key", None, "No such file or directory"),
        ("tls_key", "no key", "holds no private key in PEM"),
        ("tls_key", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "is encrypted"),
        ("tls_key", "-----BEGIN PRIVATE KEY-----", "do not belong together, or one is damaged"),
    ],
)
def test_tls_file_that_cannot_be_used_is_named_with_its_option(
    option: str, content: str | None, message: str, tls: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "file.pem"
    if content == "folder":
        file.mkdir()
    elif content is not None:
        file.write_text(content)

    named = f"--{option.replace('_', '-')} {file}"
    with pytest.raises(UserError, match=f"{re.escape(named)}:? .*{message}"):
        UpOptions(**{**tls, option: file})


def test_key_of_another_certificate_is_refused(
    tls: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = make_tls(tmp_path_factory.mktemp("other"))["tls_key"]

    with pytest.raises(UserError, match=r"do not belong together.*key values mismatch"):
        UpOptions(tls_certificate=tls["tls_certificate"], tls_key=other)
