"""The variables of a client."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi
import pytest

from pairloom.errors import UserError
from pairloom.platform.environment import client_environment
from pairloom.platform.identity import make_key_pair
from pairloom.platform.proxy.authority import authority_of
from pairloom.platform.settings import PlatformSettings

BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@pytest.fixture
def settings(tmp_path: Path) -> PlatformSettings:
    settings = PlatformSettings(
        folder=tmp_path, s3_endpoint="https://s3.example.com", region="eu-west-1"
    )
    make_key_pair().write(settings.keys_file)
    authority_of(settings.ca_folder)
    return settings


def test_client_trusts_what_it_trusted_and_the_platform(settings: PlatformSettings) -> None:
    variables = client_environment(settings, 7, {}).variables

    (bundle,) = {variables[name] for name in BUNDLES}
    trusted = ssl.create_default_context(cafile=bundle).cert_store_stats()["x509_ca"]
    before = ssl.create_default_context(cafile=certifi.where()).cert_store_stats()["x509_ca"]
    assert trusted == before + 1


def test_bundle_of_the_parent_is_kept(settings: PlatformSettings, tmp_path: Path) -> None:
    parent = tmp_path / "company.pem"
    parent.write_text("# the company's\n")
    first = client_environment(settings, 7, {"REQUESTS_CA_BUNDLE": str(parent)})
    bundle = Path(first.variables["AWS_CA_BUNDLE"])

    assert bundle.read_text().startswith("# the company's\n")
    again = client_environment(settings, 7, first.variables)
    assert again.variables == first.variables


def test_bundle_that_is_missing_is_named_with_its_variable(settings: PlatformSettings) -> None:
    with pytest.raises(UserError, match=r"nowhere\.pem: No such file.*REQUESTS_CA_BUNDLE"):
        client_environment(settings, 7, {"REQUESTS_CA_BUNDLE": "nowhere.pem"})


def test_what_would_lead_elsewhere_is_removed(settings: PlatformSettings) -> None:
    inherited = {
        "PATH": "/bin",
        "AWS_PROFILE": "company",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL_STS": "https://elsewhere",
        "NO_PROXY": ".company",
        "AWS_ACCESS_KEY_ID": "theirs",
    }
    applied = client_environment(settings, 7, inherited).applied_to(inherited)

    assert applied["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_STS"} & applied.keys()
    assert applied["AWS_ACCESS_KEY_ID"].startswith("AKIA")
    assert applied["AWS_REGION"] == applied["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert applied["AWS_ENDPOINT_URL"] == "http://127.0.0.1:8190"
    assert applied["HTTPS_PROXY"] == applied["https_proxy"] == "http://127.0.0.1:7"
    assert applied["no_proxy"] == "127.0.0.1,localhost,::1,s3.example.com"
    assert applied["NO_PROXY"] == applied["no_proxy"]
