"""Floyd-Steinberg against a plain transcription of its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core.error_diffusion import AMPLITUDE, floyd_steinberg


def by_definition(x: NDArray[np.float32]) -> NDArray[np.bool_]:
    """One map, pixel by pixel; neighbours that are not there get nothing."""
    height, width = x.shape
    one = np.float32
    limit = one(math.sqrt(3))
    values = {(i, j): min(max(x[i, j], -limit), limit) for i in range(height) for j in range(width)}
    errors = dict.fromkeys(values, one(0))
    bits = np.zeros(x.shape, bool)
    for i in range(height):
        ahead = 1 if i % 2 == 0 else -1
        for j in range(width)[::ahead]:
            value = values[i, j] + errors[i, j]
            bits[i, j] = value >= 0
            error = (value - (limit if value >= 0 else -limit)) * one(1 / 16)
            for (di, dj), share in {
                (0, ahead): 7,
                (1, -ahead): 3,
                (1, 0): 5,
                (1, ahead): 1,
            }.items():
                if (i + di, j + dj) in errors:
                    errors[i + di, j + dj] += one(share) * error
    return bits


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (5, 8), (17, 13)])
def test_equals_its_definition(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_array_equal(floyd_steinberg(x), by_definition(x))


def test_maps_do_not_touch_each_other() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 6, 5)).astype(np.float32)
    together = floyd_steinberg(x)
    for n in range(2):
        for c in range(3):
            np.testing.assert_array_equal(together[n, c], by_definition(x[n, c]))


@pytest.mark.parametrize("grey", [-1.2, -0.5, 0.0, 0.7, 1.5])
def test_density_follows_the_grey(grey: float) -> None:
    """Errors are kept, so the mean of ±√3 over a large flat map is its grey."""
    bits = floyd_steinberg(np.full((200, 200), grey, np.float32))
    assert (2 * bits.mean() - 1) * AMPLITUDE == pytest.approx(grey, abs=0.03)


def test_out_of_range_is_taken_as_its_end_and_nothing_piles_up() -> None:
    x = np.full((4, 60), 50.0, np.float32)
    x[:, 30:] = -50
    np.testing.assert_array_equal(floyd_steinberg(x), x > 0)


def test_nan_is_refused() -> None:
    x = np.full((6, 6), 1.7, np.float32)
    x[2, 3] = np.nan
    with pytest.raises(ValueError, match="1 of 36 values before a cut are NaN"):
        floyd_steinberg(x)


@pytest.mark.parametrize("x", [np.zeros(4, np.float32), np.zeros((4, 4), np.uint8)])
def test_other_arrays_are_refused(x: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="floating-point maps of shape"):
        floyd_steinberg(x)  # type: ignore[arg-type]
