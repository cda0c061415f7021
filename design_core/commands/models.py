"""``models``: the trained networks that are there."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from design_core.paths import CHECKPOINTS

__all__ = ["add_parser", "add_zoo_argument", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "models", help="list the trained networks"
    )
    add_zoo_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the whole cards as JSON")
    return parser


def add_zoo_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says which zoo is meant."""
    parser.add_argument(
        "--zoo",
        type=Path,
        default=CHECKPOINTS,
        metavar="DIR",
        help="folder of the trained networks (default: DESIGN_CHECKPOINTS, or the project's)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the cards."""
    from design_core.zoo.card import damaged_cards, load_cards, no_networks

    for reason in damaged_cards(args.zoo):
        print(f"design models: one network is left out: {reason}", file=sys.stderr)
    cards = load_cards(args.zoo)
    if not cards:
        raise ValueError(no_networks(args.zoo))
    if args.json:
        print(json.dumps([card.to_dict() for card in cards], indent=2))
        return 0
    width = max((len(card.name) for card in cards), default=0)
    print(f"{'network':{width}}  seeds  test accuracy, last epoch   packed file")
    for card in cards:
        accuracy = card.to_dict()["accuracy"]
        told = f"{accuracy['mean']:.2%}"
        if accuracy["ci95"]:
            low, high = accuracy["ci95"]
            told += f" ± {(high - low) / 2:.2%}"
        size = f"{card.results[0].bytes / 1000:.0f} kB"
        print(f"{card.name:{width}}  {len(card.seeds):5}  {told:26}  {size:>10}")
    return 0
