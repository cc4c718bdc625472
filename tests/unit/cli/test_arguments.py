"""The options of `pairloom train`, against the table they are made from."""

from __future__ import annotations

import pytest

from pairloom.cli.arguments import given_hyperparameters, option_of
from pairloom.cli.program import parse
from pairloom.hyperparameters import TABLE, resolve

TRAIN = ["train", "--train", "a", "--output", "b"]
REQUIRED = {"feature_dim": "3", "num_factors": "2", "predictor_type": "regressor"}
SETTABLE = [row for row in TABLE if row.has_effect]


def test_no_option_is_given_without_being_written() -> None:
    assert given_hyperparameters(parse(TRAIN)) == {}


@pytest.mark.parametrize("row", SETTABLE, ids=lambda row: row.name)
def test_option_hands_its_text_on_under_sagemakers_name(row: object) -> None:
    name, option = row.name, option_of(row)  # type: ignore[attr-defined, arg-type]

    assert given_hyperparameters(parse([*TRAIN, option, "0.5"])) == {name: "0.5"}


def test_options_are_spelled_with_hyphens_and_without_leading_underscore() -> None:
    options = {row.name: option_of(row) for row in SETTABLE}

    assert options["mini_batch_size"] == "--mini-batch-size"
    assert options["_learning_rate"] == "--learning-rate"


def test_names_without_effect_have_no_option() -> None:
    with pytest.raises(ValueError, match="no argument --kvstore"):
        parse([*TRAIN, "--kvstore", "auto"])


def test_flag_without_a_value_is_true() -> None:
    given = given_hyperparameters(parse([*TRAIN, "--shuffle", "--use-bias", "false"]))

    settings = resolve({**REQUIRED, **given})
    assert settings.shuffle is True
    assert settings.use_bias is False


def test_help_names_rule_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse(["train", "--help"])

    text = " ".join(capsys.readouterr().out.split())
    for row in SETTABLE:
        assert option_of(row) in text
    assert "[an integer from 1 to 2147483647; default 1000]" in text
    assert "[binary_classifier or regressor; required]" in text


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_and_debug_stand_before_or_after_the_command(place: str) -> None:
    switches = ["--quiet", "--debug"]
    parsed = parse([*switches, *TRAIN] if place == "before" else [*TRAIN, *switches])

    assert (parsed.quiet, parsed.debug) == (True, True)


def test_quiet_and_debug_are_off_by_default() -> None:
    parsed = parse(TRAIN)

    assert (parsed.quiet, parsed.debug) == (False, False)


def test_options_are_not_abbreviated() -> None:
    with pytest.raises(ValueError, match="did you mean --epochs"):
        parse([*TRAIN, "--epoch", "2"])
