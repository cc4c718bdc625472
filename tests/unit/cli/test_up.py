from __future__ import annotations

from pathlib import Path

import pytest

from pairloom.cli.program import parse
from pairloom.errors import UserError


def test_malformed_address_of_ray_is_refused_before_anything_starts(tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    arguments = parse(["up", "--dir", str(folder), "--ray-address", "nowhere"])
    with pytest.raises(UserError, match="Ray's address is 'nowhere'; must be host:port"):
        arguments.run(arguments)
    assert not folder.exists()
