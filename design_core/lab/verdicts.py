"""The method's failure signs: what is held against which limit, and what is said of it.

Each sign is a number with two limits, `LIMITS`; what is measured comes from
`design_core.lab.diagnosis`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.lab.half_normal import HalfNormalFit

__all__ = [
    "LIMITS",
    "STATES",
    "Limit",
    "Verdict",
    "judge_cells",
    "judge_channels",
    "judge_cost",
    "judge_half_normal",
    "judge_scaling",
    "judge_tiling",
]

Floats = NDArray[np.float64]

#: Verdicts from good to bad.
STATES = ("fine", "look", "wrong")

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
        "half-normal": Limit(
            "Half-normal",
            "Kolmogorov–Smirnov distance of the x above 0 to the half-normal",
            0.06,
            0.15,
            "Scaling assumes that the x above 0 are half-normal. The published thresholds split "
            "these into seven shares, 6 points the smallest between two thresholds, 14 points the "
            "mean: beyond 0.06 a threshold may stand where its neighbour was meant, beyond 0.15 "
            "most would, where the difference is largest. Where batch norm learns γ and β, a look "
            "at most, as above. Sign and thresholds below 0 assume nothing of the kind.",
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
        return {**vars(self), "number": self.number if math.isfinite(self.number) else None}


def _verdict(sign: str, number: float, text: str, *, least: str = "", most: str = "") -> Verdict:
    """Judge a number; `least` and `most` are bounds of the state for a reason in the text."""
    state = LIMITS[sign].judge(number)
    if least:
        state = max(state, least, key=STATES.index)
    if most:
        state = min(state, most, key=STATES.index)
    return Verdict(sign, state, number, text)


def judge_scaling(
    levels: Floats,
    shares: Floats,
    designed: Floats,
    *,
    mean: float,
    deviation: float,
    learned: bool,
) -> Verdict:
    """Whether thresholds fire as often as on the standard normal that they are made for.

    Parameters
    ----------
    levels, shares, designed
        The distinct thresholds T, P(x ≥ T) of each, and P(z ≥ T) for a standard normal z.
    mean, deviation
        Of x.
    learned
        Whether batch norm learned γ and β.
    """
    off = np.abs(shares - designed)
    worst = int(off.argmax())
    told = (
        f"T = {levels[worst]:.2f} fires on {_percent(shares[worst])} of x, on a standard normal on "
        f"{_percent(designed[worst])}: {100 * off[worst]:.1f} points apart"
    )
    if len(levels) > 1:
        told += f", the most of {len(levels)} thresholds"
    told += f". x has mean {_signed(mean)} and deviation {deviation:.2f}."
    number = float(off[worst])
    if LIMITS["scaling"].judge(number) != "fine":
        told += (
            " γ and β are learned: training put x there itself, which asks for a look at most."
            if learned
            else " γ and β are not learned, so training could not move x: the thresholds are not "
            "where they were meant to be."
        )
    return _verdict("scaling", number, told, most="look" if learned else "")


def judge_half_normal(fit: HalfNormalFit, *, learned: bool) -> Verdict:
    """Whether x is what scaling assumes; `learned` as in `judge_scaling`."""
    if not fit.above:
        told = "No x is above 0, where thresholds are made for."
    else:
        told = (
            f"The x above 0, {_percent(fit.above)} of all, are {fit.distance:.2f} from the "
            f"half-normal, most at {fit.at:.2f}; excess kurtosis of x {_signed(fit.kurtosis)}."
        )
    state = LIMITS["half-normal"].judge(fit.distance)
    if state == "fine":
        told += " The assumption of scaling holds."
    elif learned:
        told += (
            " The assumption does not hold; γ and β are learned, which makes up for what it can."
        )
    else:
        told += " The assumption does not hold, and nothing is learned that could make up for it."
    return _verdict("half-normal", fit.distance, told, most="look" if learned else "")


def judge_channels(channels: Floats, pixels: int) -> Verdict:
    """Whether channels are constant; `channels` are their densities on so many pixels each."""
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


def judge_cells(cells: Floats, alone: Floats) -> Verdict:
    """Whether some kernel cell carries next to nothing.

    Parameters
    ----------
    cells
        Activation density by kernel cell, shape (s, d1, d2); NaN for a cell that no pixel meets.
    alone
        What each cell's threshold would make on all x, wherever they lie; the same shape.
    """
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


def judge_tiling(met: NDArray[np.int64], shape: tuple[int, int, int], side: int) -> Verdict:
    """Whether whole tiles cover the maps, and more than once.

    Parameters
    ----------
    met
        How many pixels of one picture's maps each kernel cell decides, shape (s, d1, d2).
    shape
        (C, H, W) of the maps.
    side
        Height of the network's input.
    """
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


def judge_cost(stored: int, integers: int, packed: int) -> Verdict:
    """What thresholds cost beyond Sign's one per channel.

    Parameters
    ----------
    stored
        Thresholds in the file.
    integers
        Further integers in the 1-bit engine, of 4 bytes each.
    packed
        Bytes of the packed network.
    """
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


def _signed(number: float) -> str:
    """Two places, with its sign unless it is 0."""
    rounded = round(number, 2)
    return f"{rounded:+.2f}".replace("-", "−") if rounded else "0.00"
