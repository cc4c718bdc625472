"""Platforms that other machines may reach: by TLS, or behind a program that ends it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, SSLError

from integration.platform.certificates import Certificates, make_certificates, tls_in_front_of
from integration.platform.running_platform import RunningPlatform, started_platform
from pairloom.platform.identity import read_key_pair

pytestmark = pytest.mark.platform

EVERYWHERE = ("--host", "0.0.0.0")
# STS is asked at AWS's own address, as the SageMaker SDK does, which goes through the proxy.
ASK = """
import boto3, json
sts = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
jobs = boto3.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
print(json.dumps([sts.get_caller_identity()["Account"], jobs]))
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured(
    sdk_platform: RunningPlatform,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningPlatform]:
    files = ("--tls-certificate", certificates.certificate, "--tls-key", certificates.key)
    folder = tmp_path_factory.mktemp("secured")
    with another_platform(sdk_platform, folder, *EVERYWHERE, *map(str, files)) as platform:
        yield platform


def another_platform(sdk_platform: RunningPlatform, folder: Path, *options: str) -> Any:
    """Start one on the object store of the tests of the SDK, which saves the start of another."""
    keys = read_key_pair(sdk_platform.settings.keys_file)
    return started_platform(
        folder,
        *options,
        "--s3-endpoint",
        sdk_platform.settings.s3_endpoint,
        AWS_ACCESS_KEY_ID=keys.access_key_id,
        AWS_SECRET_ACCESS_KEY=keys.secret_access_key,
    )


def client_at(platform: RunningPlatform, url: str, verify: str | None = None) -> Any:
    keys = read_key_pair(platform.settings.keys_file)
    return boto3.client(
        "sagemaker",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        verify=verify,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_client_that_knows_the_authority_is_answered_by_tls(
    secured: RunningPlatform, certificates: Certificates, name: str
) -> None:
    url = f"https://{name}:{secured.settings.port}"
    with closing(client_at(secured, url, str(certificates.authority))) as client:
        assert client.list_training_jobs()["TrainingJobSummaries"] == []


def test_client_without_the_authority_by_another_name_or_without_tls_gets_no_answer(
    secured: RunningPlatform, certificates: Certificates
) -> None:
    port = secured.settings.port
    authority = str(certificates.authority)
    for url, verify, error, message in (
        (f"https://127.0.0.1:{port}", None, SSLError, "certificate verify failed"),
        (f"https://127.0.0.2:{port}", authority, SSLError, "127.0.0.2"),
        (f"http://127.0.0.1:{port}", None, ConnectionClosedError, "Connection was closed"),
    ):
        with (
            closing(client_at(secured, url, verify)) as client,
            pytest.raises(error, match=message),
        ):
            client.list_training_jobs()


def test_run_brings_clients_by_tls_and_sts_through_the_proxy(
    secured: RunningPlatform, certificates: Certificates
) -> None:
    trusted = {"AWS_CA_BUNDLE": str(certificates.authority)}
    ran = secured.pairloom("run", sys.executable, "-c", ASK, environment=trusted)

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == ["111122223333", []]


def test_program_in_front_ends_tls(
    sdk_platform: RunningPlatform, certificates: Certificates, tmp_path: Path
) -> None:
    with another_platform(sdk_platform, tmp_path, *EVERYWHERE, "--behind-proxy") as platform:
        assert platform.settings.api_endpoint.startswith("http://127.0.0.1:")
        with tls_in_front_of(platform.settings.port, certificates) as port:
            url, authority = f"https://localhost:{port}", str(certificates.authority)
            with closing(client_at(platform, url, authority)) as client:
                assert client.list_models()["Models"] == []
                with pytest.raises(ClientError, match="Could not find model"):
                    client.delete_model(ModelName="nowhere")
            with (
                closing(client_at(platform, url)) as stranger,
                pytest.raises(SSLError, match="certificate verify failed"),
            ):
                stranger.list_models()


def test_files_that_do_not_belong_together_are_refused_at_the_start(
    certificates: Certificates, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path).key
    files = ("--tls-certificate", str(certificates.certificate), "--tls-key", str(other))
    refused = RunningPlatform(tmp_path / "platform").up(*EVERYWHERE, *files)

    assert refused.returncode == 2
    assert f"--tls-key {other} do not belong together" in refused.stderr
    assert not (tmp_path / "platform" / "settings.json").exists()
