"""Where the objects of a channel lie in its folder; what a manifest may say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.errors import UserError
from pairloom.platform.jobs.channel_files import path_below, read_manifest


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("in/train", "in/train/a.pbr", "a.pbr"),
        ("in/train/", "in/train/deep/a.pbr", "deep/a.pbr"),
        ("in/train/a.pbr", "in/train/a.pbr", "a.pbr"),
        ("in/tr", "in/train/a.pbr", "train/a.pbr"),
        ("in/part-", "in/part-0", "part-0"),
        ("", "a.pbr", "a.pbr"),
    ],
)
def test_object_lies_where_its_prefix_puts_it(prefix: str, key: str, path: str) -> None:
    assert str(path_below(prefix, key)) == path


@pytest.mark.parametrize("key", ["in/../../x", "in/a//x", "in/./x", "in/a/..", "in/x\0"])
def test_name_that_leads_out_of_the_folder_is_refused(key: str) -> None:
    with pytest.raises(UserError, match="leads out of the folder"):
        path_below("in/", key)


def test_manifest_names_objects_relative_to_its_prefix() -> None:
    text = json.dumps([{"prefix": "s3://b/set/"}, "m_0.pbr", "deep/m_1.pbr"]).encode()
    found = [(str(place), str(path)) for place, path in read_manifest(text, "manifest")]
    assert found == [
        ("s3://b/set/m_0.pbr", "m_0.pbr"),
        ("s3://b/set/deep/m_1.pbr", "deep/m_1.pbr"),
    ]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "no JSON"),
        ("{}", "must be a list"),
        ("[]", "must be a list"),
        ('["a"]', r"manifest\[0\] is 'a'"),
        ('[{"prefix": 1}, "a"]', r"manifest\[0\]"),
        ('[{"prefix": "s3://b/"}]', "names no object"),
        ('[{"prefix": "s3://b/"}, 1]', r"manifest\[1\] is 1"),
        ('[{"prefix": "file:///etc/"}, "passwd"]', "no address of objects"),
        ('[{"prefix": "s3://b/"}, "../x"]', "leads out"),
    ],
)
def test_malformed_manifest_is_refused_by_place(document: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_manifest(document.encode(), "manifest")


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda text: json.dumps(
    [{"prefix": "s3://b/x/"}, text]).encode()))  # fmt: skip
def test_any_bytes_are_a_manifest_within_the_folder_or_refused(text: bytes) -> None:
    try:
        found = read_manifest(text, "manifest")
    except UserError:
        return
    assert all(".." not in path.parts and not path.is_absolute() for _, path in found)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_key_lies_in_the_folder_or_is_refused(prefix: str, rest: str) -> None:
    try:
        path = path_below(prefix, prefix + rest)
    except UserError:
        return
    assert not path.is_absolute()
    assert ".." not in path.parts
