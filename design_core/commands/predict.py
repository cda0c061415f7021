"""``predict``: the class probabilities that trained networks give a picture."""

from __future__ import annotations

import argparse
import json
from itertools import islice
from typing import Any

from design_core.commands.models import add_zoo_argument

__all__ = ["add_parser", "run"]

_SHOWN = 3  # classes per network in text


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "predict", help="ask trained networks for the class of a picture"
    )
    parser.add_argument("picture", metavar="PICTURE", help="a file, or sample:NAME")
    parser.add_argument(
        "--model",
        dest="models",
        action="append",
        metavar="NAME",
        help="NAME, NAME@SEED or a run's folder; may be repeated (default: each, first seed)",
    )
    add_zoo_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Predict and print."""
    from design_core.pictures.samples import load_picture
    from design_core.zoo.card import load_cards, located
    from design_core.zoo.entry import open_entry

    picture = load_picture(args.picture)
    references = args.models or [card.name for card in load_cards(args.zoo)]
    answers: list[dict[str, Any]] = []
    for reference in references:
        entry = open_entry(*located(reference, args.zoo))
        prediction = entry.predict(picture)
        answers.append(
            {
                "name": entry.card.name,
                "seed": entry.seed,
                "dataset": entry.card.dataset,
                "class": next(iter(prediction.probabilities)),
                "probabilities": prediction.probabilities,
                "milliseconds": round(prediction.milliseconds, 3),
                "runs_on": prediction.runs_on,
            }
        )
    if args.json:
        described = {
            "name": picture.name,
            "sha256": picture.sha256,
            "notes": list(picture.notes),
        }
        print(json.dumps({"picture": described, "models": answers}, indent=2))
        return 0
    if picture.notes:
        print(f"{picture.name}: {'; '.join(picture.notes)}")
    for answer in answers:
        first = islice(answer["probabilities"].items(), _SHOWN)
        told = ", ".join(f"{name} {share:.1%}" for name, share in first)
        took = f"{answer['runs_on']}, {answer['milliseconds']:.1f} ms"
        print(f"{answer['name']}@{answer['seed']}: {told} ({took})")
    return 0
