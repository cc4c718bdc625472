"""Rules that requests of several operations share, beyond what the shapes of members say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from pairloom.errors import UserError
from pairloom.platform.jobs.field_fates import FieldFates
from pairloom.platform.jobs.training_request import refuse_obeyed
from pairloom.platform.operations.platform import Members
from pairloom.platform.protocol.errors import validation_error

REPOSITORY: Final = "factorization-machines"


def check_fields(fates: FieldFates, request: Members) -> None:
    """Refuse fields that ask for what is not done here.

    Raises
    ------
    ApiError
        ValidationException, naming the field and saying why.
    """
    try:
        fates.refuse(request)
    except UserError as error:
        raise validation_error(str(error)) from error


def check_environment(environment: Mapping[str, str]) -> None:
    """Refuse variables that would decide which code a process runs."""
    try:
        refuse_obeyed(environment)
    except UserError as error:
        raise validation_error(str(error)) from error


def check_image(member: str, image: str) -> None:
    """Refuse an image of another algorithm, whatever the registry and the tag."""
    repository = re.split("[:@]", image.rpartition("/")[2])[0]
    if repository != REPOSITORY:
        raise validation_error(
            f"{member} {image!r} is of repository {repository!r}; Pairloom runs {REPOSITORY!r} "
            "alone, whatever the registry and the tag"
        )


def check_tags(tags: Iterable[Members]) -> None:
    """Refuse tags of which two have one key."""
    refuse_twice("Tags", (tag["Key"] for tag in tags))


def refuse_twice(member: str, names: Iterable[str]) -> None:
    """Refuse a list that has a name more than once."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise validation_error(f"{member}: {twice[0]!r} is there more than once")
