"""``bench``: the 1-bit engine against PyTorch on this machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from design_core.engine.report import LayerTime, NetworkTime, Rival

__all__ = ["add_parser", "run"]

_NOTES = """\
Ratios are float32 time over packed time. A packed layer includes padding, batch norm, activation
and packing; PyTorch's is the convolution alone, the faster of eager and torch.compile. Then come,
on one thread and at widths 32 and 128, all ways to deploy a network of that shape: without bits in
float32 and int8, and of bits, in PyTorch, ONNX Runtime and OpenVINO where these are installed
(pip install "design-core[rivals]"); their times are medians. Figures for a machine without AVX-512:
set NUMBA_CPU_NAME=haswell, NUMBA_CPU_FEATURES=+avx2,+fma,+popcnt,+bmi,+bmi2,
ATEN_CPU_CAPABILITY=avx2 and DNNL_MAX_CPU_ISA=AVX2.
"""


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
    return parser


def run(args: argparse.Namespace) -> int:
    """Measure, printing each result as it comes, or all of them as JSON."""
    from design_core.atomic import try_to_write, write_atomically
    from design_core.engine.measure import Settings, measure
    from design_core.engine.report import fastest_in_words

    if args.out:
        try_to_write(args.out)
    settings = Settings(
        batches=_counts("--batch", args.batch, (1, 64)),
        threads=_counts("--threads", args.threads, (1, 2)),
        compiled=not args.eager,
        seconds=args.seconds,
    )
    if args.json:
        found = measure(settings)
        print(json.dumps(found.to_dict(), indent=2))
    else:
        print(f"{'':36}batch threads   fp32 ms   bf16 ms packed ms  ratio   file", flush=True)
        found = measure(settings, report=_say)
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
    if args.out:
        write_atomically(args.out, (json.dumps(found.to_dict(), indent=1) + "\n").encode())
    return 0


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
