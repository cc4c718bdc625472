"""What a client is told when its request is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairloom.errors import UserError


class ApiError(UserError):
    """A request is refused, with a code that clients match on.

    Attributes
    ----------
    code
        As the JSON protocols spell it.
    status
        Of the HTTP answer.
    members
        What the error's shape holds beside its message.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.members = dict(members or {})


def validation_error(message: str) -> ApiError:
    """Return the error of a request whose members break a rule."""
    return ApiError("ValidationException", message)


def unreadable(message: str) -> ApiError:
    """Return the error of a body that cannot be read as what it says it is."""
    return ApiError("SerializationException", message)
