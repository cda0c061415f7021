"""Statistics against their formulas, enumeration, and cases worked out by hand."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from design_core.statistics import (
    area_under_curve,
    compare_seeds,
    epochs_to,
    mcnemar,
    mean_interval,
    paired_difference,
    rank_correlation,
    sign_flip_p,
    welch_difference,
    wilson_interval,
)

FIRST, SECOND = [75.2, 74.8, 75.9, 75.1, 75.5], [74.1, 74.9, 74.6, 74.4, 74.2]


def test_interval_of_the_mean_by_hand() -> None:
    """n = 3, s = 1: half-width t(2; .975) / √3 = 4.302653 / 1.732051."""
    assert mean_interval([1, 2, 3]) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-6)
    assert mean_interval([4]) is None


@pytest.mark.parametrize(("right", "total"), [(0, 7), (3, 7), (7, 7), (430, 500)])
def test_wilsons_interval_holds_what_a_score_test_would_not_refuse(right: int, total: int) -> None:
    """At its ends the observed share lies just z standard errors *of that end* away."""
    low, high = wilson_interval(right, total)
    share, z = right / total, 1.959963985
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(z * math.sqrt(end * (1 - end) / total))
    assert (low == 0) == (right == 0)
    assert (high == 1) == (right == total)


@pytest.mark.parametrize("counts", [(1, 0), (0, 0), (3, 2), (-1, 2)])
def test_shares_of_nothing(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="count among at least one"):
        wilson_interval(*counts)


def test_paired_test_by_its_formula() -> None:
    """t = mean / (s / √n) with n − 1 degrees of freedom."""
    ours, differences = paired_difference(FIRST, SECOND), np.subtract(FIRST, SECOND)
    error = np.std(differences, ddof=1) / math.sqrt(5)
    assert ours.p == pytest.approx(2 * stats.t.sf(differences.mean() / error, 4))
    assert ours.ci95 == pytest.approx(mean_interval(differences))
    assert ours.mean == pytest.approx(np.mean(FIRST) - np.mean(SECOND))
    assert (ours.test, ours.counts) == ("paired t", (5, 5))


def test_welchs_test_by_its_formula() -> None:
    """Satterthwaite's degrees of freedom: (a + b)² / (a²/(n − 1) + b²/(m − 1))."""
    ours = welch_difference(FIRST, SECOND[:3])
    a, b = np.var(FIRST, ddof=1) / 5, np.var(SECOND[:3], ddof=1) / 3
    freedom, error = (a + b) ** 2 / (a**2 / 4 + b**2 / 2), math.sqrt(a + b)
    half = stats.t.ppf(0.975, freedom) * error
    assert ours.p == pytest.approx(2 * stats.t.sf(ours.mean / error, freedom))
    assert ours.ci95 == pytest.approx((ours.mean - half, ours.mean + half))
    assert (ours.sign_flip_p, ours.counts) == (None, (5, 3))


def test_sign_flips_are_enumerated() -> None:
    """All of one sign: only the two extreme choices of 2^n are as far from 0."""
    assert sign_flip_p([1, 2, 3, 4, 5]) == 2 / 32
    differences = np.random.default_rng(0).normal(0.4, 1, 6)
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=6)
    ]
    observed = abs(differences.sum())
    expected = np.mean([total >= observed - 1e-12 for total in sums])
    assert sign_flip_p(differences) == expected


def test_sign_flips_that_tie_on_paper_tie() -> None:
    """0.1 + 0.2 − 0.3 is not 0 in floats: whole numbers decide."""
    assert sign_flip_p([0.1, 0.2, -0.3]) == sign_flip_p([1, 2, -3]) == 1
    assert sign_flip_p([0.7, 0.1, -0.2]) == sign_flip_p([7, 1, -2])


def test_many_pairs_take_a_share_of_the_choices() -> None:
    """30 pairs have 2^30 choices; of whole numbers the sums can be counted one pair at a time."""
    differences = np.random.default_rng(1).integers(-9, 15, 30)
    ways = Counter({0: 1})
    for size in differences.tolist():
        ways = Counter(
            {s: ways[s - size] + ways[s + size] for w in ways for s in (w - size, w + size)}
        )
    far = sum(count for total, count in ways.items() if abs(total) >= abs(differences.sum()))
    assert sign_flip_p(differences) == pytest.approx(far / 2**30, abs=0.005)
    assert sign_flip_p(differences) == sign_flip_p(differences)


def test_equal_runs_are_no_difference_and_no_division_by_zero() -> None:
    same = paired_difference([1, 2], [1, 2])
    assert (same.mean, same.p, same.ci95, same.sign_flip_p) == (0, 1, (0, 0), 1)
    shifted = paired_difference([2, 3], [1, 2])
    assert (shifted.mean, shifted.p, shifted.sign_flip_p) == (1, 0, 0.5)
    assert welch_difference([1, 1], [1, 1]).p == 1


def test_seeds_pair_where_they_can() -> None:
    one, other = dict(enumerate(FIRST)), dict(enumerate(SECOND[:3]))
    paired = compare_seeds(one, other)
    assert paired == paired_difference(FIRST[:3], SECOND[:3])
    apart = compare_seeds(one, {7: 74.1, 8: 74.9})
    assert apart == welch_difference(FIRST, [74.1, 74.9])
    assert compare_seeds(one, {0: 74.1}) is None


def test_pairs_must_pair() -> None:
    with pytest.raises(ValueError, match="two or more; got 2 and 1"):
        paired_difference([1, 2], [1])
    with pytest.raises(ValueError, match="two or more runs"):
        welch_difference([1, 2], [1])


def test_mcnemar_by_hand() -> None:
    """5 against 1 of 6 discordant pictures: p = 2 · (C(6,0) + C(6,1)) / 2^6 = 14/64."""
    first = np.array([True] * 5 + [False] + [True] * 10 + [False] * 4)
    second = np.array([False] * 5 + [True] + [True] * 10 + [False] * 4)
    tested = mcnemar(first, second)
    assert (tested.only_first, tested.only_second) == (5, 1)
    assert tested.p == pytest.approx(2 * (math.comb(6, 0) + math.comb(6, 1)) / 2**6)
    assert mcnemar(first, first).p == 1
    with pytest.raises(ValueError, match="the same pictures; got 20 and 19"):
        mcnemar(first, second[1:])


def test_learning_curves() -> None:
    curve = [0.4, 0.62, 0.7, 0.69, 0.71]
    assert epochs_to(curve, 0.7) == 3
    assert epochs_to(curve, 0.9) is None
    assert area_under_curve(curve) == pytest.approx(sum(curve) / 5)


def test_seeds_are_compared_while_another_thread_imports_pytorch(tmp_path: Path) -> None:
    """A page of one visitor loads it; SciPy meets the half of it on the page of another."""
    half = "from half_way import begun, go_on\nbegun.set()\ngo_on.wait()\nclass Tensor: pass\n"
    (tmp_path / "torch.py").write_text(half)
    (tmp_path / "half_way.py").write_text(
        "import threading\nbegun, go_on = threading.Event(), threading.Event()\n"
    )
    checked = (
        "import importlib, sys, threading\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from half_way import begun, go_on\n"
        "from design_core.statistics import compare_seeds, welch_difference\n"
        "threading.Thread(target=importlib.import_module, args=('torch',)).start()\n"
        "begun.wait()\n"
        "assert not hasattr(sys.modules['torch'], 'Tensor')\n"
        "threading.Timer(0.5, go_on.set).start()\n"
        "assert compare_seeds({0: 2, 1: 4}, {0: 1, 1: 2}).mean == 1.5\n"
        "assert welch_difference([2, 4], [1, 2]).mean == 1.5\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", checked],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_rank_correlation_is_that_of_ranks() -> None:
    rng = np.random.default_rng(5)
    one = rng.normal(size=17)
    other = one + rng.normal(size=17)
    found = rank_correlation(one, np.exp(other))  # ranks alone count
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    assert found.rho == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert found.count == 17
    low, high = found.ci95
    assert low < found.rho < high
    width = 1.959963985 * math.sqrt((1 + found.rho**2 / 2) / 14)
    assert math.atanh(high) - math.atanh(low) == pytest.approx(2 * width)


def test_rank_correlation_holds_the_true_value_as_often_as_it_says() -> None:
    """A normal sample with correlation r has Spearman's ρ = 6/π · arcsin(r/2)."""
    rng = np.random.default_rng(6)
    r, trials, held = 0.7, 2000, 0
    true = 6 / math.pi * math.asin(r / 2)
    for _ in range(trials):
        one = rng.normal(size=18)
        found = rank_correlation(one, r * one + math.sqrt(1 - r**2) * rng.normal(size=18))
        held += found.ci95[0] < true < found.ci95[1]
    assert 0.93 < held / trials < 0.97


def test_rank_correlation_refuses_what_has_no_ranks() -> None:
    with pytest.raises(ValueError, match="five values"):
        rank_correlation([1, 2, 3, 4], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="differ"):
        rank_correlation([1, 1, 1, 1, 1], [1, 2, 3, 4, 5])
    assert rank_correlation([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]).ci95 == pytest.approx((-1, -1))
