"""Processes of others, as the kernel shows them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from pairloom.platform.supervisor.processes import is_running, start_mark, wait_for_end

# The main thread ends alone, as when a killed process of many threads is taken down: the process is
# shown as a zombie, while another thread holds what it had open.
OUTLIVED_MAIN_THREAD = """
import ctypes, platform, threading, time
print(flush=True)
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows threads so")
def test_process_runs_until_its_last_thread_has_ended() -> None:
    command = [sys.executable, "-c", OUTLIVED_MAIN_THREAD]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        mark = start_mark(process.pid)
        assert process.stdout is not None
        process.stdout.readline()
        assert not wait_for_end(process.pid, mark, 1.0)
        process.send_signal(signal.SIGKILL)
        assert wait_for_end(process.pid, mark, 10.0)
        assert not is_running(process.pid, mark)
