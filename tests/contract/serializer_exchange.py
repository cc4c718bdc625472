"""Runs in the SDK's own environment: serialize requests, then deserialize answers.

Usage: python serializer_exchange.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sagemaker.amazon.common import RecordDeserializer, RecordSerializer
from sagemaker.deserializers import CSVDeserializer, JSONDeserializer, JSONLinesDeserializer
from sagemaker.serializers import CSVSerializer, JSONLinesSerializer, JSONSerializer


def serialize(folder: Path) -> None:
    rows = np.load(folder / "rows.npy")
    instances = [{"features": row.tolist()} for row in rows]
    bodies = {
        "json": JSONSerializer().serialize({"instances": instances}),
        "jsonlines": JSONLinesSerializer().serialize(instances),
        "recordio": RecordSerializer().serialize(rows).read(),
        "csv": CSVSerializer().serialize(rows),
    }
    for name, body in bodies.items():
        (folder / f"{name}.request").write_bytes(body.encode() if isinstance(body, str) else body)


def deserialize(folder: Path) -> None:
    with (folder / "recordio.answer").open("rb") as file:
        records = RecordDeserializer().deserialize(file, "application/x-recordio-protobuf")
    found = {
        "recordio": [
            {name: list(value.float32_tensor.values) for name, value in record.label.items()}
            for record in records
        ],
        "num_features": [len(record.features) for record in records],
    }
    for name, deserializer in (
        ("json", JSONDeserializer()),
        ("jsonlines", JSONLinesDeserializer()),
        ("csv", CSVDeserializer()),
    ):
        with (folder / f"{name}.answer").open("rb") as file:
            found[name] = deserializer.deserialize(file, deserializer.ACCEPT[0])
    (folder / "answers.json").write_text(json.dumps(found))


if __name__ == "__main__":
    serialize(Path(sys.argv[1]))
    deserialize(Path(sys.argv[1]))
