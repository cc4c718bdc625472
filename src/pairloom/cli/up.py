"""`pairloom up`: start the platform."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.cli.platform_options import add_folder_option, require_platform

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands
    from pairloom.platform.settings import PlatformSettings
    from pairloom.platform.supervisor.options import UpOptions

_PORT = 8190
_REGION = "us-east-1"


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "up",
        parents=[shared],
        help="start the platform: SageMaker's API, jobs and an object store",
        description="Start SageMaker's API, the runner of jobs and an object store on this "
        "machine, and keep them running until Ctrl-C or `pairloom down`.",
    )
    add_folder_option(parser)
    parser.add_argument(
        "--detach", action="store_true", help="go on in the background once all is ready"
    )
    _add_addresses(parser)
    parser.add_argument(
        "--s3-endpoint",
        default="",
        metavar="URL",
        help="use the S3 object store at this URL, with the keys of AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY; one is started when not given",
    )
    parser.add_argument(
        "--database",
        default="",
        metavar="URL",
        help="keep the platform's records there, named as SQLAlchemy does; a SQLite file in the "
        "folder when not given",
    )
    parser.add_argument(
        "--ray-address",
        default="",
        metavar="HOST:PORT",
        help="jobs of several instances train over the Ray that runs there, whose machines all see "
        "the folder; each starts a Ray of its own when not given",
    )
    parser.add_argument(
        "--region", default=_REGION, metavar="NAME", help=f"a region of AWS; default {_REGION}"
    )
    parser.set_defaults(run=_up)


def _add_addresses(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where the API listens; default 127.0.0.1; one that other machines reach needs TLS",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=_PORT,
        metavar="N",
        help=f"port of the API; default {_PORT}; 0 takes a free one",
    )
    parser.add_argument(
        "--tls-certificate", type=Path, metavar="FILE", help="PEM file; the API speaks TLS"
    )
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM file of its private key")
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="another program ends TLS in front of the API",
    )


def _up(arguments: argparse.Namespace) -> None:
    require_platform()
    from pairloom.platform.supervisor.up import run_platform  # noqa: PLC0415  heavy

    options = _options(arguments)
    if arguments.detach:
        from pairloom.platform.supervisor.control import start_detached  # noqa: PLC0415

        _announce(start_detached(_foreground(options), options.folder))
        return
    run_platform(options, _announce)


def _options(arguments: argparse.Namespace) -> UpOptions:
    from pairloom.platform.supervisor.options import UpOptions  # noqa: PLC0415  heavy

    if arguments.ray_address:
        from pairloom.distributed.ray_cluster import host_and_port  # noqa: PLC0415  heavy

        host_and_port(arguments.ray_address)  # raises
    return UpOptions(
        folder=arguments.dir,
        host=arguments.host,
        port=arguments.port,
        region=arguments.region,
        s3_endpoint=arguments.s3_endpoint,
        database=arguments.database,
        ray_address=arguments.ray_address,
        tls_certificate=arguments.tls_certificate,
        tls_key=arguments.tls_key,
        behind_proxy=arguments.behind_proxy,
    )


def _foreground(options: UpOptions) -> list[str]:
    command = ["up", "--dir", str(options.folder), "--host", options.host]
    command += ["--port", str(options.port), "--region", options.region]
    for name, value in (
        ("--s3-endpoint", options.s3_endpoint),
        ("--database", options.database),
        ("--ray-address", options.ray_address),
        ("--tls-certificate", options.tls_certificate),
        ("--tls-key", options.tls_key),
    ):
        if value:
            command += [name, str(value)]
    return [*command, "--behind-proxy"] if options.behind_proxy else command


def _announce(settings: PlatformSettings) -> None:
    print(f"ready: API {settings.api_endpoint}, object store {settings.s3_endpoint}", flush=True)
    print("`pairloom run FILE.py` runs a client, `pairloom down` ends the platform", flush=True)
