"""What the proxy makes of the first bytes of a connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.platform.proxy.target import Verdict, read_target


def head(target: str, method: str = "CONNECT") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "host",
    [
        "sts.amazonaws.com",
        "sts.us-east-1.amazonaws.com",
        "STS.EU-West-1.AmazonAWS.com",
        "sts.us-east-1.amazonaws.com.",
        "sts-fips.us-east-1.amazonaws.com",
        "sts.cn-north-1.amazonaws.com.cn",
    ],
)
def test_sts_is_handed_over_under_its_plain_name(host: str) -> None:
    target = read_target(head(f"{host}:443"))

    assert target.verdict is Verdict.HAND_OVER
    assert target.host == host.lower().removesuffix(".")


@pytest.mark.parametrize(
    "host",
    [
        "sm-pysdk-t-us-east-1.s3.us-east-1.amazonaws.com",
        "iam.amazonaws.com",
        "xsts.amazonaws.com",
        "sts.evil.us-east-1.amazonaws.com",
    ],
)
def test_other_services_of_aws_are_denied(host: str) -> None:
    assert read_target(head(f"{host}:443")).verdict is Verdict.DENY


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443",
        "amazonaws.com:443",
        "notamazonaws.com:443",
        "sts.amazonaws.com.example.com:443",
        "sts.amazonaws.com:80",
        "sts.amazonaws.com:0443",
        "sts.amazonaws.com",
        "127.0.0.1:443",
        "[::1]:443",
        "a..amazonaws.com:443",
        "-a.amazonaws.com:443",
        "a_b.amazonaws.com:443",
        "sts.amazonaws.com:443:443",
        ":443",
    ],
)
def test_everything_else_is_refused(target: str) -> None:
    found = read_target(head(target))

    assert found.verdict is Verdict.REFUSE
    assert found.reason
    assert found.host == ""


@pytest.mark.parametrize("method", ["GET", "POST", "connect"])
def test_other_methods_are_refused(method: str) -> None:
    assert "CONNECT alone" in read_target(head("sts.amazonaws.com:443", method)).reason


@given(st.binary(max_size=400))
def test_any_bytes_are_read(content: bytes) -> None:
    read_target(content)


@given(st.text(max_size=100))
def test_any_target_of_a_verdict_but_refusal_is_a_host_of_aws(text: str) -> None:
    for target in (text, f"{text}:443", f"{text}.amazonaws.com:443"):
        found = read_target(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode(errors="replace"))
        if found.verdict is not Verdict.REFUSE:
            assert found.host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
            assert found.host == found.host.lower().strip(".")
