from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from oracle.aialgs_record import Record, UnpackedRecord, file_of, frame, record_of
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats import read_recordio


def read(content: bytes, **options: object) -> RowBatch:
    return read_recordio(io.BytesIO(content), **options)  # type: ignore[arg-type]


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def entry(*values: bytes, name: bytes = b"values") -> bytes:
    return field(1, name) + b"".join(field(2, value) for value in values)


def floats(*numbers: float) -> bytes:
    return field(1, np.array(numbers, np.float32).tobytes())


def test_dense_records_become_a_dense_batch() -> None:
    batch = read(file_of([record_of([1, 0, 2.5], 1), record_of([0, -3, 0], 0)]))
    assert batch.is_dense
    assert batch.feature_dim == 3
    np.testing.assert_array_equal(batch.values, [[1, 0, 2.5], [0, -3, 0]])
    np.testing.assert_array_equal(batch.labels, [1, 0])
    assert batch.values is not None
    assert batch.values.dtype == np.float32


def test_sparse_records_become_a_sparse_batch() -> None:
    records = [
        record_of([1, 0], 1, keys=[2, 9], shape=[10]),
        record_of([], 0, shape=[10]),
        record_of([3], 1, keys=[0], shape=[10]),
    ]
    batch = read(file_of(records))
    assert not batch.is_dense
    assert (batch.feature_dim, batch.num_rows, batch.num_nonzeros) == (10, 3, 3)
    np.testing.assert_array_equal(batch.row_offsets, [0, 2, 2, 3])
    np.testing.assert_array_equal(batch.feature_ids, [2, 9, 0])
    np.testing.assert_array_equal(batch.values, [1, 0, 3])
    assert batch.feature_ids is not None
    assert batch.feature_ids.dtype == np.int32


@pytest.mark.parametrize("tensor", ["float32_tensor", "float64_tensor", "int32_tensor"])
@pytest.mark.parametrize("message", [Record, UnpackedRecord])
def test_every_tensor_type_is_read_packed_or_not(tensor: str, message: object) -> None:
    dense = record_of([1, -2, 300], tensor=tensor, message=message)
    np.testing.assert_array_equal(read(file_of([dense])).values, [[1, -2, 300]])
    sparse = record_of([-7, 8], keys=[3, 70000], shape=[70001], tensor=tensor, message=message)
    batch = read(file_of([sparse]))
    np.testing.assert_array_equal(batch.feature_ids, [3, 70000])
    np.testing.assert_array_equal(batch.values, [-7, 8])


def test_mixed_dense_and_sparse_records_become_a_sparse_batch_without_the_dense_zeros() -> None:
    records = [
        record_of([0, 5, 0]),
        record_of([0], keys=[1], shape=[3]),
        record_of([7, 0, 8]),
    ]
    batch = read(file_of(records))
    np.testing.assert_array_equal(batch.row_offsets, [0, 1, 2, 4])
    np.testing.assert_array_equal(batch.feature_ids, [1, 1, 0, 2])
    np.testing.assert_array_equal(batch.values, [5, 0, 7, 8])


def test_uid_metadata_configuration_and_unknown_fields_are_passed_over() -> None:
    record = record_of([1, 2], 1)
    record.uid, record.metadata, record.configuration = "u", '{"a": 1}', "c"
    group = bytes([11 << 3 | 3, 12 << 3 | 3, 12 << 3 | 4, 1 << 3, 5, 11 << 3 | 4])
    fixed = bytes([6 << 3 | 1]) + bytes(8) + bytes([7 << 3 | 5]) + bytes(4)
    wrong_wire_type = bytes([1 << 3, 5])
    payload = group + fixed + record.SerializeToString() + field(15, b"x") + wrong_wire_type
    np.testing.assert_array_equal(read(frame(payload)).values, [[1, 2]])


def test_fields_may_come_in_any_order() -> None:
    tensor = field(3, b"\x05") + field(2, b"\x01\x04") + floats(8, 9)
    backwards = field(2, field(2, tensor)) + field(1, b"values")
    label = field(2, field(2, field(2, floats(1))) + field(1, b"values"))
    batch = read(frame(label + field(1, backwards)))
    np.testing.assert_array_equal(batch.feature_ids, [1, 4])
    np.testing.assert_array_equal(batch.values, [8, 9])


@pytest.mark.parametrize(
    "features",
    [
        pytest.param(field(1, entry(field(2, floats(1)), field(2, floats(2)))), id="values-merge"),
        pytest.param(field(1, entry(field(2, floats(1)) + field(2, floats(2)))), id="oneof-merges"),
        pytest.param(field(1, entry(field(2, floats(1) + floats(2)))), id="runs-join"),
        pytest.param(
            field(1, entry(field(2, b"\x0d" + floats(1)[2:] + floats(2)))), id="packed-and-not"
        ),
        pytest.param(
            field(1, entry(field(2, floats(9)))) + field(1, entry(field(2, floats(1, 2)))),
            id="later-entry-replaces",
        ),
        pytest.param(
            field(1, entry(field(7, field(1, b"\x05")) + field(2, floats(1, 2)))),
            id="other-member-replaces",
        ),
        pytest.param(
            field(1, field(1, b"other") + entry(field(2, floats(1, 2)))), id="last-name-counts"
        ),
    ],
)
def test_repeated_messages_merge_as_protobuf_says(features: bytes) -> None:
    payload = features + field(2, entry(field(2, floats(1))))
    told_by_protobuf = Record.FromString(payload).features["values"].float32_tensor.values
    assert list(told_by_protobuf) == [1, 2]
    np.testing.assert_array_equal(read(frame(payload)).values, [[1, 2]])


def test_split_records_are_joined_with_the_magic_between_their_parts() -> None:
    magic_as_float = np.frombuffer(bytes.fromhex("0a23d7ce"), np.float32)[0]
    payload = record_of([1, magic_as_float, magic_as_float, 2]).SerializeToString()
    parts = payload.split(bytes.fromhex("0a23d7ce"))
    assert len(parts) == 3
    content = frame(parts[0], 1) + frame(parts[1], 2) + frame(parts[2], 3)
    whole = file_of([record_of([5, 6, 7, 8])])
    batch = read(whole + content + whole)
    expected = [[5, 6, 7, 8], [1, magic_as_float, magic_as_float, 2], [5, 6, 7, 8]]
    np.testing.assert_array_equal(batch.values, np.array(expected, np.float32))


def test_unsorted_keys_are_sorted_with_one_warning_that_counts() -> None:
    records = [
        record_of([1, 2, 3], keys=[9, 0, 4], shape=[10]),
        record_of([1], keys=[3], shape=[10]),
        record_of([1, 2], keys=[1, 0], shape=[10]),
    ]
    with pytest.warns(UserWarning, match="the keys of 2 records were not ascending") as warned:
        batch = read(file_of(records))
    assert len(warned) == 1
    np.testing.assert_array_equal(batch.feature_ids, [0, 4, 9, 3, 0, 1])
    np.testing.assert_array_equal(batch.values, [2, 3, 1, 1, 2, 1])


def test_keys_without_shape_are_read_when_the_width_is_given() -> None:
    batch = read(file_of([record_of([1], keys=[3])]), feature_dim=10)
    assert batch.feature_dim == 10


def test_labels_are_optional_when_not_required() -> None:
    batch = read(file_of([record_of([1, 2], None)] * 2), require_labels=False)
    assert batch.labels is None
    batch = read(file_of([record_of([1, 2], 3.5)] * 2), require_labels=False)
    np.testing.assert_array_equal(batch.labels, [3.5, 3.5])


@pytest.mark.parametrize("tensor", ["float32_tensor", "float64_tensor", "int32_tensor"])
def test_labels_of_every_tensor_type_are_read(tensor: str) -> None:
    record = record_of([1], None)
    getattr(record.label["values"], tensor).values.append(1)
    batch = read(file_of([record]), predictor_type="binary_classifier")
    np.testing.assert_array_equal(batch.labels, [1])


def test_sources_are_read_one_after_the_other(tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    (folder / "deep").mkdir(parents=True)
    for name, number in (("part-1", 2), ("part-0", 1), ("deep/part-9", 0)):
        (folder / name).write_bytes(file_of([record_of([number])]))
    for no_data in (".amazon.manifest", "_SUCCESS"):
        (folder / no_data).write_text("no data")
    single = tmp_path / "single.pbr"
    single.write_bytes(file_of([record_of([3])]))
    batch = read_recordio([str(folder), io.BytesIO(file_of([record_of([4])])), single])
    np.testing.assert_array_equal(batch.values, [[0], [1], [2], [4], [3]])


def test_empty_files_hold_no_row() -> None:
    batch = read(b"", feature_dim=4)
    assert (batch.num_rows, batch.feature_dim) == (0, 4)


def test_reader_raises_when_there_is_no_record_at_all(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pbr"
    empty.touch()
    with pytest.raises(DataError, match=r"no record in .*empty\.pbr"):
        read_recordio(empty)
    with pytest.raises(DataError, match="no record in an empty list"):
        read_recordio([])
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="folder: the folder holds no data file"):
        read_recordio(tmp_path / "folder")


@pytest.mark.parametrize("feature_dim", [0, -1, 2**31])
def test_reader_raises_when_feature_dim_is_out_of_range(feature_dim: int) -> None:
    with pytest.raises(DataError, match=f"feature_dim {feature_dim}; expected 1 to 2147483647"):
        read(b"", feature_dim=feature_dim)


def test_ids_at_the_limit_of_int32_are_read() -> None:
    batch = read(file_of([record_of([1], keys=[2**31 - 2], shape=[2**31 - 1])]))
    np.testing.assert_array_equal(batch.feature_ids, [2**31 - 2])
