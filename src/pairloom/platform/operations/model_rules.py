"""What a CreateModel request must be, beyond what the shapes of its members say."""

from __future__ import annotations

from typing import Final

from pairloom.errors import UserError
from pairloom.platform.objectstore.objects import Location
from pairloom.platform.operations.hosting_fields import MODEL_FIELDS
from pairloom.platform.operations.platform import Members
from pairloom.platform.operations.request_rules import (
    check_environment,
    check_fields,
    check_image,
    check_tags,
)
from pairloom.platform.protocol.errors import validation_error

_ARCHIVE: Final = ".tar.gz"


def check_model(request: Members) -> None:
    """Refuse what can only fail later.

    Raises
    ------
    ApiError
        ValidationException, naming the member and the rule.
    """
    check_fields(MODEL_FIELDS, request)
    place, container = _container(request)
    if not container.get("Image"):
        raise validation_error(f"{place} must have an Image")
    check_image(f"{place}.Image", container["Image"])
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise validation_error(f"{place}.Mode must be SingleModel: a container serves one model")
    check_environment(container.get("Environment", {}))
    _check_artifact(place, container)
    check_tags(request.get("Tags", []))


def _container(request: Members) -> tuple[str, Members]:
    """Return where the model's one container stands, and what it is."""
    primary, several = request.get("PrimaryContainer"), request.get("Containers", [])
    if (primary is None) == (not several):
        raise validation_error("A model must have either PrimaryContainer or Containers")
    if primary is not None:
        return "PrimaryContainer", primary
    if len(several) != 1:
        raise validation_error(
            f"Containers has {len(several)} entries; must have 1: Pairloom makes no pipelines"
        )
    return "Containers", several[0]


def _check_artifact(place: str, container: Members) -> None:
    url = container.get("ModelDataUrl")
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if bool(url) == bool(source):
        raise validation_error(
            f"{place} must have either ModelDataUrl or ModelDataSource.S3DataSource: the model "
            "that a training job has made"
        )
    if url:
        _check_archive(f"{place}.ModelDataUrl", url)
    elif source["CompressionType"] == "Gzip":
        if source["S3DataType"] != "S3Object":
            raise validation_error(
                f"{place}.ModelDataSource: CompressionType Gzip asks for S3DataType S3Object"
            )
        _check_archive(f"{place}.ModelDataSource.S3DataSource.S3Uri", source["S3Uri"])
    else:
        _location(f"{place}.ModelDataSource.S3DataSource.S3Uri", source["S3Uri"])


def _check_archive(member: str, uri: str) -> None:
    if not _location(member, uri).key.endswith(_ARCHIVE):
        raise validation_error(f"{member} is {uri!r}; must end in {_ARCHIVE}")


def _location(member: str, uri: str) -> Location:
    try:
        return Location.parse(uri)
    except UserError as error:
        raise validation_error(f"{member}: {error}") from error
