"""Every answer that a client of the tests gets, checked against the shape of its operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from botocore.validate import ParamValidator

# Required by the shape, and left out by SageMaker while there are none.
_LEFT_OUT: Final = {"DescribeTrainingJob": {"ModelArtifacts": {"S3ModelArtifacts": ""}}}


def check_answers(client: Any) -> Any:
    """Let a boto3 client raise AssertionError for an answer that its own shape does not allow."""
    client.meta.events.register("after-call", _check)
    return client


def _check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    service, shape = model.service_model.service_name, model.output_shape
    if http_response.status_code >= 300 or shape is None or service == "iam":
        return  # boto3 itself turns IAM's policies into what their shapes do not allow
    members = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    whole = {**_LEFT_OUT.get(model.name, {}), **members}
    errors = ParamValidator().validate(whole, shape).generate_report()
    assert not errors, f"{model.name}: {errors}"
    if service == "sagemaker":
        empty = list(_empty(members, ""))
        assert not empty, f"{model.name}: SageMaker sends no empty structures, as of {empty}"


def _empty(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of structures without members."""
    if isinstance(value, dict):
        if not value and path:
            yield path
        for name, item in value.items():
            yield from _empty(item, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _empty(item, f"{path}[{index}]")
