"""A trained network judged by the method's known failure signs, block by block.

Thresholds are designed for a batch-norm output of mean 0 and variance 1. What goes wrong in
practice is that x is not so (misaligned scaling), that channels or kernel cells come to fire
never or always and carry nothing, that the kernel does not fit the map (cut tiles), or that the
thresholds cost more than they are worth. Each sign is a number with two limits, `LIMITS`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.activations import DeSign, HardTanh, ReLU, Sign
from design_core.distribution import RANGE, normal_distribution
from design_core.networks import activation_maps
from design_core.networks.intermediate import ActivationMaps
from design_core.networks.summary import summary
from design_core.zoo.checkpoint import Checkpoint
from design_core.zoo.subset import Subset

__all__ = [
    "LIMITS",
    "STATES",
    "BlockDiagnosis",
    "Diagnosis",
    "Limit",
    "Verdict",
    "XHistogram",
    "diagnose",
]

Floats = NDArray[np.float64]

#: Verdicts from good to bad.
STATES = ("fine", "look", "wrong")

_BINS = 80
_AT_ONCE = 64  # pictures in a forward pass
_ENOUGH_PIXELS = 300  # per channel; see the limit of "channels"


@dataclass(frozen=True)
class Limit:
    """When a number asks for a look, and when it is wrong.

    Parameters
    ----------
    title
        The sign's name for people.
    quantity
        What the number is.
    look, wrong
        The number is fine up to the first and wrong beyond the second. Where `wrong` is the
        smaller of the two, small numbers are the bad ones.
    why
        Where the limits come from.
    """

    title: str
    quantity: str
    look: float
    wrong: float
    why: str

    def judge(self, number: float) -> str:
        """One of `STATES`."""
        sense = 1 if self.wrong > self.look else -1
        passed = [sense * number > sense * bound for bound in (self.look, self.wrong)]
        return STATES[sum(passed)]


#: The failure signs, in the order in which they are told.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "scaling": Limit(
            "Scaling",
            "largest |P(x ≥ T) − P(z ≥ T)| over the thresholds, z a standard normal",
            0.10,
            0.20,
            "Neighbouring levels of the published scale are 3 to 11 points of P(z ≥ T) apart: 10 "
            "points put a threshold where the next level was meant to be, 20 points two levels on. "
            "Where batch norm learns γ and β, training placed x itself: a look at most.",
        ),
        "channels": Limit(
            "Channels",
            "share of channels that never fire or always fire",
            0.0,
            0.05,
            "A constant channel carries nothing. Beyond 5 %, more than one weight in twenty of the "
            "next layer is spent on constants. A channel that fires on 1 % of its pixels would "
            "still seem dead by chance in 5 % of cases on 300 pixels (0.99³⁰⁰), so fewer pixels "
            "than that count for a look at most.",
        ),
        "cells": Limit(
            "Kernel cells",
            "smallest share of +1 or of −1 in any kernel cell",
            0.05,
            0.005,
            "A bit that is +1 with probability p carries at most H(p): 0.29 bit at 5 %, 0.05 bit "
            "at 0.5 %.",
        ),
        "tiling": Limit(
            "Tiling",
            "how many times more pixels the commonest threshold decides than the rarest",
            1.0,
            2.0,
            "1 where whole tiles cover the map. Cut tiles favour the first rows and columns of "
            "the kernel; beyond 2 one threshold decides over twice the pixels of another, and the "
            "kernel is no longer the one that was designed.",
        ),
        "cost": Limit(
            "Cost against Sign",
            "further bytes of thresholds in the 1-bit engine, as a share of the packed network",
            0.10,
            1.0,
            "Beyond a tenth they are worth counting; beyond 1 the thresholds outweigh all weights.",
        ),
    }
)


@dataclass(frozen=True)
class Verdict:
    """What one sign says.

    Parameters
    ----------
    sign
        A key of `LIMITS`.
    state
        One of `STATES`.
    number
        What was held against the limits.
    text
        A sentence or two for people, with the number.
    """

    sign: str
    state: str
    number: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description; no number where it is infinite."""
        return {**vars(self), "number": _or_none(self.number)}


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
    channels
        Activation density by channel, shape (C,).
    cells
        Activation density by kernel cell, shape (s, d1, d2); NaN for a cell that no pixel meets.
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
        wrong, look = (
            [f"{LIMITS[v.sign].title.lower()} of {b}" if b else "cost" for b, v in self.verdicts()
             if v.state == state]
            for state in ("wrong", "look")
        )  # fmt: skip
        told = []
        if wrong:
            told.append(f"{len(wrong)} wrong ({_few(wrong)})")
        if look:
            told.append(f"{len(look)} worth a look ({_few(look)})")
        rest = f"{total - len(wrong) - len(look)} of {total} signs are fine"
        return f"{name} on {self.calibration}: {'; '.join([rest, *told])}."

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
    activations = _activations(checkpoint.model)
    tallies: dict[str, _Tally] = {}
    for part in torch.split(subset.pixels, _AT_ONCE):
        for tap in activation_maps(checkpoint.model, checkpoint.pictures.normalized(part))[1]:
            if tap.name not in tallies:
                tallies[tap.name] = _Tally(_thresholds(activations[tap.name]))
            tallies[tap.name].add(tap)
    side = checkpoint.pictures.shape[1]
    learned = bool(checkpoint.spec.options["affine"])
    blocks = tuple(tally.block(name, side, learned) for name, tally in tallies.items())
    return Diagnosis(subset.title, len(subset), blocks, _cost(checkpoint, blocks))


def _activations(model: nn.Module) -> dict[str, nn.Module]:
    """Activation by block: ``blocks.BLOCK.act`` or ``units.UNIT.act``."""
    return {
        name.split(".")[1]: module
        for name, module in model.named_modules()
        if isinstance(module, (Sign, DeSign, HardTanh, ReLU))
    }


def _thresholds(activation: nn.Module) -> Tensor | None:
    if isinstance(activation, DeSign):
        return activation.thresholds
    return torch.zeros(1, 1, 1) if isinstance(activation, Sign) else None


class _Tally:
    """Counts of one block, from batch to batch."""

    def __init__(self, thresholds: Tensor | None) -> None:
        self.thresholds = thresholds
        self.levels = (
            torch.empty(0) if thresholds is None else torch.unique(thresholds)
        )  # ascending
        self.pictures = 0
        self.sums = np.zeros(2)
        self.bins = np.zeros(_BINS, np.int64)
        self.between = np.zeros(len(self.levels) + 1, np.int64)
        self.fired: NDArray[np.int64] | None = None

    def add(self, tap: ActivationMaps) -> None:
        x = tap.x
        self.pictures += len(x)
        wide = x.double()
        self.sums += [float(wide.sum()), float((wide * wide).sum())]
        bins = x.clamp(-RANGE, RANGE).histc(_BINS, -RANGE, RANGE)
        self.bins += bins.numpy().astype(np.int64)
        # How many thresholds each x reaches: one pass, however many there are.
        reached = torch.bucketize(x.flatten(), self.levels, right=True)
        self.between += reached.bincount(minlength=len(self.between)).numpy()
        fired = (tap.y > 0).sum(0).numpy()
        self.fired = fired if self.fired is None else self.fired + fired

    def block(self, name: str, side: int, learned: bool) -> BlockDiagnosis:
        """What the counts come to; `side` is the height of the network's input."""
        assert self.fired is not None
        shape: tuple[int, int, int] = self.fired.shape
        count = self.pictures * self.fired.size
        mean = self.sums[0] / count
        edges = np.linspace(-RANGE, RANGE, _BINS + 1)
        histogram = XHistogram(
            (edges[:-1] + edges[1:]) / 2,
            self.bins / (count * (edges[1] - edges[0])),
            float(mean),
            math.sqrt(max(0.0, self.sums[1] / count - mean**2)),
        )
        thresholds = None if self.thresholds is None else self.thresholds.double().numpy()
        levels = self.levels.double().numpy()
        shares = 1 - self.between.cumsum()[:-1] / count
        pixels = self.pictures * shape[1] * shape[2]
        channels = self.fired.sum((1, 2)) / pixels
        period = (1, 1, 1) if thresholds is None else thresholds.shape
        met = _cell_sums(np.ones(shape, np.int64), period) * self.pictures
        fired = _cell_sums(self.fired, period)
        cells = np.divide(fired, met, out=np.full(period, np.nan), where=met > 0)
        designed = normal_distribution().exceeds(levels)
        verdicts = [_channels_verdict(channels, pixels)]
        if thresholds is not None:
            alone = shares[np.searchsorted(levels, thresholds)]
            verdicts = [
                _scaling_verdict(histogram, levels, shares, designed, learned),
                *verdicts,
                _cells_verdict(cells, alone),
                _tiling_verdict(met // self.pictures, shape, side),
            ]
        return BlockDiagnosis(
            name, shape, thresholds, histogram, levels, shares, designed, channels, cells, pixels,
            tuple(verdicts),
        )  # fmt: skip


def _cell_sums(counts: NDArray[np.int64], period: tuple[int, ...]) -> NDArray[np.int64]:
    """Sums of (C, H, W) over equal places in the kernel, shape (s, d1, d2)."""
    sums = np.zeros(period, np.int64)
    for cell in itertools.product(*map(range, period)):
        start, rows, columns = cell
        sums[cell] = counts[start :: period[0], rows :: period[1], columns :: period[2]].sum()
    return sums


def _verdict(sign: str, number: float, text: str, *, least: str = "", most: str = "") -> Verdict:
    """Judge a number; `least` and `most` are bounds of the state for a reason in the text."""
    state = LIMITS[sign].judge(number)
    if least:
        state = max(state, least, key=STATES.index)
    if most:
        state = min(state, most, key=STATES.index)
    return Verdict(sign, state, number, text)


def _scaling_verdict(
    histogram: XHistogram, levels: Floats, shares: Floats, designed: Floats, learned: bool
) -> Verdict:
    off = np.abs(shares - designed)
    worst = int(off.argmax())
    told = (
        f"T = {levels[worst]:.2f} fires on {_percent(shares[worst])} of x, on a standard normal on "
        f"{_percent(designed[worst])}: {100 * off[worst]:.1f} points apart"
    )
    if len(levels) > 1:
        told += f", the most of {len(levels)} thresholds"
    told += f". x has mean {_signed(histogram.mean)} and deviation {histogram.deviation:.2f}."
    number = float(off[worst])
    if LIMITS["scaling"].judge(number) != "fine":
        told += (
            " γ and β are learned: training put x there itself, which asks for a look at most."
            if learned
            else " γ and β are not learned, so training could not move x: the thresholds are not "
            "where they were meant to be."
        )
    return _verdict("scaling", number, told, most="look" if learned else "")


def _channels_verdict(channels: Floats, pixels: int) -> Verdict:
    dead, saturated = int((channels == 0).sum()), int((channels == 1).sum())
    told = (
        f"{dead} of {len(channels)} channels never fire, {saturated} always; the others on "
        f"{_span(channels[(channels > 0) & (channels < 1)])}."
    )
    few = pixels < _ENOUGH_PIXELS
    if few and dead + saturated:
        told += (
            f" {pixels} pixels a channel are too few to say more: by chance alone, a channel that "
            f"fires on 1 % stays silent in {100 * 0.99**pixels:.0f} % of cases."
        )
    number = (dead + saturated) / len(channels)
    return _verdict("channels", number, told, most="look" if few else "")


def _cells_verdict(cells: Floats, alone: Floats) -> Verdict:
    """`alone`: what each cell's threshold would make on all x, wherever they lie."""
    met = ~np.isnan(cells)
    density = cells[met]
    number = float(np.minimum(density, 1 - density).min())
    if cells.size == 1:
        told = f"One threshold for all pixels, which fires on {_percent(density[0])}."
        return _verdict("cells", number, told)
    gap = float(np.abs(density - alone[met]).max())
    told = (
        f"The {cells.size} cells fire on {_span(density)}; by their thresholds alone on "
        f"{_span(alone[met])}, the place in the map moves them by up to {100 * gap:.1f} points."
    )
    return _verdict("cells", number, told)


def _tiling_verdict(met: NDArray[np.int64], shape: tuple[int, int, int], side: int) -> Verdict:
    """`met`: pixels of one picture's maps that each kernel cell decides."""
    slices, rows, columns = met.shape
    channels, height, width = shape
    kernel, maps = f"{rows}×{columns}", f"{height}×{width}"
    if met.size == 1:
        return _verdict("tiling", 1.0, f"One threshold for the whole {maps} map: no tile to cut.")
    rarest, commonest = int(met.min()), int(met.max())
    number = commonest / rarest if rarest else math.inf
    cut = [
        f"{size} {word} hold {size // period} whole periods of {period} and {size % period} more"
        for size, period, word in ((height, rows, "rows"), (width, columns, "columns"))
        if size % period
    ]
    if channels % slices:
        cut.append(f"{channels} channels do not share {slices} slices evenly")
    if cut:
        told = f"{kernel} tiles are cut on the {maps} map: {', '.join(cut)}. "
        told += (
            f"The commonest threshold decides {number:.2f} times the pixels of the rarest."
            if rarest
            else f"{int((met == 0).sum())} of {met.size} cells decide no pixel at all."
        )
    else:
        told = f"{height // rows}×{width // columns} whole {kernel} tiles cover the {maps} map."
    scale = side / height
    told += f" A period is {rows * scale:g} px of the picture."
    once = min(height / rows, width / columns) < 2 and rows * columns > 1
    if once:
        told += (
            " The pattern is not repeated, so that every pixel always meets the same threshold: "
            "an offset by place rather than a dither."
        )
    return _verdict("tiling", number, told, least="look" if once else "")


def _cost(checkpoint: Checkpoint, blocks: tuple[BlockDiagnosis, ...]) -> Verdict:
    """Thresholds in the file and in the engine, against one per channel."""
    kernels = [(b.thresholds, b.shape[0]) for b in blocks if b.thresholds is not None]
    if not kernels:
        return Verdict("cost", "fine", 0.0, "Real-valued activations have no thresholds.")
    stored = sum(T.size for T, _ in kernels if T.size > 1 or T.any())
    integers = sum(channels * (T[0].size - 1) for T, channels in kernels)
    packed = summary(checkpoint.model, checkpoint.pictures.shape).total("packed_bytes")
    number = 4 * integers / packed
    told = (
        "Further operations: none, since batch norm and threshold fold into one integer compare "
        f"per output with or without a kernel. Further numbers: {stored:,} thresholds in the file; "
        f"in the 1-bit engine {integers:,} integers of 4 bytes, {_percent(number)} of the packed "
        "network."
    )
    return _verdict("cost", number, told)


def _span(shares: Floats) -> str:
    if not len(shares):
        return "none"
    low, high = float(shares.min()), float(shares.max())
    return _percent(low) if low == high else f"{100 * low:.1f}–{100 * high:.1f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _few(names: list[str]) -> str:
    """The first three, and how many more."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−")


def _or_none(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
