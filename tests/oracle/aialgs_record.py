"""aialgs.data.Record in Google's protobuf, and RecordIO frames: an independent second opinion."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

MAGIC = 0xCED7230A
_FIELD = descriptor_pb2.FieldDescriptorProto


def _add_field(parent: Any, name: str, number: int, type_: int, **traits: Any) -> None:
    field = parent.field.add(name=name, number=number, type=type_, label=_FIELD.LABEL_OPTIONAL)
    if "packed" in traits:
        field.label = _FIELD.LABEL_REPEATED
        field.options.packed = traits["packed"]
    if "message" in traits:
        field.type_name = f".aialgs.data.{traits['message']}"
    if "oneof" in traits:
        field.oneof_index = traits["oneof"]


def _add_tensor(file: Any, name: str, value_type: int, *, packed: bool) -> None:
    tensor = file.message_type.add(name=name)
    _add_field(tensor, "values", 1, value_type, packed=packed)
    _add_field(tensor, "keys", 2, _FIELD.TYPE_UINT64, packed=packed)
    _add_field(tensor, "shape", 3, _FIELD.TYPE_UINT64, packed=packed)


def _add_map(record: Any, name: str, entry_name: str, number: int) -> None:
    entry = record.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add_field(entry, "key", 1, _FIELD.TYPE_STRING)
    _add_field(entry, "value", 2, _FIELD.TYPE_MESSAGE, message="Value")
    _add_field(record, name, number, _FIELD.TYPE_MESSAGE, message=f"Record.{entry_name}")
    record.field[-1].label = _FIELD.LABEL_REPEATED


def _make_record_class(*, packed: bool) -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="record.proto", package="aialgs.data", syntax="proto2"
    )
    _add_tensor(file, "Float32Tensor", _FIELD.TYPE_FLOAT, packed=packed)
    _add_tensor(file, "Float64Tensor", _FIELD.TYPE_DOUBLE, packed=packed)
    _add_tensor(file, "Int32Tensor", _FIELD.TYPE_INT32, packed=packed)
    content = file.message_type.add(name="Bytes")
    _add_field(content, "value", 1, _FIELD.TYPE_BYTES)
    content.field[-1].label = _FIELD.LABEL_REPEATED
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for name, number in (("Float32", 2), ("Float64", 3), ("Int32", 7)):
        tensor = f"{name}Tensor"
        field = f"{name.lower()}_tensor"
        _add_field(value, field, number, _FIELD.TYPE_MESSAGE, message=tensor, oneof=0)
    _add_field(value, "bytes", 9, _FIELD.TYPE_MESSAGE, message="Bytes", oneof=0)
    record = file.message_type.add(name="Record")
    _add_map(record, "features", "FeaturesEntry", 1)
    _add_map(record, "label", "LabelEntry", 2)
    for name, number in (("uid", 3), ("metadata", 4), ("configuration", 5)):
        _add_field(record, name, number, _FIELD.TYPE_STRING)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("aialgs.data.Record"))


Record = _make_record_class(packed=True)
UnpackedRecord = _make_record_class(packed=False)
"""The same message whose writer packs nothing."""


def frame(payload: bytes, part: int = 0) -> bytes:
    """Frame one payload; `part` is the flag in the top three bits of the length."""
    header = struct.pack("<II", MAGIC, part << 29 | len(payload))
    return header + payload + bytes(-len(payload) % 4)


def file_of(records: Iterable[Any]) -> bytes:
    return b"".join(frame(record.SerializeToString()) for record in records)


def messages_of(content: bytes) -> list[Any]:
    """Every record of a file of whole frames."""
    records = []
    while content:
        magic, length = struct.unpack("<II", content[:8])
        assert magic == MAGIC
        records.append(Record.FromString(content[8 : 8 + length]))
        content = content[8 + length + -length % 4 :]
    return records


def tensor_of(value: Any) -> Any:
    """The tensor that a Value holds."""
    return getattr(value, value.WhichOneof("value"))


def record_of(
    values: Iterable[float],
    label: float | None = 1.0,
    *,
    keys: Iterable[int] = (),
    shape: Iterable[int] = (),
    tensor: str = "float32_tensor",
    message: Any = Record,
) -> Any:
    """A record of one row."""
    record = message()
    features = getattr(record.features["values"], tensor)
    features.SetInParent()
    features.values.extend(values)
    features.keys.extend(keys)
    features.shape.extend(shape)
    if label is not None:
        record.label["values"].float32_tensor.values.append(label)
    return record
