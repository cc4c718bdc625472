from __future__ import annotations

from pathlib import Path

from pairloom.estimators.declared import CLASS_WEIGHT, OWN_PARAMETERS


def test_page_names_every_parameter_that_is_not_sagemakers(repository: Path) -> None:
    page = (repository / "docs/estimators.md").read_text(encoding="utf-8")
    for parameter in (*OWN_PARAMETERS, CLASS_WEIGHT):
        assert f"| `{parameter.name}` |" in page
        if parameter.name != "class_weight":
            line = next(x for x in page.splitlines() if x.startswith(f"| `{parameter.name}` |"))
            shown = repr(parameter.default).replace("'", '"')
            assert f"| `{shown}` |" in line
