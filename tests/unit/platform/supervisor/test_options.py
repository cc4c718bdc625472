"""What `pairloom up` may be told."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from pairloom.errors import UserError
from pairloom.platform.supervisor.options import UpOptions, is_loopback

REQUEST = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=example -days 2"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("tls")
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
        ({"tls_certificate": Path("a"), "tls_key": Path("b")}, "^a: not there"),
        ({"s3_endpoint": "s3.example.com"}, "must be a URL"),
        ({"s3_endpoint": "ftp://s3.example.com"}, "must be a URL"),
        ({"s3_endpoint": "http://s3.example.com/bucket"}, "must be a URL"),
    ],
)
def test_option_that_cannot_be_met_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        UpOptions(**given)


def test_key_of_another_certificate_is_refused(tls: dict[str, Any], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text("no key")

    with pytest.raises(UserError, match=r"other\.pem are no certificate and key"):
        UpOptions(tls_certificate=tls["tls_certificate"], tls_key=other)
