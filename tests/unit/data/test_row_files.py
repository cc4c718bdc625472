"""One reader for paths, folders and streams, in every format."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from backports import zstd

from pairloom.data import FileOptions, RowFiles
from pairloom.errors import UserError
from pairloom.formats.file_format import FileFormat

CSV = "label,a,b\n1,0.5,2\n0,-1.5,3\n1,4,0.25\n"
VALUES = [[0.5, 2], [-1.5, 3], [4, 0.25]]
LIBSVM = "1 0:0.5 1:2\n-1 0:-1.5 1:3\n1 0:4 1:0.25\n"
FORMATS: tuple[FileFormat, ...] = ("recordio", "libsvm", "csv", "parquet", "arrow")


def content_of(file_format: FileFormat) -> bytes:
    """Return the same three rows in a format, made without our own writers where possible."""
    if file_format == "recordio":
        return b"".join(map(record, VALUES, [1, 0, 1]))
    if file_format in {"libsvm", "csv"}:
        return (LIBSVM if file_format == "libsvm" else CSV).encode()
    table = pyarrow.csv.read_csv(io.BytesIO(CSV.encode()))
    file = io.BytesIO()
    if file_format == "parquet":
        pyarrow.parquet.write_table(table, file)
    else:
        pyarrow.feather.write_feather(table, file)
    return file.getvalue()


def record(values: list[float], label: float) -> bytes:
    def entry(number: int, tensor: npt.NDArray[np.float32]) -> bytes:
        packed = b"\x0a" + bytes([tensor.nbytes]) + tensor.tobytes()
        value = b"\x12" + bytes([len(packed)]) + packed
        pair = b"\x0a\x06values\x12" + bytes([len(value)]) + value
        return bytes([number << 3 | 2, len(pair)]) + pair

    payload = entry(1, np.array(values, "<f4")) + entry(2, np.array([label], "<f4"))
    frame = b"\x0a\x23\xd7\xce" + len(payload).to_bytes(4, "little") + payload
    return frame + bytes(-len(payload) % 4)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("file_format", FORMATS)
def test_file_folder_and_stream_give_the_same_rows(
    file_format: FileFormat, packed: str, tmp_path: Path
) -> None:
    content = PACKED[packed](content_of(file_format))
    suffix = {"recordio": "", "arrow": ".feather"}.get(file_format, f".{file_format}") + packed
    file = tmp_path / "shards" / "deep" / f"part-0{suffix}"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    (tmp_path / "shards" / "_SUCCESS").write_bytes(b"no data")

    told = FileOptions(format=file_format, zero_based=True)
    read = [
        RowFiles(FileOptions(zero_based=True), learns=True).read_labelled(
            source, 2, "binary_classifier"
        )
        for source in (file, tmp_path / "shards", str(file))
    ]
    streamed = RowFiles(told, learns=True)
    read += [streamed.read_labelled(io.BytesIO(content), 2, "binary_classifier") for _ in range(2)]

    for rows in read:
        assert rows.labels is not None
        assert rows.labels.tolist() == [1, 0, 1]
        assert np.asarray(rows.values).reshape(3, 2).tolist() == VALUES


def test_shards_at_any_depth_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, label in (("b/1.pbr", 2), ("a/z/0.pbr", 0), ("a/z0.pbr", 1), ("c.pbr", 3)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(record([0.5, 1], label))
    rows = RowFiles(FileOptions()).read_labelled(tmp_path, 2, "regressor")
    assert rows.labels is not None
    assert rows.labels.tolist() == [0, 1, 2, 3]


def test_reader_raises_when_a_stream_does_not_tell_its_format() -> None:
    with pytest.raises(UserError, match="<stream>: the format of a stream must be told"):
        RowFiles(FileOptions()).read(io.BytesIO(content_of("recordio")))
    with pytest.raises(UserError, match="NumPy files are not read from streams"):
        RowFiles(FileOptions(format="numpy")).read(io.BytesIO())
