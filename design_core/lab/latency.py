"""How long a network takes for one picture, on the machine at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from design_core.engine.cpu import cpu_facts
from design_core.engine.measure import race
from design_core.zoo.checkpoint import Checkpoint

__all__ = ["Latency", "measure_latency"]

_RUNS = 15


@dataclass(frozen=True)
class Latency:
    """Time of one forward pass of one picture.

    Parameters
    ----------
    milliseconds
        Least of all runs: what it takes when nothing disturbs it.
    runs_on
        ``1-bit engine`` or ``PyTorch``.
    machine
        The processor's name.
    """

    milliseconds: float
    runs: int
    runs_on: str
    machine: str


def measure_latency(checkpoint: Checkpoint) -> Latency:
    """Run a network on one picture, batch 1, on the 1-bit engine or in PyTorch where it cannot."""
    x = np.random.default_rng(0).standard_normal((1, *checkpoint.pictures.shape), np.float32)
    packed, picture = checkpoint.packed, torch.from_numpy(x)

    def run() -> object:
        if packed is not None:
            return packed(x)
        with torch.inference_mode():
            return checkpoint.model(picture)

    times = [race({"network": run}, 0.0)["network"] for _ in range(_RUNS // 5)]
    runs_on = "PyTorch" if packed is None else "1-bit engine"
    return Latency(min(times), _RUNS, runs_on, str(cpu_facts()["name"]))
