"""What MXNet makes of our artifacts, and artifacts as MXNet writes them; run by MXNet's own Python.

Usage: python mxnet_exchange.py OURS THEIRS

Loads each `OURS/<case>/model.tar.gz` the way SageMaker's users do, scores `OURS/<case>/rows.npz`
and leaves both in `OURS/<case>/loaded.npz`; writes `THEIRS/<case>/model_algo-1` with what it holds
in `THEIRS/<case>/held.npz`.
"""

from __future__ import annotations

import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np

FEATURE_DIM, NUM_FACTORS = 13, 4


def load_ours(folder: Path) -> None:
    with tarfile.open(folder / "model.tar.gz") as archive:
        archive.extractall(folder)
    with zipfile.ZipFile(folder / "model_algo-1") as model_zip:
        model_zip.extractall(folder)
    (folder / "symbol.json").rename(folder / "model-symbol.json")
    (folder / "params").rename(folder / "model-0000.params")
    module = mx.module.Module.load(str(folder / "model"), 0, False, label_names=["out_label"])
    rows = np.load(folder / "rows.npz")
    parts = (rows["values"], rows["feature_ids"], rows["row_offsets"])
    data = mx.nd.sparse.csr_matrix(parts, shape=tuple(rows["shape"]), dtype="float32")
    num_rows = data.shape[0]
    module.bind(
        data_shapes=[("data", data.shape)],
        label_shapes=[("out_label", (num_rows, 1))],
        for_training=False,
    )
    batch = mx.io.DataBatch([data], [mx.nd.zeros((num_rows, 1))])
    module.forward(batch, is_train=False)
    held = module._arg_params
    np.savez(
        folder / "loaded.npz",
        v=held["v"].asnumpy(),
        w1_weight=held["w1_weight"].asnumpy(),
        w0_weight=held["w0_weight"].asnumpy(),
        storage=[held["v"].stype, held["w1_weight"].stype, held["w0_weight"].stype],
        predictions=module.get_outputs()[0].asnumpy().reshape(-1),
    )


def symbol(output: Any) -> Any:
    x = mx.sym.Variable("data", stype="csr")
    v = mx.sym.Variable("v", shape=(FEATURE_DIM, NUM_FACTORS), stype="row_sparse")
    w1 = mx.sym.Variable("w1_weight", shape=(FEATURE_DIM, 1), stype="row_sparse")
    w0 = mx.sym.Variable("w0_weight", shape=(1,))
    sums = mx.sym.square(mx.sym.dot(x, v))
    own = mx.sym.dot(mx.sym.square(x), mx.sym._internal._square_sum(v, axis=1, keepdims=True))
    pairs = 0.5 * (mx.sym.sum(sums, axis=1, keepdims=True) - own)
    score = mx.sym.broadcast_add(mx.sym.dot(x, w1), w0) + pairs
    return output(data=score, label=mx.sym.Variable("out_label"), name="out")


def write_theirs(
    folder: Path, arrays: dict[str, Any], output: Any, params: bytes | None = None
) -> None:
    folder.mkdir()
    path = folder / "params"
    if params is None:
        mx.nd.save(str(path), arrays)
    else:
        path.write_bytes(params)
    for name, array in mx.nd.load(str(path)).items():  # MXNet reads what stands there
        assert (array.asnumpy() == arrays[name].asnumpy()).all(), name
    symbol(output).save(str(folder / "symbol.json"))
    with zipfile.ZipFile(folder / "model_algo-1", "w") as archive:
        archive.write(path, "params")
        archive.write(folder / "symbol.json", "symbol.json")
    held = {name.split(":")[1]: array.asnumpy() for name, array in arrays.items()}
    np.savez(folder / "held.npz", **held)


def old_list(arrays: dict[str, Any], header: Callable[[tuple[int, ...]], bytes]) -> bytes:
    names = [name.encode() for name in arrays]
    body = b"".join(
        header(array.shape) + struct.pack("<iii", 1, 0, 0) + array.asnumpy().tobytes()
        for array in arrays.values()
    )
    named = b"".join(struct.pack("<Q", len(name)) + name for name in names)
    count = struct.pack("<Q", len(arrays))
    return struct.pack("<QQ", 0x112, 0) + count + body + count + named


def v1_header(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f"<II{len(shape)}q", 0xF993FAC8, len(shape), *shape)


def header_without_magic(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f"<I{len(shape)}I", len(shape), *shape)


def write_all_theirs(folder: Path) -> None:
    random = np.random.RandomState(7)
    v = mx.nd.array(random.normal(size=(FEATURE_DIM, NUM_FACTORS)))
    w1 = mx.nd.array(random.normal(size=(FEATURE_DIM, 1)))
    dense = {"arg:v": v, "arg:w1_weight": w1, "arg:w0_weight": mx.nd.array([0.25])}
    sparse = {
        "arg:v": v.tostype("row_sparse"),
        "arg:w1_weight": w1.tostype("row_sparse"),
        "arg:w0_weight": dense["arg:w0_weight"],
    }
    some = mx.nd.array([1, 2, 6, 12], dtype="int64")
    some_rows = dict(sparse)
    for name in ("arg:v", "arg:w1_weight"):
        some_rows[name] = mx.nd.sparse.retain(sparse[name], some)
    no_rows = dict(sparse)
    for name in ("arg:v", "arg:w1_weight"):
        no_rows[name] = mx.nd.sparse.zeros("row_sparse", sparse[name].shape)
    logistic, linear = mx.sym.LogisticRegressionOutput, mx.sym.LinearRegressionOutput
    write_theirs(folder / "dense", dense, linear)
    write_theirs(folder / "row-sparse", sparse, logistic)
    write_theirs(folder / "some-rows", some_rows, logistic)
    write_theirs(folder / "no-rows", no_rows, linear)
    double = {name: array.astype("float64") for name, array in dense.items()}
    write_theirs(folder / "float64", double, linear)
    half = {name: array.astype("float16") for name, array in dense.items()}
    write_theirs(folder / "float16", half, linear)
    write_theirs(folder / "v1", dense, linear, old_list(dense, v1_header))
    write_theirs(folder / "before-magics", dense, logistic, old_list(dense, header_without_magic))


def write_with_numpy_shapes(folder: Path) -> None:
    folder.mkdir()
    arrays = dict(np.load(folder.parent / "dense" / "held.npz"))
    mx.npx.set_np()
    named = {f"arg:{name}": mx.np.array(array, dtype="float32") for name, array in arrays.items()}
    mx.npx.save(str(folder / "params"), named)
    mx.npx.reset_np()
    with zipfile.ZipFile(folder / "model_algo-1", "w") as archive:
        archive.write(folder / "params", "params")
        archive.write(folder.parent / "dense" / "symbol.json", "symbol.json")
    np.savez(folder / "held.npz", **arrays)


if __name__ == "__main__":
    ours, theirs = (Path(folder) for folder in sys.argv[1:])
    for case in sorted(ours.iterdir()):
        load_ours(case)
    write_all_theirs(theirs)
    write_with_numpy_shapes(theirs / "numpy-shapes")
