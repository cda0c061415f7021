"""``train``: train a network by a recipe; stop it at any time and ``--resume`` exactly."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from design_core.commands.watching import EXIT_STOPPED
from design_core.paths import DATA

__all__ = ["add_data_arguments", "add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "train",
        help="train a network by a recipe",
        description="Train a network by a recipe. Under torchrun the same command trains "
        "data-parallel over all processes.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a TOML file, or a name such as digits")
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="the run's folder")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default: 0)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    parser.add_argument(
        "--set",
        dest="changes",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change the recipe, such as activation=design:2x2-v2, affine=false or epochs=30",
    )
    return parser


def add_data_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the arguments that say which data, and where they lie."""
    parser.add_argument(
        "--data",
        required=required,
        metavar="DATA",
        help="digits, textures, cifar10, cifar100, …, zip:FILE with CLASS/*, or folder:DIR with "
        "train/CLASS/* and test/CLASS/*",
    )
    parser.add_argument(
        "--data-root",
        type=Path,
        default=DATA,
        metavar="DIR",
        help="where data sets lie or are fetched to (default: DESIGN_DATA, or the folder data)",
    )
    parser.add_argument("--download", action="store_true", help="fetch the data if missing")


def run(args: argparse.Namespace) -> int:
    """Train, telling each epoch and the result."""
    from design_core.training.data import load_data, picture_size
    from design_core.training.recipe import load_recipe
    from design_core.training.run import train_run

    recipe = load_recipe(args.recipe).with_changes(args.changes)
    channels, side = picture_size(recipe.network)
    data = load_data(
        args.data,
        root=args.data_root,
        channels=channels,
        image_size=side,
        download=args.download,
    )
    report = _Terminal().report
    try:
        train_run(recipe, data, args.out, seed=args.seed, resume=args.resume, report=report)
    except KeyboardInterrupt:
        print(
            f"\ndesign train: stopped. All whole epochs are kept in {args.out}; the same command "
            "with --resume goes on.",
            file=sys.stderr,
        )
        return EXIT_STOPPED
    return 0


class _Terminal:
    """What is final as lines; on a terminal the epoch under way too, once a second."""

    def __init__(self) -> None:
        self.told = 0.0

    def report(self, text: str, finished: bool) -> None:
        if finished:
            print(f"\r{text}\x1b[K" if sys.stdout.isatty() else text, flush=True)
        elif sys.stdout.isatty() and time.monotonic() > self.told + 1:
            print(f"\r{text}", end="\x1b[K", flush=True)
            self.told = time.monotonic()
