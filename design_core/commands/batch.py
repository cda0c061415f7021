"""``batch``: score many pictures, and write their maps into a ZIP file."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.atomic import whole_file
from design_core.commands.maps import add_map_options, kernel_of
from design_core.commands.watching import EXIT_STOPPED, watched
from design_core.progress import StoppedError

if TYPE_CHECKING:
    from design_core.output.batch import Row

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "batch", help="score many pictures and write their maps into a ZIP file"
    )
    parser.add_argument(
        "pictures",
        nargs="+",
        metavar="PICTURE",
        help="any number: files, folders, ZIP files, sample:NAME, set:NAME:INDEX, set:NAME for all",
    )
    add_map_options(parser)
    parser.add_argument("--out", type=Path, metavar="FILE.zip", help="write maps and table here")
    parser.add_argument("--csv", action="store_true", help="print CSV instead of a table")
    return parser


def run(args: argparse.Namespace) -> int:
    """Score, print, and write if asked; 1 if no picture could be read.

    Ctrl-C keeps the pictures so far, in the ZIP file too.
    """
    from design_core.output.batch import Settings, batch_finding, batch_rows, scores_csv
    from design_core.pictures.items import file_items

    settings = Settings(
        kernel=kernel_of(args),
        fitted=args.scale == "data",
        longest=args.size,
        source=args.source,
        maps=args.maps,
        seed=args.seed,
    )
    rows: list[Row] = []
    items = file_items(args.pictures)
    with (
        whole_file(args.out) if args.out else nullcontext() as archive,
        closing(batch_rows(items, settings, archive, most=None)) as coming,
        watched() as progress,
        suppress(StoppedError),
    ):
        for row in coming:
            rows.append(row)
            if row.problem:
                print(f"{row.name}: {row.problem}", file=sys.stderr)
            if row.is_scored and not args.csv:
                print(_line(row))
            progress(len(rows) / len(items), "Scoring")
    stopped = len(rows) < len(items)
    if stopped:
        print(f"design batch: stopped after {len(rows)} of {len(items)}", file=sys.stderr)
    print(scores_csv(rows), end="") if args.csv else print(batch_finding(rows))
    if stopped:
        return EXIT_STOPPED
    return 0 if any(row.is_scored for row in rows) else 1


def _line(row: Row) -> str:
    from design_core.scores.registry import batch_scores

    told: dict[str, list[str]] = {}
    for name, (_, score) in batch_scores().items():
        told.setdefault(score.short, []).append(score.text(row.scores[name]))
    changes = ", ".join(f"{short} {' → '.join(values)}" for short, values in told.items())
    return f"{row.name:40} {changes}"
