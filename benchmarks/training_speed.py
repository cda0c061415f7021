"""Images per second of training: this library's step beside a plain one, in one run.

    python benchmarks/training_speed.py [--width 32] [--threads 2] [--json]

Plain: the usual binary layer as papers' code writes it, float32, channels first, not compiled,
optimizer not fused. Ours: what ``train`` runs by the recipe ``statistics``. Same network, batch
and number of threads; the two take turns, so that whatever else the machine does hits both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from design_core.networks import build_network  # noqa: E402
from design_core.networks.layers import (  # noqa: E402
    constrain_latent_weights,
    set_training_type,
)

BATCH = 128
STEPS_PER_TURN = 5

Step = Callable[[Tensor, Tensor], None]


class PlainSign(torch.autograd.Function):
    """Two-valued sign with a clipped straight-through gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad_outputs[0] * (x.abs() <= 1)


class PlainConv(nn.Conv2d):
    """Binarize input and weights, then convolve."""

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(PlainSign.apply(x), PlainSign.apply(self.weight), padding=1)


def plain_network(width: int) -> nn.Sequential:
    """The chain of `vgg_small`; each binary layer binarizes its own input."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width)]
    channels = width
    for index, out in enumerate((1, 2, 2, 4, 4)):
        layers.append(PlainConv(channels, out * width, 3, bias=False))
        if index % 2 == 0:
            layers.append(nn.MaxPool2d(2))
        layers.append(nn.BatchNorm2d(out * width))
        channels = out * width
    head = nn.Linear(channels * 16, 10)
    return nn.Sequential(*layers, nn.Hardtanh(), nn.Flatten(), head, nn.BatchNorm1d(10))


def training_step(model: nn.Module, forward: Callable[..., Tensor], fused: bool) -> Step:
    """A full step: forward, backward, update, clipping of latent weights."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=fused)

    def step(x: Tensor, y: Tensor) -> None:
        loss = F.cross_entropy(forward(x), y, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        constrain_latent_weights(model)

    return step


def images_per_second(step: Step, x: Tensor, y: Tensor) -> float:
    started = time.perf_counter()
    for _ in range(STEPS_PER_TURN):
        step(x, y)
    return STEPS_PER_TURN * len(x) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    x, y = torch.randn(BATCH, 3, 32, 32), torch.randint(0, 10, (BATCH,))
    plain = plain_network(args.width)
    ours = build_network("vgg_small", width=args.width).to(memory_format=torch.channels_last)
    set_training_type(ours, torch.bfloat16)
    contenders = {
        "plain": (training_step(plain, plain, fused=False), x),
        "ours": (
            training_step(ours, torch.compile(ours, dynamic=False), fused=True),
            x.to(memory_format=torch.channels_last),
        ),
    }
    for step, pictures in contenders.values():  # compiling and warming up
        step(pictures, y)
        step(pictures, y)
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(args.turns):
        for name, (step, pictures) in contenders.items():
            speeds[name].append(images_per_second(step, pictures, y))
    ratio = statistics.median(
        ours / plain for ours, plain in zip(speeds["ours"], speeds["plain"], strict=True)
    )
    report = {
        "network": f"vgg_small, width {args.width}",
        "batch": BATCH,
        "threads": args.threads,
        "images_per_second": {name: statistics.median(v) for name, v in speeds.items()},
        "turns": speeds,
        "ratio": ratio,
        "machine": machine_facts(),
    }
    if args.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{report['network']}, batch {BATCH}, {args.threads} thread(s)")
    for name, values in speeds.items():
        print(f"{name:6} {statistics.median(values):7.0f} images/s")
    print(f"ratio  {ratio:7.2f}")


if __name__ == "__main__":
    main()
