"""Bad input is never silent and never a crash."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from oracle.aialgs_record import MAGIC, Record, file_of, frame, record_of
from pairloom.errors import DataFormatError
from pairloom.formats import read_recordio

GOOD = file_of([record_of([1, 2], 1)])


def sparse(values: list[float], keys: list[int], shape: list[int] | None = None) -> bytes:
    return file_of([record_of(values, 1, keys=keys, shape=[10] if shape is None else shape)])


def features_of_bytes() -> bytes:
    record = record_of([1, 2], 1)
    record.features["values"].bytes.value.append(b"x")
    return file_of([record])


def label_of(*values: float, keys: tuple[int, ...] = ()) -> bytes:
    record = record_of([1, 2], None)
    record.label["values"].float32_tensor.values.extend(values)
    record.label["values"].float32_tensor.keys.extend(keys)
    return file_of([record])


def named(name: str) -> bytes:
    record = record_of([1, 2], 1)
    record.features[name].float32_tensor.values.append(1)
    return file_of([record])


FRAMES = {
    "truncated-header": (GOOD[:5], "ends inside a record's header; expected 8 bytes, found 5"),
    "truncated-payload": (GOOD[:-9], "the file ends inside a record: it takes 52 bytes"),
    "length-past-the-end": (
        struct.pack("<II", MAGIC, 2**29 - 1) + bytes(100),
        "the file ends inside a record: it takes 536870920 bytes .* found 108",
    ),
    "bad-magic": (
        b"\x0b" + GOOD[1:],
        "bad magic 0xced7230b; expected 0xced7230a at the start of a record",
    ),
    "unknown-part-flag": (struct.pack("<II", MAGIC, 4 << 29), r"part flag 4; expected 0 \(whole\)"),
    "second-part-first": (frame(b"", 2), "a later part of a split record without its first"),
    "last-part-first": (frame(b"", 3), "a later part of a split record without its first"),
    "whole-inside-split": (
        frame(b"", 1) + GOOD,
        "a new record inside a split one; expected its next part",
    ),
    "two-firsts": (frame(b"", 1) + frame(b"", 1), "a new record inside a split one"),
    "unfinished-split": (frame(b"", 1), "the file ends inside a split record"),
}

MESSAGES = {
    "unprintable-name": (named("a\n\u00e9"), r'features\["a\\x0a\\xc3\\xa9"\]; expected'),
    "other-features": (named("images"), r'features\["images"\]; expected no name but "values"'),
    "endless-varint": (frame(b"\x18" + b"\xff" * 10), "invalid varint"),
    "varint-of-66-bits": (frame(b"\x18" + b"\xff" * 9 + b"\x02"), "invalid varint"),
    "cut-varint": (frame(b"\x18\xff"), "the message ends inside a varint"),
    "field-zero": (frame(b"\x02\x00"), "tag 2; expected a field number and a wire type"),
    "wire-type-6": (frame(b"\x0e\x00"), "tag 14; expected"),
    "tag-too-large": (frame(b"\x88\x80\x80\x80\x10\x00"), "tag 4294967304; expected"),
    "field-past-the-end": (frame(b"\x0a\x05abc"), "length 5 past the end; expected at most 3"),
    "cut-fixed64": (frame(b"\x19abc"), "ends inside a field; expected 8 bytes, found 3"),
    "cut-fixed32": (frame(b"\x1d"), "ends inside a field; expected 4 bytes, found 0"),
    "stray-end-group": (frame(b"\x1c"), "end of group 3 without its start"),
    "wrong-end-group": (frame(b"\x1b\x24"), "end of group 4 without its start"),
    "open-group": (frame(b"\x1b"), "ends inside group 3"),
    "deep-groups": (frame(b"\x1b" * 101 + b"\x1c" * 101), "groups nested deeper than 100"),
    "packed-floats-of-3-bytes": (
        frame(b"\x0a\x11\x0a\x06values\x12\x07\x12\x05\x0a\x03abc"),
        "packed float32 values take 3 bytes; expected a multiple of 4",
    ),
    "packed-doubles-of-9-bytes": (
        frame(b"\x0a\x17\x0a\x06values\x12\x0d\x1a\x0b\x0a\x09" + b"\0" * 9),
        "ends inside a field; expected 8 bytes, found 1",
    ),
}

ROWS = {
    "no-features": (file_of([Record()]), r'no features; expected features\["values"\]'),
    "features-of-bytes": (features_of_bytes(), r'features\["values"\] holds bytes; expected a Flo'),
    "features-of-nothing": (
        frame(b"\x0a\x08\x0a\x06values"),
        r'features\["values"\] holds nothing; expected a Float32, Float64 or Int32 tensor',
    ),
    "no-column": (file_of([record_of([])]), "number of values 0; expected 1 to 2147483647"),
    "too-wide": (sparse([1], [3], [2**31]), "shape 2147483648; expected 1 to 2147483647"),
    "key-out-of-range": (sparse([1], [10]), "key 10; expected keys below 10"),
    "key-beyond-int64": (sparse([1], [2**64 - 1]), "key 18446744073709551615; expected keys below"),
    "more-keys": (sparse([1, 2], [1, 2, 3]), "3 keys and 2 values; expected as many of both"),
    "more-values": (sparse([1, 2, 3], [1, 2]), "2 keys and 3 values; expected as many of both"),
    "key-twice": (sparse([1, 2], [4, 4]), "key 4 twice; expected distinct keys"),
    "key-twice-apart": (sparse([1, 2, 3], [4, 1, 4]), "key 4 twice; expected distinct keys"),
    "two-shapes": (sparse([1], [4], [3, 3]), "shape of 2 numbers; expected one"),
    "shape-unlike-values": (
        file_of([record_of([1, 2], shape=[3])]),
        "number of values 2; expected 3 as in the first record",
    ),
    "nan": (file_of([record_of([1, np.nan])]), "value 1 is nan; expected finite float32 numbers"),
    "infinity": (file_of([record_of([-np.inf, 1])]), "value 0 is -inf; expected finite"),
    "double-beyond-float32": (
        file_of([record_of([1, 1e39], tensor="float64_tensor")]),
        "value 1 is inf; expected finite float32 numbers",
    ),
    "no-label": (file_of([record_of([1, 2], None)]), r'no label; expected label\["values"\]'),
    "label-nan": (label_of(np.nan), "label nan; expected a finite float32 number"),
    "two-labels": (label_of(1, 2), "label: 2 values and 0 keys; expected one value and no key"),
    "empty-label": (label_of(), "label: 0 values and 0 keys; expected one value"),
    "label-with-key": (label_of(1, keys=(0,)), "label: 1 values and 1 keys; expected one value"),
}

FIRST_ROWS = {
    "no-shape": (sparse([1], [4], []), "keys without shape; expected shape, the number of columns"),
}
CASES = {**FRAMES, **MESSAGES, **ROWS, **FIRST_ROWS}


@pytest.mark.parametrize("case", CASES)
def test_reader_says_what_is_wrong_when_a_record_is(case: str, tmp_path: Path) -> None:
    content, complaint = CASES[case]
    file = tmp_path / "bad.pbr"
    file.write_bytes(content)
    with pytest.raises(
        DataFormatError, match=rf"bad\.pbr: byte \d+, record \d+: .*{complaint}"
    ) as raised:
        read_recordio(file)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("case", ROWS)
def test_reader_names_byte_and_record_of_a_bad_row(case: str) -> None:
    good = file_of([record_of([1], 0, keys=[0], shape=[10])] * 3)
    content, _ = ROWS[case]
    with pytest.raises(DataFormatError, match=rf"<stream>: byte {len(good)}(?!\d), record 3: "):
        read_recordio(io.BytesIO(good + content))


def test_reader_names_the_very_byte_of_a_malformed_message() -> None:
    payload = record_of([1, 2], 1).SerializeToString() + b"\x18\xff"
    at = len(GOOD) + 8 + len(payload) - 1
    with pytest.raises(DataFormatError, match=f"byte {at}, record 1: "):
        read_recordio(io.BytesIO(GOOD + frame(payload)))


def test_reader_counts_bytes_and_records_from_each_files_start(tmp_path: Path) -> None:
    good, bad = tmp_path / "0.pbr", tmp_path / "1.pbr"
    good.write_bytes(GOOD * 5)
    bad.write_bytes(GOOD + b"junkjunk")
    complaint = re.escape(f"{bad}: byte {len(GOOD)}, record 1: bad magic 0x6b6e756a")
    with pytest.raises(DataFormatError, match=complaint):
        read_recordio([good, bad])


@pytest.mark.parametrize("label", [-1, 2, 0.5])
def test_reader_raises_when_a_classifiers_label_is_neither_0_nor_1(label: float) -> None:
    content = GOOD + file_of([record_of([1, 2], label)])
    complaint = rf"record 1: label {label}; expected 0 or 1 for a binary classifier"
    with pytest.raises(DataFormatError, match=complaint):
        read_recordio(io.BytesIO(content), predictor_type="binary_classifier")
    batch = read_recordio(io.BytesIO(content), predictor_type="regressor")
    np.testing.assert_array_equal(batch.labels, [1, label])


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (record_of([1, 2, 3]), "number of values 3; expected 2, the feature_dim given"),
        (record_of([1], keys=[1], shape=[3]), "shape 3; expected 2, the feature_dim given"),
        (record_of([1], keys=[2]), "key 2; expected keys below 2"),
    ],
)
def test_reader_raises_when_a_row_is_not_as_wide_as_told(row: object, complaint: str) -> None:
    with pytest.raises(DataFormatError, match=f"record 0: features: {complaint}"):
        read_recordio(io.BytesIO(file_of([row])), feature_dim=2)


def test_reader_raises_when_rows_differ_in_width() -> None:
    content = file_of([record_of([1, 2]), record_of([1, 2, 3])])
    complaint = "number of values 3; expected 2 as in the first record"
    with pytest.raises(DataFormatError, match=complaint):
        read_recordio(io.BytesIO(content))


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ([1, None], "no label; expected one as in the records before"),
        ([None, 1], "a label; expected none as in the records before"),
    ],
)
def test_reader_raises_when_only_some_records_have_labels(
    labels: list[float | None], complaint: str
) -> None:
    content = file_of([record_of([1, 2], label) for label in labels])
    with pytest.raises(DataFormatError, match=f"record 1: {complaint}"):
        read_recordio(io.BytesIO(content), require_labels=False)


def test_every_truncation_of_a_file_is_an_error_or_ends_between_records() -> None:
    content = GOOD * 2 + sparse([1], [1], [2])
    ends = {len(GOOD), 2 * len(GOOD), len(content)}
    for length in range(1, len(content) + 1):
        if length in ends:
            assert read_recordio(io.BytesIO(content[:length])).num_rows >= 1
        else:
            with pytest.raises(DataFormatError, match="the file ends inside"):
                read_recordio(io.BytesIO(content[:length]))
