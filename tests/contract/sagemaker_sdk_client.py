"""Runs in the SDK's own environment: call an endpoint with the SDK's serializers.

Usage: python sagemaker_sdk_client.py PORT ROWS.npy ANSWERS.json
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from sagemaker.amazon.common import RecordDeserializer, RecordSerializer
from sagemaker.deserializers import JSONDeserializer, JSONLinesDeserializer
from sagemaker.serializers import CSVSerializer, JSONLinesSerializer, JSONSerializer


def invoke(port: str, serializer: Any, deserializer: Any, data: Any) -> Any:
    """Do what the SDK's predictor does, but for the signature that loopback does not ask for."""
    accept = ", ".join(deserializer.ACCEPT)
    body = serializer.serialize(data)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        data=body.encode() if isinstance(body, str) else body,
        headers={"Content-Type": serializer.CONTENT_TYPE, "Accept": accept},
    )
    with urllib.request.urlopen(request) as response:
        content_type = response.headers["Content-Type"]
        if isinstance(deserializer, RecordDeserializer):
            records = deserializer.deserialize(response, content_type)
            return [record.label["score"].float32_tensor.values[0] for record in records]
        found = deserializer.deserialize(response, content_type)
        lines = found["predictions"] if isinstance(found, dict) else found
        return [line["score"] for line in lines]


def main(port: str, rows_file: Path, answers: Path) -> None:
    rows = np.load(rows_file)
    instances = [{"features": row.tolist()} for row in rows]
    scores = {
        "json": invoke(port, JSONSerializer(), JSONDeserializer(), {"instances": instances}),
        "jsonlines": invoke(port, JSONLinesSerializer(), JSONLinesDeserializer(), instances),
        "recordio": invoke(port, RecordSerializer(), RecordDeserializer(), rows),
        "recordio-to-json": invoke(port, RecordSerializer(), JSONDeserializer(), rows),
        "csv": invoke(port, CSVSerializer(), JSONDeserializer(), rows),
    }
    answers.write_text(json.dumps(scores))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
