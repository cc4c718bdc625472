"""The runtime's REST protocol, against botocore's own serializer and parser of it."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from pairloom.platform.protocol import ApiError, ApiRequest, Call, Dialect, route
from pairloom.platform.protocol.answers import ApiAnswer, answer, error_answer
from pairloom.platform.protocol.runtime_errors import (
    endpoint_not_found,
    model_error,
    service_unavailable,
)
from pairloom.platform.protocol.services import operation_model
from pairloom.platform.settings import PlatformSettings

INVOKE = operation_model("sagemaker-runtime", "InvokeEndpoint")
NAMES = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,30}", fullmatch=True)
PRINTED = st.text(string.ascii_letters + string.digits + "/;=.+ -", min_size=1, max_size=40).map(
    lambda text: f"x{text}"
)
OPTIONAL = {
    "ContentType": PRINTED,
    "Accept": PRINTED,
    "CustomAttributes": PRINTED,
    "TargetVariant": NAMES,
    "InferenceId": PRINTED,
}


def _invocation(members: dict[str, Any], model: Any = INVOKE) -> Call:
    """Return the call that botocore's own writing of it is."""
    written = create_serializer("rest-json").serialize_to_request(members, model)
    body = written["body"] or b""
    return route(
        ApiRequest(
            method=written["method"],
            path=written["url_path"],
            query="",
            headers=[(name.lower(), str(value)) for name, value in written["headers"].items()],
            body=body if isinstance(body, bytes) else body.encode(),
        )
    )


def _parsed(answered: ApiAnswer) -> Any:
    """Return what botocore makes of an answer."""
    headers = HeadersDict({**answered.headers, "content-type": answered.content_type})
    response = {"status_code": answered.status, "headers": headers, "body": answered.body}
    return create_parser("rest-json").parse(response, INVOKE.output_shape)


@given(
    st.fixed_dictionaries({"EndpointName": NAMES, "Body": st.binary()}, optional=OPTIONAL),
)
def test_what_botocore_writes_for_the_runtime_is_read_back(members: dict[str, Any]) -> None:
    call = _invocation(members)
    assert (call.service, call.operation) == ("sagemaker-runtime", "InvokeEndpoint")
    assert (call.signing_name, call.dialect) == ("sagemaker", Dialect.REST_JSON)
    assert call.members() == members


def test_path_decides_before_a_body_that_looks_like_another_protocol() -> None:
    members = {
        "EndpointName": "digits",
        "Body": b"Action=GetCallerIdentity&Version=2011-06-15",
        "ContentType": "application/x-www-form-urlencoded",
    }
    assert _invocation(members).members() == members


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/endpoints/a/invocations"), ("POST", "/endpoints//invocations"),
     ("POST", "/endpoints/a/b/invocations"), ("POST", "/endpoints/a"), ("POST", "/")],
)  # fmt: skip
def test_other_paths_are_no_invocation(method: str, path: str) -> None:
    call = route(ApiRequest(method=method, path=path, query="", headers=[], body=b"{}"))
    assert call.service == ""


@pytest.mark.parametrize(
    ("members", "rule"),
    [({"EndpointName": "a_b"}, "endpointName"),
     ({"EndpointName": "a" * 64}, "less than or equal to 63"),
     ({"TargetVariant": "-a"}, "targetVariant"),
     ({"CustomAttributes": "Größe"}, "customAttributes"),
     ({"InferenceId": "a" * 65}, "less than or equal to 64"),
     ({"Body": b"0" * 6_291_457}, "less than or equal to 6291456")],
)  # fmt: skip
def test_member_that_breaks_its_rule_is_named(members: dict[str, Any], rule: str) -> None:
    call = _invocation({"EndpointName": "digits", "Body": b"1", **members})
    with pytest.raises(ApiError, match="1 validation error detected") as refusal:
        call.members()
    assert rule in str(refusal.value)
    assert _parsed(error_answer(call, refusal.value, "id"))["Error"]["Code"] == "ValidationError"


def test_answer_is_what_botocore_reads() -> None:
    output: dict[str, Any] = {
        "Body": b'{"predictions": []}',
        "ContentType": "application/json",
        "InvokedProductionVariant": "AllTraffic",
        "CustomAttributes": None,
    }
    answered = answer(_invocation({"EndpointName": "digits", "Body": b"1"}), output, "id")
    parsed = _parsed(answered)
    del parsed["ResponseMetadata"]
    assert parsed.pop("Body").encode() == output.pop("Body")
    assert parsed == {name: value for name, value in output.items() if value is not None}


def _error(error: ApiError) -> Any:
    call = _invocation({"EndpointName": "digits", "Body": b"1"})
    answered = error_answer(call, error, "id")
    shapes = {shape.name: shape for shape in INVOKE.error_shapes}
    shape = shapes[answered.headers["x-amzn-errortype"]]
    assert answered.status == shape.metadata["error"]["httpStatusCode"]
    assert json.loads(answered.body).keys() == shape.members.keys()
    return _parsed(answered)["Error"]


def test_runtime_errors_have_the_shapes_that_botocore_knows() -> None:
    failed = model_error(
        415,
        b"Content type text/plain is not supported",
        endpoint="digits",
        settings=PlatformSettings(region="eu-west-1"),
    )
    assert failed.members["OriginalStatusCode"] == 415
    assert failed.members["OriginalMessage"] == "Content type text/plain is not supported"
    assert _error(failed)["Message"].startswith(
        'Received client error (415) from model with message "Content type text/plain is not '
        'supported". See https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1'
        "#logEventViewer:group=/aws/sagemaker/Endpoints/digits in account 111122223333 for more "
    )
    assert failed.members["LogStreamArn"] == (
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/Endpoints/digits"
    )
    broken = model_error(500, b"\xff", endpoint="digits", settings=PlatformSettings())
    assert _error(broken)["Message"].startswith("Received server error (500)")
    assert _error(service_unavailable("no process answers"))["Code"] == "ServiceUnavailable"
    assert _error(endpoint_not_found("digits", "111122223333")) == {
        "Code": "ValidationError",
        "Message": "Endpoint digits of account 111122223333 not found.",
    }


@given(
    st.text("/abc%20-é", max_size=20),
    st.lists(st.tuples(st.sampled_from(["content-type", "x-amzn-sagemaker-target-variant"]),
                       st.text(st.characters(codec="latin-1"), max_size=20))),
    st.binary(max_size=20),
)  # fmt: skip
def test_arbitrary_invocation_is_members_or_an_error_of_the_client(
    name: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    path = f"/endpoints/{name}/invocations"
    call = route(ApiRequest(method="POST", path=path, query="", headers=headers, body=body))
    if call.dialect is Dialect.REST_JSON:
        status = _refusal(call)
        assert status in {None, 400}


def _refusal(call: Call) -> int | None:
    try:
        call.members()
    except ApiError as error:
        return error.status
    return None
