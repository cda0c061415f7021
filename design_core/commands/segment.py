"""``segment``: the class of every pixel of a picture, as a PNG."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from design_core.commands.models import add_zoo_argument

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "segment",
        help="give every pixel of a picture a class",
        description="The picture is brought to the size of the network's own, cropped in the "
        "middle; the PNG has a colour for each class, named in what is printed.",
    )
    parser.add_argument("picture", metavar="PICTURE", help="a file, sample:NAME or set:NAME:INDEX")
    parser.add_argument(
        "--network", required=True, metavar="NAME", help="NAME or NAME@SEED of `models`"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the PNG to write")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    add_zoo_argument(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Ask the network, write the map, print what is in it."""
    from design_core.atomic import write_atomically
    from design_core.output.class_maps import class_colour, class_map_png, class_shares
    from design_core.pictures.samples import load_picture
    from design_core.segmentation.scores import SEGMENTATION
    from design_core.zoo.card import located
    from design_core.zoo.entry import open_entry

    entry = open_entry(*located(args.network, args.zoo), task=SEGMENTATION)
    picture = load_picture(args.picture)
    classes, names = entry.class_map(picture), list(entry.pictures.class_names)
    write_atomically(args.out, class_map_png(classes))
    told = [
        {"class": name, "share": share, "colour": class_colour(names.index(name))}
        for name, share in class_shares(classes, names)
    ]
    if args.json:
        network = {"name": entry.card.name, "seed": entry.seed}
        print(json.dumps({"picture": picture.name, "network": network, "classes": told}, indent=2))
        return 0
    for one in told:
        print(f"{one['class']:12} {one['share']:6.1%}  {one['colour']}")
    return 0
