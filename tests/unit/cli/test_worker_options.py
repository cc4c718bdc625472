from __future__ import annotations

from pathlib import Path

import pytest

from pairloom.cli.program import parse
from pairloom.cli.worker_options import given_workers
from pairloom.distributed import DistributedSettings, Workers
from pairloom.errors import UserError

TRAIN = ["train", "--train", "a", "--output", "b"]


def workers(*options: str) -> Workers | None:
    return given_workers(parse([*TRAIN, *options]))


def test_no_option_trains_in_one_process() -> None:
    assert workers() is None


def test_options_name_workers_mode_and_rounds() -> None:
    assert workers("--workers=3", "--round-rows=50") == Workers(
        settings=DistributedSettings(num_workers=3, mode="local", round_rows=50)
    )
    assert workers("--workers=2", "--staleness=1") == Workers(
        settings=DistributedSettings(num_workers=2, staleness=1)
    )
    assert workers("--workers=2", "--mode=sync") == Workers(
        settings=DistributedSettings(num_workers=2, mode="sync")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mode=sync"], "--mode needs --workers"),
        (["--staleness=1"], "--staleness needs --workers"),
        (["--workers=2", "--staleness=-1"], "--staleness"),
        (["--workers=2", "--mode=sync", "--staleness=1"], "staleness is 1 with mode 'sync'"),
        (["--ray-address=h:1"], "--ray-address needs --workers"),
        (["--workers=2", "--ray-address=h:1"], "--ray-address needs --checkpoint-dir"),
        (["--workers=2", "--mode=sync", "--round-rows=9"], "--round-rows belongs to --mode local"),
    ],
)
def test_options_that_do_not_stand_together_are_refused(options: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        workers(*options)


def test_ray_of_others_is_joined_with_a_shared_folder(tmp_path: Path) -> None:
    asked = workers("--workers=2", "--ray-address=h:1", f"--checkpoint-dir={tmp_path}")
    assert asked is not None
    assert asked.address == "h:1"
