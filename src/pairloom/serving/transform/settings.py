"""How a batch transform takes files apart and puts answers together, in SageMaker's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pairloom.errors import UserError
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO, MediaType
from pairloom.serving.transform.json_path import JsonPath

SplitType: TypeAlias = Literal["None", "Line", "RecordIO"]
AssembleWith: TypeAlias = Literal["None", "Line"]
BatchStrategy: TypeAlias = Literal["SingleRecord", "MultiRecord"]
JoinSource: TypeAlias = Literal["None", "Input"]

MEGABYTE = 1 << 20
MAX_MEGABYTES = 100  # of one payload, and of all that are under way
_SPLITS: dict[str, SplitType] = {JSON_LINES: "Line", CSV: "Line", RECORDIO: "RecordIO"}
_LINED = (JSON_LINES, CSV)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSettings:
    """What SageMaker's CreateTransformJob says of a job, apart from where its files are.

    Attributes
    ----------
    content_type
        Media type of the records.
    accept
        Media type of the answers; None: JSON lines, or CSV for records in CSV.
    split_type
        What a record is: a line, a RecordIO record, or the whole file ("None"). None: lines of
        JSON lines and CSV, RecordIO records of recordio-protobuf, otherwise the whole file.
    assemble_with
        What stands behind each answer: a line feed ("Line") or nothing ("None"). None: a line
        feed behind lines.
    batch_strategy
        Whether a request holds one record, or as many as fit the payload.
    max_payload_in_mb
        Largest request, in units of 2^20 bytes; 1 to 100.
    max_concurrent_transforms
        Requests under way at once; times the payload at most 100 MB.
    input_filter
        The part of a record that is sent, as a JSONPath.
    join_source
        "Input" joins each record with its answer.
    output_filter
        The part of the answer, or of what it was joined to, that is written; a JSONPath.
    """

    content_type: str = JSON_LINES
    accept: str | None = None
    split_type: SplitType | None = None
    assemble_with: AssembleWith | None = None
    batch_strategy: BatchStrategy = "MultiRecord"
    max_payload_in_mb: int = 6
    max_concurrent_transforms: int = 1
    input_filter: str = "$"
    join_source: JoinSource = "None"
    output_filter: str = "$"
    _paths: tuple[JsonPath, JsonPath] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        split = self.split_type or _SPLITS.get(self.content_name, "None")
        accept = self.accept or (CSV if self.content_name == CSV else JSON_LINES)
        lined = MediaType.parse(accept).name in _LINED
        self._set("split_type", split)
        self._set("accept", accept)
        self._set("assemble_with", self.assemble_with or ("Line" if lined else "None"))
        paths = (JsonPath(self.input_filter), JsonPath(self.output_filter))
        self._set("_paths", paths)
        self._check_sizes()
        if self.processes_data:
            self._check_processing()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def content_name(self) -> str:
        """Media type of the records, without parameters."""
        return MediaType.parse(self.content_type).name

    @property
    def accept_name(self) -> str:
        """Media type of the answers, without parameters."""
        return MediaType.parse(self.accept or "").name

    @property
    def max_payload_bytes(self) -> int:
        return self.max_payload_in_mb * MEGABYTE

    @property
    def processes_data(self) -> bool:
        """Whether records or answers are filtered or joined."""
        return self.join_source == "Input" or not all(path.is_root for path in self._paths)

    @property
    def input_path(self) -> JsonPath:
        return self._paths[0]

    @property
    def output_path(self) -> JsonPath:
        return self._paths[1]

    def _check_sizes(self) -> None:
        payload, concurrent = self.max_payload_in_mb, self.max_concurrent_transforms
        if not 1 <= payload <= MAX_MEGABYTES:
            raise UserError(f"max_payload_in_mb is {payload}; expected 1 to {MAX_MEGABYTES}")
        if concurrent < 1:
            raise UserError(f"max_concurrent_transforms is {concurrent}; expected 1 or more")
        if payload * concurrent > MAX_MEGABYTES:
            raise UserError(
                f"max_concurrent_transforms {concurrent} times max_payload_in_mb {payload} is "
                f"{payload * concurrent}; expected at most {MAX_MEGABYTES}"
            )

    def _check_processing(self) -> None:
        lines = self.split_type == "Line" and self.assemble_with == "Line"
        suits = {
            CSV: lines and self.accept_name == CSV,
            JSON_LINES: lines and self.accept_name == JSON_LINES,
            JSON: self.split_type == "None" and self.accept_name == JSON,
        }
        if not suits.get(self.content_name, False):
            raise UserError(
                "filters and joins need records and answers both in CSV or both in JSON lines, "
                "split and assembled by Line, or both in JSON with split_type None; got "
                f"content_type {self.content_name}, accept {self.accept_name}, "
                f"split_type {self.split_type}, assemble_with {self.assemble_with}"
            )
