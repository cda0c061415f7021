"""The photon-counting sensor against the moments of the Poisson distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from design_core.pictures.photons import LIGHT_LEVELS, in_little_light

GREY = np.full((200, 200), 100, np.uint8)


@pytest.mark.parametrize("photons", [100, 1000])
def test_mean_and_variance_are_those_of_counts(photons: int) -> None:
    read = in_little_light(GREY, photons, seed=1).astype(float)
    mean = photons * 100 / 255  # of the counts, and their variance
    assert read.mean() == pytest.approx(100, abs=4 * np.sqrt(mean) * 255 / photons / 200)
    assert read.var() == pytest.approx(mean * (255 / photons) ** 2, rel=0.05)


def test_one_photon_makes_white_or_black() -> None:
    read = in_little_light(GREY, 1, seed=2)
    assert set(np.unique(read)) == {0, 255}
    white = stats.poisson.sf(0, 100 / 255)  # one photon or more
    assert (read == 255).mean() == pytest.approx(white, abs=0.01)


def test_much_light_shows_the_picture_and_black_stays_black() -> None:
    ramp = np.arange(256, dtype=np.uint8)
    assert np.abs(in_little_light(ramp, 1e9, seed=0).astype(int) - ramp).max() <= 1
    assert not in_little_light(np.zeros(50, np.uint8), 10, seed=3).any()


def test_a_seed_gives_the_same_picture_again() -> None:
    one, again, other = (in_little_light(GREY, 10, seed=seed) for seed in ((4, 1), (4, 1), (4, 2)))
    assert (one == again).all()
    assert (one != other).any()
    assert LIGHT_LEVELS == (1, 10, 100, 1000)


@pytest.mark.parametrize("photons", [0, -1, float("nan"), float("inf")])
def test_light_is_positive(photons: float) -> None:
    with pytest.raises(ValueError, match="positive number of photons"):
        in_little_light(GREY, photons, seed=0)
