"""Every way in which SageMaker's artifact may be wrong is named: member, offset, rule, value."""

from __future__ import annotations

import base64
import json
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairloom import Model
from pairloom.errors import DataFormatError, PlatformError
from pairloom.model.sagemaker.artifact import read_artifact, write_artifact
from unit.model.sagemaker.artifacts import (
    NAMES,
    PARAMS,
    SYMBOL,
    W0,
    W1,
    V,
    array_list,
    dense,
    model_zip,
    row_sparse,
    shape,
    small_model,
    tar_gz,
    zip_bytes,
)

V2_DENSE = struct.pack("<Ii", 0xF993FAC9, 0)
CPU_FLOAT = struct.pack("<iii", 1, 0, 0)
VALUES = np.arange(6, dtype="<f4").tobytes()


def with_v(v: bytes) -> bytes:
    return array_list([v, W1, W0], NAMES)


def ids(*rows: int) -> bytes:
    return with_v(row_sparse(np.ones((len(rows), 2)), rows, 3))


PARAMS_ERRORS: dict[str, tuple[bytes, str]] = {
    "list-magic": (b"\x13" + PARAMS[1:], r"offset 0: the list's magic must be 0x112; it is 0x113"),
    "reserved": (PARAMS[:8] + b"\1" + PARAMS[9:], r"offset 8: the reserved number must be 0x0"),
    "four-arrays": (
        struct.pack("<QQQ", 0x112, 0, 4),
        r"offset 16: the number of arrays must be at most 3; it is 4",
    ),
    "truncated": (PARAMS[:70], r"offset 64: an array of shape \(3, 2\) needs 24 bytes; 6 are left"),
    "empty": (b"", r"offset 0: the list's magic needs 8 bytes; 0 are left"),
    "more": (PARAMS + b"\0", r"offset 239: 1 bytes follow where the member should end"),
    "array-magic": (with_v(b"\xff" * 60), r"offset 24: an array's magic must be 0xf993fac9 or"),
    "csr": (
        with_v(struct.pack("<Ii", 0xF993FAC9, 2)),
        r"offset 28: an array's storage must be dense or row_sparse; it is 2 \(csr\)",
    ),
    "numpy-row-sparse": (
        with_v(struct.pack("<Ii", 0xF993FACA, 1)),
        r"storage must be dense; it is 1 \(row_sparse\)",
    ),
    "negative-dimension": (
        with_v(V2_DENSE + shape(-3, 2) + CPU_FLOAT + VALUES),
        r"offset 32: a shape must not be negative; it is \(-3, 2\)",
    ),
    "three-dimensions": (
        with_v(V2_DENSE + shape(3, 2, 1) + CPU_FLOAT + VALUES),
        r"offset 32: an array must have 1 or 2 dimensions; it has 3",
    ),
    "no-dimensions": (with_v(V2_DENSE + shape() + CPU_FLOAT), "1 or 2 dimensions; it has 0"),
    "huge-shape": (
        with_v(V2_DENSE + shape(2**62, 2**62) + CPU_FLOAT + VALUES),
        r"an array of shape \(4611686018427387904, 4611686018427387904\) needs",
    ),
    "few-rows-of-a-huge-shape": (
        with_v(row_sparse([[1, 2]], [0], 2**60)),
        r"of shape \(1152921504606846976, 2\) takes 9,223,372,036,854,775,808 bytes; this machine",
    ),
    "device": (
        with_v(V2_DENSE + shape(3, 2) + struct.pack("<iii", 9, 0, 0) + VALUES),
        r"a device must be one of \(1, 2, 3, 5\) with a number from 0; it is 9, 0",
    ),
    "integers": (with_v(dense([[1, 2]], 4)), r"must be float32, float64 or float16; it is 4 \(in"),
    "unknown-type": (
        with_v(V2_DENSE + shape(3, 2) + struct.pack("<iii", 1, 0, 99) + VALUES),
        r"it is 99 \(unknown\)",
    ),
    "rows-of-another-width": (
        with_v(struct.pack("<Ii", 0xF993FAC9, 1) + shape(1, 3) + shape(3, 2) + CPU_FLOAT + VALUES),
        r"stored rows of shape \(1, 3\) are not rows of an array of shape \(3, 2\)",
    ),
    "ids-descend": (ids(1, 0), r"row ids must ascend and be below 3; number 1 is 0"),
    "id-twice": (ids(1, 1), r"number 1 is 1"),
    "id-negative": (ids(-1, 1), r"number 0 is -1"),
    "id-too-large": (ids(0, 3), r"offset 124: row ids must ascend and be below 3; number 1 is 3"),
    "all-ids-but-unsorted": (ids(0, 2, 1), r"number 2 is 1"),
    "names-missing": (array_list([V, W1, W0], NAMES[:2]), "must name each of the 3 arrays"),
    "name-twice": (array_list([V, W1, W0], ("arg:v", "arg:v", "x")), "'arg:v' is there twice"),
    "name-too-long": (
        array_list([V, W1, W0], ("x" * 1001, *NAMES[1:])),
        "a name's length must be at most 1,000; it is 1,001",
    ),
    "name-no-text": (
        PARAMS.replace(b"arg:v", b"arg:\xff"),
        r"a name must be UTF-8; it is b'arg:\\xff'",
    ),
    "other-name": (array_list([V, W1, W0], (*NAMES[:2], "aux:w0")), "must hold arg:v, arg:w1_wei"),
    "an-array-missing": (array_list([V, W1], NAMES[:2]), "it holds arg:v, arg:w1_weight"),
    "factors-of-one-dimension": (with_v(dense([1, 2, 3])), r"arg:v must have shape \(feature_dim"),
    "no-factors": (with_v(dense(np.zeros((3, 0)))), r"it has \(3, 0\)"),
    "weights-of-another-length": (
        array_list([V, dense([[1], [2]]), W0], NAMES),
        r"arg:w1_weight must have shape \(3, 1\); it has \(2, 1\)",
    ),
    "two-biases": (
        array_list([V, W1, dense([1, 2])], NAMES),
        r"arg:w0_weight must have shape \(1,\); it has \(2,\)",
    ),
    "nan": (
        with_v(dense([[1, 2], [3, np.nan], [5, 6]])),
        r"arg:v: must be finite; \[1, 1\] is nan",
    ),
    "overflow": (with_v(dense([[1, 2], [3, 4], [5, 1e300]], 1)), r"\[2, 1\] is inf"),
}


@pytest.mark.parametrize("case", PARAMS_ERRORS)
def test_wrong_params_are_named(case: str, tmp_path: Path) -> None:
    params, message = PARAMS_ERRORS[case]
    path = tmp_path / "model_algo-1"
    path.write_bytes(model_zip(params))
    with pytest.raises(DataFormatError, match=message) as error:
        read_artifact(path)
    assert str(error.value).startswith(f"{path}: params")


def ours(**changes: Any) -> bytes:
    hyperparameters = {"feature_dim": 3, "num_factors": 2, "predictor_type": "regressor"}
    content: dict[str, Any] = {
        "format_version": 1,
        "hyperparameters": hyperparameters | changes.pop("hyperparameters", {}),
        "trained_features": None,
        "metadata": {},
    }
    return json.dumps(content | changes).encode()


OURS_ERRORS = {
    "no-json": (b"{", "pairloom.json: is no JSON"),
    "no-text": (b"\xff\xfe\xff", "pairloom.json: is no JSON"),
    "deep": (b"[" * 100_000, "pairloom.json: is no JSON"),
    "no-object": (b"[1]", "format_version must be 1; it is None"),
    "version": (ours(format_version=2), "format_version must be 1; it is 2"),
    "metadata": (ours(metadata=[]), "metadata must be an object"),
    "hyperparameter": (ours(hyperparameters={"epochs": 0}), "epochs: 0 is refused"),
    "width": (ours(hyperparameters={"feature_dim": 4}), "feature_dim is 4; the parameters have 3"),
    "kind": (
        ours(hyperparameters={"predictor_type": "binary_classifier"}),
        "predictor_type is binary_classifier; the parameters have regressor",
    ),
    "names-number": (
        ours(metadata={"feature_names": 3}),
        "feature_names must be a list of 3; it is int",
    ),
    "names-few": (ours(metadata={"feature_names": ["a"]}), "must be a list of 3; it is 1"),
    "name-number": (ours(metadata={"feature_names": ["a", 1, "c"]}), "feature 1 has 1"),
    "field-text": (ours(metadata={"fields": [0, 0, "a"]}), "fields: feature 2 has 'a'"),
    "field-large": (ours(metadata={"fields": [0, 2**31, 1]}), "fields: feature 1 has 2147483648"),
    "mask-number": (ours(trained_features=7), "trained_features must be text or null"),
    "mask-text": (ours(trained_features="%%"), "trained_features is no base64"),
    "mask-ascii": (ours(trained_features="ü"), "trained_features is no base64"),
    "mask-length": (
        ours(trained_features=base64.b64encode(b"ab").decode()),
        "must hold 1 bytes; it holds 2",
    ),
    "mask-bits": (
        ours(trained_features=base64.b64encode(b"\x0f").decode()),
        "names a feature beyond feature_dim",
    ),
}


@pytest.mark.parametrize("case", OURS_ERRORS)
def test_wrong_extras_are_named(case: str, tmp_path: Path) -> None:
    content, message = OURS_ERRORS[case]
    path = tmp_path / "model_algo-1"
    path.write_bytes(model_zip(PARAMS, ours=content))
    with pytest.raises(DataFormatError, match=message) as error:
        read_artifact(path)
    assert str(error.value).startswith(f"{path}: pairloom.json: ")


SYMBOLS = {
    "no-json": (b"<", "is no MXNet graph"),
    "no-nodes": (b"{}", "is no MXNet graph: KeyError: 'nodes'"),
    "no-output": (b'{"nodes": [{"op": "dot"}]}', "must have .*; it has neither"),
    "two-outputs": (
        b'{"nodes": [{"op": "LinearRegressionOutput"}, {"op": "LogisticRegressionOutput"}]}',
        "must have one of the operators .*; it has LinearRegressionOutput and Log",
    ),
    "operators-no-text": (b'{"nodes": [{"op": []}]}', "is no MXNet graph"),
}


@pytest.mark.parametrize("case", SYMBOLS)
def test_wrong_graphs_are_named(case: str, tmp_path: Path) -> None:
    symbol, message = SYMBOLS[case]
    (tmp_path / "model_algo-1").write_bytes(model_zip(PARAMS, symbol=symbol))
    with pytest.raises(DataFormatError, match=f"symbol.json: {message}"):
        read_artifact(tmp_path / "model_algo-1")


def test_zip_without_params_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_algo-1").write_bytes(zip_bytes([("symbol.json", SYMBOL), ("x", b"")]))
    with pytest.raises(DataFormatError, match=r"must hold params; it holds symbol\.json, x"):
        read_artifact(tmp_path / "model_algo-1")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_member_twice_is_refused(tmp_path: Path) -> None:
    twice = [("symbol.json", SYMBOL), ("params", PARAMS), ("params", PARAMS)]
    (tmp_path / "model_algo-1").write_bytes(zip_bytes(twice))
    with pytest.raises(DataFormatError, match="the member params is there twice"):
        read_artifact(tmp_path / "model_algo-1")


@pytest.mark.parametrize("name", ["/etc/passwd", "../params", "a/../../b"])
def test_member_that_leads_out_of_the_zip_is_refused(name: str, tmp_path: Path) -> None:
    members = [("symbol.json", SYMBOL), ("params", PARAMS), (name, b"")]
    (tmp_path / "model_algo-1").write_bytes(zip_bytes(members))
    with pytest.raises(DataFormatError, match="must not lead out of the zip"):
        read_artifact(tmp_path / "model_algo-1")


def test_other_compression_is_refused(tmp_path: Path) -> None:
    members = [("symbol.json", SYMBOL), ("params", PARAMS)]
    (tmp_path / "model_algo-1").write_bytes(zip_bytes(members, zipfile.ZIP_BZIP2))
    with pytest.raises(DataFormatError, match="must be stored or deflated; its method is 12"):
        read_artifact(tmp_path / "model_algo-1")


def test_text_member_of_any_size_is_not_taken_into_memory(tmp_path: Path) -> None:
    members = [("symbol.json", bytes((1 << 24) + 1)), ("params", PARAMS)]
    (tmp_path / "model_algo-1").write_bytes(zip_bytes(members, zipfile.ZIP_DEFLATED))
    with pytest.raises(DataFormatError, match="must be at most 16,777,216 bytes"):
        read_artifact(tmp_path / "model_algo-1")


def test_changed_byte_of_a_stored_member_fails_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "model_algo-1"
    path.write_bytes(model_zip(PARAMS).replace(np.float32(4).tobytes(), np.float32(5).tobytes()))
    with pytest.raises(DataFormatError, match=r"params, offset .*Bad CRC-32"):
        read_artifact(path)


def test_neither_zip_nor_gzip_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PK\3\4", b"hello", b"\x1f\x8b", b"\x1f\x8b" + bytes(40)):
        (tmp_path / "model.tar.gz").write_bytes(content)
        with pytest.raises(DataFormatError, match=r"no (zip|tar\.gz) that can be read"):
            read_artifact(tmp_path / "model.tar.gz")


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


MODEL = (member("model_algo-1"), model_zip(PARAMS))
TARS: dict[str, tuple[list[tuple[tarfile.TarInfo, bytes]], str]] = {
    "nothing": ([], "must hold the file model_algo-1; it is empty"),
    "another-file": ([(member("model.bin"), b"")], "it holds the file 'model.bin'"),
    "a-file-beside": ([MODEL, (member("x"), b"")], "model_algo-1 alone; it holds the file 'x'"),
    "twice": ([MODEL, MODEL], "it holds the file 'model_algo-1'"),
    "symbolic-link": (
        [(member("model_algo-1", tarfile.SYMTYPE, "/etc/passwd"), b"")],
        "it holds the link 'model_algo-1'",
    ),
    "hard-link": ([(member("model_algo-1", tarfile.LNKTYPE, "/etc/passwd"), b"")], "the link"),
    "device": ([(member("model_algo-1", tarfile.CHRTYPE), b"")], "it holds the device"),
    "folder": ([(member("model_algo-1", tarfile.DIRTYPE), b"")], "it holds the folder"),
    "absolute": ([(member("/model_algo-1"), b"")], "a path that leads out of it, '/model_algo-1'"),
    "above": ([(member("../model_algo-1"), b"")], "a path that leads out of it"),
}


@pytest.mark.parametrize("case", TARS)
def test_tar_with_anything_but_the_model_is_refused(case: str, tmp_path: Path) -> None:
    members, message = TARS[case]
    path = tar_gz(tmp_path / "model.tar.gz", members)
    with pytest.raises(DataFormatError, match=message):
        read_artifact(path)


def test_tar_header_of_any_size_is_not_taken_into_memory(tmp_path: Path) -> None:
    long_header = member("x", tarfile.XHDTYPE)
    path = tar_gz(tmp_path / "model.tar.gz", [(long_header, bytes(3_000_000)), MODEL])
    with pytest.raises(DataFormatError, match="a header of 3,000,320 bytes"):
        read_artifact(path)


def test_tar_larger_than_the_disk_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    info = member("model_algo-1")
    info.size = 1 << 60
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        archive.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(
        PlatformError, match=r"has 1,152,921,504,606,846,976 bytes; .* has room for"
    ):
        read_artifact(path)


@pytest.mark.parametrize("cut", [30, 100, 1000])
def test_truncated_archive_is_refused(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    write_artifact(path, small_model())
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataFormatError, match=str(path)):
        read_artifact(path)


def test_truncated_model_is_called_a_zip_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "model_algo-1"
    write_artifact(path, small_model())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataFormatError, match=r"model_algo-1: no zip that can be read: "):
        Model.load(path)
