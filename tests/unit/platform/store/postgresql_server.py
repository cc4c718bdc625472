"""A PostgreSQL server of a test's own: in a folder of its own, on loopback, without durability."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

_OWNER = "pairloom"
_START_SECONDS = 60.0


class PostgresqlServer:
    """A server that can be ended, killed and started again; call `remove` in the end.

    It sorts text as most servers do, by language, so that what depends on it shows.
    """

    def __init__(self) -> None:
        self._programs = _programs()
        # Not below pytest's folder, which only its owner may enter: root drops its rights here.
        self._folder = Path(tempfile.mkdtemp(prefix="pairloom-postgresql-"))
        self._as_user = _unprivileged()
        if self._as_user:
            shutil.chown(self._folder, self._as_user["user"], self._as_user["group"])
        self._port = _free_port()
        self._num_databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        options = ["--no-sync", "--auth=trust", f"--username={_OWNER}", "--encoding=UTF8"]
        self._run("initdb", *options, "--locale=C.UTF-8", *self._language(), "-D", str(self._data))
        self.start()

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 60,
            "shared_buffers": "16MB",
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *given],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_user,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, its clients' connections with it."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as if the machine had lost its power."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """Make an empty database; returns its URL."""
        self._num_databases += 1
        name = f"test_{self._num_databases}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{_OWNER}@127.0.0.1:{self._port}/{name}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self._port,
            user=_OWNER,
            dbname=database,
            autocommit=True,
            connect_timeout=10,
        )

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def _language(self) -> list[str]:
        help_text = self._run("initdb", "--help")
        by_icu = ["--locale-provider=icu", "--icu-locale=en-US"]
        return by_icu if "--icu-locale" in help_text else []

    def _run(self, program: str, *arguments: str) -> str:
        ran: subprocess.CompletedProcess[str] = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            **self._as_user,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def _programs() -> Path:
    # Debian keeps those of each version in a folder of their own, outside PATH.
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    on_path = shutil.which("initdb")
    assert found or on_path, (
        "the tests start a PostgreSQL server and need its programs: "
        "scripts/install_system_packages.sh postgresql"
    )
    return found[-1].parent if found else Path(str(on_path)).parent


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
