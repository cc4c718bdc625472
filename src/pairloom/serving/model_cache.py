"""The form of a model that all processes of an endpoint share: mapped into memory, made once."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pairloom.errors import UserError
from pairloom.model import Model
from pairloom.model.native import find_faults

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A mapped model, and the artifact that it was made of."""

    model: Model
    artifact_sha256: str
    artifact_bytes: int


def load_for_serving(artifact: Path, cache: Path | None = None) -> ServedModel:
    """Write the artifact's native form to the cache, unless it is there, and map it.

    The folder of the artifact is only read. Without `cache`, the native file lies in a temporary
    folder that is gone when this returns: the mapping keeps the bytes, for forked processes too.

    Raises
    ------
    UserError
        There is no such file.
    DataFormatError
        The file is no model.
    """
    if not artifact.is_file():
        raise UserError(f"{artifact}: no such file; an endpoint serves the model that lies there")
    digest = sha256_of(artifact)
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        model = _mapped(artifact, cache / f"{digest}.pairloom")
    else:
        with tempfile.TemporaryDirectory(prefix="pairloom-endpoint-") as folder:
            model = _mapped(artifact, Path(folder) / f"{digest}.pairloom")
    return ServedModel(model, digest, artifact.stat().st_size)


def sha256_of(path: Path) -> str:
    """Return the digest of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _mapped(artifact: Path, native: Path) -> Model:
    if not native.exists() or find_faults(native):
        Model.load(artifact).save(native)
    return Model.load(native)
