"""Kernels by construction: the classical dither patterns, cut down to a few levels.

A rank pattern orders the n cells of a kernel by ranks r = 0 … n − 1. Its ranks are spread evenly
onto the N levels of a level set: rank r takes level number ``floor((2r + 1) N / 2n)``. Every level
is then used about equally often, and any scaling that knows the level set applies. Where N = n,
each rank is a level of its own: so the scale ``quantile`` has it, see `Pattern.at_quantiles`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import MAX_SIDE, OMEGA, ThresholdKernel
from design_core.scaling import Scale

__all__ = [
    "PATTERNS",
    "SIGNED_LEVELS",
    "Pattern",
    "bayer",
    "bayer_phases",
    "blue_noise",
    "checkerboard",
    "random_levels",
    "random_ranks",
    "symmetric",
    "uniform",
]

Ranks = NDArray[np.int64]

#: The values of one binary 3×3 convolution on one channel before ReLU [paper, section III-A].
SIGNED_LEVELS: tuple[int, ...] = (-9, -7, -5, -3, -1, 1, 3, 5, 7, 9)

_BAYER_SIZES = (1, 2, 4, 8, 16)


def uniform(level: int = 1, *, size: int = 1) -> ThresholdKernel:
    """One level everywhere: Sign with a shifted threshold, T = t(level).

    Raises
    ------
    ValueError
        A level outside `OMEGA`, or a size outside 1 … 64.
    """
    _check_side(size)
    return ThresholdKernel(np.full((size, size), level), name=f"uniform {level}")


def checkerboard(low: int = 1, high: int = 3, *, size: int = 2) -> ThresholdKernel:
    """Two levels in turn: `low` where i + j is even, `high` where it is odd.

    Raises
    ------
    ValueError
        Levels outside `OMEGA`, or a size outside 1 … 64.
    """
    _check_side(size)
    odd = np.add.outer(np.arange(size), np.arange(size)) % 2
    return ThresholdKernel(np.where(odd, high, low), name=f"checkerboard {low}/{high}")


def bayer(size: int, *, level_set: Sequence[int] = OMEGA) -> ThresholdKernel:
    """Bayer's ordered dither: coarse differences between neighbours first.

    ``B(1) = [0]``, ``B(2n) = [4B(n), 4B(n) + 2; 4B(n) + 3, 4B(n) + 1]``.

    Parameters
    ----------
    size
        Rows and columns: 1, 2, 4, 8 or 16.
    level_set
        Levels that the ranks are spread onto; ``range(size**2)`` keeps every rank.

    References
    ----------
    B. E. Bayer, "An optimum method for two-level rendition of continuous-tone pictures", 1973.

    Examples
    --------
    >>> str(bayer(2, level_set=range(4)))
    '0 2;3 1'
    >>> str(bayer(2))
    '0 5;9 3'
    """
    return _spread(_bayer_ranks(size), level_set, f"bayer-{size}")


def bayer_phases(size: int, *, level_set: Sequence[int] = OMEGA) -> ThresholdKernel:
    """Three slices of a `bayer` pattern, a phase for each colour of a picture.

    The second slice is moved on by a column, the third by a row: of the cells that a pixel's red,
    green and blue meet, no two hold the same rank. Three equal slices would cut a grey pixel's
    colours alike, and two of three bits would say nothing.

    Parameters
    ----------
    size
        Rows and columns: 2, 4, 8 or 16.
    level_set
        Levels that the ranks are spread onto; ``range(size**2)`` keeps every rank.

    Examples
    --------
    >>> str(bayer_phases(2, level_set=range(4)))
    '0 2;3 1|2 0;1 3|3 1;0 2'
    """
    red = bayer(size, level_set=level_set)
    if size == 1:
        raise ValueError("A single threshold has no phase; a pattern of phases has size 2 or more.")
    return red.stacked(red.rolled(columns=1), red.rolled(rows=1)).renamed(f"bayer-phases-{size}")


def blue_noise(size: int, *, seed: int = 0, level_set: Sequence[int] = OMEGA) -> ThresholdKernel:
    """Blue noise by void-and-cluster: irregular, without coarse clumps or repeats.

    Beginning from a few random cells, clusters and voids of the pattern so far, seen through a
    Gaussian (σ = 1.5 cells) that wraps around the edges, decide which cell is ranked next.

    Parameters
    ----------
    size
        Rows and columns, 1 … 64.
    seed
        Which random cells to begin from.
    level_set
        Levels that the ranks are spread onto; ``range(size**2)`` keeps every rank.

    References
    ----------
    R. Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE 1913, 1993.
    """
    _check_side(size)
    return _spread(_void_and_cluster(size, seed), level_set, f"blue-noise-{size}")


def random_levels(rows: int, columns: int, *, slices: int = 1, seed: int = 0) -> ThresholdKernel:
    """Independent, equally likely levels of `OMEGA`: the control of every design.

    Raises
    ------
    ValueError
        A side outside 1 … 64.
    """
    shape = (slices, rows, columns)
    for side in shape:
        _check_side(side)
    levels = np.random.default_rng(seed).choice(OMEGA, size=shape)
    size = str(rows) if rows == columns else f"{rows}x{columns}"
    return ThresholdKernel(levels, name=f"random-{size}")


def random_ranks(size: int, *, seed: int = 0) -> ThresholdKernel:
    """The ranks 0 … size² − 1 in random order: the thresholds of a design without its order.

    Raises
    ------
    ValueError
        A size outside 1 … 64.
    """
    _check_side(size)
    ranks = np.random.default_rng(seed).permutation(size * size).reshape(size, size)
    return _spread(ranks, range(size * size), f"random-{size}")


def symmetric(size: int) -> ThresholdKernel:
    """A Bayer pattern of thresholds symmetric about zero, so that half of all bits are +1.

    The ranks are spread onto `SIGNED_LEVELS`; a scale gives a negative level the negated threshold
    of its magnitude.

    Parameters
    ----------
    size
        Rows and columns: 2, 4, 8 or 16.

    Examples
    --------
    >>> symmetric(2).thresholds.round(3).tolist()
    [[[-1.766, 0.967], [1.766, -0.967]]]
    """
    if size == 1:
        raise ValueError("A single threshold is symmetric about zero only at 0: that is Sign.")
    return _spread(_bayer_ranks(size), SIGNED_LEVELS, f"symmetric-{size}")


@dataclass(frozen=True)
class Pattern:
    """A family of kernels that is chosen by its size.

    Parameters
    ----------
    name
        As in a kernel specification: ``bayer`` in ``bayer-4``.
    title, help
        For people: a heading, and one sentence.
    sizes
        The sizes to offer, ascending.
    default
        The size to begin with.
    build
        Size to kernel.
    ranked
        Size to the kernel with a level for each rank; None where the pattern has no ranks.
    """

    name: str
    title: str
    help: str
    sizes: tuple[int, ...]
    default: int
    build: Callable[[int], ThresholdKernel]
    ranked: Callable[[int], ThresholdKernel] | None = None

    def __call__(self, size: int | None = None) -> ThresholdKernel:
        """The kernel of that size, or of the default size, named like ``bayer-4``.

        Raises
        ------
        ValueError
            A size that the pattern does not come in.
        """
        chosen = self._chosen(size)
        return self.build(chosen).renamed(f"{self.name}-{chosen}")

    def at_quantiles(self, size: int | None = None) -> ThresholdKernel:
        """The kernel under the scale ``quantile``, all ranks kept; named like ``bayer-4@quantile``.

        Raises
        ------
        ValueError
            A size that the pattern does not come in, or a pattern without ranks.
        """
        if self.ranked is None:
            raise ValueError(f"The pattern {self.name!r} has no ranks to spread over quantiles.")
        chosen = self._chosen(size)
        kernel = self.ranked(chosen).scaled("quantile")
        return kernel.renamed(f"{self.name}-{chosen}@quantile")

    def _chosen(self, size: int | None) -> int:
        chosen = self.default if size is None else size
        if chosen not in self.sizes:
            raise ValueError(
                f"The pattern {self.name!r} comes in sizes {', '.join(map(str, self.sizes))}; "
                f"got {size}."
            )
        return chosen


_PATTERNS = (
    Pattern(
        "uniform",
        "Uniform",
        "One threshold for all pixels: Sign, shifted.",
        tuple(range(1, 9)),
        1,
        lambda size: uniform(size=size),
    ),
    Pattern(
        "checkerboard",
        "Checkerboard",
        "Two thresholds in turn, so that neighbours always differ.",
        tuple(range(2, 9)),
        2,
        lambda size: checkerboard(size=size),
    ),
    Pattern(
        "bayer",
        "Bayer",
        "Ordered dither: a regular pattern that spreads the thresholds as evenly as it can.",
        _BAYER_SIZES,
        4,
        bayer,
        lambda size: bayer(size, level_set=range(size**2)),
    ),
    Pattern(
        "bayer-phases",
        "Bayer, a phase per colour",
        "Three slices of a Bayer pattern, moved against each other so that colours differ.",
        _BAYER_SIZES[1:],
        2,
        bayer_phases,
        lambda size: bayer_phases(size, level_set=range(size**2)),
    ),
    Pattern(
        "blue-noise",
        "Blue noise",
        "Irregular, but no two near cells have like thresholds; made by void-and-cluster.",
        (*range(1, 9), 16, 32, 64),
        8,
        blue_noise,
        lambda size: blue_noise(size, level_set=range(size**2)),
    ),
    Pattern(
        "random",
        "Random",
        "Independent random thresholds: what a design has to beat.",
        tuple(range(1, 9)),
        4,
        lambda size: random_levels(size, size),
        lambda size: random_ranks(size),
    ),
    Pattern(
        "symmetric",
        "Symmetric",
        "A Bayer pattern whose thresholds are symmetric about zero, so that half of all bits fire.",
        _BAYER_SIZES[1:],
        4,
        symmetric,
    ),
)

#: Every pattern by name.
PATTERNS: Mapping[str, Pattern] = MappingProxyType({p.name: p for p in _PATTERNS})


def _check_side(side: int) -> None:
    if not 1 <= side <= MAX_SIDE:
        raise ValueError(f"A kernel has 1 to {MAX_SIDE} slices, rows and columns; got {side}.")


def _spread(ranks: Ranks, level_set: Sequence[int], name: str) -> ThresholdKernel:
    """Spread ranks 0 … n − 1 evenly onto the levels of a set."""
    levels = np.array(sorted(level_set))
    chosen = levels[(2 * ranks + 1) * len(levels) // (2 * ranks.size)]
    return ThresholdKernel(chosen, level_set, Scale.fitting(level_set), name)


def _bayer_ranks(size: int) -> Ranks:
    if size not in _BAYER_SIZES:
        raise ValueError(
            f"A Bayer pattern has size {', '.join(map(str, _BAYER_SIZES))}; got {size}."
        )
    ranks = np.zeros((1, 1), dtype=np.int64)
    while len(ranks) < size:
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return ranks


class _Energy:
    """How crowded each cell is by the chosen ones: a sum of toroidal Gaussians about them.

    In whole numbers, so that adding and taking away cancel exactly and every machine finds the
    same pattern. A little noise, fixed by the generator, breaks ties.
    """

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        distance = np.minimum(np.arange(size), size - np.arange(size))
        squared = np.add.outer(distance**2, distance**2)
        bump = np.rint(np.exp(-squared / (2 * 1.5**2)) * 2**40).astype(np.int64)
        # Laid out twice, every shift of the bump is a view: the window at (size − i, size − j).
        self._bumps = np.tile(bump, (2, 2))
        self._size = size
        self._field = generator.integers(0, 2**20, (size, size))
        self.chosen = np.zeros((size, size), dtype=bool)

    def toggle(self, cell: int) -> None:
        """Choose a cell, or take it back."""
        row, column = divmod(cell, self._size)
        add = not self.chosen[row, column]
        self.chosen[row, column] = add
        bump = self._bumps[self._size - row :, self._size - column :][: self._size, : self._size]
        self._field += bump if add else -bump

    def tightest_cluster(self) -> int:
        """The most crowded chosen cell."""
        return int(np.where(self.chosen, self._field, -1).argmax())

    def largest_void(self) -> int:
        """The least crowded cell that is not chosen."""
        return int(np.where(self.chosen, np.iinfo(np.int64).max, self._field).argmin())


def _void_and_cluster(size: int, seed: int) -> Ranks:
    generator = np.random.default_rng(seed)
    energy = _Energy(size, generator)
    n_first = max(1, size * size // 10)
    for cell in generator.permutation(size * size)[:n_first]:
        energy.toggle(int(cell))
    _even_out(energy)

    first = energy.chosen.copy()
    ranks = np.empty(size * size, dtype=np.int64)
    for rank in reversed(range(n_first)):
        cell = energy.tightest_cluster()
        ranks[cell] = rank
        energy.toggle(cell)
    for cell in np.flatnonzero(first):
        energy.toggle(int(cell))
    # Ulichney ranks the second half by the clusters of what is left. On a torus the energies of
    # a pattern and of its complement add up to a constant, so those clusters are the voids here.
    for rank in range(n_first, size * size):
        cell = energy.largest_void()
        ranks[cell] = rank
        energy.toggle(cell)
    return ranks.reshape(size, size)


def _even_out(energy: _Energy) -> None:
    """Move cells from the tightest cluster to the largest void until none moves."""
    while True:
        cluster = energy.tightest_cluster()
        energy.toggle(cluster)
        void = energy.largest_void()
        energy.toggle(void)
        if void == cluster:
            return
