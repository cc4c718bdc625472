"""What the SageMaker SDK asks of a platform before it trains; run by the SDK's interpreter."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import boto3
import sagemaker


def main() -> None:
    """Print what the SDK found, as one JSON object."""
    session = sagemaker.Session()
    bucket = session.default_bucket()
    begin = time.monotonic()
    found: dict[str, Any] = {
        "role": sagemaker.get_execution_role(),
        "bucket": bucket,
        "account": session.account_id(),
        "seconds": time.monotonic() - begin,
        "uploaded": session.upload_string_as_file_body("text", bucket, "folder/key"),
        "read": session.read_s3_file(bucket, "folder/key"),
        "files": session.list_s3_files(bucket, "folder"),
        "buckets": [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]],
        "expanded": session.expand_role("PairloomExecutionRole"),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
