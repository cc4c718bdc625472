"""The options that spread training over several workers."""

from __future__ import annotations

import argparse

from pairloom.cli.arguments import count, count_or_zero
from pairloom.distributed import DistributedSettings, Workers
from pairloom.distributed.settings import MODES
from pairloom.errors import UserError

_DEFAULTS = DistributedSettings(num_workers=1)


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """Add `--workers`, `--mode`, `--ray-address`, `--round-rows` and `--staleness`."""
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="train on so many workers over Ray, each on its part of the rows; --threads are those "
        "of each",
    )
    parser.add_argument(
        "--mode",
        choices=MODES,
        help="local: each worker trains on a copy of its own between two exchanges; sync: all "
        f"share every mini-batch, as one process would train it; default {_DEFAULTS.mode}",
    )
    parser.add_argument(
        "--ray-address",
        metavar="HOST:PORT",
        help="Ray to join, whose machines all see the rows and --checkpoint-dir; by default one "
        "is started on this machine",
    )
    parser.add_argument(
        "--round-rows",
        type=count,
        metavar="N",
        help="rows that each worker trains between two exchanges in mode local; default "
        f"{_DEFAULTS.round_rows:,}",
    )
    parser.add_argument(
        "--staleness",
        type=count_or_zero,
        metavar="S",
        help="rounds that workers of mode local are ahead of the newest merge they know; default "
        f"{_DEFAULTS.staleness}: they wait for the merge of each",
    )


def given_workers(arguments: argparse.Namespace) -> Workers | None:
    """Return what the options ask for; None: training in this process."""
    if arguments.workers is None:
        for name in ("mode", "ray_address", "round_rows", "staleness"):
            if getattr(arguments, name) is not None:
                raise UserError(f"--{name.replace('_', '-')} needs --workers")
        return None
    given = {name: getattr(arguments, name) for name in ("mode", "round_rows", "staleness")}
    told = {name: value for name, value in given.items() if value is not None}
    settings = DistributedSettings(num_workers=arguments.workers, **told)
    if settings.mode == "sync" and "round_rows" in told:
        raise UserError("--round-rows belongs to --mode local; in sync a round is a mini-batch")
    if arguments.ray_address is not None and arguments.checkpoint_dir is None:
        raise UserError(
            "--ray-address needs --checkpoint-dir, a folder that all of Ray's machines share: "
            "workers leave their rounds there"
        )
    return Workers(settings=settings, address=arguments.ray_address)
