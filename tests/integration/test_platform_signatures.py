"""Signatures through boto3, and requests that were tampered with on their way."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from integration.platform_api import RunningApi, running_api
from pairloom.platform.identity import KeyPair, SignatureCheck
from pairloom.platform.protocol import ApiError, ApiRequest

PAIR = KeyPair("AKIAEXAMPLE", "secret")
NOW = 1_795_417_419.0
TARGET = "SageMaker.ListTrainingJobs"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("platform"), own_process=True) as api:
        yield api


def _request(**changed: Any) -> ApiRequest:
    """Return a request that botocore's signer signed at NOW."""
    settings: dict[str, Any] = {
        "pair": PAIR,
        "region": "us-east-1",
        "service": "sagemaker",
        "at": NOW,
        "path": "/a%20b/c",
        "query": "b=2&a=1%2F",
        "body": b'{"MaxResults": 5}',
        **changed,
    }
    headers = {"host": "127.0.0.1:8190", "x-amz-target": TARGET, "content-type": "x/y"}
    query = f"?{settings['query']}" if settings["query"] else ""
    request: Any = AWSRequest(
        "POST",
        f"http://127.0.0.1:8190{settings['path']}{query}",
        headers=headers,
        data=settings["body"],
    )
    pair = settings["pair"]
    signer: Any = SigV4Auth(
        Credentials(pair.access_key_id, pair.secret_access_key),
        settings["service"],
        settings["region"],
    )
    time = datetime.fromtimestamp(settings["at"], timezone.utc)
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signer._inject_signature_to_request(
        request, signer.signature(signer.string_to_sign(request, canonical), request)
    )
    return ApiRequest(
        method="POST",
        path=settings["path"],
        query=settings["query"],
        headers=tuple((name.lower(), value) for name, value in request.headers.items()),
        body=settings["body"],
    )


def _check(request: ApiRequest, *, at: float = NOW, service: str = "sagemaker") -> None:
    SignatureCheck(PAIR, "us-east-1", lambda: at).check(request, service)


def _changed(request: ApiRequest, **members: Any) -> ApiRequest:
    names = ("method", "path", "query", "headers", "body")
    return ApiRequest(**{**{name: getattr(request, name) for name in names}, **members})


def test_what_botocore_signs_is_let_through() -> None:
    _check(_request())
    _check(_request(path="/", query="", body=b""))
    _check(_request(service="sts", region="us-east-1"), service="sts")


def test_clocks_may_differ_by_a_quarter_of_an_hour() -> None:
    for skew in (-899, 899):
        _check(_request(), at=NOW + skew)
    for skew, message in ((-901, "Signature not yet current"), (901, "Signature expired")):
        with pytest.raises(ApiError, match=message) as raised:
            _check(_request(), at=NOW + skew)
        assert raised.value.status == 403


SIGNED = _request()


def _replaced(name: str, value: str | None) -> tuple[tuple[str, str], ...]:
    others = tuple(header for header in SIGNED.headers if header[0] != name)
    return others if value is None else (*others, (name, value))


AUTHORIZATION = SIGNED.header("authorization") or ""
TAMPERED: dict[str, tuple[dict[str, Any], str]] = {
    "body": ({"body": b'{"MaxResults": 6}'}, "does not match"),
    "no body": ({"body": b""}, "does not match"),
    "method": ({"method": "PUT"}, "does not match"),
    "path": ({"path": "/a%20b/d"}, "does not match"),
    "query": ({"query": "b=2&a=2"}, "does not match"),
    "target": ({"headers": _replaced("x-amz-target", "SageMaker.Search")}, "does not match"),
    "host": ({"headers": _replaced("host", "other")}, "does not match"),
    "header taken away": ({"headers": _replaced("content-type", None)}, "are not there"),
    "header added": ({"headers": (*SIGNED.headers, ("x-amz-more", "1"))}, "must be signed"),
    "hash": (
        {"headers": (*SIGNED.headers, ("x-amz-content-sha256", "0"))},
        "must be signed: x-amz-content-sha256",
    ),
    "header twice": ({"headers": (*SIGNED.headers, ("x-amz-target", TARGET))}, "does not match"),
    "time": ({"headers": _replaced("x-amz-date", "20261123T070341Z")}, "does not match"),
    "no time": ({"headers": _replaced("x-amz-date", None)}, "X-Amz-Date is missing"),
    "odd time": ({"headers": _replaced("x-amz-date", "today")}, "must be in ISO-8601"),
    "unsigned": ({"headers": _replaced("authorization", None)}, "Missing Authentication Token"),
    "odd": ({"headers": _replaced("authorization", "Basic abc")}, "Authorization must be AWS4"),
    "signature": (
        {"headers": _replaced("authorization", AUTHORIZATION[:-1] + "é")},
        "does not match",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_changed_after_signing_is_refused(case: str) -> None:
    members, message = TAMPERED[case]
    with pytest.raises(ApiError, match=message) as raised:
        _check(_changed(SIGNED, **members))
    assert raised.value.status == 403


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (_request(pair=KeyPair("AKIAOTHER", "secret")), "security token .* is invalid"),
        (_request(pair=KeyPair("AKIAEXAMPLE", "other")), "does not match the signature"),
        (_request(region="eu-west-1"), "the platform's region, 'us-east-1', not 'eu-west-1'"),
        (_request(service="s3"), "correct service: 'sagemaker', not 's3'"),
    ],
)
def test_what_was_signed_for_another_is_refused(request_: ApiRequest, message: str) -> None:
    with pytest.raises(ApiError, match=message) as raised:
        _check(request_)
    assert raised.value.status == 403


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=100))
def test_arbitrary_authorization_is_refused_without_an_accident(
    header: str, date: str, query: str
) -> None:
    for authorization in (header, f"AWS4-HMAC-SHA256 {header}", None):
        headers = [("x-amz-date", date)]
        if authorization is not None:
            headers.append(("authorization", authorization))
        for text in (query, f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{query}"):
            request = ApiRequest(method="POST", path="/", query=text, headers=headers, body=b"")
            with pytest.raises(ApiError) as raised:
                _check(request)
            assert raised.value.status == 403


def test_clients_with_wrong_keys_get_403_and_the_code_of_their_protocol(api: RunningApi) -> None:
    wrong = {"aws_secret_access_key": "wrong"}
    other = {"aws_access_key_id": "AKIAOTHER"}
    codes = {
        ("sagemaker", "list_training_jobs"): (
            "InvalidSignatureException",
            "UnrecognizedClientException",
        ),
        ("sts", "get_caller_identity"): ("SignatureDoesNotMatch", "InvalidClientTokenId"),
    }
    for (service, operation), expected in codes.items():
        for settings, code in zip((wrong, other), expected, strict=True):
            with pytest.raises(ClientError) as raised:
                getattr(api.client(service, **settings), operation)()
            response = raised.value.response
            assert response["Error"]["Code"] == code
            assert response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_presigned_request_is_answered_until_it_expires(api: RunningApi) -> None:
    session = boto3.Session(
        api.key_pair.access_key_id, api.key_pair.secret_access_key, region_name="us-east-1"
    )
    client: Any = session.client("sts", endpoint_url=api.settings.api_endpoint)
    url = client.generate_presigned_url("get_caller_identity", ExpiresIn=4, HttpMethod="GET")
    with urlopen(url) as answer:
        assert b"assumed-role/PairloomExecutionRole" in answer.read()
    parts = urlsplit(url)
    assert _get(parts.netloc, f"/?{parts.query}&More=1")[0] == 403
    assert _get(parts.netloc, f"/?{parts.query}".replace("Expires=4", "Expires=9999"))[0] == 403
    later = datetime.now(timezone.utc) + timedelta(seconds=5)
    while datetime.now(timezone.utc) < later:
        time.sleep(0.1)
    status, body = _get(parts.netloc, f"/?{parts.query}")
    assert (status, b"Signature expired" in body) == (403, True)


def test_unsigned_request_is_refused_whatever_it_asks_for(api: RunningApi) -> None:
    address = urlsplit(api.settings.api_endpoint).netloc
    for path in ("/", "/endpoints/x/invocations", "/?Action=GetCallerIdentity"):
        status, body = _get(address, path)
        assert status == 403
        assert b"issing" in body
    connection = http.client.HTTPConnection(address)
    connection.request("POST", "/", b"{}", {"X-Amz-Target": "SageMaker.CreateTrainingJob"})
    answer = connection.getresponse()
    assert answer.status == 403
    assert json.loads(answer.read())["__type"] == "MissingAuthenticationTokenException"
    connection.close()


def _get(address: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
