"""A serve program under its guard: where it listens, whether it answers, its last words."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from pairloom.platform.endpoints.ping_watch import PingWatch
from pairloom.platform.jobs.job_configuration import inherited_environment
from pairloom.platform.jobs.job_process import JobProcess

_LISTENS = re.compile(r"serving .* on http://127\.0\.0\.1:(\d+) with \d+ workers$")
_NUM_LAST_WORDS = 3


def serve_command(root: Path) -> list[str]:
    """Return the command that serves the model of a folder, on a free port of loopback."""
    program = [sys.executable, "-I", "-m", "pairloom", "container", "serve"]
    return [*program, "--root", str(root), "--host", "127.0.0.1", "--port", "0"]


def serve_environment(given: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return the environment of a serve program: what the model says, and one worker."""
    return {**inherited_environment(), "PAIRLOOM_WORKERS": "1", **given, "TMPDIR": str(scratch)}


class ServingProcess:
    """One running serve program.

    Parameters
    ----------
    root
        Holds `model/model_algo-1`.
    scratch
        For its temporary files.
    lock
        Descriptor that it holds open as long as any part of it runs.
    on_line
        Called, in another thread, with every line that it writes.
    changed
        Called, in another thread, when it begins or ceases to answer /ping.
    """

    def __init__(
        self,
        root: Path,
        *,
        scratch: Path,
        environment: Mapping[str, str],
        lock: int,
        on_line: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.started = time.monotonic()
        self._changed = changed
        self._port: int | None = None
        self._pings: PingWatch | None = None
        self._on_line = on_line
        self._last_lines: deque[str] = deque(maxlen=_NUM_LAST_WORDS)
        scratch.mkdir(parents=True, exist_ok=True)
        self._process = JobProcess(
            serve_command(root),
            folder=root,
            environment=serve_environment(environment, scratch),
            lock=lock,
            on_line=self._hear,
        )

    @property
    def port(self) -> int | None:
        """Where it answers; None while it does not."""
        pings = self._pings
        return self._port if pings and pings.answers and not self.has_ended else None

    @property
    def has_answered(self) -> bool:
        """Whether it has answered /ping once."""
        return self._pings is not None and self._pings.has_answered

    @property
    def hangs(self) -> bool:
        """Whether it has ceased to answer /ping, for too long, and has not ended."""
        return self._pings is not None and self._pings.hangs and not self.has_ended

    @property
    def has_ended(self) -> bool:
        return self._process.exit_code is not None

    def terminate(self) -> None:
        """Let the program end what it is asked, and end itself."""
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def kill_because(self, fault: str) -> str:
        """End the program at once; return why with its last words, its log has the why as well."""
        how = f"SIGKILL by the platform: {fault}"
        self._on_line(how)
        self.kill()
        self._finished()
        return f"{how}; {self._last_words}"

    def finish(self) -> str:
        """Wait for the end; return how it came, and the program's last words."""
        code = self._finished()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{how}; {self._last_words}"

    def _finished(self) -> int:
        code = self._process.finish()
        if self._pings is not None:
            self._pings.close()
        return code

    @property
    def _last_words(self) -> str:
        return f"its last words: {' '.join(self._last_lines)}" if self._last_lines else "no words"

    def _hear(self, line: str) -> None:
        found = _LISTENS.search(line) if self._port is None else None
        if found:
            self._port = int(found[1])
            self._pings = PingWatch(self._port, self._changed)
        if line.strip():
            self._last_lines.append(line.strip())
        self._on_line(line)
