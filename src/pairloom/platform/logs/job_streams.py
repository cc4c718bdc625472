"""The log streams of a job: one for each of its hosts, as clients count them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pairloom.platform.store import LogEvent, Store
from pairloom.platform.store.records import TRAINING_LOG_GROUP


def open_streams(
    store: Store, job: str, hosts: Sequence[str], *, group: str = TRAINING_LOG_GROUP
) -> str:
    """Return the stream of a job's first host, which all lines go to.

    Those of the other hosts hold one line each that says so; an earlier run's streams are kept.
    """
    now = time.time()
    first, *others = hosts
    streams = store.log_streams(group=group, prefix=f"{job}/")
    there = {stream.name.rpartition("-")[0]: stream.name for stream in streams}
    for host in others:
        if f"{job}/{host}" not in there:
            line = f"{host} has no process of its own; {first} trains on the data of all hosts."
            stream = f"{job}/{host}-{int(now)}"
            store.append_log_events(stream, [LogEvent(line, now)], group=group)
    return there.get(f"{job}/{first}", f"{job}/{first}-{int(now)}")
