"""Local tables: all that expected scores of thresholded maps depend on.

Bits of a threshold kernel are cut pixel by pixel, so an expected score that looks at neighbours
only is a sum over the kernel's cells of terms in the four levels of a 2×2 block::

    T(i, j)    T(i, j+1)             a  b
    T(i+1, j)  T(i+1, j+1)     =     c  d        (indices cyclic)

`BlockTables` holds how often each of the 16 bit patterns occurs under each choice of (a, b, c, d):
the tables H and V of neighbour pairs, the three-pixel table of the isotropic total variation and
the entropy of blocks all follow from these counts. They are whole numbers, so that equal scores
are equal exactly.

On given maps the tables are counts over all 2×2 blocks. A score made from them is therefore the
mean over all places where the tiling may start (`tile` starts at (0, 0)), up to the maps' borders.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import OMEGA
from design_core.scaling import Scale
from design_core.search.windows import WindowCounts, WindowTables, independent_window

__all__ = [
    "FORMS",
    "MAX_LEVELS",
    "PATTERNS",
    "BlockTables",
    "estimate_tables",
    "random_convolution_blocks",
    "random_convolution_tables",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

#: What is scored, by name. x is the pre-activation, T the threshold of its pixel.
FORMS = {
    "signed": "the bits x ≥ T, counted 0 and 1",
    "relu": "the bits max(x, 0) ≥ T, as in the published design on values after ReLU",
    "reconstruction": "the values T · (x ≥ T), what the authors' stored figures score",
}

#: A table has N⁴ · 16 entries, 8 MB for 16 levels (a Bayer matrix of 4×4).
MAX_LEVELS = 16

#: Bits of the 16 patterns, shape (16, 4): columns a, b, c, d of the block, in reading order.
PATTERNS: Integers = np.array(
    [[code >> 3 & 1, code >> 2 & 1, code >> 1 & 1, code & 1] for code in range(16)], dtype=np.int64
)
PATTERNS.setflags(write=False)


@dataclass(frozen=True, eq=False)
class BlockTables:
    """Counts of bit patterns in 2×2 blocks for every choice of four levels.

    Attributes
    ----------
    levels
        The N levels, ascending.
    values
        What each level stands for, shape (N,): its threshold, or the level itself in the model of
        random convolutions, whose values are whole numbers.
    patterns
        Shape (N, N, N, N, 16): how many of `total` blocks show each of `PATTERNS` when cut at
        levels (a, b, c, d). Whole numbers, or probabilities with `total` 1 when pixels are taken
        as independent.
    total
        How many blocks were counted.
    density
        P(x ≥ t) of each level, shape (N,).
    partial_mean
        E[x · (x ≥ t)] of each level, shape (N,).
    mean, variance
        Of x.
    form
        One of `FORMS`.
    scale
        How levels become thresholds on a batch-norm output, for the kernels that are found.
    source
        What x was, for people.
    window
        What the reconstruction PSNR needs; None where it was not counted.
    """

    levels: tuple[int, ...]
    values: Floats
    patterns: NDArray[Any]
    total: int
    density: Floats
    partial_mean: Floats
    mean: float
    variance: float
    form: str
    scale: Scale
    source: str
    window: WindowTables | None = None

    def __post_init__(self) -> None:
        for array in (self.values, self.patterns, self.density, self.partial_mean):
            array.setflags(write=False)

    @property
    def exact(self) -> bool:
        """Whether the tables are whole-number counts."""
        return self.patterns.dtype.kind == "i"

    def horizontal(self) -> Floats:
        """H[a, b] = P([x ≥ a] ≠ [x' ≥ b]) for x' right of x, shape (N, N)."""
        return self._pairs(0, 1)

    def vertical(self) -> Floats:
        """V[a, c] = P([x ≥ a] ≠ [x' ≥ c]) for x' below x, shape (N, N)."""
        return self._pairs(0, 2)

    def _pairs(self, first: int, second: int) -> Floats:
        """Flip probability of two pixels of the block; the other two levels do not matter."""
        flips = self.patterns @ (PATTERNS[:, first] != PATTERNS[:, second]).astype(np.int64)
        at = [0, 0, 0, 0]
        index = tuple(slice(None) if k in (first, second) else at[k] for k in range(4))
        return np.asarray(flips[index] / self.total)

    def independent(self) -> BlockTables:
        """Tables of the same pixels in random order: neighbours independent, densities the same.

        A score that is as high on these owes nothing to what is in the picture.
        """
        fires = np.stack([1 - self.density, self.density], axis=1)
        patterns = np.ones((len(self.levels),) * 4 + (16,))
        for position in range(4):
            shape = [1, 1, 1, 1, 16]
            shape[position] = len(self.levels)
            patterns *= fires[:, PATTERNS[:, position]].reshape(shape)
        window = self.window and independent_window(
            self.density,
            self.partial_mean,
            mean=self.mean,
            variance=self.variance,
            peak=self.window.peak,
        )
        source = f"{self.source}, pixels shuffled"
        return replace(self, patterns=patterns, total=1, source=source, window=window)


def random_convolution_tables(
    levels: Sequence[int] = OMEGA, *, form: str = "signed"
) -> BlockTables:
    """Exact tables of random binary convolutions: iid ±1 pixels, one iid ±1 kernel of 3×3.

    Parameters
    ----------
    levels
        Integers; a pixel fires where its value in {−9, −7, …, 9} reaches the level.
    form
        One of `FORMS`. After ReLU a pixel of any value fires at level 0.

    Raises
    ------
    ValueError
        Unknown form, or a number of levels out of range.

    Examples
    --------
    >>> float(random_convolution_tables().horizontal()[2, 2].round(6))
    0.378876
    """
    ordered = _check(levels, form)
    values = np.arange(-9, 10, 2)
    seen = np.maximum(values, 0) if form == "relu" else values
    bins = np.searchsorted(ordered, seen, side="right")
    blocks = random_convolution_blocks()
    total = int(blocks.sum())
    for axis in range(4):
        blocks = _merged(blocks, bins, len(ordered) + 1, axis)
    share = np.array([math.comb(9, positives) for positives in range(10)]) / 2**9
    fires = seen >= np.array(ordered)[:, None]
    mean = float(share @ seen)
    variance = float(share @ seen**2) - mean**2
    density, partial_mean = fires @ share, fires @ (share * seen)
    peak = float(np.ptp(seen))
    return BlockTables(
        levels=ordered,
        values=np.array(ordered, dtype=np.float64),
        patterns=_patterns(blocks, np.arange(len(ordered))),
        total=total,
        density=density,
        partial_mean=partial_mean,
        mean=mean,
        variance=variance,
        form=form,
        scale=_default_scale(ordered),
        source="random binary convolutions",
        window=independent_window(density, partial_mean, mean=mean, variance=variance, peak=peak),
    )


@lru_cache(maxsize=1)
def random_convolution_blocks() -> Integers:
    """How often each 2×2 block of values occurs over all 2¹⁶ pictures of 4×4 and all 2⁹ kernels.

    Returns
    -------
    int64 array of shape (10, 10, 10, 10)
        Indexed by the number p of positive products at each of the four places; the value there
        is 2p − 9. The sum is 2²⁵. Read-only.

    Notes
    -----
    For a fixed kernel each pixel raises p, by 0 or 1, at the places whose window holds it: the
    counts are built pixel by pixel, which visits 16 tables where enumeration visits 2¹⁶ pictures.
    """
    half = np.zeros((10,) * 4, dtype=np.int64)
    for code in range(2**8):  # the kernels whose first weight is −1; the others are their negatives
        kernel = np.array([code >> bit & 1 for bit in range(9)][::-1]).reshape(3, 3)
        half += _blocks_of(kernel)
    blocks: Integers = half + half[::-1, ::-1, ::-1, ::-1]
    blocks.setflags(write=False)
    return blocks


def _blocks_of(kernel: NDArray[Any]) -> NDArray[np.int32]:
    """Block counts over all 4×4 pictures for one kernel of weights 1 and 0 (for −1)."""
    counts = np.zeros((10,) * 4, dtype=np.int32)
    counts[0, 0, 0, 0] = 1
    for row in range(4):
        for column in range(4):
            positive, negative = [], []
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
                inside = 0 <= row - i < 3 and 0 <= column - j < 3
                weight = int(kernel[row - i, column - j]) if inside else 0
                positive.append(weight)
                negative.append(1 - weight if inside else 0)
            raised = np.zeros_like(counts)
            for steps in (positive, negative):
                target = tuple(slice(step, None) for step in steps)
                raised[target] += counts[tuple(slice(0, 10 - step) for step in steps)]
            counts = raised
    return counts


def estimate_tables(
    maps: Iterable[NDArray[np.float32]],
    levels: Sequence[int] = OMEGA,
    *,
    scale: Scale | None = None,
    form: str = "signed",
    source: str = "maps",
    window: bool = False,
) -> BlockTables:
    """Tables counted on real pre-activations.

    Parameters
    ----------
    maps
        Arrays of shape (..., H, W), float32, standardized (see `standardize`); sizes may differ.
    levels, scale
        The level set, and how levels become thresholds on x; left out, the authors' constants
        where they have some for these levels, else Lloyd-Max.
    form
        One of `FORMS`.
    source
        What the maps are, for people.
    window
        Whether to count what the reconstruction PSNR needs too, which takes longer.

    Raises
    ------
    ValueError
        Unknown form, values that are not finite, or no map of at least 2×2 pixels.
    """
    ordered = _check(levels, form)
    chosen = scale or _default_scale(ordered)
    thresholds = chosen.thresholds(ordered).astype(np.float32)
    ascending = np.argsort(thresholds, kind="stable")
    n = len(ordered)
    blocks = np.zeros((n + 1) ** 4, dtype=np.int64)
    pixels, sums = np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1)
    squares = 0.0
    in_window = WindowCounts(n + 1)
    for x in maps:
        if x.ndim < 2 or min(x.shape[-2:]) < 2:
            raise ValueError(f"Tables need maps of at least 2×2 pixels; got shape {x.shape}.")
        if not np.isfinite(x).all():
            raise ValueError("Tables need finite values; a map holds NaN or infinity.")
        seen = np.maximum(x, 0) if form == "relu" else x
        bins = np.searchsorted(thresholds[ascending], seen, side="right")
        code = bins[..., :-1, :-1] * (n + 1) + bins[..., :-1, 1:]
        code = (code * (n + 1) + bins[..., 1:, :-1]) * (n + 1) + bins[..., 1:, 1:]
        blocks += np.bincount(code.ravel(), minlength=blocks.size)
        pixels += np.bincount(bins.ravel(), minlength=n + 1)
        wide = seen.astype(np.float64).ravel()
        sums += np.bincount(bins.ravel(), weights=wide, minlength=n + 1)
        squares += float(wide @ wide)
        if window:
            in_window.add(seen, bins)
    count = int(pixels.sum())
    if count == 0:
        raise ValueError("Tables need at least one map; got none.")
    place = np.argsort(ascending)  # of each level among the ascending thresholds
    mean = float(sums.sum()) / count
    variance = squares / count - mean**2
    density = pixels[::-1].cumsum()[::-1][1:][place] / count
    moments = in_window.tables(place, density=density, mean=mean, variance=variance)
    return BlockTables(
        levels=ordered,
        values=thresholds.astype(np.float64),
        patterns=_patterns(blocks.reshape((n + 1,) * 4), place),
        total=int(blocks.sum()),
        density=density,
        partial_mean=sums[::-1].cumsum()[::-1][1:][place] / count,
        mean=mean,
        variance=variance,
        form=form,
        scale=chosen,
        source=source,
        window=moments if window else None,
    )


def _check(levels: Sequence[int], form: str) -> tuple[int, ...]:
    """The levels, ascending and distinct; refuses an unknown form."""
    if form not in FORMS:
        raise ValueError(f"Unknown form {form!r}; choose one of {', '.join(FORMS)}.")
    ordered = tuple(sorted({int(level) for level in levels}))
    if not 1 <= len(ordered) <= MAX_LEVELS:
        raise ValueError(f"Tables take 1 to {MAX_LEVELS} levels; got {len(ordered)}.")
    return ordered


def _default_scale(levels: tuple[int, ...]) -> Scale:
    """The authors' constants where they have some for these levels, else Lloyd-Max."""
    try:
        Scale().thresholds(levels)
    except ValueError:
        return Scale("lloyd-max")
    return Scale()


def _merged(counts: Integers, bins: Integers, n_bins: int, axis: int) -> Integers:
    """Sum the counts of all values that fall into the same bin, along one axis."""
    indicator = (bins == np.arange(n_bins)[:, None]).astype(np.int64)
    return np.moveaxis(np.tensordot(indicator, counts, axes=(1, axis)), 0, axis)


def _patterns(blocks: Integers, place: Integers) -> Integers:
    """From counts of binned blocks to counts of bit patterns, shape (N, N, N, N, 16).

    A pixel fires at a level when its bin lies above the level's place among the thresholds.
    """
    n = len(place)
    fires = np.arange(n + 1) > place[:, None]
    indicator = np.stack([~fires, fires], axis=1).astype(np.int64)  # level, bit, bin
    for _ in range(4):  # each turn consumes the first axis and appends (level, bit)
        blocks = np.tensordot(blocks, indicator, axes=(0, 2))
    return np.ascontiguousarray(blocks.transpose(0, 2, 4, 6, 1, 3, 5, 7)).reshape((n,) * 4 + (16,))
