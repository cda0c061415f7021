"""A trained network judged by the method's known failure signs, block by block.

Thresholds are designed for a batch-norm output of mean 0 and variance 1. What goes wrong in
practice is that x is not so (misaligned scaling), that channels or kernel cells come to fire
never or always and carry nothing, that the kernel does not fit the map (cut tiles), or that the
thresholds cost more than they are worth. This module measures; `design_core.lab.verdicts` judges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.activations import BinaryActivation
from design_core.lab.half_normal import HalfNormalFit, HalfNormalTally
from design_core.lab.subset import Subset
from design_core.lab.verdicts import (
    LIMITS,
    STATES,
    Verdict,
    judge_cells,
    judge_channels,
    judge_cost,
    judge_half_normal,
    judge_scaling,
    judge_tiling,
)
from design_core.networks import activation_maps
from design_core.networks.intermediate import ActivationMaps
from design_core.networks.summary import summary
from design_core.scores.distribution import RANGE, normal_distribution
from design_core.zoo.checkpoint import Checkpoint

__all__ = ["BlockDiagnosis", "Diagnosis", "XHistogram", "diagnose"]

Floats = NDArray[np.float64]

_BINS = 80
_AT_ONCE = 64  # pictures in a forward pass


@dataclass(frozen=True, eq=False)
class XHistogram:
    """How what an activation receives is spread.

    Parameters
    ----------
    centres, density
        Probability per unit of x, shape (80,) each; what lies beyond ±4 counts outermost.
    mean, deviation
        Of all x.
    """

    centres: Floats
    density: Floats
    mean: float
    deviation: float


@dataclass(frozen=True, eq=False)
class BlockDiagnosis:
    """One activation of a network.

    Parameters
    ----------
    name, shape
        The block, and (C, H, W) of its maps.
    thresholds
        The kernel, (s, d1, d2); zero for Sign, None for real-valued activations.
    histogram
        Of x.
    levels, shares, designed
        The distinct thresholds ascending, P(x ≥ T) of each, and P(z ≥ T) for a standard normal z.
    fit
        How far x is from the half-normal that scaling assumes.
    channels
        Activation density by channel, shape (C,).
    cells
        Activation density by kernel cell, shape (s, d1, d2); NaN for a cell that no pixel meets,
        and where there is no kernel.
    pixels
        Values per channel that the densities were measured on.
    verdicts
        On this block, in the order of `LIMITS`.
    """

    name: str
    shape: tuple[int, int, int]
    thresholds: Floats | None
    histogram: XHistogram
    levels: Floats
    shares: Floats
    designed: Floats
    fit: HalfNormalFit
    channels: Floats
    cells: Floats
    pixels: int
    verdicts: tuple[Verdict, ...]

    @property
    def density(self) -> float:
        """Activation density of the block."""
        return float(self.channels.mean())

    @property
    def dead(self) -> int:
        """Channels that never fire."""
        return int((self.channels == 0).sum())

    @property
    def saturated(self) -> int:
        """Channels that always fire."""
        return int((self.channels == 1).sum())

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description, without the histogram's bins."""
        return {
            "block": self.name,
            "shape": list(self.shape),
            "x": {"mean": self.histogram.mean, "deviation": self.histogram.deviation},
            "thresholds": self.levels.tolist(),
            "shares": self.shares.tolist(),
            "designed_shares": self.designed.tolist(),
            "half_normal": self.fit.to_dict(),
            "density": self.density,
            "channels": len(self.channels),
            "dead": self.dead,
            "saturated": self.saturated,
            "channel_density": self.channels.tolist(),
            "cell_density": [_or_none(cell) for cell in self.cells.ravel()],
            "pixels_per_channel": self.pixels,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """A network's signs.

    Parameters
    ----------
    calibration, pictures
        What it was looked at on, for people, and how many pictures that were.
    blocks
        In the order of computation.
    cost
        The verdict on what the thresholds cost.
    """

    calibration: str
    pictures: int
    blocks: tuple[BlockDiagnosis, ...]
    cost: Verdict

    def verdicts(self) -> Iterator[tuple[str, Verdict]]:
        """All verdicts, each with its block; that on cost with none."""
        for block in self.blocks:
            for verdict in block.verdicts:
                yield block.name, verdict
        yield "", self.cost

    def worst_block(self) -> str:
        """The first block with the worst verdict."""
        ranked = {
            block.name: max(STATES.index(verdict.state) for verdict in block.verdicts)
            for block in self.blocks
        }
        return max(ranked, key=ranked.__getitem__)

    def finding(self, name: str) -> str:
        """One sentence on a network of that name."""
        total = sum(self.count(state) for state in STATES)
        told = [f"{self.count('fine')} of {total} checks are fine"]
        for state, words in (("wrong", "wrong"), ("look", "worth a look")):
            if self.count(state):
                told.append(f"{self.count(state)} {words} ({self._where(state)})")
        return f"{name} on {self.calibration}: {'; '.join(told)}."

    def _where(self, state: str) -> str:
        """The signs of a state, each with its block or the number of its blocks."""
        places: dict[str, list[str]] = {}
        for block, verdict in self.verdicts():
            if verdict.state == state:
                places.setdefault(LIMITS[verdict.sign].title.lower(), []).append(block)
        told = {
            sign: f"{sign} of {blocks[0] if len(blocks) == 1 else f'{len(blocks)} blocks'}"
            for sign, blocks in places.items()
        }
        return ", ".join(sign if places[sign] == [""] else words for sign, words in told.items())

    def count(self, state: str) -> int:
        """How many verdicts are of a state."""
        return sum(verdict.state == state for _, verdict in self.verdicts())

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {
            "calibration": self.calibration,
            "pictures": self.pictures,
            "blocks": [block.to_dict() for block in self.blocks],
            "cost": self.cost.to_dict(),
        }


def diagnose(checkpoint: Checkpoint, subset: Subset) -> Diagnosis:
    """Measure and judge a network on some pictures.

    Parameters
    ----------
    checkpoint
        With binary or real-valued activations; the latter have no thresholds to judge.
    subset
        Pictures in the network's form; labels are not looked at.
    """
    tallies: dict[str, _Tally] = {}
    for part in torch.split(subset.pixels, _AT_ONCE):
        for tap in activation_maps(checkpoint.model, checkpoint.pictures.normalized(part))[1]:
            if tap.name not in tallies:
                tallies[tap.name] = _Tally(_thresholds(tap.activation))
            tallies[tap.name].add(tap)
    side = checkpoint.pictures.shape[1]
    learned = checkpoint.spec.affine
    blocks = tuple(tally.block(name, side, learned) for name, tally in tallies.items())
    return Diagnosis(subset.title, len(subset), blocks, _cost(checkpoint, blocks))


def _thresholds(activation: nn.Module) -> Tensor | None:
    if not isinstance(activation, BinaryActivation):
        return None
    return activation.thresholds.detach()


class _Tally:
    """Counts of one block, from batch to batch."""

    def __init__(self, thresholds: Tensor | None) -> None:
        self.thresholds = thresholds
        ascending = [] if thresholds is None else sorted(set(thresholds.flatten().tolist()))
        self.levels = torch.tensor(ascending, dtype=torch.float32)
        self.pictures = 0
        self.sums = np.zeros(2)
        self.bins = np.zeros(_BINS, np.int64)
        self.between = np.zeros(len(self.levels) + 1, np.int64)
        self.half_normal = HalfNormalTally()
        self.fired: NDArray[np.int64] | None = None

    def add(self, tap: ActivationMaps) -> None:
        x = tap.x
        self.pictures += len(x)
        wide = x.double()
        self.sums += [float(wide.sum()), float((wide * wide).sum())]
        bins = x.clamp(-RANGE, RANGE).histc(_BINS, -RANGE, RANGE)
        self.bins += bins.numpy().astype(np.int64)
        self.half_normal.add(x)
        # How many thresholds each x reaches: one pass, however many there are.
        reached = torch.bucketize(x.flatten(), self.levels, right=True)
        self.between += reached.bincount(minlength=len(self.between)).numpy()
        fired = (tap.y > 0).sum(0).numpy()
        self.fired = fired if self.fired is None else self.fired + fired

    def block(self, name: str, side: int, learned: bool) -> BlockDiagnosis:
        """What the counts come to; `side` is the height of the network's input."""
        assert self.fired is not None
        shape: tuple[int, int, int] = self.fired.shape
        pixels = self.pictures * shape[1] * shape[2]
        channels = self.fired.sum((1, 2)) / pixels
        histogram = self._histogram()
        levels = self.levels.double().numpy()
        shares = 1 - self.between.cumsum()[:-1] / self.between.sum()
        designed = normal_distribution().exceeds(levels)
        verdicts = [judge_channels(channels, pixels)]
        fit = self.half_normal.fit()
        thresholds, cells = None, np.full((1, 1, 1), np.nan)
        if self.thresholds is not None:
            thresholds = self.thresholds.double().numpy()
            met = _cell_sums(np.ones(shape, np.int64), thresholds.shape)
            fired = _cell_sums(self.fired, thresholds.shape)
            cells = np.divide(
                fired, met * self.pictures, out=np.full(met.shape, np.nan), where=met > 0
            )
            x = {"mean": histogram.mean, "deviation": histogram.deviation}
            # Sign, and patterns on both sides of 0, are not made for a half-normal.
            above = bool(thresholds.any() and thresholds.min() >= 0)
            assumed = [judge_half_normal(fit, learned=learned)] if above else []
            verdicts = [
                judge_scaling(levels, shares, designed, **x, learned=learned),
                *assumed,
                *verdicts,
                judge_cells(cells, shares[np.searchsorted(levels, thresholds)]),
                judge_tiling(met, shape, side),
            ]
        return BlockDiagnosis(
            name, shape, thresholds, histogram, levels, shares, designed, fit, channels, cells,
            pixels, tuple(verdicts),
        )  # fmt: skip

    def _histogram(self) -> XHistogram:
        edges = np.linspace(-RANGE, RANGE, _BINS + 1)
        count = self.bins.sum()
        mean, square = self.sums / count
        return XHistogram(
            (edges[:-1] + edges[1:]) / 2,
            self.bins / (count * (edges[1] - edges[0])),
            float(mean),
            math.sqrt(max(0.0, square - mean**2)),
        )


def _cell_sums(counts: NDArray[np.int64], period: tuple[int, ...]) -> NDArray[np.int64]:
    """Sums of (C, H, W) over equal places in the kernel, shape (s, d1, d2)."""
    sums = np.zeros(period, np.int64)
    for cell in itertools.product(*map(range, period)):
        start, rows, columns = cell
        sums[cell] = counts[start :: period[0], rows :: period[1], columns :: period[2]].sum()
    return sums


def _cost(checkpoint: Checkpoint, blocks: tuple[BlockDiagnosis, ...]) -> Verdict:
    kernels = [(b.thresholds, b.shape[0]) for b in blocks if b.thresholds is not None]
    if not kernels:
        return Verdict("cost", "fine", 0.0, "Real-valued activations have no thresholds.")
    stored = sum(T.size for T, _ in kernels if T.size > 1 or T.any())
    integers = sum(channels * (T[0].size - 1) for T, channels in kernels)
    packed = summary(checkpoint.model, checkpoint.pictures.shape).total("packed_bytes")
    return judge_cost(stored, integers, packed)


def _or_none(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
