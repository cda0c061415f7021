"""``evaluate``: measure the network of a finished or paused training run on its test set."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from design_core.commands.train import add_data_arguments

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "evaluate", help="measure a trained network on a test set"
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a training run")
    add_data_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Evaluate and print."""
    import torch

    from design_core.training.data import load_data
    from design_core.training.train import evaluate, load_run

    description, model = load_run(args.folder)
    data = load_data(args.data, root=args.data_root, download=args.download)
    mean, deviation = (torch.tensor(description["data"][key]) for key in ("mean", "deviation"))
    tested = evaluate(model, data.test_x, data.test_y, mean, deviation)
    right = int((tested.predictions == tested.labels).sum())
    if args.json:
        report = {
            "accuracy": tested.accuracy,
            "right": right,
            "pictures": len(tested.labels),
            "loss": tested.loss,
            "density": tested.density,
            "confusion": tested.confusion(len(data.class_names)),
        }
        print(json.dumps(report, indent=2))
    else:
        print(f"{right} of {len(tested.labels)} right: {tested.accuracy:.2%}")
    return 0
