"""Whether an object store takes what is put into it; it may answer seconds before it does."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from pairloom.errors import UserError

_BUCKET: Final = "pairloom-readiness"
_KEY: Final = "probe"
_REFUSALS: Final = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}


def takes_objects(client: Any) -> bool:
    """Put an object into a bucket of its own and remove both; False while that fails."""
    try:
        client.create_bucket(Bucket=_BUCKET)
    except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
        pass  # a probe that was interrupted left it
    except (BotoCoreError, ClientError):
        return False
    try:
        client.put_object(Bucket=_BUCKET, Key=_KEY, Body=b"ready")
        client.delete_object(Bucket=_BUCKET, Key=_KEY)
        client.delete_bucket(Bucket=_BUCKET)
    except (BotoCoreError, ClientError):
        return False
    return True


def check_access(client: Any, url: str) -> None:
    """See that a store at a URL answers and knows the key pair; nothing is written to it.

    Raises
    ------
    UserError
        It does not answer, or refuses the key pair.
    """
    try:
        client.list_buckets()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        hint = (
            "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to keys that it knows"
            if code in _REFUSALS
            else ""
        )
        raise UserError(f"S3 endpoint {url} refuses to list its buckets: {code}{hint}") from error
    except BotoCoreError as error:
        raise UserError(f"S3 endpoint {url} does not answer: {error}") from error
