"""The programs of the page on SageMaker's clients, as they stand there, on a platform."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sagemaker_sdk import aws_program, sdk_python

from integration.documented_blocks import REPOSITORY, Block, blocks_of, commands_of
from integration.platform.running_platform import RunningPlatform
from integration.platform.sdk_programs import write_digits
from oracle.plain_sagemaker_artifact import read_plain_sagemaker
from pairloom.formats import write_recordio

pytestmark = pytest.mark.platform

PAGE = REPOSITORY / "docs" / "sagemaker-sdk.md"
RUN_HERE = "the tests run it on a platform"
MARK = "--- next command ---"
DIRECT = """
unset HTTPS_PROXY https_proxy AWS_CA_BUNDLE
aws sts get-caller-identity --query Account --output text
aws s3 ls s3://aws-program/train/ | wc -l
aws sagemaker describe-model --model-name nothing 2>&1 | grep -c "Could not find model"
"""


@pytest.fixture
def folder(sdk_platform: RunningPlatform, tmp_path: Path) -> Path:
    """Folder with what the page takes for granted, and the platform where it is looked for."""
    (tmp_path / ".pairloom").symlink_to(sdk_platform.folder)
    digits = np.load(write_digits(tmp_path, 2_000))
    write_recordio(tmp_path / "train.pbr", digits["pixels"], labels=digits["labels"])
    for name, content in files_of_page().items():
        (tmp_path / name).write_text(content)
    return tmp_path


def files_of_page() -> dict[str, str]:
    """Return the JSON files of the page by the names that the text before them gives."""
    found = re.findall(r"`(\w+\.json)`:\n\n```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return dict(found)


def block_of(language: str) -> Block:
    (found,) = [
        block
        for block in blocks_of(PAGE)
        if block.language == language and block.reason_not_to_run == RUN_HERE
    ]
    return found


def shell(script: str, folder: Path) -> str:
    """Run a script by the programs of Pairloom and AWS; return what it printed."""
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), str(aws_program().parent), os.environ["PATH"]]
    )
    ran = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_aws_program_does_what_the_page_shows(folder: Path) -> None:
    commands = list(commands_of(block_of("console")))
    script = "".join(f"echo '{MARK}'\n{command}\n" for command, _ in commands)
    _, *printed = shell(script, folder).split(f"{MARK}\n")

    for (command, shown), said in zip(commands, printed, strict=True):
        assert said == shown, command
    (prediction,) = json.loads((folder / "answer.json").read_text())["predictions"]
    parameters = read_plain_sagemaker(folder / "model.tar.gz")
    expected = parameters.probability(np.array([130, 405]), np.array([0.5, 1.0]))
    assert prediction["score"] == pytest.approx(expected, abs=1e-6)
    events = json.loads((folder / "log.json").read_text())["events"]
    assert [event for event in events if event["logStreamName"].startswith("handwriting/algo-1")]

    # Neither the proxy nor its certificate is needed: STS is asked where AWS_ENDPOINT_URL says.
    said = shell(f'eval "$(pairloom env)"\n{DIRECT}', folder)
    assert said.splitlines() == ["111122223333", "1", "1"]


def test_program_of_version_2_does_what_the_page_says(folder: Path) -> None:
    program = block_of("python")
    (shown,) = [block.text for block in blocks_of(PAGE) if block.language == "output"]
    (folder / "train.py").write_text(program.text)

    assert shell(f"pairloom run {sdk_python()} train.py", folder).endswith(shown)
