from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from pairloom.errors import UserError
from pairloom.platform.identity import KeyPair, make_key_pair, read_key_pair


def test_pair_comes_back_from_a_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    pair = make_key_pair()
    file = tmp_path / "platform" / "keys.json"
    pair.write(file)
    pair.write(file)
    assert read_key_pair(file) == pair
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_pairs_have_the_forms_of_aws_and_differ() -> None:
    one, other = make_key_pair(), make_key_pair()
    assert re.fullmatch("AKIA[A-Z2-7]{16}", one.access_key_id)
    assert len(one.secret_access_key) == 40
    assert one != other


def test_secret_is_not_shown() -> None:
    assert "hush" not in repr(KeyPair("AKIA", "hush"))


@pytest.mark.parametrize("text", ["{", "[]", "3", "{}", '{"access_key_id": "a"}'])
def test_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(UserError, match=r"keys\.json: must be a JSON object with access_key_id"):
        read_key_pair(file)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not there; `pairloom keys` makes it"):
        read_key_pair(tmp_path / "keys.json")
