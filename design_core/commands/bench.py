"""``bench``: the 1-bit engine against PyTorch on this machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from design_core.engine.report import LayerTime, NetworkTime, Report, Rival

__all__ = ["add_parser", "run"]

_NOTES = """\
Ratios are float32 time over packed time. A packed layer includes padding, batch norm, activation
and packing; PyTorch's is the convolution alone, the faster of eager and torch.compile. Then come,
on one thread and at widths 32, 64 and 128, all ways to deploy a network of that shape: without bits
in float32 and int8, and of bits, in PyTorch, ONNX Runtime and OpenVINO where these are installed
(pip install "design-core[rivals]"); their times are medians. On processors with AMX, which multiply
int8 many times faster, int8 may win. Figures for a machine without AVX-512: set
NUMBA_CPU_NAME=haswell, NUMBA_CPU_FEATURES=+avx2,+fma,+popcnt,+bmi,+bmi2,
ATEN_CPU_CAPABILITY=avx2 and DNNL_MAX_CPU_ISA=AVX2. All of it takes about twenty minutes, half of
them for torch.compile; --only, --batch and --threads with --keep measure it in pieces.
"""

_TABLE = "bench table"
_HEAD = f"{'':36}batch threads   fp32 ms   bf16 ms packed ms  ratio   file"


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "bench", help="time the 1-bit engine against PyTorch", description=_NOTES
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--batch", type=int, action="append", help="batch size (default: 1, 64)")
    parser.add_argument("--threads", type=int, action="append", help="threads (default: 1, 2)")
    parser.add_argument(
        "--eager", action="store_true", help="leave torch.compile out: seconds instead of minutes"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="per comparison, at least (default: 1)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the JSON to a file, when all is measured"
    )
    parser.add_argument(
        "--only",
        choices=("layers", "networks", "rivals"),
        action="append",
        help="measure this alone (may be given again)",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="what the file of --out holds of this machine, and is not measured now, stays in it",
    )
    parser.add_argument(
        "--recorded", action="store_true", help="measure nothing: the figures that the app shows"
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write tables between the markers of FILE too"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Measure, printing each result as it comes, or all of them as JSON."""
    try:
        return _told_and_written(args)
    except RuntimeError as error:  # a full disk, a damaged folder of compiled code
        if not type(error).__module__.startswith("torch._"):
            raise
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ValueError(
            f"PyTorch cannot compile here ({reason[:200]}). --eager leaves torch.compile out."
        ) from error


def _told_and_written(args: argparse.Namespace) -> int:
    from design_core.atomic import try_to_write, write_atomically
    from design_core.engine.report import joined, read_report, recorded

    if args.keep and not args.out:
        raise ValueError("--keep keeps what the file of --out holds; name it by --out FILE.")
    if args.recorded:
        found = recorded()
        if args.json:
            print(json.dumps(found.to_dict(), indent=2))
        else:
            _print_all(found)
    else:
        kept = read_report(args.out) if args.keep and args.out.exists() else None
        if args.out:
            try_to_write(args.out)
        found = _measured(args)
        if args.out:
            whole = joined(kept, found) if kept else found
            write_atomically(args.out, (json.dumps(whole.to_dict(), indent=1) + "\n").encode())
    if args.write:
        _write(args.write, found)
    return 0


def _measured(args: argparse.Namespace) -> Report:
    from design_core.engine.measure import PARTS, Settings, measure

    settings = Settings(
        batches=_counts("--batch", args.batch, (1, 64)),
        threads=_counts("--threads", args.threads, (1, 2)),
        compiled=not args.eager,
        seconds=args.seconds,
        parts=tuple(args.only or PARTS),
    )
    if args.json:
        found = measure(settings)
        print(json.dumps(found.to_dict(), indent=2))
        return found
    print(_HEAD, flush=True)
    found = measure(settings, report=_say)
    _conclude(found)
    return found


def _print_all(found: Report) -> None:
    print(_HEAD)
    measured: list[LayerTime | NetworkTime | Rival] = [*found.layers, *found.networks]
    for one in [*measured, *found.rivals]:
        _say(one)
    _conclude(found)


def _conclude(found: Report) -> None:
    """What there is to say when all is measured."""
    from design_core.engine.report import fastest_in_words

    for width, batch in found.rival_sizes:
        print(fastest_in_words(found, width, batch))
    if found.missing:
        print(f"Not installed, so not measured: {', '.join(found.missing)}.")
    cpu = found.cpu
    print(f"DeSign takes {found.design_over_sign:.3f} times what Sign takes.")
    if found.waited is not None:
        print(f"It waited {found.waited:.0%} of its time for a processor.")
    print(f"{cpu['name']}, {cpu['cores']} core(s): {' '.join(cpu['flags'])}")
    print(f"numba compiles for {cpu['target']}; torch {found.torch}.")


def _write(path: Path, found: Report) -> None:
    """Tables of a report into a page, beside the records of other processors."""
    from design_core.engine.report import recorded_elsewhere
    from design_core.engine.speed_tables import speed_markdown
    from design_core.study.documents import write_documents

    write_documents(path, {_TABLE: speed_markdown(found, recorded_elsewhere())})


def _counts(option: str, given: list[int] | None, default: tuple[int, ...]) -> tuple[int, ...]:
    counts = tuple(given or default)
    if min(counts) < 1:
        raise ValueError(f"{option} is 1 or more; got {min(counts)}.")
    return counts


def _say(one: LayerTime | NetworkTime | Rival) -> None:
    from design_core.engine.report import Rival

    if isinstance(one, Rival):
        name = f"{one.kind}: {one.name}, width {one.width}"
        print(f"{name:48.48}{one.batch:5}{one.milliseconds.median:10.3f} ms", flush=True)
    else:
        print(_line(one), flush=True)


def _line(one: LayerTime | NetworkTime) -> str:
    from design_core.engine.report import NetworkTime

    size = f"  1/{one.size_ratio:.1f}" if isinstance(one, NetworkTime) else ""
    times = "".join(f"{ms:10.3f}" for ms in (one.fp32_ms, one.bf16_ms, one.packed_ms))
    return f"{one.name:36}{one.batch:5}{one.threads:8}{times}{one.ratio:7.1f}{size}"
