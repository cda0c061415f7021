"""What DeSign costs in training: a step of `vgg_small` with DeSign against one with Sign.

    python benchmarks/step_time.py [--width 32] [--turns 25] [--json] [--record]

A step is forward, backward, update and clipping, as ``train`` runs it by the recipe ``statistics``.
The two take turns; processor time of one thread counts, which what else the machine does disturbs
least. Fails above the bound. ``--record`` writes the result where ``zoo report`` finds it, see
`design_core.study.step_time.RECORD`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.training_speed import BATCH, STEPS_PER_TURN, Step, training_step  # noqa: E402
from design_core.networks import build_network  # noqa: E402
from design_core.networks.layers import set_training_type  # noqa: E402
from design_core.study.step_time import RECORD  # noqa: E402

ACTIVATIONS = {"sign": "sign", "design": "design:2x2-v2"}
BOUND = 1.25


def step_of(activation: str, width: int) -> Step:
    """A compiled training step in bfloat16 products."""
    model = build_network("vgg_small", width=width, activation=activation)
    model = model.to(memory_format=torch.channels_last)
    set_training_type(model, torch.bfloat16)
    return training_step(model, torch.compile(model, dynamic=False), fused=True)


def processor_milliseconds(step: Step, x: torch.Tensor, y: torch.Tensor) -> float:
    """Processor time of one step."""
    started = time.process_time()
    for _ in range(STEPS_PER_TURN):
        step(x, y)
    return 1e3 * (time.process_time() - started) / STEPS_PER_TURN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--turns", type=int, default=25)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--record", action="store_true", help="keep the result in the repository")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.randn(BATCH, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    y = torch.randint(0, 10, (BATCH,))
    steps = {name: step_of(activation, args.width) for name, activation in ACTIVATIONS.items()}
    for step in steps.values():  # compiling and warming up
        step(x, y)
        step(x, y)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(args.turns):
        for name, step in steps.items():
            times[name].append(processor_milliseconds(step, x, y))
    ratio = statistics.median(
        design / sign for design, sign in zip(times["design"], times["sign"], strict=True)
    )
    report = {
        "network": f"vgg_small, width {args.width}",
        "batch": BATCH,
        "turns": args.turns,
        "milliseconds": {name: statistics.median(values) for name, values in times.items()},
        "ratio": ratio,
        "machine": machine_facts("torch"),
    }
    if args.record:
        RECORD.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if args.json:
        print(json.dumps(report, indent=2))
    else:
        told = ", ".join(f"{name} {ms:.1f} ms" for name, ms in report["milliseconds"].items())
        print(f"{report['network']}, batch {BATCH}, one thread: {told}; ratio {ratio:.3f}")
    return 0 if ratio <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
