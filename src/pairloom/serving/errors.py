"""What serving raises beside `pairloom.errors.UserError`, each with an HTTP status of its own."""

from __future__ import annotations

from pairloom.errors import UserError


class UnsupportedContentTypeError(UserError):
    """The body is of a media type, or in a charset, that no decoder reads: status 415."""


class NotAcceptableError(UserError):
    """None of the media types that the client accepts can be written: status 406."""
