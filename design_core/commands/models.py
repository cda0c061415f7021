"""``models``: the trained networks that are there."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.paths import CHECKPOINTS

if TYPE_CHECKING:
    from design_core.zoo.entry import Entry

__all__ = [
    "NETWORK_HELP",
    "add_network_arguments",
    "add_parser",
    "add_zoo_argument",
    "opened",
    "run",
]

#: What commands that take a network say of it.
NETWORK_HELP = "NAME or NAME@SEED of `models`, a run's folder, or a FILE.safetensors"


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


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where networks are, for `opened`."""
    add_zoo_argument(parser)
    parser.add_argument(
        "--file-kernel",
        metavar="KERNEL",
        help="thresholds of a FILE.safetensors of the authors' repository, which holds none",
    )


def opened(reference: str, args: argparse.Namespace) -> Entry:
    """The network that is meant; what a file of another project holds is told as well."""
    from design_core.zoo.card import located
    from design_core.zoo.entry import open_entry

    if not reference.endswith(".safetensors"):
        return open_entry(*located(reference, args.zoo))
    from design_core.kernels.spec import open_kernel
    from design_core.zoo.elsewhere import KernelMissingError
    from design_core.zoo.uploaded import OwnCard, open_file

    kernel = open_kernel(args.file_kernel) if args.file_kernel else None
    try:
        entry = open_file(Path(reference), kernel=kernel)
    except KernelMissingError as error:
        raise ValueError(
            f"{Path(reference).name} is of the authors' repository, whose files hold no "
            "thresholds. Name them: --file-kernel 2x2-v2, for one."
        ) from error
    if isinstance(entry.card, OwnCard) and entry.card.words:
        print(" ".join(entry.card.words), file=sys.stderr)
    return entry


def run(args: argparse.Namespace) -> int:
    """Print the cards."""
    from design_core.zoo.card import damaged_cards, load_cards, no_networks

    for reason in damaged_cards(args.zoo):
        print(f"design models: one network is left out: {reason}", file=sys.stderr)
    cards = load_cards(args.zoo, task=None)
    if not cards:
        raise ValueError(no_networks(args.zoo))
    if args.json:
        print(json.dumps([card.to_dict() for card in cards], indent=2))
        return 0
    width = max((len(card.name) for card in cards), default=0)
    print(f"{'network':{width}}  seeds  test accuracy, last epoch   packed file")
    for card in cards:
        plain = card.to_dict()
        score: dict[str, Any] = plain.get("mean_iou") or plain["accuracy"]
        told = f"{score['mean']:.2%}"
        if score["ci95"]:
            low, high = score["ci95"]
            told += f" ± {(high - low) / 2:.2%}"
        told += " mean IoU" * ("mean_iou" in plain)
        size = f"{card.results[0].bytes / 1000:.0f} kB"
        print(f"{card.name:{width}}  {len(card.seeds):5}  {told:26}  {size:>10}")
    return 0
