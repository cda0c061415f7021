"""``zoo``: train, collect, park, verify and tabulate the networks that come with the project."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from fnmatch import fnmatch
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.commands.models import add_zoo_argument
from design_core.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from design_core.study.plan import Job
    from design_core.training.data import TrainingData
    from design_core.zoo.card import Card

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser, with a parser for each part."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "zoo", help="train, collect and tabulate the project's networks"
    )
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")

    plan = parts.add_parser("plan", help="list the runs that are left")
    plan.add_argument(
        "--time",
        action="store_true",
        help="measure a step of each kind of run on this machine, and say how long the list takes "
        "by one training at a time; needs --data-root where a set is not in its usual place",
    )
    train = parts.add_parser("train", help="do the runs that are left; stop and repeat at will")
    train.add_argument("--workers", type=int, default=2, help="one-thread trainings at a time")
    collect = parts.add_parser("collect", help="add finished runs to the zoo")
    collect.add_argument(
        "folders", nargs="+", type=Path, metavar="DIR", help="a run, or a folder of runs"
    )
    park = parts.add_parser("park", help="keep the state of unfinished runs in the zoo")
    verify = parts.add_parser(
        "verify", help="compare the 1-bit engine with PyTorch on the whole test sets"
    )
    table = parts.add_parser("table", help="print the results as Markdown")
    table.add_argument(
        "--write",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="write tables and finding between the markers of FILE instead",
    )
    report = parts.add_parser(
        "report", help="answer in words what the method leaves open: gain, batch norm, learning"
    )
    corruptions = parts.add_parser(
        "corruptions", help="measure networks on corrupted test pictures, at five severities"
    )
    corruptions.add_argument(
        "--count", type=int, metavar="N", help="the first N test pictures (default: all)"
    )
    corruptions.add_argument("--json", action="store_true", help="print JSON instead of a table")
    for part in (plan, train, park, verify, corruptions):
        part.add_argument("--only", default="*", metavar="PATTERN", help="names, as 'stat-sign-*'")
    for part in (plan, train, park):
        part.add_argument(
            "--list",
            choices=("cores", "gpu"),
            default="cores",
            help="which list: short runs for processor cores (the default), or the paper's width "
            "and a hundred epochs for one GPU",
        )
    for part in (train, park):
        part.add_argument(
            "--runs",
            type=Path,
            default=Path("runs"),
            metavar="DIR",
            help="runs' folders (default: runs)",
        )
    for part in (plan, train, collect, verify, corruptions):
        part.add_argument("--data-root", type=Path, metavar="DIR", help="where data sets lie")
    for part in (plan, train, collect, park, verify, table, report, corruptions):
        add_zoo_argument(part)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do the part that is asked for."""
    status: int = _PARTS[args.part](args)
    return status


def _jobs(args: argparse.Namespace) -> list[Job]:
    from design_core.study.plan import LISTS

    return [job for job in LISTS[args.list]() if fnmatch(job.name, args.only)]


def _plan(args: argparse.Namespace) -> int:
    from design_core.study.queue import open_jobs, parked_runs

    parked = parked_runs(args.zoo)
    jobs = open_jobs(_jobs(args), args.zoo)
    for job in jobs:
        print(f"{job.name}{' (begun)' if job.name in parked else ''}")
    if args.time:
        _time(jobs, args.data_root)
    return 0


def _time(jobs: Sequence[Job], root: Path | None) -> None:
    """A line for each kind of run, which is one whose runs differ in their seeds, and the sum."""
    from design_core.training.data import picture_size
    from design_core.training.recipe import load_recipe
    from design_core.training.run import time_of_step

    hours = 0.0
    for kind, found in groupby(sorted(jobs, key=_kind), key=_kind):
        recipe = load_recipe(kind[0]).with_changes(kind[2])
        data = _data(kind[1], picture_size(recipe.network), root or DATA)
        if data is None:
            raise ValueError(f"{kind[1]} is no data set by name; leave its runs out by --only.")
        seconds, runs = time_of_step(recipe, data), len(list(found))
        steps = recipe.epochs * (len(data.train_x) // recipe.batch_size)
        hours += runs * steps * seconds / 3600
        print(
            f"{kind[1]}, {' '.join(kind[2])}: {1000 * seconds:.1f} ms a step, "
            f"{recipe.batch_size / seconds:,.0f} pictures a second, "
            f"{steps * seconds / 3600:.2f} hours a run, {runs} runs",
            flush=True,
        )
    print(f"All {len(jobs)} runs, one at a time: {hours:.1f} hours of training.")


def _kind(job: Job) -> tuple[str, str, tuple[str, ...]]:
    return job.recipe, job.data, job.changes


def _train(args: argparse.Namespace) -> int:
    from design_core.study.queue import Queue, open_jobs

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    jobs = open_jobs(_jobs(args), args.zoo)
    print(f"{len(jobs)} runs are left.", flush=True)
    root = args.data_root or DATA
    queue = Queue(args.runs, root, root=args.zoo, tell=_tell)
    try:
        failed = queue.work(jobs, workers=args.workers)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on.", flush=True)
        return 130
    return 1 if failed else 0


def _tell(line: str) -> None:
    """One write for line and end: several threads tell."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _collect(args: argparse.Namespace) -> int:
    from design_core.training.data import picture_size
    from design_core.zoo.collect import collect_run

    for folder in args.folders:
        runs = [folder] if (folder / "run.json").is_file() else sorted(folder.glob("[!.]*/"))
        for run_folder in runs:
            if not (run_folder / "result.json").is_file():
                print(f"{run_folder.name}: not finished")
                continue
            description = json.loads((run_folder / "run.json").read_text(encoding="utf-8"))
            size = picture_size(description["network"])
            data = _data(str(description["data"]["name"]), size, args.data_root)
            card = collect_run(run_folder, data, root=args.zoo)
            how = "logits compared" if data is None else "test set evaluated again"
            print(f"{run_folder.name}: in {card.name}, seeds {card.seeds} ({how})", flush=True)
    return 0


@lru_cache(maxsize=1)  # in their order runs and cards share the last one; enlarged ones are large
def _data(name: str, size: tuple[int, int], root: Path | None) -> TrainingData | None:
    """The data set of a run, None where nobody said where it lies."""
    from design_core.pictures.dataset_cards import is_embedded
    from design_core.training.data import load_data

    if name.startswith("folder:") or (root is None and not is_embedded(name)):
        return None
    channels, side = size
    return load_data(name, root=root or DATA, channels=channels, image_size=side)


def _park(args: argparse.Namespace) -> int:
    from design_core.study.queue import park_runs

    parked = park_runs(args.runs, _jobs(args), args.zoo)
    print("\n".join(parked) or "No run is under way.")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from design_core.lab.verification import verify_engine
    from design_core.training.data import picture_size
    from design_core.zoo.card import load_cards
    from design_core.zoo.entry import open_entry

    failed = 0
    for card in load_cards(args.zoo, task=None):
        if not fnmatch(card.name, args.only):
            continue
        tests = _data(card.dataset, picture_size(card.network), args.data_root)
        if tests is None:
            print(f"{card.name}: left out; say where {card.dataset} lies by --data-root")
            continue
        for seed in card.seeds:
            entry = open_entry(f"{card.name}@{seed}", args.zoo, task=None)
            found = verify_engine(entry.checkpoint, tests)
            failed += found is not None and not found.holds
            told = found or "not for the 1-bit engine"
            print(f"{card.name}@{seed}: {told}", flush=True)
    return 1 if failed else 0


def _table(args: argparse.Namespace) -> int:
    from design_core.study.documents import documents, write_documents
    from design_core.zoo.card import load_cards, no_networks

    cards = load_cards(args.zoo, task=None)
    if not cards:
        raise ValueError(no_networks(args.zoo))
    texts = documents(cards)
    if not args.write:
        sys.stdout.write(texts["zoo table"])
    for path in args.write:
        write_documents(path, texts)
    return 0


def _report(args: argparse.Namespace) -> int:
    from design_core.segmentation.scores import SEGMENTATION
    from design_core.study.constant_channels import constant_channel_words
    from design_core.study.report import CAUTION, Section, recorded, report
    from design_core.study.segmentation import segmentation_sentences
    from design_core.study.strategies import strategy_sentences
    from design_core.zoo.card import load_cards

    cards = load_cards(args.zoo)
    of_pixels = load_cards(args.zoo, task=SEGMENTATION)
    sections = [
        *report(cards),
        Section(
            "Does a pattern pay where every pixel has a class?",
            tuple(segmentation_sentences(of_pixels)),
        ),
        Section("What do strategies, bits and kernels change?", tuple(strategy_sentences(cards))),
        Section("Do channels die?", tuple(constant_channel_words(cards, args.zoo))),
        *recorded(),
    ]
    for section in sections:
        print(section.question)
        for setting, sentences in section.by_setting().items():
            print(f"  {setting}")
            for sentence in sentences:
                print(f"  - {sentence}")
        if not section.answers:
            print("  These networks do not answer this.")
        print()
    print(CAUTION)
    return 0


def _corruptions(args: argparse.Namespace) -> int:
    from design_core.study.corruptions import (
        CorruptedCard,
        corrupted_accuracy,
        corruption_tests,
        corruptions_markdown,
    )
    from design_core.training.data import picture_size
    from design_core.zoo.card import load_cards
    from design_core.zoo.entry import open_entry

    if args.count is not None and args.count < 1:
        raise ValueError(f"--count takes how many test pictures, from 1; got {args.count}.")
    alike: dict[tuple[str, tuple[int, int]], list[Card]] = {}
    for card in load_cards(args.zoo):
        if fnmatch(card.name, args.only):
            size = picture_size(card.network)
            alike.setdefault((card.dataset, size), []).append(card)
    if not alike:
        raise ValueError(f"No network of the zoo is called {args.only!r}; see `models`.")
    found: list[CorruptedCard] = []
    for (dataset, size), cards in alike.items():
        data = _data(dataset, size, args.data_root)
        if data is None:
            print(f"{dataset} is left out; say where it lies by --data-root", file=sys.stderr)
            continue
        entries = [
            open_entry(f"{card.name}@{seed}", args.zoo) for card in cards for seed in card.seeds
        ]
        pictures, labels = data.test_x[: args.count].numpy(), data.test_y[: args.count].numpy()
        found += corrupted_accuracy(
            entries, pictures, labels, lambda line: print(line, file=sys.stderr, flush=True)
        )
    if args.json:
        tests = [asdict(test) for test in corruption_tests(found)]
        print(json.dumps({"networks": [one.to_dict() for one in found], "tests": tests}, indent=2))
    else:
        sys.stdout.write(corruptions_markdown(found))
    return 0 if found else 1


_PARTS = {
    **{"plan": _plan, "train": _train, "collect": _collect, "park": _park},
    **{"verify": _verify, "table": _table, "report": _report},
    "corruptions": _corruptions,
}
