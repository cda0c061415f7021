"""``evaluate``: measure trained networks, of the zoo or of a training run, on a test set."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.commands.models import NETWORK_HELP, add_network_arguments, opened
from design_core.commands.train import add_data_arguments
from design_core.commands.watching import watched

if TYPE_CHECKING:
    from design_core.training.data import TrainingData
    from design_core.training.evaluation import Evaluation
    from design_core.zoo.entry import Entry

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "evaluate",
        help="measure a trained network on a test set",
        description="Measure all seeds of a network of `models`, one seed as NAME@SEED, the "
        "network of a training run, or one in a file, of this project or another. Exits with 1 if "
        "a network of the zoo is not as right as its card says.",
    )
    parser.add_argument("network", metavar="NETWORK", help=NETWORK_HELP)
    add_data_arguments(parser, required=False)
    add_network_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Evaluate and print."""
    if Path(args.network, "run.json").is_file():
        evaluations = [_evaluate_run(args)]
    elif args.network.endswith(".safetensors"):
        evaluations = [_evaluate_file(args)]
    else:
        evaluations = list(_evaluate_zoo(args))
    if args.json:
        # A single network as it is, several seeds as a list.
        print(json.dumps(evaluations if len(evaluations) > 1 else evaluations[0], indent=2))
    else:
        for report in evaluations:
            print(_in_words(report))
    return 0 if all(report.get("as_card", True) for report in evaluations) else 1


def _evaluate_run(args: argparse.Namespace) -> dict[str, Any]:
    import torch

    from design_core.training.evaluation import evaluate
    from design_core.training.run import load_run

    description, model = load_run(Path(args.network))
    data = _data(args, description["data"]["name"], description["network"])
    mean, deviation = (torch.tensor(description["data"][key]) for key in ("mean", "deviation"))
    tested = evaluate(model, data.test_x, data.test_y, mean, deviation)
    return _report(tested, len(data.class_names))


def _evaluate_file(args: argparse.Namespace) -> dict[str, Any]:
    entry = opened(args.network, args)
    if not args.data and entry.card.dataset == "own":
        raise ValueError(
            f"{args.network} does not say of which data set its classes are. Give --data: pictures "
            f"of the classes {', '.join(entry.card.class_names[:5])}, …"
        )
    return _evaluated(entry, _data(args, entry.card.dataset, entry.card.network))


def _evaluated(entry: Entry, data: TrainingData) -> dict[str, Any]:
    """What a network makes of a test set."""
    from design_core.zoo.collect import evaluate_checkpoint

    start = time.perf_counter()
    with watched() as progress:
        tested = evaluate_checkpoint(entry.checkpoint, data, packed=entry.packed, progress=progress)
    return {
        **{"name": entry.card.name, "seed": entry.seed},
        **_report(tested, len(data.class_names)),
        "runs_on": "PyTorch" if entry.packed is None else "1-bit engine",
        "seconds": round(time.perf_counter() - start, 2),
    }


def _evaluate_zoo(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from design_core.zoo.card import find_card
    from design_core.zoo.entry import open_entry

    card, seed = find_card(args.network, args.zoo)
    data = _data(args, card.dataset, card.network)
    for chosen in card.seeds if seed is None else [seed]:
        report = _evaluated(open_entry(f"{card.name}@{chosen}", args.zoo), data)
        if data.name == card.dataset and len(data.test_y) == card.data["test"]:
            report["as_card"] = report["right"] == card.result(chosen).right
        yield report


def _data(args: argparse.Namespace, own: str, network: Mapping[str, Any]) -> TrainingData:
    """The data asked for, else those that the network was trained on; in the network's size."""
    from design_core.training.data import load_data, picture_size

    channels, side = picture_size(network)
    return load_data(
        args.data or own,
        root=args.data_root,
        channels=channels,
        image_size=side,
        download=args.download,
    )


def _report(tested: Evaluation, classes: int) -> dict[str, Any]:
    return {
        "accuracy": tested.accuracy,
        "right": int((tested.predictions == tested.labels).sum()),
        "pictures": len(tested.labels),
        "loss": tested.loss,
        "density": tested.density,
        "confusion": tested.confusion(classes),
    }


def _in_words(report: dict[str, Any]) -> str:
    share = f"{report['right']} of {report['pictures']} right: {report['accuracy']:.2%}"
    named = f"{report['name']}@{report['seed']}: {share}" if "name" in report else share
    card = {True: ", as its card says", False: ", NOT as its card says", None: ""}
    return named + card[report.get("as_card")]
