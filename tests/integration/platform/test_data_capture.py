"""Data capture: lines as SageMaker writes them, in the object store soon after the request."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from datetime import datetime, timezone
from typing import Any

from integration.platform.running_endpoints import BUCKET, REQUEST, RunningEndpoints, variant

KEY = re.compile(
    r"captured/seen/A/(\d{4}/\d{2}/\d{2}/\d{2})/\d{2}-\d{2}-\d{3}-[0-9a-f-]{36}\.jsonl"
)


def captured(endpoints: RunningEndpoints, count: int) -> list[dict[str, Any]]:
    """Wait until so many lines are in the object store, and return them."""
    client = endpoints.objects.client
    deadline = time.monotonic() + 60
    while True:
        found = client.list_objects_v2(Bucket=BUCKET, Prefix="captured/").get("Contents", [])
        lines: list[dict[str, Any]] = []
        for item in found:
            assert KEY.fullmatch(item["Key"]), item["Key"]
            body = client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
            lines += [json.loads(line) for line in body.splitlines()]
        if len(lines) >= count:
            return lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.2)


def test_captured_requests_are_lines_in_the_object_store(endpoints: RunningEndpoints) -> None:
    endpoints.make_model("seen", 1.5)
    endpoints.make_config(
        "seen",
        variant("A", "seen"),
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
    )
    endpoints.wait(endpoints.create("seen", "seen"))
    endpoints.score("seen", InferenceId="first")
    endpoints.invoke("seen", Accept="application/jsonlines")
    begun = time.time()
    lines = captured(endpoints, 2)
    endpoints.delete("seen")

    first, second = sorted(lines, key=lambda line: "inferenceId" not in line["eventMetadata"])
    assert first["captureData"] == {
        "endpointInput": {
            "observedContentType": "application/json",
            "mode": "INPUT",
            "data": json.dumps(REQUEST),
            "encoding": "JSON",
        },
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": '{"predictions": [{"score": 1.5}]}',
            "encoding": "JSON",
        },
    }
    assert first["eventVersion"] == "0"
    metadata = first["eventMetadata"]
    assert metadata["inferenceId"] == "first"
    assert uuid.UUID(metadata["eventId"]) != uuid.UUID(second["eventMetadata"]["eventId"])
    moment = datetime.strptime(metadata["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(moment.replace(tzinfo=timezone.utc).timestamp() - begun) < 60
    output = second["captureData"]["endpointOutput"]
    assert output["encoding"] == "BASE64"
    assert json.loads(base64.b64decode(output["data"])) == {"score": 1.5}
