"""``summary``: layers, parameters, multiply-accumulates and bytes of a network."""

from __future__ import annotations

import argparse
import json
from typing import Any

from design_core.commands.models import add_zoo_argument

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "summary", help="count a trained network's parameters, operations and bytes"
    )
    parser.add_argument("name", metavar="NAME", help="a network of `models`, or NAME@SEED")
    add_zoo_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def run(args: argparse.Namespace) -> int:
    """Summarize and print; densities are those of the card, measured on the test set."""
    from dataclasses import replace

    from design_core.networks.summary import NetworkSummary, summary
    from design_core.zoo.entry import open_entry

    entry = open_entry(args.name, args.zoo)
    counted = summary(entry.checkpoint.model, entry.checkpoint.pictures.shape)
    measured = entry.card.result(entry.seed).density
    # A block's activation is called blocks.BLOCK.act, or units.UNIT.act.
    layers = tuple(
        replace(layer, density=measured[layer.name.split(".")[1]])
        if layer.name.endswith(".act")
        else layer
        for layer in counted.layers
    )
    with_density = NetworkSummary(layers)
    if args.json:
        report = {"name": entry.card.name, "seed": entry.seed, **with_density.to_dict()}
        print(json.dumps(report, indent=2))
    else:
        print(f"{entry.card.name}, seed {entry.seed}")
        print(with_density)
    return 0
