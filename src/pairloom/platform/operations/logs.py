"""CloudWatch Logs: streams and events of jobs; its times are milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pairloom.platform.operations.log_filter import read_pattern
from pairloom.platform.operations.pages import page
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.store import LogStream, NotFoundError, StoredLogEvent

_GROUPS: Final = "/aws/sagemaker/"
_MOST_STREAMS: Final = 50
_MOST_EVENTS: Final = 10_000
_MOST_BYTES: Final = 1 << 20  # of an answer; each event counts 26 beside its message
_FIRST, _LAST = "f/", "b/"


def describe_log_streams(platform: Platform, request: Members) -> Members:
    """List the streams of a group."""
    group = _group(request)
    by_time = request.get("orderBy") == "LastEventTime"
    if by_time and "logStreamNamePrefix" in request:
        raise _invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    streams = _streams(platform, group, request)
    streams.sort(
        key=lambda stream: (stream.last_event_at or 0.0 if by_time else 0.0, stream.name),
        reverse=request.get("descending", False),
    )
    shown, following = page(streams, request.get("nextToken"), request.get("limit", _MOST_STREAMS))
    prefix = f"arn:aws:logs:{platform.settings.region}:{platform.settings.account_id}:log-group"
    return {
        "logStreams": [_stream(stream, f"{prefix}:{group}") for stream in shown],
        "nextToken": following,
    }


def get_log_events(platform: Platform, request: Members) -> Members:
    """Return a stream's events, from its head or from its end, and tokens for both ways on."""
    limit = request.get("limit", _MOST_EVENTS)
    way, place = _place(request.get("nextToken"))
    backward = way == _LAST or (way is None and not request.get("startFromHead", False))
    events = _events(
        platform,
        request["logStreamName"],
        request,
        after_id=place if way == _FIRST else None,
        before_id=place if way == _LAST else None,
        limit=limit,
        newest=backward,
    )
    events = _within_size(events, from_end=backward)
    first = events[0].id if events else place
    last = events[-1].id if events else place
    return {
        "events": [_event(event) for event in events],
        "nextForwardToken": f"{_FIRST}{last:020d}",
        "nextBackwardToken": f"{_LAST}{first:020d}",
    }


def filter_log_events(platform: Platform, request: Members) -> Members:
    """Return the events of many streams that fit a pattern.

    A page with events names the next, so that who follows a group can go on from its last token.
    """
    group = _group(request)
    if "logStreamNames" in request and "logStreamNamePrefix" in request:
        raise _invalid("Give logStreamNames or logStreamNamePrefix, not both.")
    names = request.get("logStreamNames")
    if names is None:
        names = [stream.name for stream in _streams(platform, group, request)]
    pattern = read_pattern(request.get("filterPattern", ""))
    _, place = _place(request.get("nextToken"))
    limit = request.get("limit", _MOST_EVENTS)
    read = _events(platform, names, request, after_id=place, limit=_MOST_EVENTS) if names else []
    found = [event for event in read if pattern.lets_through(event.message)]
    shown = _within_size(found[:limit], from_end=False)
    last = shown[-1].id if len(shown) < len(found) else read[-1].id if read else 0
    goes_on = bool(shown) or len(read) == _MOST_EVENTS
    return {
        "events": [
            {**_event(event), "logStreamName": event.stream, "eventId": str(event.id)}
            for event in shown
        ],
        "searchedLogStreams": [],
        "nextToken": f"{_FIRST}{last:020d}" if goes_on else None,
    }


def _streams(platform: Platform, group: str, request: Members) -> list[LogStream]:
    """Return the streams asked for; a group is there once it has a stream."""
    prefix = request.get("logStreamNamePrefix", "")
    streams = platform.store.log_streams(group=group, prefix=prefix)
    if not streams and not platform.store.has_log_group(group):
        raise _absent("group")
    return streams


def _events(  # noqa: PLR0913  the parts of one range
    platform: Platform,
    streams: str | Sequence[str],
    request: Members,
    *,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int,
    newest: bool = False,
) -> list[StoredLogEvent]:
    start, end = request.get("startTime"), request.get("endTime")
    try:
        return platform.store.log_events(
            streams,
            group=_group(request),
            after_id=after_id,
            before_id=before_id,
            start=None if start is None else start / 1000,
            end=None if end is None else end / 1000,
            limit=limit,
            newest=newest,
        )
    except NotFoundError:
        raise _absent("stream") from None


def _within_size(events: list[StoredLogEvent], *, from_end: bool) -> list[StoredLogEvent]:
    kept: list[StoredLogEvent] = []
    size = 0
    for event in reversed(events) if from_end else events:
        size += len(event.message.encode()) + 26
        if kept and size > _MOST_BYTES:
            break
        kept.append(event)
    return kept[::-1] if from_end else kept


def _group(request: Members) -> str:
    given = request.get("logGroupName"), request.get("logGroupIdentifier")
    if (given[0] is None) == (given[1] is None):
        raise _invalid("Give logGroupName or logGroupIdentifier, and not both.")
    group: str = given[0] or str(given[1]).rpartition(":log-group:")[2].removesuffix(":*")
    if not group.startswith(_GROUPS):
        raise _absent("group")
    return group


def _place(given: str | None) -> tuple[str | None, int]:
    if given is None:
        return None, 0
    way, digits = given[:2], given[2:]
    if (
        way not in {_FIRST, _LAST}
        or not (digits.isascii() and digits.isdigit())
        or (len(digits) != 20 or int(digits) >= 2**63)
    ):
        raise _invalid("The specified nextToken is invalid.")
    return way, int(digits)


def _stream(stream: LogStream, group_arn: str) -> Members:
    return {
        "logStreamName": stream.name,
        "creationTime": _milliseconds(stream.created_at),
        "firstEventTimestamp": _milliseconds(stream.first_event_at),
        "lastEventTimestamp": _milliseconds(stream.last_event_at),
        "lastIngestionTime": _milliseconds(stream.ingested_at),
        "arn": f"{group_arn}:log-stream:{stream.name}",
        "storedBytes": 0,
    }


def _event(event: StoredLogEvent) -> Members:
    return {
        "timestamp": _milliseconds(event.timestamp),
        "message": event.message,
        "ingestionTime": _milliseconds(event.ingested_at),
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def _absent(what: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"The specified log {what} does not exist.")
