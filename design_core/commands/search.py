"""``search``: find the best threshold kernels of a size, with what there is to know about them."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from design_core.commands.watching import EXIT_STOPPED, watched

if TYPE_CHECKING:
    from design_core.scaling import Scale
    from design_core.search.block_tables import BlockTables
    from design_core.search.find import KernelScore, SearchResult

__all__ = ["add_parser", "add_source_options", "run", "source_tables", "table_lines"]

_SYMMETRIES = ("horizontal", "vertical", "half-turn", "transpose", "anti-transpose", "quarter-turn")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "search", help="find the best threshold kernels of a size"
    )
    parser.add_argument(
        "--size", type=_size, default=(3, 3), metavar="D", help="3, or rows and columns as 2x4"
    )
    add_source_options(parser)
    parser.add_argument("--top", type=int, default=10, help="how many kernels to list")
    parser.add_argument(
        "--density", type=_range, metavar="LOW:HIGH", help="share of pixels that fire, at most 0:1"
    )
    parser.add_argument("--allow", type=_numbers, metavar="LEVELS", help="levels that may occur")
    parser.add_argument("--max-distinct", type=int, metavar="N", help="different levels, at most")
    parser.add_argument(
        "--balance", type=float, metavar="M", help="magnitude of the mean threshold, at most"
    )
    parser.add_argument("--symmetry", choices=_SYMMETRIES, help="must leave the kernel as it is")
    parser.add_argument(
        "--slices", type=_slices, default=(None, 1), metavar="RULE",
        help="3D: shift:N (levels shifted slice by slice) or complement",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of the ascent, for large kernels")
    parser.add_argument(
        "--report", action="store_true",
        help="instead: what every form and objective selects on the source, as Markdown",
    )  # fmt: skip
    parser.add_argument(
        "--compare-sizes", type=_numbers, metavar="SIDES",
        help="instead: best, published and median kernel of each side, as '1 2 3 4', as Markdown",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add what is scored: objective, source, form, levels and scale."""
    parser.add_argument(
        "--objective", default="tv",
        help="tv, tv-isotropic, information, correlation, psnr or a sum: 'tv + 0.5*information'",
    )  # fmt: skip
    parser.add_argument(
        "--source", default="random-conv",
        help="random-conv (exact model), picture:FILE, picture:sample:NAME, folder:DIRECTORY or "
        "layer:MODEL:BLOCK, a block of a trained network on its samples",
    )  # fmt: skip
    parser.add_argument(
        "--form", choices=("signed", "relu", "reconstruction"), default="signed",
        help="what is scored: bits of x, bits of max(x, 0), or thresholds times bits",
    )  # fmt: skip
    parser.add_argument("--levels", type=_numbers, metavar="LEVELS", help="the level set")
    parser.add_argument(
        "--scale", choices=("published", "lloyd-max", "matlab", "data"),
        help="how levels become thresholds on a picture",
    )  # fmt: skip
    parser.add_argument(
        "--features", default="picture",
        help="what a picture becomes before it is cut: picture, rgb, random-conv or "
        "layer:MODEL:BLOCK, a layer of a trained network",
    )  # fmt: skip
    parser.add_argument("--maps", type=int, default=16, help="how many convolutions or channels")
    parser.add_argument("--map-seed", type=int, default=0, help="which random convolutions")
    parser.add_argument(
        "--picture-size", type=int, default=256, help="longest side of a picture, at most"
    )


def source_tables(
    args: argparse.Namespace,
    levels: tuple[int, ...],
    scale: Scale | None = None,
    *,
    form: str | None = None,
) -> BlockTables:
    """Open the source that the options name; `scale` serves where they name none."""
    from design_core.search.sources import MapOptions, open_tables

    return open_tables(
        args.source,
        levels,
        form=form or args.form,
        scale=args.scale or scale,
        options=MapOptions(args.features, args.maps, args.map_seed, args.picture_size),
        window="psnr" in args.objective,
    )


def run(args: argparse.Namespace) -> int:
    """Search and print."""
    from design_core.kernels.kernel import OMEGA
    from design_core.search.constraints import Constraints
    from design_core.search.find import find_kernels

    if args.report:
        return _report(args)
    if args.compare_sizes:
        return _compare_sizes(args)
    rule, n_slices = args.slices
    tables = source_tables(args, args.levels or OMEGA)
    with watched() as progress:
        result = find_kernels(
            tables,
            args.size,
            objective=args.objective,
            constraints=Constraints(
                density=args.density,
                levels=args.allow,
                max_distinct=args.max_distinct,
                balance=args.balance,
                symmetry=args.symmetry,
            ),
            slice_rule=rule,
            n_slices=n_slices,
            top=args.top,
            seed=args.seed,
            progress=progress,
        )
    print(json.dumps(result.to_dict(), indent=2) if args.json else _as_text(result))
    return EXIT_STOPPED if result.stopped else 0


def table_lines(scored: tuple[KernelScore, ...]) -> list[str]:
    """A header and one line a kernel."""
    lines = [f"{'rank':>10}{'score':>11}{'tv':>9}{'info':>9}{'fires':>9}{'shuffled':>11}  kernel"]
    for entry in scored:
        rank = f"{entry.rank:,}" if entry.rank else "–"
        name = f"  {entry.kernel.name}" if entry.kernel.name else ""
        lines.append(
            f"{rank:>10}{entry.score:11.6f}{entry.tv:9.4f}{entry.information:9.4f}"
            f"{entry.density:9.1%}{entry.shuffled:11.6f}  {entry.kernel}{name}"
        )
    return lines


def _as_text(result: SearchResult) -> str:
    rows, columns = result.size
    lines = [
        f"{result.objective} of {rows}x{columns} kernels, {result.form}, on {result.source}; "
        f"{result.seconds:.2f} s",
        *table_lines(result.best),
        *result.findings(),
    ]
    return "\n".join(lines)


def _report(args: argparse.Namespace) -> int:
    """Print the finding on a source."""
    from design_core.kernels.kernel import OMEGA
    from design_core.search.report import finding_report

    with watched() as progress:
        found = finding_report(
            lambda form: source_tables(args, args.levels or OMEGA, form=form), progress=progress
        )
    print(json.dumps(found.to_dict(), indent=2) if args.json else found.markdown())
    return EXIT_STOPPED if found.stopped else 0


def _compare_sizes(args: argparse.Namespace) -> int:
    """Print a row for each side."""
    from design_core.kernels.kernel import OMEGA
    from design_core.search.sizes import size_rows, sizes_markdown

    if args.json:
        raise ValueError("--compare-sizes prints Markdown; leave --json out.")
    with watched() as progress:
        rows = list(
            size_rows(
                source_tables(args, args.levels or OMEGA), args.compare_sizes, progress=progress
            )
        )
    sys.stdout.write(sizes_markdown(rows))
    return 0


def _size(text: str) -> tuple[int, int]:
    rows, _, columns = text.partition("x")
    return int(rows), int(columns or rows)


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    return float(low), float(high)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.replace(",", " ").split())


def _slices(text: str) -> tuple[str, int]:
    rule, _, count = text.partition(":")
    return rule, int(count) if count else 2
