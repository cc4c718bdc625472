"""Archives of models, as training jobs leave them and as they do not."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def packed(files: Mapping[str, bytes], *links: tarfile.TarInfo) -> bytes:
    """Return a tar.gz of files by their names, then of members without content."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
        for link in links:
            archive.addfile(link)
    return content.getvalue()
