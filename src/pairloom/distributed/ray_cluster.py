"""Ray for one run: started on this machine and ended with the run, or joined by its address."""

from __future__ import annotations

import inspect
import ipaddress
import logging
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from pairloom.errors import PlatformError, UserError

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
STARTS = 3

# Below this size arguments and results travel with the call instead of through the object store.
_INLINE_BYTES = 4 << 20
_PORT = "runtime_env_agent_port"
_NO_PORTS = dict.fromkeys(  # of what is not started, since there is no dashboard
    ("dashboard_agent_listen_port", "metrics_agent_port", "metrics_export_port"), -1
)
_NODE_SECONDS = 120.0
_REACH_SECONDS = 10.0
_SOCKETS_FOLDER = "/tmp"  # noqa: S108  sockets below it must have short names; it is made private
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of what is dropped when all is started anew
    "RAY_worker_niceness": "0",
    "RAY_max_direct_call_object_size": str(_INLINE_BYTES),
    "RAY_task_rpc_inlined_bytes_limit": str(16 * _INLINE_BYTES),
}
# Named after the systems on which it is the default: every address is then the loopback's.
_LOOPBACK_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


class RayTerminatedError(PlatformError):
    """Raised when SIGTERM came while Ray was being started."""


@contextmanager
def ray_cluster(address: str | None = None, *, num_cpus: int) -> Iterator[Any]:
    """Give the module `ray`, connected; at the end everything that was started is ended.

    Parameters
    ----------
    address
        `host:port` of a cluster to join. None: start one that only this machine can reach and
        that ends with this process, however that ends.
    num_cpus
        Processors that a cluster started here has to give.

    Raises
    ------
    UserError
        Ray is not installed, is connected already, or there is none at the address.
    PlatformError
        Ray did not start.
    """
    if address is None:
        ray = imported_ray(loopback=True)
        with _started(ray, num_cpus):
            yield ray
        return
    ray = imported_ray(loopback=_is_loopback(address))
    _join(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def imported_ray(*, loopback: bool) -> Any:
    """Return the module, which reads its settings as it is loaded.

    Raises
    ------
    UserError
        It is not installed, or in use.
    """
    settings = _SETTINGS | (_LOOPBACK_ALONE if loopback else {})
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    try:
        import ray  # noqa: PLC0415  its settings must be there before
    except ModuleNotFoundError as error:
        raise UserError(
            f"training on several workers needs {error.name}; `pip install 'pairloom[ray]'` "
            "installs it"
        ) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    if ray.is_initialized():
        raise UserError("this process is connected to Ray already; ray.shutdown() ends that")
    return ray


@contextmanager
def _started(ray: Any, num_cpus: int) -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="pairloom-ray-", dir=_SOCKETS_FOLDER))
    try:
        _start(ray, folder, num_cpus)
        yield
    finally:
        ray.shutdown()
        _end_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _start(ray: Any, folder: Path, num_cpus: int) -> None:
    for attempt in range(1, STARTS + 1):
        try:
            with _own_termination(), own_start(ray):
                ray.init(
                    address="local",
                    num_cpus=num_cpus,
                    include_dashboard=False,
                    log_to_driver=False,
                    configure_logging=False,
                    _node_ip_address=LOOPBACK,
                    _temp_dir=str(folder),
                )
        except Exception as error:  # noqa: PERF203  raised as such where a node is too slow
            told = " ".join(str(error).split())
            if attempt == STARTS:
                raise PlatformError(
                    f"Ray did not start in {STARTS} attempts, the last time with: {told}. It "
                    f"starts six processes and gets {_NODE_SECONDS:.0f} seconds for that; let "
                    "other work on this machine end, or join a Ray that runs, by its address"
                ) from error
            logger.warning(
                "Ray did not start (attempt %d of %d): %s; trying again", attempt, STARTS, told
            )
            ray.shutdown()
            _end_processes(folder)
        else:
            return


@contextmanager
def own_start(ray: Any) -> Iterator[None]:
    """Let a node start more slowly than Ray itself does, and without what nobody here asks for.

    Ray gives a node 30 seconds, and each of its agents 15 to say in a file which port it chose; no
    setting reaches either, and machines are busy. So the agents' ports are chosen and written here,
    and the node is asked for again. What is left of the dashboard without one only asks outside
    addresses which cloud this is.
    """
    services, parameter = ray._private.services, ray._private.parameter  # noqa: SLF001
    ask, start, parameters = services.get_node, services.start_raylet, parameter.RayParams
    dashboard = services.start_api_server
    deadline = time.monotonic() + _NODE_SECONDS
    port = free_port()

    def ask_again(*arguments: Any) -> Any:
        while True:
            try:
                return ask(*arguments)
            except RuntimeError:  # noqa: PERF203  it has not registered yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def start_with_ports(*arguments: Any, **named: Any) -> Any:
        told = inspect.signature(start).bind(*arguments, **named).arguments
        for name, number in {**_NO_PORTS, _PORT: port}.items():
            path = Path(told["session_dir"]) / f"{name}_{told['node_id']}"
            path.write_text(str(number), encoding="ascii")
        return start(*arguments, **named)

    services.get_node, services.start_raylet = ask_again, start_with_ports
    services.start_api_server = _no_dashboard
    parameter.RayParams = partial(parameters, **{_PORT: port})
    try:
        yield
    finally:
        services.get_node, services.start_raylet = ask, start
        services.start_api_server = dashboard
        parameter.RayParams = parameters


def _no_dashboard(*_: Any, **__: Any) -> tuple[None, None]:
    return None, None


def free_port() -> int:
    """Return a port of the loopback address at which nobody listens now."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _join(ray: Any, address: str) -> None:
    _refuse_unreachable(address)
    try:
        with _own_termination():
            ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        ray.shutdown()
        told = " ".join(str(error).split())
        raise UserError(f"no Ray could be joined at {address}: {told}") from error


def host_and_port(address: str) -> tuple[str, int]:
    """Take Ray's address apart; raises UserError for what is no `host:port`."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise UserError(f"Ray's address is {address!r}; must be host:port")
    return host.strip("[]"), int(port)


def _refuse_unreachable(address: str) -> None:
    place = host_and_port(address)
    try:
        socket.create_connection(place, _REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UserError(f"no Ray could be joined at {address}: {error}") from error


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@contextmanager
def _own_termination() -> Iterator[None]:
    """Keep the program's own answer to SIGTERM, which Ray replaces by its own when it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit as error:  # Ray's answer
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(signal.SIGTERM)
        raise RayTerminatedError("SIGTERM came while Ray was being started") from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_processes(folder: Path) -> None:
    """End what a failed start left behind: children of this process that name its folder."""
    name = os.fsencode(folder)
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            with suppress(OSError):
                if name in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)
                    os.waitpid(int(child), 0)
