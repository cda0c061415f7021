"""The fit to the half-normal on samples of known distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from design_core.lab.half_normal import HalfNormalTally, half_normal_fit
from design_core.lab.verdicts import LIMITS, judge_half_normal
from design_core.scaling import Scale

pytestmark = pytest.mark.quick

COUNT = 200_000


@pytest.mark.parametrize(
    ("distribution", "state"),
    [
        (stats.norm(), "fine"),
        (stats.norm(scale=1.1), "fine"),
        (stats.laplace(scale=1 / np.sqrt(2)), "look"),
        (stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)), "look"),
        (stats.norm(scale=0.5), "wrong"),
        (stats.norm(loc=1), "wrong"),
    ],
    ids=["normal", "normal of 1.1", "Laplace", "uniform", "normal of 0.5", "normal about 1"],
)
def test_the_distance_is_that_of_the_distributions(
    distribution: stats.rv_continuous, state: str
) -> None:
    """Quantiles for a sample: the distance of the distributions themselves."""
    x = distribution.ppf((np.arange(COUNT) + 0.5) / COUNT)
    fit = half_normal_fit(torch.from_numpy(x))
    t = np.linspace(0, 8, 200_001)
    below = distribution.cdf(0)
    wanted = np.abs((distribution.cdf(t) - below) / (1 - below) - stats.halfnorm.cdf(t))
    assert fit.distance == pytest.approx(wanted.max(), abs=6e-4)
    assert wanted[np.abs(t - fit.at).argmin()] == pytest.approx(wanted.max(), abs=1e-3)
    assert fit.above == pytest.approx(1 - below, abs=1e-4)
    assert fit.kurtosis == pytest.approx(stats.kurtosis(x), abs=1e-6)
    assert judge_half_normal(fit, learned=False).state == state


def test_it_is_scipys_statistic() -> None:
    x = torch.randn(5000, generator=torch.Generator().manual_seed(0)) * 1.3 + 0.2
    wanted = stats.kstest(x[x > 0].double().numpy(), "halfnorm").statistic
    assert half_normal_fit(x).distance == pytest.approx(wanted, abs=1e-3)


def test_batches_add_up() -> None:
    x = torch.randn(3, 4, 10)
    tally = HalfNormalTally()
    for part in x:
        tally.add(part)
    whole = half_normal_fit(x)
    assert tally.fit().distance == whole.distance
    assert tally.fit().kurtosis == pytest.approx(whole.kurtosis)


def test_x_below_zero_and_constant_x() -> None:
    nothing = half_normal_fit(torch.full((10,), -1.0))
    assert (nothing.distance, nothing.above, nothing.kurtosis) == (1.0, 0.0, 0.0)
    assert judge_half_normal(nothing, learned=False).text.startswith("No x is above 0")
    with pytest.raises(ValueError, match="No values were counted"):
        HalfNormalTally().fit()


def test_learned_asks_for_a_look_at_most() -> None:
    fit = half_normal_fit(torch.linspace(0.01, 0.5, 1000))
    assert judge_half_normal(fit, learned=False).state == "wrong"
    assert judge_half_normal(fit, learned=True).state == "look"


def test_the_limits_are_shares_between_published_thresholds() -> None:
    thresholds = Scale("published").thresholds((0, 1, 3, 5, 7, 9))
    shares = np.diff(stats.halfnorm.cdf([0, *thresholds, np.inf]))
    assert min(shares[1:-1]) == pytest.approx(LIMITS["half-normal"].look, abs=0.005)
    assert shares.mean() == pytest.approx(LIMITS["half-normal"].wrong, abs=0.01)
