"""Statistics of few trained networks: intervals, paired and unpaired tests, learning curves.

A seed decides a run's first weights and the order and augmentation of its pictures, the same for
every activation. Runs of equal seeds therefore pair.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "Difference",
    "Interval",
    "McNemar",
    "RankCorrelation",
    "area_under_curve",
    "compare_seeds",
    "epochs_to",
    "holm",
    "mcnemar",
    "mean_difference",
    "mean_interval",
    "paired_difference",
    "rank_correlation",
    "sign_flip_p",
    "welch_difference",
    "wilson_interval",
]

#: Its lower and upper end.
Interval = tuple[float, float]

Floats = NDArray[np.float64]

_DIGITS = 12  # of an accuracy; beyond them numbers that are equal on paper differ by rounding
_MOST_FLIPS, _FLIPS_AT_ONCE = 2**16, 2**12


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Interval | None:
    """Student's interval for the mean of a normal sample, None for a single value.

    ``mean ± t(n − 1) · s / √n``

    Examples
    --------
    >>> low, high = mean_interval([1, 2, 3])
    >>> round(low, 4), round(high, 4)
    (-0.4841, 4.4841)
    """
    return _mean_interval(tuple(np.asarray(values, dtype=np.float64).tolist()), level)


@lru_cache(maxsize=4096)  # tables and charts of a zoo ask for the same ones many times
def _mean_interval(values: tuple[float, ...], level: float) -> Interval | None:
    sample = np.array(values)
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
        Of the first group minus that of the second.
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


def mean_difference(first: Mapping[int, float], second: Mapping[int, float]) -> float:
    """The estimate of `compare_seeds`, also where there are too few runs for its interval.

    Whoever shows a difference beside an interval takes both from the same seeds.

    Examples
    --------
    >>> mean_difference({0: 4.0, 1: 5.0}, {0: 1.0, 1: 2.0, 2: 9.0})
    3.0
    >>> mean_difference({0: 4.0}, {0: 1.0, 1: 9.0}), mean_difference({5: 4.0}, {0: 1.0, 1: 2.0})
    (3.0, 2.5)
    """
    if tested := compare_seeds(first, second):
        return tested.mean
    if common := first.keys() & second.keys():
        return float(np.mean([first[seed] - second[seed] for seed in common]))
    return float(np.mean(list(first.values())) - np.mean(list(second.values())))


def paired_difference(first: ArrayLike, second: ArrayLike) -> Difference:
    """Paired t test and interval, and the sign-flip permutation test.

    Raises
    ------
    ValueError
        Not two or more pairs.
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if one.shape != other.shape or len(one) < 2:
        raise ValueError(f"Pairs are needed, two or more; got {one.size} and {other.size} values.")
    differences = one - other
    _let_pytorch_load()
    tested = stats.ttest_rel(one, other) if _is_spread(differences) else None
    return _difference("paired t", one, other, tested, sign_flip_p(differences))


def sign_flip_p(differences: ArrayLike) -> float:
    """Share of all 2^n choices of signs whose mean is as far from 0 as the observed, or farther.

    With n pairs it cannot fall below ``2 / 2^n``: 0.0625 for five, 0.25 for three. Of more than
    16 pairs not all choices are looked at but 65,536, drawn the same way each time.

    Examples
    --------
    >>> sign_flip_p([1, 2, 3])
    0.25
    """
    tested = stats.permutation_test(
        (np.asarray(differences, dtype=np.float64),),
        lambda values, axis: np.round(np.mean(values, axis=axis), _DIGITS),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_MOST_FLIPS,
        batch=_FLIPS_AT_ONCE,
        rng=0,
    )
    return float(tested.pvalue)


def welch_difference(first: ArrayLike, second: ArrayLike) -> Difference:
    """Welch's t test and interval for groups that do not pair; ValueError for a single run."""
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if min(len(one), len(other)) < 2:
        raise ValueError("Welch's test needs two or more runs in each group.")
    spread = _is_spread(one) or _is_spread(other)
    _let_pytorch_load()
    tested = stats.ttest_ind(one, other, equal_var=False) if spread else None
    return _difference("Welch's t", one, other, tested)


def _let_pytorch_load() -> None:
    """Wait for another thread that is just importing PyTorch.

    SciPy's t tests take what stands under its name in `sys.modules` for the whole of it, and ask
    for its tensors.
    """
    if "torch" in sys.modules:
        with suppress(ImportError):  # that is for the other thread to tell
            import_module("torch")


def _is_spread(values: Floats) -> bool:
    return bool(np.ptp(np.round(values, _DIGITS)) > 0)


def _difference(
    name: str, one: Floats, other: Floats, tested: Any, flips: float | None = None
) -> Difference:
    """What SciPy's test says; it is None where nothing is spread, and chance has no part."""
    mean = round(float(one.mean() - other.mean()), _DIGITS)
    counts = (len(one), len(other))
    if tested is None:
        return Difference(name, mean, (mean, mean), float(mean == 0), counts, flips)
    low, high = map(float, tested.confidence_interval(0.95))
    return Difference(name, mean, (low, high), float(tested.pvalue), counts, flips)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the k-th smallest p times the tests that are left, ascending.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.04, 0.01, 0.5])
    [0.08, 0.03, 0.5]
    """
    order = np.argsort(values, kind="stable")
    scaled = np.array(values)[order] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(scaled)) if len(values) else []
    plain: list[float] = corrected.tolist()
    return plain


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


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation of two quantities.

    Parameters
    ----------
    rho
        Between −1 and 1.
    ci95
        Its 95 % interval.
    p
        Two-sided, of no correlation.
    count
        Pairs of values.
    """

    rho: float
    ci95: Interval
    p: float
    count: int


def rank_correlation(first: ArrayLike, second: ArrayLike) -> RankCorrelation:
    """Spearman's rank correlation with its interval.

    Fisher's transform z = artanh ρ is taken as normal with the variance (1 + ρ²/2) / (n − 3).

    Raises
    ------
    ValueError
        Fewer than five pairs, or a quantity without spread.

    References
    ----------
    Bonett & Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations", Psychometrika 65, 2000, section 4.
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if one.shape != other.shape or one.ndim != 1 or len(one) < 5:
        raise ValueError(
            f"A rank correlation needs two lists of five values or more; got shapes "
            f"{one.shape} and {other.shape}."
        )
    if not (np.ptp(one) and np.ptp(other)):
        raise ValueError("A rank correlation needs values that differ.")
    _let_pytorch_load()
    found = stats.spearmanr(one, other)
    rho = float(found.statistic)
    if abs(rho) > 1 - 1e-12:  # ranks agree throughout; Fisher's transform is infinite there
        return RankCorrelation(rho, (rho, rho), float(found.pvalue), len(one))
    half = stats.norm.ppf(0.975) * math.sqrt((1 + rho**2 / 2) / (len(one) - 3))
    low, high = (math.tanh(math.atanh(rho) + way * half) for way in (-1, 1))
    return RankCorrelation(rho, (low, high), float(found.pvalue), len(one))
