"""``diagnose``: judge trained networks by the method's known failure signs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.commands.models import NETWORK_HELP, add_network_arguments, opened
from design_core.paths import DATA

if TYPE_CHECKING:
    from design_core.lab.diagnosis import BlockDiagnosis, Diagnosis
    from design_core.lab.subset import Subset
    from design_core.zoo.entry import Entry

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "diagnose",
        help="judge a trained network by the method's known failure signs",
        description="Per block: scaling of the thresholds, dead and saturated channels, kernel "
        "cells, cut tiles; and what the thresholds cost. Without --picture and --data the "
        "embedded samples of the network's data set are looked at. Exits with 1 if anything "
        "is wrong.",
    )
    parser.add_argument("network", metavar="NETWORK", help=NETWORK_HELP)
    parser.add_argument(
        "--picture", metavar="P", help="look at one picture: a file, or sample:NAME"
    )
    parser.add_argument(
        "--data",
        metavar="DATA",
        help="look at a test set of its kind: digits, cifar10, cifar100, …",
    )
    parser.add_argument(
        "--count", type=int, default=500, metavar="N", help="pictures of it (default: 500)"
    )
    parser.add_argument(
        "--data-root",
        type=Path,
        default=DATA,
        metavar="DIR",
        help="where data sets lie (default: DESIGN_DATA, or the folder data)",
    )
    add_network_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Diagnose and print."""
    from design_core.lab.diagnosis import diagnose

    entry = opened(args.network, args)
    diagnosis = diagnose(entry.checkpoint, _subset(args, entry))
    if args.json:
        named = {"name": entry.card.name, "seed": entry.seed}
        print(json.dumps({**named, **diagnosis.to_dict()}, indent=2))
    else:
        print(_in_words(entry, diagnosis))
    return 1 if diagnosis.count("wrong") else 0


def _subset(args: argparse.Namespace, entry: Entry) -> Subset:
    """What the options ask for; ValueError if it is not there, or they ask for two things."""
    from design_core.lab.subset import held_out_subset, picture_subset, sample_subset
    from design_core.pictures.samples import load_picture

    if args.picture and args.data:
        raise ValueError("Give --picture or --data, not both: a diagnosis looks at one of them.")
    if args.picture:
        return picture_subset(entry.checkpoint.pictures, load_picture(args.picture))
    if not args.data:
        samples = sample_subset(entry.checkpoint.pictures, entry.card.dataset)
        if samples is None:
            raise ValueError(
                f"There are no embedded samples of {entry.card.dataset}. Give --picture P."
            )
        return samples
    if args.count < 1:
        raise ValueError(f"--count takes how many pictures to look at, from 1; got {args.count}.")
    held_out = held_out_subset(
        entry.checkpoint.pictures, args.data, count=args.count, root=args.data_root
    )
    if held_out is None:
        raise ValueError(
            f"{args.data} is not in {args.data_root}. Name its folder with --data-root, or leave "
            "--data out to look at the embedded samples."
        )
    return held_out


def _in_words(entry: Entry, diagnosis: Diagnosis) -> str:
    from design_core.lab.verdicts import LIMITS, STATES

    counts = ", ".join(f"{diagnosis.count(state)} {state}" for state in STATES)
    lines = [f"{entry.card.name}@{entry.seed} on {diagnosis.calibration}: {counts}"]
    block, rates = None, {one.name: _rates(one) for one in diagnosis.blocks}
    for name, verdict in diagnosis.verdicts():
        if name != block:
            lines += [name or "all blocks", *rates.get(name, [])]
            block = name
        lines.append(f"  {verdict.state:5}  {LIMITS[verdict.sign].title}: {verdict.text}")
    return "\n".join(lines)


_MOST_RATES = 8  # thresholds that are told one by one


def _rates(block: BlockDiagnosis) -> list[str]:
    """How often each threshold was meant to fire, and how often it does; nothing for Sign."""
    if not block.levels.any() or len(block.levels) > _MOST_RATES:
        return []
    told = ", ".join(
        f"T {level:.2f} {meant:.1%} → {true:.1%}"
        for level, meant, true in zip(block.levels, block.designed, block.shares, strict=True)
    )
    return [f"  fires, intended → true: {told}"]
