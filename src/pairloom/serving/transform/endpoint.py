"""An HTTP endpoint that answers requests as a predictor does."""

from __future__ import annotations

import http.client
import json
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pairloom.errors import DataError, PlatformError, UserError

_OK = 200
_TOO_MANY, _SERVER_ERRORS = 429, 500
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class EndpointAnswer:
    """The body of an endpoint's answer, and its media type."""

    body: bytes
    content_type: str


class Endpoint:
    """Sends requests to a URL, from several threads at once; `close` ends its connections.

    Parameters
    ----------
    url
        http or https; without a path, `/invocations`.
    timeout_seconds
        How long an answer may take.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 60) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UserError(f"endpoint {url!r}; expected http://host:port/path")
        self._url = url
        self._host = parts.netloc.rpartition("@")[2]
        self._is_secure = parts.scheme == "https"
        path = parts.path if parts.path not in {"", "/"} else "/invocations"
        self._target = f"{path}?{parts.query}" if parts.query else path
        self._timeout_seconds = timeout_seconds
        self._idle: list[http.client.HTTPConnection] = []

    def __call__(self, body: bytes, content_type: str, accept: str | None) -> EndpointAnswer:
        """Send one request.

        Raises
        ------
        DataError
            The endpoint refused the request: a status of 400 to 499.
        PlatformError
            It cannot be reached, or failed.
        """
        headers = {"Content-Type": content_type} | ({"Accept": accept} if accept else {})
        try:
            status, answer, answer_type = self._exchange(body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise PlatformError(f"{self._url}: {str(error) or type(error).__name__}") from error
        if status == _OK:
            return EndpointAnswer(answer, answer_type)
        kind = PlatformError if status >= _SERVER_ERRORS or status == _TOO_MANY else DataError
        raise kind(f"{self._url} answered {status}: {_complaint(answer)}")

    def close(self) -> None:
        """Close the connections that no request uses."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
        while self._idle:
            with suppress(ConnectionError, http.client.BadStatusLine, IndexError):
                return self._send(self._idle.pop(), body, headers)
        # The endpoint had let go of them; a new connection tells whether it is there.
        make = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        return self._send(make(self._host, timeout=self._timeout_seconds), body, headers)

    def _send(
        self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes, str]:
        try:
            connection.request("POST", self._target, body, headers)
            response = connection.getresponse()
            answer = response.status, response.read(), response.headers.get_content_type()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer


def _complaint(answer: bytes) -> str:
    """Return what an endpoint says went wrong: our `error`, or the text."""
    text = answer.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        text = document["error"]
    return " ".join(text.split())[:_SHOWN_CHARACTERS] or "nothing"
