"""How much memory pre-activations and their scores take, beside the maps themselves.

    python benchmarks/maps_memory.py [--side 2048] [--json]

Peaks of what Python and NumPy allocate (`tracemalloc`), in a process each, as multiples of the
float32 maps: of `picture_maps`, which makes 16 random convolutions of a picture, and of
`compare_activations`, whose outputs alone take one and a half times the maps. Fails where 16 maps
ask for more than `MOST` times their size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from design_core.kernels.published import published_kernel  # noqa: E402
from design_core.pictures import Picture  # noqa: E402
from design_core.pictures.feature_maps import picture_maps  # noqa: E402
from design_core.scores.comparison import compare_activations  # noqa: E402

MOST = 5


def _scored(maps: int, side: int) -> Callable[[], object]:
    x = np.random.default_rng(0).standard_normal((maps, side, side), dtype=np.float32)
    kernel = published_kernel("2x2-v2")
    return lambda: compare_activations(x, kernel)


def _made(side: int) -> Callable[[], object]:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    picture = Picture(pixels, "noise", "0" * 64)
    return lambda: picture_maps(picture, "random-conv", maps=16)


#: What is called, and how many maps that is about.
CASES: dict[str, tuple[Callable[[int], Callable[[], object]], int]] = {
    "picture_maps, 16 random convolutions": (_made, 16),
    "compare_activations, 16 maps": (lambda side: _scored(16, side), 16),
    "compare_activations, 1 map": (lambda side: _scored(1, side), 1),
}


def measure(name: str, side: int) -> dict[str, Any]:
    """Peak and seconds of one case in this process."""
    prepare, maps = CASES[name]
    call = prepare(side)
    tracemalloc.start()
    begun = time.perf_counter()
    call()
    seconds = time.perf_counter() - begun
    peak = tracemalloc.get_traced_memory()[1]
    return {
        "case": name,
        "side": side,
        "megabytes": round(peak / 2**20),
        "times_the_maps": round(peak / (4 * maps * side * side), 2),
        "maps": maps,
        "seconds": round(seconds, 1),
    }


def in_own_process(name: str, side: int) -> dict[str, Any]:
    """Measure one case in a fresh process."""
    command = [sys.executable, __file__, "--side", str(side), "--case", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def main() -> int:
    """Measure every case, or the one that a parent process asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=2048, help="pixels of a side (default: 2048)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print(json.dumps(measure(args.case, args.side)))
        return 0
    found = [in_own_process(name, args.side) for name in CASES]
    facts = machine_facts("numpy")
    if args.json:
        print(json.dumps({"machine": facts, "cases": found}, indent=2))
    else:
        for one in found:
            print(
                f"{one['case']}, {one['side']}²: {one['megabytes']:,} MB, "
                f"{one['times_the_maps']} times the maps, {one['seconds']} s"
            )
        print(", ".join(f"{fact} {value}" for fact, value in facts.items()))
    return 0 if all(one["times_the_maps"] <= MOST for one in found if one["maps"] > 1) else 1


if __name__ == "__main__":
    sys.exit(main())
