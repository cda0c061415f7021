"""How long a network takes for one picture, on the machine at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from design_core.engine.cpu import cpu_facts
from design_core.engine.turns import race
from design_core.zoo.entry import Entry

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


def measure_latency(entry: Entry) -> Latency:
    """Run a network on one picture, batch 1, on the 1-bit engine or in PyTorch where it cannot."""
    x = np.random.default_rng(0).standard_normal((1, *entry.pictures.shape), np.float32)
    packed = entry.packed
    scores_of = entry.checkpoint.scores if packed is None else packed
    contenders = {"network": lambda: scores_of(x)}
    times = [race(contenders, 0.0)["network"] for _ in range(_RUNS // 5)]
    runs_on = "PyTorch" if packed is None else "1-bit engine"
    return Latency(min(times), _RUNS, runs_on, str(cpu_facts()["name"]))
