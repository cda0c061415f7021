"""Scaling: from integer levels to real thresholds on a batch-norm output.

A threshold kernel is designed on the integer values of a binary convolution, but it acts on a
batch-norm output with mean 0 and variance 1. A `Scale` says which real threshold t each level
gets, and by how much the whole is stretched and moved::

    T = offset + strength · t(level)

Strength 0 with offset 0 turns every kernel into plain Sign; strength 1 is the design as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_banded
from scipy.special import ndtr, ndtri

__all__ = ["MAX_NUMBER", "SCALE_NAMES", "Scale", "fit_quantiles", "fit_scale", "lloyd_max"]

Levels = Sequence[int]

#: Thresholds count standard deviations; beyond this a number is a mistake, and float32 overflows.
MAX_NUMBER = 1e6

# The constants in the authors' networks, bemc22/DeSign: six levels, and the four of the baseline.
_PUBLISHED: dict[tuple[int, ...], tuple[float, ...]] = {
    (0, 1, 3, 5, 7, 9): (
        0.31178307101247416,
        0.6310055699305364,
        0.9671384551810105,
        1.3351897412256477,
        1.7655587701510786,
        2.3419342504151506,
    ),
    (1, 2, 3, 4): (0.41901, 0.85981, 1.35668, 1.99841),
}
# The constants of the authors' apply_halfwave.m, which none of their networks uses.
_MATLAB: dict[tuple[int, ...], tuple[float, ...]] = {
    (0, 1, 3, 5, 7, 9): (
        0.5159260799279024,
        1.0426740122251235,
        1.5971041732997648,
        2.2059878729752223,
        2.9180711418567356,
        3.8667480105918006,
    ),
}
_TABLES = {"published": _PUBLISHED, "matlab": _MATLAB}

SCALE_NAMES: Mapping[str, str] = {
    "published": "The constants in the authors' networks; six levels of Ω, or four ranks.",
    "lloyd-max": "Decision boundaries of the Lloyd-Max quantizer of a half-normal; any levels.",
    "matlab": "The constants of the authors' MATLAB script; used by none of their networks.",
    "quantile": "Quantiles, one for each rank: of a standard normal, or of data by fit_quantiles.",
    "data": "K-means boundaries of real batch-norm outputs, made by fit_scale.",
    "custom": "Thresholds given one by one.",
}


@dataclass(frozen=True)
class Scale:
    """How integer levels become real thresholds: ``T = offset + strength · t(level)``.

    Parameters
    ----------
    name
        One of `SCALE_NAMES`.
    strength
        Factor on every threshold; 0 is plain Sign (with offset 0), negative turns the kernel over.
    offset
        Added to every threshold, in units of the batch-norm output's standard deviation.
    values
        The thresholds t of the levels in ascending order; for ``data`` and ``custom``, and for
        ``quantile`` where it was fitted to data.

    Raises
    ------
    ValueError
        Unknown name, numbers that are not finite, or values missing or not asked for.
    """

    name: str = "published"
    strength: float = 1.0
    offset: float = 0.0
    values: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.name not in SCALE_NAMES:
            raise ValueError(
                f"Unknown scaling {self.name!r}; choose one of {', '.join(SCALE_NAMES)}."
            )
        carries_values = self.name in ("data", "custom")
        if self.name != "quantile" and carries_values != (self.values is not None):
            need = "needs its own values" if carries_values else "takes no values of its own"
            raise ValueError(f"Scaling {self.name!r} {need}; got {self.values!r}.")
        numbers = (self.strength, self.offset, *(self.values or ()))
        strangers = [number for number in numbers if not abs(number) <= MAX_NUMBER]
        if strangers:
            raise ValueError(
                f"Scaling {self.name!r} takes finite numbers up to {MAX_NUMBER:g}; "
                f"got {strangers[0]}."
            )

    @classmethod
    def fitting(cls, level_set: Levels) -> Scale:
        """``published`` where it has constants for these levels, else ``lloyd-max``."""
        magnitudes = set(_magnitudes(level_set))
        known = any(magnitudes <= set(levels) for levels in _PUBLISHED)
        return cls("published" if known else "lloyd-max")

    def thresholds(self, level_set: Levels) -> NDArray[np.float64]:
        """Thresholds T of a level set, ascending in the level; shape ``(len(level_set),)``.

        A level below zero takes the negated t of its magnitude, and beside such levels level 0 is
        the centre with t = 0: a level set symmetric about zero has thresholds symmetric about the
        offset.

        Raises
        ------
        ValueError
            The scaling has no values for these levels (say, ``published`` for sixteen ranks).
        """
        return self.offset + self.strength * self._unit_values(tuple(sorted(level_set)))

    def _unit_values(self, level_set: tuple[int, ...]) -> NDArray[np.float64]:
        if self.values is not None:
            if len(self.values) != len(level_set):
                raise ValueError(
                    f"Scaling {self.name!r} has {len(self.values)} values but the kernel has "
                    f"{len(level_set)} levels; give one value per level."
                )
            return np.array(self.values)
        if self.name == "quantile":
            quantiles: NDArray[np.float64] = ndtri(_rank_shares(len(level_set)))
            return quantiles
        magnitudes = _magnitudes(level_set)
        return np.array(_by_level(level_set, self._magnitude_values(magnitudes)))

    def _magnitude_values(self, magnitudes: tuple[int, ...]) -> Sequence[float]:
        if self.name == "lloyd-max":
            return _lloyd_max_boundaries(len(magnitudes))
        for levels, values in _TABLES[self.name].items():
            if set(magnitudes) <= set(levels):
                by_level = dict(zip(levels, values, strict=True))
                return [by_level[magnitude] for magnitude in magnitudes]
        known = " or ".join(str(levels) for levels in _TABLES[self.name])
        raise ValueError(
            f"Scaling {self.name!r} has constants for levels {known} only, and this kernel uses "
            f"{len(magnitudes)} levels from {magnitudes[0]} to {magnitudes[-1]}; "
            "use 'lloyd-max', which fits any number of levels."
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description, the inverse of `from_dict`."""
        plain: dict[str, Any] = {
            "name": self.name,
            "strength": self.strength,
            "offset": self.offset,
        }
        return plain if self.values is None else {**plain, "values": list(self.values)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Scale:
        """Build from the mapping that `to_dict` returns; every key is optional.

        Raises
        ------
        ValueError
            Unknown keys, or entries of another type than `to_dict` writes.
        """
        unknown = set(plain) - {"name", "strength", "offset", "values"}
        if unknown:
            raise ValueError(f"A scaling has no entry {', '.join(sorted(map(str, unknown)))}.")
        values = plain.get("values")
        try:
            strength, offset = float(plain.get("strength", 1.0)), float(plain.get("offset", 0.0))
            values = None if values is None else tuple(float(value) for value in values)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                "A scaling's strength and offset are numbers, its values a list of numbers; "
                f"{error}."
            ) from error
        return cls(str(plain.get("name", "published")), strength, offset, values)


def _magnitudes(level_set: Levels) -> tuple[int, ...]:
    """The distinct |level| that need a threshold of their own, ascending."""
    magnitudes = {abs(level) for level in level_set}
    return tuple(sorted(magnitudes - {0} if min(level_set) < 0 else magnitudes))


def _by_level(level_set: Levels, values: Sequence[float]) -> tuple[float, ...]:
    """Spread the thresholds of `_magnitudes` over the levels, with the levels' signs."""
    by_magnitude = dict(zip(_magnitudes(level_set), values, strict=True))
    return tuple(
        math.copysign(by_magnitude.get(abs(level), 0.0), level) for level in sorted(level_set)
    )


@lru_cache(maxsize=256)
def _lloyd_max_boundaries(n_levels: int) -> tuple[float, ...]:
    """Solve b[k] = (c[k] + c[k+1]) / 2 by Newton's method; its Jacobian is tridiagonal.

    c[k] is the mean of the half-normal between neighbouring boundaries (0 and ∞ at the ends).
    The half-normal is log-concave, so the fixed point is unique; Newton reaches it in a few steps
    where Lloyd's own iteration needs thousands.
    """
    # Panter-Dite: boundaries of a good quantizer are spread as pdf^(1/3), a normal √3 times wider.
    ranks = np.arange(1, n_levels + 1) / (n_levels + 1)
    boundaries = math.sqrt(3) * ndtri(0.5 + ranks / 2)
    for _ in range(100):
        edges = np.concatenate([[0.0], boundaries, [np.inf]])
        density = np.exp(-(edges**2) / 2) / math.sqrt(2 * math.pi)
        mass = ndtr(-edges[:-1]) - ndtr(-edges[1:])
        centroid = (density[:-1] - density[1:]) / mass
        residual = boundaries - (centroid[:-1] + centroid[1:]) / 2
        # d centroid / d upper edge, and / d lower edge, of each cell
        d_upper = density[1:-1] * (boundaries - centroid[:-1]) / mass[:-1]
        d_lower = density[1:-1] * (centroid[1:] - boundaries) / mass[1:]
        bands = np.zeros((3, n_levels))
        bands[0, 1:] = -density[2:-1] * (boundaries[1:] - centroid[1:-1]) / mass[1:-1] / 2
        bands[1] = 1 - (d_upper + d_lower) / 2
        bands[2, :-1] = -density[1:-2] * (centroid[1:-1] - boundaries[:-1]) / mass[1:-1] / 2
        step = solve_banded((1, 1), bands, residual)
        boundaries = boundaries - step
        if np.abs(step).max() < 1e-14:
            break
    return tuple(boundaries.tolist())


def lloyd_max(n_levels: int) -> NDArray[np.float64]:
    """Boundaries of the (N+1)-level Lloyd-Max quantizer of |z|, z ~ N(0, 1).

    Parameters
    ----------
    n_levels
        N, how many boundaries: 1 to 4096.

    Returns
    -------
    ndarray of shape (N,)
        Ascending, above zero, deterministic: each is the middle between the means of its two cells.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM", 1982; J. Max, "Quantizing for minimum
    distortion", 1960. The `published` constants are the same quantizer found by K-means that
    stopped early, 2.6 to 6.2 % higher.

    Examples
    --------
    >>> lloyd_max(6).round(5).tolist()
    [0.29351, 0.59588, 0.91804, 1.27658, 1.70307, 2.28184]
    """
    if not 1 <= n_levels <= 4096:
        raise ValueError(f"lloyd_max takes 1 to 4096 levels; got {n_levels}.")
    return np.array(_lloyd_max_boundaries(n_levels))


def _rank_shares(n_levels: int) -> NDArray[np.float64]:
    """(2r + 1) / 2n for the ranks r = 0 … n − 1 of n levels: evenly spread over 0 to 1."""
    shares: NDArray[np.float64] = (2 * np.arange(n_levels) + 1) / (2 * n_levels)
    return shares


def fit_quantiles(x: ArrayLike, level_set: Levels, *, counts: ArrayLike | None = None) -> Scale:
    """Fit thresholds to the values that a cut will meet: rank r of n at their (2r+1)/2n quantile.

    Thresholds then straddle the signal, whatever its distribution: each parts off the same share
    of the values. Made for pictures, which are not normal. A threshold lies half-way between two
    neighbouring values that occur, so that no rounding ever decides a bit.

    Parameters
    ----------
    x
        Values of any shape, finite.
    level_set
        The kernel's levels; only their number and order count.
    counts
        How often each value of x occurs, of its shape; once if left out.

    Returns
    -------
    Scale
        Named ``quantile``, with one value per level.

    Raises
    ------
    ValueError
        Values that are not finite, or all alike.

    Examples
    --------
    >>> fit_quantiles([0, 1, 2, 3, 4, 5, 6, 7], (0, 1, 2, 3)).values
    (0.5, 2.5, 4.5, 6.5)
    """
    values = np.asarray(x, dtype=np.float64).ravel()
    if not np.isfinite(values).all():
        raise ValueError("fit_quantiles needs finite values; the data hold NaN or infinity.")
    weights = np.ones(values.size) if counts is None else np.asarray(counts, float).ravel()
    distinct, index = np.unique(values[weights > 0], return_inverse=True)
    if distinct.size < 2:
        raise ValueError(
            f"fit_quantiles needs at least two different values; the data hold {distinct.size}."
        )
    cumulated = np.cumsum(np.bincount(index, weights[weights > 0]))
    below = cumulated[:-1] / cumulated[-1]  # the share under the gap after each value
    gaps = (distinct[:-1] + distinct[1:]) / 2
    shares = _rank_shares(len(level_set))
    right = np.searchsorted(below, shares).clip(max=len(gaps) - 1)
    left = (right - 1).clip(min=0)
    nearest = np.where(shares - below[left] <= below[right] - shares, left, right)
    return Scale("quantile", values=tuple(gaps[nearest].tolist()))


def fit_scale(x: ArrayLike, level_set: Levels) -> Scale:
    """Fit thresholds to real batch-norm outputs: K-means boundaries of |x|.

    |x| is clustered into one more cluster than there are magnitudes in `level_set`; each threshold
    is the middle between neighbouring cluster centres. All of x counts, and nothing is random.

    Parameters
    ----------
    x
        Batch-norm outputs of any shape, finite.
    level_set
        The kernel's levels.

    Returns
    -------
    Scale
        Named ``data``, with one value per level.

    Raises
    ------
    ValueError
        Values that are not finite, or too few distinct ones.
    """
    values = np.abs(np.asarray(x, dtype=np.float64).ravel())
    if not np.isfinite(values).all():
        raise ValueError("fit_scale needs finite values; the data hold NaN or infinity.")
    n_boundaries = len(_magnitudes(level_set))
    distinct, counts = np.unique(values, return_counts=True)
    if distinct.size <= n_boundaries:
        raise ValueError(
            f"fit_scale needs at least {n_boundaries + 1} distinct values for {n_boundaries} "
            f"levels; the data hold {distinct.size}."
        )
    boundaries = _cluster_boundaries(distinct, counts, n_boundaries)
    return Scale("data", values=_by_level(level_set, boundaries))


def _cluster_boundaries(
    values: NDArray[np.float64], counts: NDArray[np.int64], n_boundaries: int
) -> list[float]:
    """K-means in one dimension, where clusters are intervals: Lloyd's iteration to its end.

    With running sums over the sorted `values`, one step costs a few look-ups however many there
    are. Starting from quantiles, it needs no random seeding. scikit-learn's KMeans, started alike,
    ends in the same clusters (a test holds the two together), but needs seconds for the million
    values of sixteen maps, and a sample or histogram in place of them ends up to 0.004 aside.
    """
    weights = np.concatenate([[0], np.cumsum(counts)])
    sums = np.concatenate([[0.0], np.cumsum(values * counts)])
    centres = np.quantile(values, (np.arange(n_boundaries + 1) + 0.5) / (n_boundaries + 1))
    for _ in range(10_000):
        boundaries = (centres[:-1] + centres[1:]) / 2
        edges = np.concatenate([[0], np.searchsorted(values, boundaries), [values.size]])
        weight = np.diff(weights[edges])
        # A cluster that has lost all its values stays where it is.
        means = np.where(weight > 0, np.diff(sums[edges]) / np.maximum(weight, 1), centres)
        if (means == centres).all():
            break
        centres = means
    plain: list[float] = boundaries.tolist()
    return plain
