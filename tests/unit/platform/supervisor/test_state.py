"""The lock and the file that say who runs a platform."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pairloom.errors import UserError
from pairloom.platform.supervisor.key_file import platform_keys
from pairloom.platform.supervisor.processes import start_mark
from pairloom.platform.supervisor.state import (
    PlatformState,
    ProcessState,
    end_leftovers,
    hold,
    is_held,
    own_state,
    read_state,
    running_state,
)

STATE = PlatformState(own_state(), 7, ready=True, processes={"api": ProcessState(1, "x", 3)})


def test_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    STATE.write(tmp_path)

    assert read_state(tmp_path) == STATE
    assert read_state(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("content", ["", "{", "7", "[]", "{}", '{"supervisor": 3, "processes": 2}'])
def test_damaged_state_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "supervisor.json").write_text(content)

    with pytest.raises(UserError, match=r"supervisor\.json: damaged"):
        read_state(tmp_path)


def test_only_one_supervisor_holds_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    assert not is_held(folder)
    with hold(folder):
        assert is_held(folder)
        with pytest.raises(UserError, match=r"runs in .*platform already; .*status.*down"):
            hold(folder).__enter__()
    assert not is_held(folder)
    with hold(folder):
        pass


def test_state_of_a_platform_that_runs_no_more_is_no_running_platform(tmp_path: Path) -> None:
    with hold(tmp_path):
        STATE.write(tmp_path)
        assert running_state(tmp_path) == STATE

    with pytest.raises(UserError, match=r"no platform runs in .*; `pairloom up --dir"):
        running_state(tmp_path)


def test_process_that_a_killed_supervisor_left_is_ended_and_a_stranger_is_not(
    tmp_path: Path,
) -> None:
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(sleep) as left, subprocess.Popen(sleep) as stranger:
        processes = {
            "api": ProcessState(left.pid, start_mark(left.pid)),
            "jobs": ProcessState(stranger.pid, "of another start"),
            "proxy": ProcessState(None, None),
        }
        PlatformState(own_state(), 7, processes=processes).write(tmp_path)
        end_leftovers(tmp_path)

        assert left.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
        os.kill(stranger.pid, signal.SIGKILL)


def test_keys_are_made_once_and_replaced_while_nothing_runs(tmp_path: Path) -> None:
    first = platform_keys(tmp_path)
    assert platform_keys(tmp_path) == first
    with hold(tmp_path), pytest.raises(UserError, match="uses its keys"):
        platform_keys(tmp_path, replace=True)

    assert platform_keys(tmp_path, replace=True) != first
