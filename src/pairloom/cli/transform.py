"""`pairloom transform`: files of records to files of answers, as SageMaker's batch transform."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pairloom.cli.arguments import CommandParser, count
from pairloom.errors import PlatformError, UserError
from pairloom.model import Model
from pairloom.reports.run_folder import model_file
from pairloom.runtime import allowed_threads
from pairloom.serving import Predictor
from pairloom.serving.transform import (
    Endpoint,
    Invocation,
    TransformResult,
    TransformSettings,
    transform,
)
from pairloom.serving.transform.settings import (
    MAX_MEGABYTES,
    AssembleWith,
    BatchStrategy,
    JoinSource,
    SplitType,
)

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "transform",
        parents=[shared],
        help="score files of records, as SageMaker's batch transform",
        description="Send the records of files to a model, or to an endpoint, and write its "
        "answers to OUTPUT/<input>.out. A file with a wrong record is not written; the others are.",
    )
    answering = parser.add_mutually_exclusive_group(required=True)
    answering.add_argument("--model", type=Path, metavar="DIR", help="folder of a training run")
    answering.add_argument(
        "--endpoint", metavar="URL", help="http(s) endpoint to ask; /invocations without a path"
    )
    parser.add_argument(
        "--input", type=Path, required=True, metavar="PATH",
        help="a file, a folder, or what the paths of several files begin with",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder to write to"
    )
    _add_settings(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    settings = _settings_of(arguments)
    with _answering(arguments) as invoke:
        result = transform(arguments.input, arguments.output, invoke, settings)
    if not arguments.quiet:
        for path in result.written:
            print(path)
    _raise_failures(result)


def _add_settings(parser: CommandParser) -> None:
    group = parser.add_argument_group("records and answers", "names and meanings are SageMaker's")
    group.add_argument(
        "--content-type", default="application/jsonlines", metavar="TYPE",
        help="media type of the records; default application/jsonlines",
    )  # fmt: skip
    group.add_argument(
        "--accept", metavar="TYPE",
        help="media type of the answers; default application/jsonlines, for CSV text/csv",
    )  # fmt: skip
    group.add_argument(
        "--split-type", choices=get_args(SplitType),
        help="what a record is; default Line for JSON lines and CSV, RecordIO for recordio",
    )  # fmt: skip
    group.add_argument(
        "--assemble-with", choices=get_args(AssembleWith),
        help="what stands behind an answer; default Line for JSON lines and CSV",
    )  # fmt: skip
    group.add_argument(
        "--batch-strategy", choices=get_args(BatchStrategy), default="MultiRecord",
        help="records of a request: one, or as many as fit; default MultiRecord",
    )  # fmt: skip
    group.add_argument(
        "--max-payload-in-mb", type=count, default=6, metavar="N",
        help=f"largest request; 1 to {MAX_MEGABYTES}, default 6",
    )  # fmt: skip
    group.add_argument(
        "--max-concurrent-transforms", type=count, metavar="N",
        help="requests at once; default one for each core",
    )  # fmt: skip
    group.add_argument(
        "--input-filter", default="$", metavar="JSONPATH", help="the part of a record to send"
    )
    group.add_argument(
        "--join-source", choices=get_args(JoinSource), default="None",
        help="Input joins each record with its answer",
    )  # fmt: skip
    group.add_argument(
        "--output-filter", default="$", metavar="JSONPATH", help="the part of the answer to write"
    )


def _settings_of(arguments: argparse.Namespace) -> TransformSettings:
    payload = arguments.max_payload_in_mb
    concurrent = arguments.max_concurrent_transforms
    if concurrent is None:
        concurrent = max(1, min(allowed_threads(), MAX_MEGABYTES // payload))
    return TransformSettings(
        content_type=arguments.content_type,
        accept=arguments.accept,
        split_type=arguments.split_type,
        assemble_with=arguments.assemble_with,
        batch_strategy=arguments.batch_strategy,
        max_payload_in_mb=payload,
        max_concurrent_transforms=concurrent,
        input_filter=arguments.input_filter,
        join_source=arguments.join_source,
        output_filter=arguments.output_filter,
    )


@contextmanager
def _answering(arguments: argparse.Namespace) -> Iterator[Invocation]:
    if arguments.endpoint is None:
        yield Predictor(Model.load(model_file(arguments.model))).invoke
        return
    with closing(Endpoint(arguments.endpoint)) as endpoint:
        yield endpoint


def _raise_failures(result: TransformResult) -> None:
    if not result.failed:
        return
    for failed in result.failed:
        print(f"pairloom: {failed.path}: {failed.error}", file=sys.stderr)
    names = ", ".join(failed.path.name for failed in result.failed)
    total = len(result.written) + len(result.failed)
    by_user = all(isinstance(failed.error, UserError) for failed in result.failed)
    message = f"{len(result.failed)} of {total} files failed and have no .out: {names}"
    raise UserError(message) if by_user else PlatformError(message)
