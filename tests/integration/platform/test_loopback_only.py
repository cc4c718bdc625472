"""A whole pass of the SageMaker SDK, platform included, that reaches nothing beyond loopback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from sagemaker_sdk import sdk_python
from scipy import sparse

from integration.platform.network_watch import means, watch

pytestmark = [
    pytest.mark.platform,
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces and strace are Linux's"),
]

# Starts a platform, runs a program of the SDK on it, and ends it, all inside of the watch.
WHOLE_PASS = """
import sys
from pathlib import Path
from integration.platform.running_platform import started_platform
from integration.platform.sdk_programs import run
folder, python = map(Path, sys.argv[1:])
with started_platform(folder / "platform") as platform:
    print(run(platform, python, "sdk_sparse_rows.py", folder))
"""
HYPERPARAMETERS = {"predictor_type": "binary_classifier", "num_factors": 2, "mini_batch_size": 50}
# Nobody listens there: addresses for documentation, and one that only loopback has.
REACHES = """
import socket
for family, address in ((socket.AF_INET, {address!r}), (socket.AF_INET6, "::1")):
    with socket.socket(family, socket.SOCK_{kind}) as client:
        client.settimeout(0.2)
        try:
            client.connect((address, 9))
            client.send(b"x")
        except OSError:
            pass
"""


@pytest.fixture(scope="module")
def by() -> str:
    """Name the best means of this machine; a machine that has none cannot run this test."""
    found = means()
    assert found, "neither `unshare --map-root-user --net` nor strace works on this machine"
    return found[0]


@pytest.mark.parametrize("kind", ["STREAM", "DGRAM"])
def test_attempt_to_reach_another_machine_is_noticed(kind: str, tmp_path: Path) -> None:
    for each in means():
        for address, is_beyond in (("192.0.2.1", True), ("127.0.0.1", False)):
            program = REACHES.format(address=address, kind=kind)
            watched = watch(each, [sys.executable, "-c", program], tmp_path)
            assert watched.code == 0, watched.said
            assert bool(watched.beyond) == is_beyond, (each, watched)


def test_whole_pass_of_the_sdk_reaches_nothing_beyond_loopback(by: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = sparse.random(400, 30, density=0.2, format="csr", dtype=np.float32, random_state=0)
    sparse.save_npz(tmp_path / "train.npz", rows)
    sparse.save_npz(tmp_path / "asked.npz", rows[:20])
    np.save(tmp_path / "labels.npy", random.integers(0, 2, 400).astype(np.float32))
    (tmp_path / "hyperparameters.json").write_text(json.dumps(HYPERPARAMETERS))
    program = f"import sys; sys.path = {sys.path!r}\n{WHOLE_PASS}"
    command = [sys.executable, "-c", program, str(tmp_path), str(sdk_python())]

    watched = watch(by, command, tmp_path)

    assert watched.code == 0, watched.said
    assert len(json.loads((tmp_path / "answers.json").read_text())) == 20
    assert watched.beyond == []
