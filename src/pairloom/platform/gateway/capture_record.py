"""What is captured of a request and its answer, in the lines that SageMaker writes."""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

_VERSION: Final = "0"


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """A DataCaptureConfig that captures something.

    Attributes
    ----------
    sampled
        Which share of requests, from 0 to 1.
    modes
        `Input`, `Output` or both.
    csv_types, json_types
        Content types, in lower case, whose bodies are written as text; others as base64.
    """

    destination: str
    sampled: float
    modes: frozenset[str]
    csv_types: frozenset[str]
    json_types: frozenset[str]

    @classmethod
    def of(cls, config: Mapping[str, Any] | None) -> CaptureSettings | None:
        """Return the settings of a DataCaptureConfig, or None where nothing is captured."""
        if not config or not config.get("EnableCapture", True):
            return None
        modes: set[str] = set()
        for option in config.get("CaptureOptions") or ():
            mode = option["CaptureMode"]
            modes |= {"Input", "Output"} if mode == "InputAndOutput" else {mode}
        types = config.get("CaptureContentTypeHeader") or {}
        return cls(
            config["DestinationS3Uri"],
            config["InitialSamplingPercentage"] / 100,
            frozenset(modes),
            frozenset(name.lower() for name in types.get("CsvContentTypes") or ()),
            frozenset(name.lower() for name in types.get("JsonContentTypes") or ()),
        )

    @property
    def draws(self) -> bool:
        """Decide, by chance, whether a request is captured."""
        return random.random() < self.sampled  # noqa: S311  no secret hangs on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A request and its answer."""

    settings: CaptureSettings
    endpoint: str
    variant: str
    time: float
    request_type: str
    request: bytes
    answer_type: str
    answer: bytes
    inference_id: str | None = None
    custom_attributes: str | None = None

    @property
    def num_bytes(self) -> int:
        return len(self.request) + len(self.answer)

    def line(self) -> bytes:
        """Return the line, its end included."""
        data: dict[str, Any] = {}
        settings = self.settings
        if "Input" in settings.modes:
            data["endpointInput"] = _side(settings, "INPUT", self.request_type, self.request)
        if "Output" in settings.modes:
            data["endpointOutput"] = _side(settings, "OUTPUT", self.answer_type, self.answer)
        moment = datetime.fromtimestamp(self.time, timezone.utc)
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if self.custom_attributes:
            metadata["customAttributes"] = [self.custom_attributes]
        if self.inference_id:
            metadata["inferenceId"] = self.inference_id
        metadata["inferenceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        line = {"captureData": data, "eventMetadata": metadata, "eventVersion": _VERSION}
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _side(settings: CaptureSettings, mode: str, content_type: str, body: bytes) -> dict[str, str]:
    encoding, data = _encoded(settings, content_type, body)
    return {
        "observedContentType": content_type,
        "mode": mode,
        "data": data,
        "encoding": encoding,
    }


def _encoded(settings: CaptureSettings, content_type: str, body: bytes) -> tuple[str, str]:
    kind = content_type.partition(";")[0].strip().lower()
    for encoding, types in (("CSV", settings.csv_types), ("JSON", settings.json_types)):
        if kind in types:
            try:
                return encoding, body.decode("utf-8")
            except UnicodeDecodeError:
                break
    return "BASE64", base64.b64encode(body).decode("ascii")
