"""``kernels``: list the published kernels with their thresholds."""

from __future__ import annotations

import argparse
import json
from typing import Any

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "kernels", help="list the published threshold kernels"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, thresholds in full")
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the kernels."""
    if args.json:
        described = [
            {**kernel.to_dict(), "thresholds": kernel.thresholds.tolist()}
            for kernel in PUBLISHED.values()
        ]
        print(json.dumps(described, indent=2))
    else:
        print("\n\n".join(_as_text(kernel) for kernel in PUBLISHED.values()))
    return 0


def _as_text(kernel: ThresholdKernel) -> str:
    """Name and shape, then each row: levels of all slices, and their thresholds."""
    slices, rows, columns = kernel.shape
    lines = [f"{kernel.name}   {slices} slice{'s' if slices > 1 else ''} of {rows}x{columns}"]
    for row in range(rows):
        levels = "   ".join(" ".join(map(str, plane[row])) for plane in kernel.levels)
        values = "   ".join(" ".join(f"{t:.4f}" for t in p[row]) for p in kernel.thresholds)
        lines.append(f"    {levels}      {values}")
    return "\n".join(lines)
