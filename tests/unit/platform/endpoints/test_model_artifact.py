"""Archives of models: only files, only inside the folder, whole or not at all."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.errors import PairloomError
from pairloom.platform.endpoints.model_artifact import unpack
from unit.platform.endpoints.archives import packed

WHOLE = {"model_algo-1": b"parameters", "deep/er": b""}


def unpacked(content: bytes, root: Path) -> dict[str, bytes]:
    (root / "archive").write_bytes(content)
    folder = root / "inner" / "model"
    folder.mkdir(parents=True)
    unpack(root / "archive", folder)
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_files_are_unpacked_at_any_depth(tmp_path: Path) -> None:
    assert unpacked(packed(WHOLE), tmp_path) == WHOLE


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_member_that_leads_outside_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PairloomError, match="leads out of the folder"):
        unpacked(packed({name: b"x"}), tmp_path)
    assert list(tmp_path.rglob("outside")) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_member_that_is_no_file_is_refused(kind: bytes, tmp_path: Path) -> None:
    link = tarfile.TarInfo("model_algo-1")
    link.type, link.linkname = kind, "/etc/passwd"
    with pytest.raises(PairloomError, match="links and devices are refused"):
        unpacked(packed({}, link), tmp_path)


@given(st.integers(0, len(packed(WHOLE)) - 1), st.integers(1, 255))
def test_damaged_archive_is_refused_or_unpacks_to_what_was_packed(at: int, bits: int) -> None:
    content = bytearray(packed(WHOLE))
    content[at] ^= bits
    for damaged in (bytes(content), bytes(content[:at])):
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = unpacked(damaged, Path(folder))
            except PairloomError:
                continue
            assert found == WHOLE  # some bytes of gzip's head mean nothing
