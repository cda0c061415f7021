"""Statistics of few trained networks: intervals, paired and unpaired tests, learning curves.

A seed decides a run's first weights and the order and augmentation of its pictures, the same for
every activation. Runs of equal seeds therefore pair.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "Difference",
    "Interval",
    "McNemar",
    "area_under_curve",
    "compare_seeds",
    "epochs_to",
    "mcnemar",
    "mean_interval",
    "paired_difference",
    "sign_flip_p",
    "welch_difference",
    "wilson_interval",
]

#: Its lower and upper end.
Interval = tuple[float, float]


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Interval | None:
    """Student's interval for the mean of a normal sample, None for a single value.

    ``mean ± t(n − 1) · s / √n``

    Examples
    --------
    >>> low, high = mean_interval([1, 2, 3])
    >>> round(low, 4), round(high, 4)
    (-0.4841, 4.4841)
    """
    sample = np.asarray(values, dtype=np.float64)
    if len(sample) < 2:
        return None
    half = stats.t.ppf((1 + level) / 2, len(sample) - 1) * stats.sem(sample)
    return float(sample.mean() - half), float(sample.mean() + half)


def wilson_interval(right: int, total: int, *, level: float = 0.95) -> Interval:
    """Wilson's score interval for a share, counted as `right` of `total`.

    ``(p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)``, p = right / total, z the normal
    quantile. Unlike ``p ± z √(p(1 − p)/n)`` it stays within [0, 1], and has a width at 0 and 1.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22, 1927.

    Raises
    ------
    ValueError
        Nothing counted, or more right than there are.

    Examples
    --------
    >>> low, high = wilson_interval(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    if not 0 <= right <= total or total == 0:
        raise ValueError(f"A share is a count among at least one; got {right} of {total}.")
    interval = stats.binomtest(right, total).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Difference:
    """The mean difference of two groups of runs.

    Parameters
    ----------
    test
        The test's name.
    mean
        Of the first group less that of the second.
    ci95
        95 % interval of the mean difference.
    p
        Two-sided probability of a difference as large if there were none; by Student's t.
    counts
        Runs in either group.
    sign_flip_p
        The same probability without the assumption of normal differences, only for pairs.
    """

    test: str
    mean: float
    ci95: Interval
    p: float
    counts: tuple[int, int]
    sign_flip_p: float | None = None


def compare_seeds(first: Mapping[int, float], second: Mapping[int, float]) -> Difference | None:
    """Compare two groups of runs, given as seed → accuracy.

    Paired over the seeds that both have, if these are two or more; else Welch's test; None where
    a group has a single run.
    """
    common = sorted(first.keys() & second.keys())
    if len(common) >= 2:
        return paired_difference([first[s] for s in common], [second[s] for s in common])
    if min(len(first), len(second)) >= 2:
        return welch_difference(list(first.values()), list(second.values()))
    return None


def paired_difference(first: ArrayLike, second: ArrayLike) -> Difference:
    """Paired t test and interval, and the exact sign-flip permutation test.

    Raises
    ------
    ValueError
        Not two or more pairs.
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if one.shape != other.shape or len(one) < 2:
        raise ValueError(f"Pairs are needed, two or more; got {one.size} and {other.size} values.")
    differences = one - other
    mean = float(differences.mean())
    interval = mean_interval(differences)
    assert interval is not None
    error = float(stats.sem(differences))
    p = _two_sided(mean, error, len(one) - 1)
    count = len(one)
    return Difference("paired t", mean, interval, p, (count, count), sign_flip_p(differences))


def sign_flip_p(differences: ArrayLike) -> float:
    """Share of all 2^n choices of signs whose mean is as far from 0 as the observed, or farther.

    With n pairs it cannot fall below ``2 / 2^n``: 0.0625 for five, 0.25 for three.

    Examples
    --------
    >>> sign_flip_p([1, 2, 3])
    0.25
    """
    sizes = np.asarray(differences, dtype=np.float64)
    signs = np.array(list(itertools.product((1, -1), repeat=len(sizes))))
    sums = np.abs(signs @ sizes)
    # Sums that are equal on paper may differ by rounding.
    return float(np.mean(sums >= abs(sizes.sum()) * (1 - 1e-9)))


def welch_difference(first: ArrayLike, second: ArrayLike) -> Difference:
    """Welch's t test and interval for groups that do not pair; ValueError for a single run."""
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if min(len(one), len(other)) < 2:
        raise ValueError("Welch's test needs two or more runs in each group.")
    square_one, square_other = (np.var(group, ddof=1) / len(group) for group in (one, other))
    error = math.sqrt(square_one + square_other)
    mean = float(one.mean() - other.mean())
    weight = square_one**2 / (len(one) - 1) + square_other**2 / (len(other) - 1)
    freedom = float((square_one + square_other) ** 2 / weight) if error > 0 else 1.0
    half = float(stats.t.ppf(0.975, freedom)) * error
    p = _two_sided(mean, error, freedom)
    return Difference("Welch's t", mean, (mean - half, mean + half), p, (len(one), len(other)))


def _two_sided(mean: float, error: float, freedom: float) -> float:
    if error == 0:  # all values alike
        return 1.0 if mean == 0 else 0.0
    return float(2 * stats.t.sf(abs(mean) / error, freedom))


@dataclass(frozen=True)
class McNemar:
    """Two networks on the same pictures.

    Parameters
    ----------
    only_first, only_second
        Pictures that only one of them classifies rightly.
    p
        Two-sided exact probability of a split as uneven if both were equally good.
    """

    only_first: int
    only_second: int
    p: float


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> McNemar:
    """McNemar's exact test: a binomial test on the pictures where just one network is right.

    It compares these two networks, not the ways in which they were trained.

    References
    ----------
    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12, 1947.

    Raises
    ------
    ValueError
        Different numbers of pictures.
    """
    if first_right.shape != second_right.shape:
        raise ValueError(
            f"Both networks must see the same pictures; got {first_right.size} and "
            f"{second_right.size}."
        )
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    split = only_first + only_second
    p = float(stats.binomtest(only_first, split).pvalue) if split else 1.0
    return McNemar(only_first, only_second, p)


def epochs_to(curve: Sequence[float], accuracy: float) -> int | None:
    """Epochs until the accuracy is first reached, counted from 1; None if it never is."""
    return next((epoch for epoch, value in enumerate(curve, 1) if value >= accuracy), None)


def area_under_curve(curve: Sequence[float]) -> float:
    """Mean accuracy over the epochs: high for runs that are good early."""
    return float(np.mean(curve))
