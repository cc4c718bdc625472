"""What an object store's refusals mean, in words that say who can mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pairloom.errors import DataError, PlatformError, UserError

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d+)")
_REFUSALS = {
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "401",
    "403",
}


@contextmanager
def explained(location: str, doing: str) -> Iterator[None]:
    """Raise what the store's client raises as an error that names the location and a remedy.

    Raises
    ------
    DataError
        There is no such bucket or object, or it was replaced.
    UserError
        The store refuses.
    PlatformError
        It does not answer, or fails.
    """
    from obstore import exceptions  # noqa: PLC0415  an optional library

    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{location}: the object is no longer there") from error
    except exceptions.PreconditionError as error:
        raise DataError(f"{location}: the object was replaced while it was in use") from error
    except (exceptions.BaseError, PermissionError) as error:
        raise _told(location, doing, str(error)) from error


def _told(location: str, doing: str, message: str) -> Exception:
    found = _CODE.search(message) or _STATUS.search(message)
    code = "no answer" if found is None else found[1]
    if code == "NoSuchBucket":
        return DataError(f"{location}: there is no such bucket")
    if code in _REFUSALS:
        return UserError(
            f"{location}: the store refuses to {doing}: {code}; AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY must be keys that may"
        )
    first_line = message.partition("\n")[0]
    return PlatformError(f"{location}: could not {doing}: {code}: {first_line}")
