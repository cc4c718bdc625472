"""Bodies to members: against botocore's own serializers, and on arbitrary bodies."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from pairloom.platform.operations import OPERATIONS
from pairloom.platform.operations.log_filter import read_pattern
from pairloom.platform.operations.pages import place_of, token
from pairloom.platform.protocol import ApiError
from pairloom.platform.protocol.json_members import read_json
from pairloom.platform.protocol.query_members import read_query
from pairloom.platform.protocol.services import operation_model
from pairloom.platform.protocol.validation import python_pattern, validate

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=10
)


def _values(shape: Any) -> st.SearchStrategy[Any]:
    """Return values of a shape that have its types, whatever its other rules."""
    kind = shape.type_name
    if kind == "structure":
        members = {name: _values(member) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if kind == "list":
        return st.lists(_values(shape.member), max_size=3)
    if kind == "map":
        return st.dictionaries(TEXT, _values(shape.value), max_size=3)
    if kind in {"integer", "long"}:
        return st.integers(-(2**31), 2**31 - 1)
    if kind == "boolean":
        return st.booleans()
    return TEXT if kind == "string" else st.integers(0, 2**31).map(float)


def _refusal(function: Callable[..., object], *arguments: object) -> ApiError | None:
    try:
        function(*arguments)
    except ApiError as error:
        return error
    return None


def _shape(service: str, operation: str) -> Any:
    return operation_model(service, operation).input_shape


JSON_OPERATIONS = [
    ("sagemaker", "ListTrainingJobs"),
    ("sagemaker", "AddTags"),
    ("sagemaker", "CreateModel"),
    ("sagemaker", "UpdateEndpoint"),
    ("sagemaker", "UpdateEndpointWeightsAndCapacities"),
    ("logs", "FilterLogEvents"),
    ("cloudwatch", "GetMetricData"),
]
QUERY_OPERATIONS = [
    ("iam", "CreateRole"),
    ("iam", "SimulatePrincipalPolicy"),
    ("cloudwatch", "GetMetricStatistics"),
]


@pytest.mark.parametrize(("service", "operation"), JSON_OPERATIONS)
@given(data=st.data())
def test_what_botocore_writes_in_json_is_read_back(
    service: str, operation: str, data: st.DataObject
) -> None:
    model = operation_model(service, operation)
    members = data.draw(_values(model.input_shape))
    written = create_serializer("json", False).serialize_to_request(members, model)
    assert read_json(model.input_shape, written["body"]) == members


@pytest.mark.parametrize(("service", "operation"), QUERY_OPERATIONS)
@given(data=st.data())
def test_what_botocore_writes_as_a_form_is_read_back(
    service: str, operation: str, data: st.DataObject
) -> None:
    model = operation_model(service, operation)
    members = data.draw(_values(model.input_shape))
    written = create_serializer("query", False).serialize_to_request(members, model)["body"]
    fields = [field for field in written.items() if field[0] not in {"Action", "Version"}]
    as_text = [(name, str(value)) for name, value in fields]
    assert _without_empty(read_query(model.input_shape, as_text)) == _without_empty(members)


def _without_empty(value: Any) -> Any:
    """Leave empty structures out: a form has no way to write them."""
    if isinstance(value, dict):
        kept = {name: _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ({}, [], None)}
    if isinstance(value, list):
        kept_items = [_without_empty(item) for item in value]
        return [item for item in kept_items if item != {}]
    return value


@given(st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_arbitrary_json_is_members_or_an_error_of_the_client(body: bytes) -> None:
    for service, operation in [*JSON_OPERATIONS, ("sagemaker", "CreateTrainingJob")]:
        shape = _shape(service, operation)
        error = _refusal(lambda shape: validate(shape, read_json(shape, body)), shape)
        assert error is None or (error.status == 400 and str(error))


def _dictionaries_of(shape: Any) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(list(shape.members)), ANYTHING)


@pytest.mark.parametrize(
    ("service", "operation"), [*JSON_OPERATIONS, ("sagemaker", "CreateTrainingJob")]
)
@given(data=st.data())
@settings(max_examples=40)  # of each operation
def test_arbitrary_values_of_known_members_are_an_error_of_the_client(
    service: str, operation: str, data: st.DataObject
) -> None:
    shape = _shape(service, operation)
    body = json.dumps(data.draw(_dictionaries_of(shape))).encode()
    error = _refusal(lambda: validate(shape, read_json(shape, body)))
    assert error is None or error.status == 400


@given(
    st.lists(
        st.tuples(
            st.text(f"{string.ascii_letters}0123456789.", max_size=40)
            | st.sampled_from(["Tags", "Tags.member.1", "Tags.member.1.Key", "Tags.member.x"]),
            TEXT,
        )
    )
)
def test_arbitrary_fields_are_members_or_an_error_of_the_client(
    fields: list[tuple[str, str]],
) -> None:
    for service, operation in QUERY_OPERATIONS:
        shape = _shape(service, operation)
        error = _refusal(lambda shape: validate(shape, read_query(shape, fields)), shape)
        assert error is None or error.status == 400


def test_every_pattern_of_the_services_is_one_that_python_reads() -> None:
    patterns = {
        pattern
        for service, operation in OPERATIONS
        for shape in _shapes(_shape(service, operation))
        if (pattern := shape.metadata.get("pattern"))
    }
    assert len(patterns) > 20
    assert all(python_pattern(pattern).flags & re.UNICODE for pattern in patterns)
    tags = _shape("sagemaker", "AddTags").members["Tags"]
    tag = python_pattern(tags.member.members["Key"].metadata["pattern"])
    assert [text for text in ("Größe 1", "a/b", "日本", "a;b", "a\n$") if tag.fullmatch(text)] == [
        "Größe 1", "a/b", "日本"
    ]  # fmt: skip


def _shapes(shape: Any) -> Iterator[Any]:
    if shape is None:
        return
    yield shape
    if shape.type_name == "structure":
        for member in shape.members.values():
            if member.name != "SearchExpression":
                yield from _shapes(member)
    elif shape.type_name == "list" and shape.member.name != "SearchExpression":
        yield from _shapes(shape.member)
    elif shape.type_name == "map":
        yield from _shapes(shape.key)
        yield from _shapes(shape.value)


@given(TEXT)
def test_arbitrary_token_is_refused(text: str) -> None:
    for kind in (str, int):
        error = _refusal(place_of, kind, text)
        assert error is None or str(error).startswith("Invalid NextToken")


@given(TEXT | st.integers(0))
def test_token_leads_back_to_its_place(place: str | int) -> None:
    assert place_of(type(place), token(place)) == place


@given(st.text(max_size=40))
def test_arbitrary_log_pattern_filters_or_is_refused(pattern: str) -> None:
    error = _refusal(lambda: read_pattern(pattern).lets_through("a line"))
    assert error is None or error.code == "InvalidParameterException"
