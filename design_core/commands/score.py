"""``score``: what a threshold kernel scores on a source, and its rank among all of its size."""

from __future__ import annotations

import argparse
import json
from typing import Any

from design_core.commands.search import add_source_options, source_tables, table_lines

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "score", help="score a threshold kernel and rank it among all of its size"
    )
    parser.add_argument("kernel", metavar="KERNEL", help="a name, levels as '1 1;3 3', or a file")
    add_source_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def run(args: argparse.Namespace) -> int:
    """Score and print."""
    from design_core.kernels.spec import open_kernel
    from design_core.search.find import full_landscape, score_kernel

    kernel = open_kernel(args.kernel)
    levels = args.levels or kernel.level_set
    tables = source_tables(args, levels, None if args.levels else kernel.scale)
    rows, columns = kernel.shape[1:]
    listed = full_landscape(tables, (rows, columns), objective=args.objective)
    scored = score_kernel(kernel, tables, objective=args.objective, listed=listed)
    of = listed.size if listed else None
    if args.json:
        described = {
            **scored.to_dict(),
            "of": of,
            "objective": args.objective,
            "form": tables.form,
            "source": tables.source,
        }
        print(json.dumps(described, indent=2))
        return 0
    print(f"{args.objective}, {tables.form}, on {tables.source}")
    print("\n".join(table_lines((scored,))))
    if scored.rank and of:
        print(f"Rank {scored.rank:,} of {of:,}; kernels with this score: {scored.ties:,}.")
    elif of:
        print("A kernel of several slices has no rank; its score is the mean over the slices.")
    else:
        print("The kernels of this size are too many to list, so there is no rank.")
    return 0
