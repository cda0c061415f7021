"""``predict``: the class probabilities that trained networks give pictures, one or many."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.commands.models import add_network_arguments, opened
from design_core.commands.watching import EXIT_STOPPED, watched
from design_core.progress import StoppedError
from design_core.text import csv_cell, printable

if TYPE_CHECKING:
    from design_core.lab.many_pictures import Told
    from design_core.pictures import Picture
    from design_core.pictures.items import Item

__all__ = ["add_parser", "run"]

_SHOWN = 3  # classes per network in text


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "predict",
        help="ask trained networks for the class of pictures",
        description="One picture: the probabilities of its classes. Several, a folder, a ZIP file "
        "or a whole data set: the class of each, many at a time on the 1-bit engine.",
    )
    parser.add_argument(
        "pictures",
        nargs="+",
        metavar="PICTURE",
        help="files, folders, ZIP files, sample:NAME, set:NAME:INDEX, or set:NAME for all",
    )
    parser.add_argument(
        "--model",
        dest="models",
        action="append",
        metavar="NAME",
        help="NAME, NAME@SEED, a run's folder or a FILE.safetensors; may be repeated (default: "
        "each, first seed)",
    )
    add_network_arguments(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON instead of text")
    form.add_argument("--csv", action="store_true", help="print a line of CSV for each answer")
    return parser


def run(args: argparse.Namespace) -> int:
    """Predict and print."""
    from design_core.pictures.items import file_items
    from design_core.zoo.card import load_cards, no_networks

    references = args.models or [card.name for card in load_cards(args.zoo)]
    if not references:
        raise ValueError(no_networks(args.zoo))
    given = args.pictures
    one = len(given) == 1 and not Path(given[0]).is_dir() and not args.csv
    items = file_items(given)
    if one and [item.name for item in items] == given:
        return _one(items[0].open(), references, args)
    return _many(items, references, args)


def _many(items: Sequence[Item], references: Sequence[str], args: argparse.Namespace) -> int:
    """The class of each picture by each network; 1 if no picture could be read, 130 if stopped."""
    from design_core.lab.many_pictures import predict_many

    told: list[dict[str, Any]] = []
    stopped = False
    with watched() as progress:
        try:
            for reference in references:
                entry = opened(reference, args)
                names = {"name": entry.card.name, "seed": entry.seed}
                for one in predict_many(entry, items, progress=progress):
                    line = {"picture": printable(one.name), **names, **_answer(one)}
                    told.append(line)  # one by one: what is done stays when Ctrl-C ends it
        except StoppedError:
            stopped = True
    if args.json:
        print(json.dumps(told, indent=2))
    elif args.csv:
        print(_csv(told), end="")
    else:
        for line in told:
            said = line["problem"] or f"{line['class']} {line['probability']:.1%}"
            print(f"{line['picture']}: {said} ({line['name']}@{line['seed']})")
    if stopped:
        return EXIT_STOPPED
    return 0 if any(not line["problem"] for line in told) else 1


def _answer(one: Told) -> dict[str, Any]:
    return {"class": one.label, "probability": one.probability, "problem": printable(one.problem)}


def _csv(told: Sequence[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["picture", "name", "seed", "class", "probability", "problem"])
    for line in told:
        texts = {key: csv_cell(line[key]) for key in ("picture", "name", "class", "problem")}
        share = "" if line["problem"] else f"{line['probability']:.6f}"
        writer.writerow((line | texts | {"probability": share}).values())
    return buffer.getvalue()


def _one(picture: Picture, references: Sequence[str], args: argparse.Namespace) -> int:
    """All probabilities for one picture."""

    answers: list[dict[str, Any]] = []
    for reference in references:
        entry = opened(reference, args)
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
