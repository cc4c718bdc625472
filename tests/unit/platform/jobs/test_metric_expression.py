"""Expressions of users: what they find, how long they take, which are refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pairloom.errors import UserError
from pairloom.platform.jobs.metric_definitions import MetricReader
from pairloom.platform.jobs.metric_expression import MetricExpression

READ_LONG_LINE = """
from pairloom.platform.jobs.metric_definitions import MetricReader
for text in (r"(a+)+$", r"(a|aa)+$", r"(.*a){20}!", r"^(\\w+\\s?)*$", r"(a?){200}a{200}(b)"):
    assert MetricReader({"m": text}).read("a" * 100_000 + "!") == [], text
"""


def test_expression_that_others_search_for_without_end_is_read_past() -> None:
    # Python's own search for the first of them takes 2 ** 4095 steps and cannot be interrupted.
    subprocess.run([sys.executable, "-c", READ_LONG_LINE], check=True, timeout=120)


@pytest.mark.parametrize(
    ("text", "line", "value"),
    [
        (r"loss: ([0-9\.]+)", "epoch 1 loss: 0.25 sec", 0.25),
        (r".*loss=(.*?);", "loss=1e-3; loss=2;", 2.0),
        (r"(?i)LOSS=(\S+)", "loss=-3", -3.0),
        (r"(?:train|test) rmse <loss>=(?P<value>\S+)", "é test rmse <loss>=1.5", 1.5),
        (r"\brmse\b\s*=\s*([-+]?\d+(?:\.\d*)?)", "mrmse=1 rmse = +2.", 2.0),
        (r"loss=(\S+)", "loss=nan", None),
        (r"loss=(\S+)", "loss=high", None),
        (r"loss=(\d+)|error", "error", None),
        (r"loss=\d+", "loss=1", None),
        (r"überloss=(\d+)", "überloss=4", 4.0),
    ],
)
def test_first_group_is_the_value(text: str, line: str, value: float | None) -> None:
    assert MetricExpression("m", text).value(line.encode()) == value


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("(", r"missing \)"),
        (r"(?=x)y", "invalid perl operator"),
        (r"(?<=loss=)(\d+)", "invalid perl operator"),
        (r"(\d)\1", r"invalid escape sequence: \\1"),
        (r"(\d+)\Z", r"invalid escape sequence: \\Z"),
        ("(a{1000}){1000}", "invalid repetition size"),
        ("(a{0,999})(b{0,999})", "instructions; at most 2,000"),
        (r"(\pL{1,1000})", "pattern too large"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_refused_expression_names_definition_rule_and_itself(text: str, rule: str) -> None:
    with pytest.raises(UserError, match=rule) as raised:
        MetricReader({"good": "x=(.)", "test:loss": text})
    assert "MetricDefinitions: the Regex of 'test:loss' is refused: " in str(raised.value)
    assert str(raised.value).endswith(f"this one is: {text}".replace("\ud800", r"\ud800"))
