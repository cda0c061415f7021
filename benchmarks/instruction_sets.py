"""The engine's inner loops by instruction set: the look-up of AVX2 beside what was there before it.

    python benchmarks/instruction_sets.py [--rounds 20] [--json]

A process per way to count differing bits, as if the processor had no more than it needs; they take
turns, shape by shape, and the median of the turns counts. One thread, batch 1. ``count, AVX2`` is
what the engine did before it looked counts up: XOR, LLVM's population count of vectors, add. Fails
where the look-up is not faster than that. Needs a processor with AVX2; what it lacks is named.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402

AVX2 = ("avx2", "fma", "popcnt", "bmi", "bmi2")
AVX512 = (*AVX2, *(f"avx512{part}" for part in ("f", "bw", "cd", "dq", "vl")))

#: Way: method, LLVM's name of a processor, and the features that it has.
WAYS = {
    "count, AVX-512 VPOPCNTDQ": ("count", "icelake-server", (*AVX512, "avx512vpopcntdq")),
    "look-up, AVX-512BW": ("look-up", "skylake-avx512", AVX512),
    "look-up, AVX2": ("look-up", "haswell", AVX2),
    "count, AVX2": ("count", "haswell", AVX2),
    "plain, SSE2": ("plain", "x86-64", ("sse2",)),
}
NEW, OLD = "look-up, AVX2", "count, AVX2"

#: (input channels, outputs, side) of 3×3 convolutions.
SHAPES = ((32, 32, 32), (64, 64, 16), (128, 128, 32), (256, 256, 16), (512, 512, 8))

_TURN = 0.01  # seconds, at least


def routines() -> Iterator[tuple[str, Callable[[], object]]]:
    """Layers by name, as the engine runs them on this method."""
    import numpy as np

    from design_core.engine.backend import load_backend
    from design_core.engine.bits import pack_bits, word_count
    from design_core.engine.layers import BitConv, Block, Cut, Maps

    rng = np.random.default_rng(0)
    for inputs, outputs, side in SHAPES:
        bits = pack_bits(rng.integers(0, 2, (3, 3, outputs, inputs)).astype(bool))
        conv = BitConv(np.ascontiguousarray(bits.swapaxes(2, 3)), inputs)
        cut = Cut(np.zeros((2, 2, outputs), np.int32), np.zeros(word_count(outputs), np.uint32))
        x = pack_bits(rng.integers(0, 2, (1, side, side, inputs)).astype(bool))
        run = load_backend("numba").program(
            [Block(conv, False, cut)], Maps("bits", inputs, side, side)
        )
        yield f"{inputs}→{outputs} at {side}×{side}", lambda run=run, x=x: run(x)  # type: ignore[misc]


def work(method: str) -> None:
    """A worker: tell the method, then milliseconds of each routine named on standard input."""
    from design_core.engine import vectors

    if method != vectors.METHOD:
        vectors.METHOD, vectors.GROUPS = method, (32, 16)
    runs = dict(routines())
    for run in runs.values():
        run()
    print(json.dumps(list(runs)), flush=True)
    for line in sys.stdin:
        run = runs[line.rstrip("\n")]
        run()
        count, begun = 0, time.perf_counter()
        while (taken := time.perf_counter() - begun) < _TURN:
            run()
            count += 1
        print(1e3 * taken / count, flush=True)


def start(way: str, cache: Path) -> subprocess.Popen[str]:
    """The process of a way."""
    method, processor, features = WAYS[way]
    environment = {
        "NUMBA_CPU_NAME": processor,
        "NUMBA_CPU_FEATURES": ",".join(f"+{feature}" for feature in features),
        "NUMBA_CACHE_DIR": str(cache),
    }
    return subprocess.Popen(
        [sys.executable, __file__, "--worker", method],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def available() -> dict[str, list[str]]:
    """What this processor lacks for each way."""
    import llvmlite.binding as llvm

    here = llvm.get_host_cpu_features()
    return {
        way: [feature for feature in features if not here.get(feature)]
        for way, (_, _, features) in WAYS.items()
    }


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Median milliseconds by shape and way."""
    ways = [way for way, lacks in available().items() if not lacks]
    with ExitStack() as stack:
        workers: dict[str, Any] = {}
        for way in ways:
            cache = stack.enter_context(tempfile.TemporaryDirectory())
            workers[way] = stack.enter_context(start(way, Path(cache)))
        names, *_ = [json.loads(worker.stdout.readline()) for worker in workers.values()]
        times: dict[str, dict[str, list[float]]] = {
            name: {way: [] for way in ways} for name in names
        }
        for _ in range(rounds):
            for name in names:
                for way, worker in workers.items():
                    worker.stdin.write(f"{name}\n")
                    worker.stdin.flush()
                    times[name][way].append(float(worker.stdout.readline()))
        for worker in workers.values():
            worker.stdin.close()
    return {
        name: {way: statistics.median(found) for way, found in each.items()}
        for name, each in times.items()
    }


def main() -> int:
    """Measure, print, and say whether the look-up is ahead of what was there before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args.worker)
        return 0
    lacking = {way: lacks for way, lacks in available().items() if lacks}
    found = measure(args.rounds)
    ratios = {name: times[OLD] / times[NEW] for name, times in found.items()}
    facts = machine_facts("numba", "numpy")
    if args.json:
        print(json.dumps({"machine": facts, "milliseconds": found, "lacking": lacking}, indent=2))
    else:
        for name, times in found.items():
            print(f"{name}: the look-up is {ratios[name]:.2f} times as fast as what was before")
            for way, ms in times.items():
                print(f"    {way:26}{ms:8.4f} ms{times[OLD] / ms:7.2f} ×")
        for way, lacks in lacking.items():
            print(f"Not measured, {way}: this processor lacks {', '.join(lacks)}.")
        print(", ".join(f"{fact} {value}" for fact, value in facts.items()))
    return 0 if all(ratio > 1 for ratio in ratios.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
