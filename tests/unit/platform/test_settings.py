from __future__ import annotations

from pathlib import Path

import pytest

from pairloom.errors import UserError
from pairloom.platform.settings import PlatformSettings, read_settings


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    settings = PlatformSettings(
        folder=tmp_path / "platform", port=9000, s3_endpoint="http://127.0.0.1:9001"
    )
    settings.write()
    assert read_settings(settings.folder) == settings


def test_embedded_database_lies_in_the_folder(tmp_path: Path) -> None:
    settings = PlatformSettings(folder=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'platform.sqlite'}"
    assert PlatformSettings(database="postgresql://db/x").database_url == "postgresql://db/x"


def test_names_of_resources_carry_region_and_account() -> None:
    settings = PlatformSettings(region="eu-west-1", account_id="123456789012")
    assert settings.arn("training-job", "fm") == (
        "arn:aws:sagemaker:eu-west-1:123456789012:training-job/fm"
    )
    assert settings.role_arn == "arn:aws:iam::123456789012:role/PairloomExecutionRole"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8190"),
        ("0.0.0.0", "http://127.0.0.1:8190"),
        ("::1", "http://[::1]:8190"),
        ("::", "http://[::1]:8190"),
        ("192.0.2.1", "http://192.0.2.1:8190"),
    ],
)
def test_clients_on_this_machine_are_told_where_they_reach_the_api(host: str, url: str) -> None:
    assert PlatformSettings(host=host).api_endpoint == url


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("port", 70000, "port is 70000; must be from 0 to 65535"),
        ("account_id", "1234", "account id is '1234'; must be 12 digits"),
        ("region", "here", "region is 'here'; must be named like us-east-1"),
    ],
)
def test_setting_that_breaks_its_rule_is_named(member: str, value: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        PlatformSettings(**{member: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "not there; `pairloom up --dir .*` makes it"),
        ("{", "not JSON"),
        ("[]", "holds list; must be an object"),
        ('{"colour": 1}', ".* unexpected keyword argument 'colour'"),
    ],
)
def test_settings_file_that_cannot_be_used_is_named(
    text: str | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError, match=f"settings.json: {message}"):
        read_settings(tmp_path)
