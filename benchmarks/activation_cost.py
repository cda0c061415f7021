"""Cost of DeSign against Sign: forward and backward on maps of shape (64, 128, 32, 32).

    python benchmarks/activation_cost.py [--json]

Sign and DeSign take turns, so that both see the same machine; each DeSign run is divided by the
mean of the Sign runs before and after it. Processor time of one thread is counted, which leaves
out the turns of other programs. Fails where a median ratio is above 1.15.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from design_core.activations import DeSign, Sign  # noqa: E402
from design_core.kernels.published import published_kernel  # noqa: E402

BOUND = 1.15
SHAPE = (64, 128, 32, 32)
KERNELS = ("2x2-v2", "3x3-symmetric-v1", "2x2x4-shifted-v1")
WARM_UP, RUNS = 3, 31


def seconds(layer: nn.Module, x: Tensor, gradient: Tensor) -> float:
    """Processor time of one forward and backward pass."""
    x.grad = None
    start = time.process_time()
    layer(x).backward(gradient)
    return time.process_time() - start


def compare(design: DeSign, x: Tensor, gradient: Tensor) -> dict[str, float]:
    """Median times in milliseconds, and the median and quartiles of their ratio."""
    plain = Sign()
    sign_times, design_times = [], []
    for _ in range(WARM_UP + RUNS):
        sign_times.append(seconds(plain, x, gradient))
        design_times.append(seconds(design, x, gradient))
    sign_times.append(seconds(plain, x, gradient))
    around = [(before + after) / 2 for before, after in pairwise(sign_times)]
    ratios = [one / base for one, base in zip(design_times, around, strict=True)][WARM_UP:]
    lower, median, upper = statistics.quantiles(ratios, n=4)
    return {
        "sign_ms": round(1e3 * statistics.median(sign_times[WARM_UP:]), 2),
        "design_ms": round(1e3 * statistics.median(design_times[WARM_UP:]), 2),
        "ratio": round(median, 3),
        "ratio_lower_quartile": round(lower, 3),
        "ratio_upper_quartile": round(upper, 3),
    }


def main() -> int:
    """Measure, print, and say whether the bound holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON only")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.randn(SHAPE, requires_grad=True)
    gradient = torch.randn(SHAPE)
    kernels = {name: compare(DeSign(published_kernel(name)), x, gradient) for name in KERNELS}
    report = {
        "shape": SHAPE,
        "bound": BOUND,
        "kernels": kernels,
        "threads": torch.get_num_threads(),
        **machine_facts("torch"),
    }
    if not args.json:
        print(f"{'kernel':20}{'Sign':>10}{'DeSign':>10}{'ratio':>8}   quartiles")
        for name, row in kernels.items():
            times = f"{row['sign_ms']:>7.1f} ms{row['design_ms']:>7.1f} ms{row['ratio']:>8.3f}"
            quartiles = f"{row['ratio_lower_quartile']:.3f} to {row['ratio_upper_quartile']:.3f}"
            print(f"{name:20}{times}   {quartiles}")
    print(json.dumps(report))
    return int(max(row["ratio"] for row in kernels.values()) > BOUND)


if __name__ == "__main__":
    sys.exit(main())
