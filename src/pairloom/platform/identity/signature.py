"""Signature Version 4: that a request was signed with our key pair, and is what was signed."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HeadersDict
from botocore.credentials import Credentials

from pairloom.platform.identity.key_pair import KeyPair
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.protocol.request import ApiRequest

ALGORITHM: Final = "AWS4-HMAC-SHA256"
MOST_SKEW_SECONDS: Final = 15 * 60
_LONGEST_PRESIGNED_SECONDS: Final = 7 * 24 * 3600
_TIME_FORMAT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a request says about its own signature."""

    access_key_id: str
    scope: tuple[str, str, str, str]
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    expires_seconds: int | None
    query: str


class SignatureCheck:
    """Lets requests through that are signed with one key pair, for one region.

    Parameters
    ----------
    key_pair
        The pair that may sign.
    region
        The region that requests are signed for; STS and IAM are global and take us-east-1 too.
    clock
        Seconds since 1970.
    """

    def __init__(
        self, key_pair: KeyPair, region: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._key_pair = key_pair
        self._region = region
        self._clock = clock

    def check(self, request: ApiRequest, signing_name: str) -> None:
        """Refuse a request that was not signed for this service, or changed after.

        Raises
        ------
        ApiError
            With status 403; says what is missing or wrong.
        """
        signed = _read(request)
        if not hmac.compare_digest(
            signed.access_key_id.encode(), self._key_pair.access_key_id.encode()
        ):
            message = "The security token included in the request is invalid."
            raise _refused("UnrecognizedClientException", message)
        self._check_time(signed)
        self._check_scope(signed, signing_name)
        _check_headers(request, signed)
        expected = _signature(request, signed, self._key_pair)
        if not hmac.compare_digest(expected.encode(), signed.signature.encode()):
            raise _mismatch(
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method."
            )

    def _check_time(self, signed: _Signed) -> None:
        try:
            signed_at = _seconds(signed.timestamp)
        except ValueError:
            raise _incomplete(
                f"Date must be in ISO-8601 basic format, not {signed.timestamp[:40]!r}"
            ) from None
        now = self._clock()
        shown = _written(now)
        if signed_at > now + MOST_SKEW_SECONDS:
            raise _mismatch(
                f"Signature not yet current: {signed.timestamp} is still later than {shown} + 15 "
                "min; the clocks of client and platform differ"
            )
        lasts = MOST_SKEW_SECONDS if signed.expires_seconds is None else signed.expires_seconds
        if signed_at + lasts < now:
            raise _mismatch(
                f"Signature expired: {signed.timestamp} is now more than {lasts} seconds earlier "
                f"than {shown}"
            )

    def _check_scope(self, signed: _Signed, signing_name: str) -> None:
        date, region, service, end = signed.scope
        if date != signed.timestamp[:8] or end != "aws4_request":
            raise _mismatch(f"Credential's scope {'/'.join(signed.scope)!r} is of another day")
        if signing_name and service != signing_name:
            raise _mismatch(
                f"Credential should be scoped to correct service: {signing_name!r}, not "
                f"{service[:40]!r}"
            )
        allowed = {self._region} | ({"us-east-1"} if service in {"sts", "iam"} else set())
        if region not in allowed:
            raise _mismatch(
                f"Credential should be scoped to the platform's region, {self._region!r}, not "
                f"{region[:40]!r}"
            )


def _read(request: ApiRequest) -> _Signed:
    header = request.header("authorization")
    if header is not None:
        return _from_header(request, header)
    if "X-Amz-Signature=" in request.query or "X-Amz-Algorithm=" in request.query:
        return _from_query(request)
    raise _refused("MissingAuthenticationTokenException", "Missing Authentication Token")


def _from_header(request: ApiRequest, header: str) -> _Signed:
    algorithm, _, rest = header.strip().partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    timestamp = request.header("x-amz-date") or ""
    if algorithm != ALGORITHM or not {"Credential", "SignedHeaders", "Signature"} <= parts.keys():
        raise _incomplete(
            f"Authorization must be {ALGORITHM} with Credential, SignedHeaders and Signature"
        )
    if not timestamp:
        raise _incomplete("X-Amz-Date is missing from the request")
    return _signed(
        parts["Credential"],
        parts["SignedHeaders"],
        parts["Signature"],
        timestamp,
        None,
        request.query,
    )


def _from_query(request: ApiRequest) -> _Signed:
    try:
        fields = dict(parse_qsl(request.query, keep_blank_values=True, max_num_fields=1000))
    except ValueError as error:
        raise _incomplete(f"the query cannot be read: {error}") from None
    names = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date")
    missing = [name for name in (*names, "X-Amz-Expires") if name not in fields]
    if missing or fields.get("X-Amz-Algorithm") != ALGORITHM:
        raise _incomplete(f"the query must hold X-Amz-Algorithm={ALGORITHM}; missing: {missing}")
    expires = fields["X-Amz-Expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) < 8) or not (
        1 <= int(expires) <= _LONGEST_PRESIGNED_SECONDS
    ):
        raise _incomplete(
            f"X-Amz-Expires is {expires[:40]!r}; must be from 1 to {_LONGEST_PRESIGNED_SECONDS}"
        )
    kept = [
        part
        for part in request.query.split("&")
        if unquote(part.partition("=")[0]) != "X-Amz-Signature"
    ]
    credential, signed_headers, signature, timestamp = (fields[name] for name in names)
    return _signed(credential, signed_headers, signature, timestamp, int(expires), "&".join(kept))


def _signed(
    credential: str,
    signed_headers: str,
    signature: str,
    timestamp: str,
    expires_seconds: int | None,
    query: str,
) -> _Signed:
    access_key_id, *scope = credential.split("/")
    if len(scope) != 4:
        raise _incomplete("Credential must be ID/date/region/service/aws4_request")
    date, region, service, end = scope
    names = tuple(signed_headers.lower().split(";"))
    return _Signed(
        access_key_id,
        (date, region, service, end),
        names,
        signature,
        timestamp,
        expires_seconds,
        query,
    )


def _check_headers(request: ApiRequest, signed: _Signed) -> None:
    present = {name for name, _ in request.headers}
    must = {"host"} | {name for name in present if name.startswith("x-amz-")}
    if signed.expires_seconds is None:
        must |= {"x-amz-date"}
    unsigned = must - set(signed.signed_headers)
    if unsigned:
        raise _mismatch(f"these headers must be signed: {', '.join(sorted(unsigned))[:200]}")
    absent = set(signed.signed_headers) - present
    if absent:
        raise _mismatch(f"these headers were signed and are not there: {sorted(absent)!r:.200}")
    declared = request.header("x-amz-content-sha256")
    if declared is not None and declared != sha256(request.body).hexdigest():
        raise _mismatch("x-amz-content-sha256 is not the hash of the body")


def _signature(request: ApiRequest, signed: _Signed, key_pair: KeyPair) -> str:
    # botocore signs as it does for its own requests; all that is ours is the time and what was
    # named as signed.
    _, region, service, _ = signed.scope
    credentials = Credentials(key_pair.access_key_id, key_pair.secret_access_key)
    signer: Any = SigV4Auth(credentials, service, region)
    path = f"{request.path}?{signed.query}" if signed.query else request.path
    rebuilt: Any = AWSRequest(method=request.method, url=f"http://host{path}", data=request.body)
    rebuilt.headers = HeadersDict()
    for name in signed.signed_headers:
        values = [value for found, value in request.headers if found == name]
        rebuilt.headers[name] = ",".join(values)
    rebuilt.context["timestamp"] = signed.timestamp
    signer.payload = lambda _: sha256(request.body).hexdigest()  # without copies of the request
    canonical = signer.canonical_request(rebuilt)
    signature: str = signer.signature(signer.string_to_sign(rebuilt, canonical), rebuilt)
    return signature


@lru_cache(maxsize=256)  # many requests are signed in one second
def _seconds(timestamp: str) -> float:
    return datetime.strptime(timestamp, _TIME_FORMAT).replace(tzinfo=timezone.utc).timestamp()


def _refused(code: str, message: str) -> ApiError:
    return ApiError(code, message, 403)


def _mismatch(message: str) -> ApiError:
    return _refused("InvalidSignatureException", message)


def _incomplete(message: str) -> ApiError:
    return _refused("IncompleteSignatureException", message)


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_TIME_FORMAT)
