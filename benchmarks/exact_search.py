"""How long exact optima of larger kernels take, beside brute force and what was found before.

    python benchmarks/exact_search.py [--runs 3] [--json]

Random binary convolutions after ReLU. Each case runs in a process of its own, so that the peak
memory is its own: that of the process, with Python, numba and the tables; `beside` is what it was
before the search. Times are medians, compiled code ready.

- **Six levels**: whole searches by `find_optimum`, with ties. Where the search that stood here
  before it left an optimum (``tests/search/stored_optima.json``), it must be found again.
- **Reduced level sets**: sizes of which every kernel can be scored; optimum and number of ties must
  be those of the list.

Fails where an optimum differs, or 5×5 takes more than 1 s or 6×6 more than 10 s by total variation.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from design_core.search.block_tables import random_convolution_tables  # noqa: E402
from design_core.search.landscape import list_landscape  # noqa: E402
from design_core.search.objectives import Objective  # noqa: E402
from design_core.search.scorer import Scorer  # noqa: E402
from design_core.search.transfer import find_optimum  # noqa: E402

#: Side and objective, on all six levels.
LARGE = ((4, "tv"), (5, "tv"), (6, "tv"), (4, "information"), (5, "information"))

#: Rows, columns, levels and objective: all of these kernels are listed too.
LISTED = (
    (4, 4, (1, 9), "tv"),
    (4, 4, (1, 9), "information"),
    (5, 4, (0, 5), "tv"),
    (5, 4, (0, 5), "information"),
    (4, 3, (0, 3, 7, 9), "tv"),
    (4, 3, (0, 3, 7, 9), "information"),
)

#: Seconds that a search may take, by total variation.
BOUNDS = {5: 1.0, 6: 10.0}

STORED = ROOT / "tests" / "search" / "stored_optima.json"


def peak() -> float:
    """Megabytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(call: Any, runs: int) -> tuple[Any, float]:
    """A result, and the median seconds of so many calls after a first one."""
    result = call()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return result, statistics.median(times)


def scorer_of(objective: str) -> Scorer:
    """What kernels are scored by."""
    return Scorer.of(Objective.parse(objective), random_convolution_tables(form="relu"))


def large(side: int, objective: str, runs: int) -> dict[str, Any]:
    """A search on all levels."""
    scorer = scorer_of(objective)
    find_optimum(scorer.local, (3, 3))  # compiles
    before = peak()
    found, seconds = timed(lambda: find_optimum(scorer.local, (side, side)), runs)
    score = found.sums[0] * scorer.unit((side, side))
    return {
        "case": f"{side}×{side}, {objective}",
        "kernels": 6 ** (side * side),
        "seconds": seconds,
        "peak_megabytes": round(peak()),
        "beside_megabytes": round(before),
        "score": score,
        "ties": found.ties,
        "stored": stored(side, objective, score, found.ties),
        "in_time": objective != "tv" or seconds <= BOUNDS.get(side, float("inf")),
    }


def stored(side: int, objective: str, score: float, ties: int | None) -> bool | None:
    """Whether score and ties are those that were stored; None where nothing was."""
    for case in json.loads(STORED.read_text(encoding="utf-8")):
        if (case["size"], case["objective"], case["source"]) == (side, objective, "relu"):
            return abs(score - case["scores"][0]) < 1e-9 and ties == case["ties"]
    return None


def listed(case: tuple[int, int, tuple[int, ...], str], runs: int) -> dict[str, Any]:
    """A search and a list of the same kernels."""
    rows, columns, levels, objective = case
    scorer = scorer_of(objective).restricted(levels)
    found, seconds = timed(lambda: find_optimum(scorer.local, (rows, columns)), runs)
    landscape, listing = timed(lambda: list_landscape(scorer, (rows, columns)), runs)
    best = int(landscape.sums.max())
    return {
        "case": f"{rows}×{columns} of levels {levels}, {objective}",
        "kernels": len(levels) ** (rows * columns),
        "seconds": seconds,
        "listing_seconds": listing,
        "peak_megabytes": round(peak()),
        "same": best == found.sums[0] and landscape.ties(best) == found.ties,
    }


def in_own_process(part: str, index: int, runs: int) -> dict[str, Any]:
    """Measure one case in a fresh process."""
    command = [sys.executable, __file__, "--runs", str(runs), "--case", part, str(index)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def main() -> int:
    """Measure every case, or the one that a parent process asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        part, index = args.case[0], int(args.case[1])
        made = (
            large(*LARGE[index], args.runs) if part == "large" else listed(LISTED[index], args.runs)
        )
        print(json.dumps(made))
        return 0
    searched = [in_own_process("large", k, args.runs) for k in range(len(LARGE))]
    beside = [in_own_process("listed", k, args.runs) for k in range(len(LISTED))]
    facts = machine_facts("numba", "numpy")
    if args.json:
        print(json.dumps({"machine": facts, "searched": searched, "listed": beside}, indent=2))
    else:
        for one in searched:
            as_before = {True: "as before", False: "NOT AS BEFORE", None: "not stored"}[
                one["stored"]
            ]
            print(
                f"{one['case']:18}{one['kernels']:10.1e} kernels{one['seconds']:9.3f} s"
                f"{one['peak_megabytes']:6} MB, {one['beside_megabytes']} before"
                f"   {one['score']:.6f}, {one['ties']:,} ties, {as_before}"
            )
        for one in beside:
            print(
                f"{one['case']:40}{one['kernels']:12,} kernels: listed "
                f"{one['listing_seconds']:.3f} s, searched {one['seconds']:.4f} s, "
                f"{'same' if one['same'] else 'NOT THE SAME'}"
            )
        print(", ".join(f"{fact} {value}" for fact, value in facts.items()))
    right = all(one["stored"] is not False and one["in_time"] for one in searched)
    return 0 if right and all(one["same"] for one in beside) else 1


if __name__ == "__main__":
    sys.exit(main())
