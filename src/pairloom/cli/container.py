"""`pairloom container`: the programs that a container runs over a folder laid out as /opt/ml."""

from __future__ import annotations

import argparse
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser, count
from pairloom.container.job_folder import DEFAULT_ROOT
from pairloom.errors import UserError

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its programs."""
    parser = commands.add_parser(
        "container",
        parents=[shared],
        help="train and serve as a container does",
        description="Run what a container of SageMaker runs, over a folder laid out as /opt/ml.",
    )
    programs = parser.add_subparsers(dest="program", metavar="PROGRAM", required=True)
    train = programs.add_parser(
        "train",
        parents=[shared],
        help="train on the job's channels and write its model",
        description="Read input/config and the channels of input/data, train, and write "
        "model/model_algo-1 and output/data; where that fails, output/failure.",
    )
    _add_root(train)
    train.set_defaults(run=_train)

    _add_serve(programs, shared)


def _add_serve(programs: Commands, shared: CommandParser) -> None:
    serve = programs.add_parser(
        "serve",
        parents=[shared],
        help="answer requests from the model of a folder",
        description="Serve model/model_algo-1 over HTTP: /ping, /invocations, /rank, "
        "/execution-parameters, /metrics and /model. SIGTERM lets requests in progress end. The "
        "variables of SageMaker, SAGEMAKER_BIND_TO_PORT and others, mean what they mean there.",
    )
    _add_root(serve)
    serve.add_argument(
        "--host",
        metavar="ADDRESS",
        help="where to listen; PAIRLOOM_HOST, or 127.0.0.1, when not given",
    )
    serve.add_argument(
        "--port",
        type=int,
        metavar="N",
        help="SAGEMAKER_BIND_TO_PORT, or 8080, when not given; 0 takes a free one",
    )
    serve.add_argument(
        "--workers",
        type=count,
        default=0,
        metavar="N",
        help="processes; PAIRLOOM_WORKERS, or one for each core, when not given",
    )
    serve.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="keep the mapped form of models in this folder, outside the root; "
        "PAIRLOOM_MODEL_CACHE, or a temporary folder, when not given",
    )
    serve.set_defaults(run=_serve)


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=Path,
        default=DEFAULT_ROOT,
        metavar="DIR",
        help=f"folder of the job, laid out as {DEFAULT_ROOT}, the default",
    )


def _train(arguments: argparse.Namespace) -> int:
    # The program takes a second to load on a busy machine; it hears then what came meanwhile.
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        from pairloom.container.train import main  # noqa: PLC0415  other commands do without it

        return main(arguments.root, came)
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve(arguments: argparse.Namespace) -> int:
    missing = [
        name for name in ("starlette", "uvicorn", "uvloop", "httptools") if not find_spec(name)
    ]
    if missing:
        raise UserError(
            f"serving needs {', '.join(missing)}; install them with `pip install 'pairloom[serve]'`"
        )
    from pairloom.container.serve import main  # noqa: PLC0415  other commands do without it

    return main(
        arguments.root,
        host=arguments.host,
        port=arguments.port,
        num_workers=arguments.workers,
        cache=arguments.cache,
    )
