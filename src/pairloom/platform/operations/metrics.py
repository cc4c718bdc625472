"""CloudWatch: the metrics of jobs and endpoints."""

from __future__ import annotations

from typing import Final

from pairloom.platform.operations.pages import place_of, token
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.statistics import by_period, statistic
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.store import MetricPoint, StatisticSet
from pairloom.platform.store.records import ENDPOINT_NAMESPACE

_MOST_POINTS: Final = 1_440
_MOST_DATA_POINTS: Final = 100_800
_NO_UNIT: Final = "None"
_UNITS: Final = {
    (ENDPOINT_NAMESPACE, "ModelLatency"): "Microseconds",
    (ENDPOINT_NAMESPACE, "OverheadLatency"): "Microseconds",
}
_MINUTE: Final = 60  # statistic sets are kept of whole minutes


def get_metric_statistics(platform: Platform, request: Members) -> Members:
    """Return statistics of one metric by period."""
    plain, extended = request.get("Statistics", []), request.get("ExtendedStatistics", [])
    if not plain and not extended:
        raise ApiError(
            "MissingRequiredParameterException", "Statistics or ExtendedStatistics must be given."
        )
    _check_times(request)
    periods = by_period(_sets(platform, request, request), _period(request))
    if len(periods) > _MOST_POINTS:
        raise ApiError(
            "InvalidParameterCombinationException",
            f"You have requested up to {len(periods)} datapoints, which exceeds the limit of "
            f"{_MOST_POINTS}. Increase the period or take a shorter time.",
        )
    functions = {name: statistic(name) for name in (*plain, *extended)}
    return {
        "Label": request["MetricName"],
        "Datapoints": [
            {
                "Timestamp": begins,
                "Unit": _unit(request),
                **{name: functions[name](sets) for name in plain},
                "ExtendedStatistics": {name: functions[name](sets) for name in extended} or None,
            }
            for begins, sets in periods.items()
        ],
    }


def get_metric_data(platform: Platform, request: Members) -> Members:
    """Return statistics of many metrics by period, in pages."""
    _check_times(request)
    descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    start = place_of(int, request.get("NextToken")) or 0
    limit = request.get("MaxDatapoints", _MOST_DATA_POINTS)
    if not 1 <= limit <= _MOST_DATA_POINTS:
        raise _invalid(f"MaxDatapoints is {limit}; must be from 1 to {_MOST_DATA_POINTS}")
    results, passed = [], 0
    for query in request["MetricDataQueries"]:
        if not query.get("ReturnData", True):
            continue
        series = _series(platform, request, query, descending=descending)
        first, last = max(0, start - passed), max(0, start + limit - passed)
        results.append(_result(query, series[first:last], is_whole=last >= len(series)))
        passed += len(series)
    following = token(start + limit) if start + limit < passed else None
    return {"MetricDataResults": results, "NextToken": following, "Messages": []}


def _series(
    platform: Platform, request: Members, query: Members, *, descending: bool
) -> list[tuple[float, float]]:
    about = query.get("MetricStat")
    if about is None:
        raise _invalid(f"query {query['Id']!r}: Pairloom answers a MetricStat, no Expression")
    if query.get("AccountId", platform.settings.account_id) != platform.settings.account_id:
        raise _invalid(f"query {query['Id']!r}: AccountId is not the platform's")
    function = statistic(about["Stat"])
    metric = {**about["Metric"], **({"Unit": about["Unit"]} if "Unit" in about else {})}
    periods = by_period(_sets(platform, metric, request), _period(about))
    series = [(begins, function(sets)) for begins, sets in periods.items()]
    return series[::-1] if descending else series


def _result(query: Members, series: list[tuple[float, float]], *, is_whole: bool) -> Members:
    name = query["MetricStat"]["Metric"]["MetricName"]
    return {
        "Id": query["Id"],
        "Label": query.get("Label", name),
        "Timestamps": [begins for begins, _ in series],
        "Values": [value for _, value in series],
        "StatusCode": "Complete" if is_whole else "PartialData",
    }


def _sets(platform: Platform, metric: Members, times: Members) -> list[StatisticSet]:
    """Return what is known of a metric, single points as sets of one."""
    if metric.get("Unit", _unit(metric)) != _unit(metric):
        return []
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
    name, namespace = metric["MetricName"], metric["Namespace"]
    start, end = times["StartTime"], times["EndTime"]
    store = platform.store
    points = store.metrics(dimensions, name, namespace=namespace, start=start, end=end)
    start = start // _MINUTE * _MINUTE
    return [_set(point) for point in points] + store.statistic_sets(
        dimensions, name, namespace=namespace, start=start, end=end
    )


def _set(point: MetricPoint) -> StatisticSet:
    value = point.value
    return StatisticSet(
        name=point.name,
        timestamp=point.timestamp,
        count=1,
        total=value,
        minimum=value,
        maximum=value,
    )


def _unit(metric: Members) -> str:
    return _UNITS.get((metric["Namespace"], metric["MetricName"]), _NO_UNIT)


def _period(about: Members) -> int:
    period: int = about["Period"]
    if period not in {1, 5, 10, 20, 30} and period % 60:
        raise _invalid(f"Period is {period}; must be 1, 5, 10, 20, 30 or a multiple of 60")
    return period


def _check_times(request: Members) -> None:
    if request["StartTime"] >= request["EndTime"]:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message)
