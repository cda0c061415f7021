"""How fast whole landscapes and exact optima are, beside simulating every kernel.

    python benchmarks/landscape_speed.py [--runs 5] [--json]

Each case runs in a process of its own, so that the peak memory is its own. Times are medians.
The simulation scores a kernel as the authors' scripts do: 100 random binary convolutions of
32×32 pixels are thresholded with the tiled kernel, and the total variation is averaged.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import machine_facts
from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.scores import total_variation
from design_core.search.block_tables import (
    random_convolution_blocks,
    random_convolution_tables,
)
from design_core.search.find import find_kernels
from design_core.search.landscape import list_landscape
from design_core.search.objectives import Objective
from design_core.search.scorer import Scorer
from design_core.search.transfer import find_optimum


def _tables() -> object:
    random_convolution_blocks.cache_clear()
    return random_convolution_tables(form="relu")


def _scorer(objective: str, form: str) -> Scorer:
    return Scorer.of(Objective.parse(objective), random_convolution_tables(form=form))


def _listing(objective: str) -> Callable[[], object]:
    scorer = _scorer(objective, "relu")
    return lambda: list_landscape(scorer, (3, 3))


def _search(size: int, form: str) -> Callable[[], object]:
    tables = random_convolution_tables(form=form)
    return lambda: find_kernels(tables, (size, size))


def _proof(objective: str, form: str) -> Callable[[], object]:
    scorer = _scorer(objective, form)
    return lambda: find_optimum(scorer.local, (4, 4), top=10)


def _simulation(side: int) -> Callable[[], object]:
    random = np.random.default_rng(0)
    maps = random.normal(size=(100, 32, 32)).astype(np.float32)
    kernel = ThresholdKernel(random.choice((0, 1, 3, 5, 7, 9), (side, side)))
    return lambda: total_variation(binarize(maps, kernel)).mean()


#: Name: what prepares the timed call, and how many kernels the call settles.
CASES: dict[str, tuple[Callable[[], Callable[[], object]], int]] = {
    "exact tables of random binary convolutions": (lambda: _tables, 0),
    "3x3: all scores, tv": (lambda: _listing("tv"), 6**9),
    "3x3: all scores, isotropic tv": (lambda: _listing("tv-isotropic"), 6**9),
    "3x3: whole search (scores, ties, classes, 10 best, published)": (
        lambda: _search(3, "relu"),
        6**9,
    ),
    "4x4: exact 10 best with certificate and ties, tv": (lambda: _proof("tv", "relu"), 6**16),
    "4x4: the same, signed (a billion ties)": (lambda: _proof("tv", "signed"), 6**16),
    "4x4: the same, isotropic tv": (lambda: _proof("tv-isotropic", "relu"), 6**16),
    "4x4: whole search (best, worst, ties, published)": (lambda: _search(4, "relu"), 6**16),
    "simulation of one 3x3 kernel": (lambda: _simulation(3), 1),
    "simulation of one 4x4 kernel": (lambda: _simulation(4), 1),
}


def measure(name: str, runs: int) -> dict[str, Any]:
    """Time one case in this process."""
    prepare, kernels = CASES[name]
    call = prepare()
    call()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "case": name,
        "kernels": kernels,
        "seconds": statistics.median(times),
        "fastest": min(times),
        "peak_megabytes": round(peak),
    }


def in_own_process(name: str, runs: int) -> dict[str, Any]:
    """Time one case in a fresh process."""
    command = [sys.executable, __file__, "--runs", str(runs), "--case", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def report(measured: list[dict[str, Any]]) -> str:
    """A table, and what simulating every kernel would take."""
    lines = [f"{'median':>9}{'fastest':>9}{'peak MB':>9}  case"]
    lines += [
        f"{m['seconds']:8.4f}s{m['fastest']:8.4f}s{m['peak_megabytes']:9}  {m['case']}"
        for m in measured
    ]
    by_name = {m["case"]: m["seconds"] for m in measured}
    for side in (3, 4):
        every = by_name[f"simulation of one {side}x{side} kernel"] * 6 ** (side * side)
        ours = by_name[next(name for name in by_name if name.startswith(f"{side}x{side}: whole"))]
        lines.append(
            f"Simulating all {6 ** (side * side):,} kernels of {side}x{side} would take "
            f"{every / 3600:,.1f} hours; the exact search takes {ours:.2f} s."
        )
    lines.append(", ".join(f"{fact} {value}" for fact, value in machine_facts("numpy").items()))
    return "\n".join(lines)


def main() -> None:
    """Measure every case, or the one that a parent process asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print(json.dumps(measure(args.case, args.runs)))
        return
    measured = [in_own_process(name, args.runs) for name in CASES]
    facts = machine_facts("numpy")
    print(
        json.dumps({"machine": facts, "cases": measured}, indent=2)
        if args.json
        else report(measured)
    )


if __name__ == "__main__":
    main()
