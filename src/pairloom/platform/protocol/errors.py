"""What a client is told when its request is refused."""

from __future__ import annotations

from pairloom.errors import UserError


class ApiError(UserError):
    """A request is refused, with a code that clients match on.

    Attributes
    ----------
    code
        As the JSON protocols spell it.
    status
        Of the HTTP answer.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def validation_error(message: str) -> ApiError:
    """Return the error of a request whose members break a rule."""
    return ApiError("ValidationException", message)


def unreadable(message: str) -> ApiError:
    """Return the error of a body that cannot be read as what it says it is."""
    return ApiError("SerializationException", message)
