"""``summary``: layers, parameters, multiply-accumulates and bytes of a network."""

from __future__ import annotations

import argparse
import json
from math import isnan
from typing import TYPE_CHECKING, Any

from design_core.commands.models import NETWORK_HELP, add_network_arguments, opened

if TYPE_CHECKING:
    from design_core.networks.summary import NetworkSummary

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "summary", help="count a network's parameters, operations and bytes"
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        help=f"{NETWORK_HELP}; or a kind of network such as vgg_small",
    )
    add_network_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def run(args: argparse.Namespace) -> int:
    """Summarize and print."""
    from design_core.networks import network_names

    if args.name in network_names():
        title, counted = _of_a_kind(args.name)
    else:
        title, counted = _of_the_zoo(args)
    if args.json:
        print(json.dumps({**title, **counted.to_dict()}, indent=2))
    else:
        print(*(f"{key} {value}" for key, value in title.items()), sep=", ")
        print(counted)
    return 0


def _of_a_kind(name: str) -> tuple[dict[str, Any], NetworkSummary]:
    """An untrained network with all its defaults."""
    from design_core.networks import NetworkSpec
    from design_core.networks.summary import summary

    spec = NetworkSpec(name)
    side = spec.image_size or 32
    return {"network": name}, summary(spec.build(), (spec.in_channels, side, side))


def _of_the_zoo(args: argparse.Namespace) -> tuple[dict[str, Any], NetworkSummary]:
    """A trained network; densities are those of its card, measured on the test set."""
    from design_core.networks.summary import summary

    entry = opened(args.name, args)
    counted = summary(entry.checkpoint.model, entry.checkpoint.pictures.shape)
    stored = entry.card.result(entry.seed).density
    measured = {block: share for block, share in stored.items() if not isnan(share)}
    return {"name": entry.card.name, "seed": entry.seed}, counted.with_densities(measured)
