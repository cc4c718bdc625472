"""The supervisor over real processes: what is replaced, what ends, in which order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pairloom.platform.supervisor.processes import end_process, is_running, start_mark
from pairloom.platform.supervisor.service import Service, ServiceProcess
from pairloom.platform.supervisor.supervisor import Supervisor

SLEEP = [sys.executable, "-S", "-c", "import time; print('awake', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True);"
    "time.sleep(600)",
]

# Ends on SIGTERM when all of its names were sent one.
TOGETHER = [
    sys.executable,
    "-S",
    "-c",
    "import os, signal, sys, time; from pathlib import Path\n"
    "own, *others = map(Path, os.environ['TOGETHER'].split(':'))\n"
    "def end(*_):\n"
    "    own.touch()\n"
    "    while not all(other.exists() for other in others): time.sleep(0.02)\n"
    "    print('all were told', flush=True); sys.exit()\n"
    "signal.signal(signal.SIGTERM, end); print('awake', flush=True); time.sleep(600)",
]


def supervised(folder: Path, *services: Service) -> Supervisor:
    return Supervisor(services, folder, lambda _: None)


def step_until(supervisor: Supervisor, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        supervisor.step(0.05)


def test_killed_process_is_replaced_and_the_others_are_left_alone(tmp_path: Path) -> None:
    supervisor = supervised(tmp_path, Service("one", SLEEP), Service("two", SLEEP))
    one, two = supervisor.processes
    with supervisor.running():
        first, other = one.pid, two.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        step_until(supervisor, lambda: one.pid not in {None, first})

        assert one.num_restarts == 1
        assert (two.pid, two.num_restarts) == (other, 0)
    assert other is not None
    assert start_mark(other) is None


def test_process_that_dies_at_once_is_started_again_ever_more_slowly(tmp_path: Path) -> None:
    supervisor = supervised(tmp_path, Service("dies", [sys.executable, "-S", "-c", "exit(3)"]))
    (process,) = supervisor.processes
    begin = time.monotonic()
    with supervisor.running():
        step_until(supervisor, lambda: process.num_restarts == 4)

    assert time.monotonic() - begin > 0.1 + 0.2 + 0.4 + 0.8


def test_program_that_is_missing_counts_as_one_that_dies(tmp_path: Path) -> None:
    supervisor = supervised(tmp_path, Service("missing", [str(tmp_path / "none")]))
    (process,) = supervisor.processes
    with supervisor.running():
        step_until(supervisor, lambda: process.num_restarts == 1)

    assert "none" in process.log.read_text()


def test_processes_end_at_once_and_what_they_need_after_them(tmp_path: Path) -> None:
    ended: list[str] = []
    places = [str(tmp_path / name) for name in ("api", "jobs", "endpoints")]
    services = [
        Service(
            name := Path(place).name,
            TOGETHER,
            environment={"TOGETHER": ":".join([place, *places])},
            after_end=lambda name=name: ended.append(name),  # type: ignore[misc]
        )
        for place in places
    ]
    store = Service("store", SLEEP, outlives_others=True, after_end=lambda: ended.append("store"))
    supervisor = supervised(tmp_path, store, *services)
    with supervisor.running():
        step_until(supervisor, lambda: all(of.last_line() for of in supervisor.processes))

    assert ended == ["api", "jobs", "endpoints", "store"]
    assert {of.last_line() for of in supervisor.processes[1:]} == {"all were told"}


def test_process_that_is_deaf_to_sigterm_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    supervisor = supervised(tmp_path, Service("deaf", STUBBORN, stop_seconds=0.3))
    (process,) = supervisor.processes
    with supervisor.running():
        step_until(supervisor, lambda: process.last_line() == "deaf")
        pid, begin = process.pid, time.monotonic()

    assert 0.2 < time.monotonic() - begin < 5
    assert pid is not None
    assert start_mark(pid) is None


def test_signal_ends_the_loop_at_once(tmp_path: Path) -> None:
    supervisor = supervised(tmp_path, Service("one", SLEEP))
    with supervisor.running():
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        begin = time.monotonic()
        supervisor.run()

    assert time.monotonic() - begin < 3
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_log_that_has_grown_is_put_aside_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "one.log").write_bytes(b"old\n" * 3_000_000)
    supervisor = supervised(tmp_path, Service("one", SLEEP))
    with supervisor.running():
        step_until(supervisor, lambda: supervisor.processes[0].last_line() == "awake")

    assert (tmp_path / "one.log").read_text() == "awake\n"
    assert (tmp_path / "one.log.1").stat().st_size == 12_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's doing, of Linux alone")
def test_processes_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pairloom.platform.supervisor.service import Service\n"
        "from pairloom.platform.supervisor.supervisor import Supervisor\n"
        f"services = [Service(name, {SLEEP!r}) for name in ('one', 'two')]\n"
        f"supervisor = Supervisor(services, Path({str(tmp_path)!r}), lambda _: None)\n"
        "with supervisor.running():\n"
        "    print(*(process.pid for process in supervisor.processes), flush=True)\n"
        "    supervisor.run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as running:
        assert running.stdout
        children = [int(word) for word in running.stdout.readline().split()]
        deadline = time.monotonic() + 60
        while any(not _says(tmp_path / f"{name}.log", "awake") for name in ("one", "two")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.kill()
        running.wait()

    while any(start_mark(child) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _says(log: Path, word: str) -> bool:
    return log.exists() and word in log.read_text()


def test_process_is_told_from_a_later_one_of_its_number() -> None:
    mark = start_mark(os.getpid())

    assert is_running(os.getpid(), mark)
    assert not is_running(os.getpid(), "another start")
    end_process(os.getpid(), "another start", 1.0)  # and is left alone
    assert start_mark(2**22 + 1) is None


def test_every_process_is_ended_when_nobody_can_be_told(tmp_path: Path) -> None:
    pids: list[int] = []

    def fail_once_both_run(processes: Sequence[ServiceProcess]) -> None:
        if pids:
            raise OSError("the folder is gone")
        if all(process.pid for process in processes):
            pids.extend(process.pid for process in processes if process.pid)

    services = [Service("one", SLEEP), Service("two", SLEEP)]
    with (
        pytest.raises(OSError, match="the folder is gone"),
        Supervisor(services, tmp_path, fail_once_both_run).running(),
    ):
        pass

    assert [start_mark(pid) for pid in pids] == [None, None]
