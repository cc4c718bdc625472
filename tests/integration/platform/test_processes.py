"""A platform's processes: what starts, what a kill does to them, what clients see of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.platform.running_platform import (
    RunningPlatform,
    is_gone,
    started_platform,
    wait_until,
)

NAMES = {"objectstore", "api", "proxy", "jobs", "endpoints", "tuning"}
# A client that names STS itself, as the SageMaker SDK does, and is told of nothing else.
ASK = """
import json, boto3
s3 = boto3.client("s3")
sts = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
print(json.dumps({
    "arn": sts.get_caller_identity()["Arn"],
    "jobs": boto3.client("sagemaker").list_training_jobs()["TrainingJobSummaries"],
    "buckets": [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]],
}))
"""
STORE = """
import boto3
s3 = boto3.client("s3")
s3.create_bucket(Bucket="kept")
s3.put_object(Bucket="kept", Key="key", Body=b"x" * 1_000_000)
"""
READ = """
import boto3
print(len(boto3.client("s3").get_object(Bucket="kept", Key="key")["Body"].read()))
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with started_platform(tmp_path_factory.mktemp("platform")) as running:
        running.run_python(STORE)
        yield running


def ask(platform: RunningPlatform) -> dict[str, object]:
    answered: dict[str, object] = json.loads(platform.run_python(ASK))
    return answered


def test_client_that_knows_nothing_reaches_api_store_and_sts(platform: RunningPlatform) -> None:
    assert ask(platform) == {
        "arn": "arn:aws:sts::111122223333:assumed-role/PairloomExecutionRole/pairloom",
        "jobs": [],
        "buckets": ["kept"],
    }


def test_exports_bring_a_shell_to_the_platform(platform: RunningPlatform, tmp_path: Path) -> None:
    program = tmp_path / "client.py"
    program.write_text(ASK)
    exports = platform.pairloom("env").stdout
    ran = subprocess.run(
        ["sh", "-c", f"{exports}\nexec {sys.executable} {program}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(ran.stdout) == ask(platform)


def test_program_keeps_its_arguments_and_its_exit_code(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    script = tmp_path / "client.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    ran = platform.pairloom("run", str(script), "--dir", "a b", "--debug")

    assert (ran.returncode, ran.stdout) == (7, "['--dir', 'a b', '--debug']\n")


def test_status_shows_every_process(platform: RunningPlatform) -> None:
    shown = platform.pairloom("status").stdout

    assert platform.settings.api_endpoint in shown
    for name, pid in platform.pids().items():
        assert f"{name:<13} process {pid}" in shown
    assert platform.pids().keys() == NAMES


def test_second_platform_in_the_folder_is_refused(platform: RunningPlatform) -> None:
    again = platform.up()

    assert again.returncode != 0
    assert "a platform runs in" in again.stderr
    assert "down" in again.stderr


def test_port_that_is_taken_is_named(platform: RunningPlatform, tmp_path: Path) -> None:
    port = str(platform.settings.port)
    refused = RunningPlatform(tmp_path).pairloom("up", "--port", port)

    assert refused.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: another program listens there" in refused.stderr


@pytest.mark.platform
@pytest.mark.parametrize("name", sorted(NAMES))
def test_killed_process_is_replaced_and_takes_no_other_with_it(
    platform: RunningPlatform, name: str
) -> None:
    before = platform.pids()
    url = platform.settings.s3_endpoint
    killed = platform.kill(name)
    wait_until(lambda: platform.pids()[name] not in {killed, None})

    # Sockets outlive the API and the proxy; the object store is asked again until it is there.
    wait_until(lambda: platform.pairloom("run", sys.executable, "-c", READ).stdout == "1000000\n")
    assert ask(platform)["buckets"] == ["kept"]
    assert platform.settings.s3_endpoint == url
    after = platform.pids()
    assert {other for other in NAMES if before[other] != after[other]} == {name}
    assert f"{name} ended by SIGKILL" in platform.log("supervisor")


def test_killed_supervisor_leaves_no_process_and_the_next_one_goes_on(
    platform: RunningPlatform,
) -> None:
    before = platform.pids()
    url = platform.settings.s3_endpoint
    platform.kill("supervisor")
    wait_until(lambda: all(is_gone(pid) for pid in before.values()))

    assert platform.pairloom("status").returncode == 2
    begin = time.monotonic()
    assert platform.up().returncode == 0
    assert time.monotonic() - begin < 60  # three times what is promised: others use the machine
    assert platform.settings.s3_endpoint == url
    assert platform.run_python(READ) == "1000000"


@pytest.mark.platform
def test_platform_started_at_once_after_a_killed_supervisor_waits_for_what_was_left(
    platform: RunningPlatform,
) -> None:
    before = platform.pids()
    url = platform.settings.s3_endpoint
    platform.kill("supervisor")

    assert platform.up().returncode == 0
    assert all(is_gone(pid) for pid in before.values())
    assert platform.settings.s3_endpoint == url
    assert platform.run_python(READ) == "1000000"


@pytest.mark.platform
def test_another_platforms_store_serves_as_any_s3(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    endpoint = ("--s3-endpoint", platform.settings.s3_endpoint)
    stranger = RunningPlatform(tmp_path / "stranger").up(*endpoint)
    assert stranger.returncode != 0
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in stranger.stderr

    keys = dict(line.split("=", 1) for line in platform.pairloom("keys").stdout.splitlines())
    with started_platform(tmp_path / "other", *endpoint, **keys) as other:
        assert other.run_python(READ) == "1000000"
        assert ask(other)["buckets"] == ["kept"]
        assert other.pids().keys() == NAMES - {"objectstore"}


@pytest.mark.platform
def test_platform_that_is_ended_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    with started_platform(tmp_path) as platform:
        pids = [*platform.pids().values(), platform.state.supervisor.pid]
        ports = json.loads((tmp_path / "objectstore/ports.json").read_text()).values()

    assert all(is_gone(pid) for pid in pids)
    assert [path for port in ports for path in Path("/tmp").glob(f"seaweedfs-*{port}.sock")] == []
    again = platform.pairloom("down")
    assert (again.returncode, again.stdout) == (0, f"no platform runs in {tmp_path}\n")


def test_commands_for_a_running_platform_say_when_none_runs(tmp_path: Path) -> None:
    nowhere = RunningPlatform(tmp_path)
    for command, *arguments in (["env"], ["status"], ["run", "true"], ["samples", "."]):
        ran = nowhere.pairloom(command, *arguments)
        assert ran.returncode == 2
        assert f"no platform runs in {tmp_path}; `pairloom up --dir {tmp_path}`" in ran.stderr


def test_host_that_others_reach_is_refused_without_tls(tmp_path: Path) -> None:
    refused = RunningPlatform(tmp_path).up("--host", "0.0.0.0")

    assert refused.returncode == 2
    assert "--tls-certificate" in refused.stderr
