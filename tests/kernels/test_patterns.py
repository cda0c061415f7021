"""Patterns against their formulas and the properties that they are made for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.patterns import (
    PATTERNS,
    SIGNED_LEVELS,
    bayer,
    bayer_phases,
    blue_noise,
    checkerboard,
    random_levels,
    random_ranks,
    symmetric,
    uniform,
)

# fmt: off
BAYER_4 = [
    [ 0,  8,  2, 10],
    [12,  4, 14,  6],
    [ 3, 11,  1,  9],
    [15,  7, 13,  5],
]
# fmt: on


def ranks_of(kernel: ThresholdKernel) -> np.ndarray:
    return kernel.levels[0]


def test_uniform_is_one_level_everywhere() -> None:
    assert uniform().levels.tolist() == [[[1]]]
    assert uniform(5, size=2).levels.tolist() == [[[5, 5], [5, 5]]]


def test_checkerboard_alternates_from_low() -> None:
    assert checkerboard().levels.tolist() == [[[1, 3], [3, 1]]]
    assert checkerboard(9, 0, size=3).levels.tolist() == [[[9, 0, 9], [0, 9, 0], [9, 0, 9]]]


def test_bayer_of_four_as_printed_in_textbooks() -> None:
    kernel = bayer(4, level_set=range(16))
    assert kernel.levels.tolist() == [BAYER_4]
    assert kernel.scale.name == "lloyd-max"


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16])
def test_bayer_interleaves_the_bits_of_row_and_column(size: int) -> None:
    # Closed form: bit by bit from the least significant, (row xor column, row) are ranked first.
    expected = np.zeros((size, size), dtype=int)
    for i, j in np.ndindex(size, size):
        weight = size * size
        for bit in range(size.bit_length() - 1):
            row, column = i >> bit & 1, j >> bit & 1
            weight //= 4
            expected[i, j] += weight * (2 * (row ^ column) + row)
    np.testing.assert_array_equal(ranks_of(bayer(size, level_set=range(size**2))), expected)


@pytest.mark.parametrize("size", [0, 3, 5, 32, -2])
def test_bayer_comes_in_powers_of_two(size: int) -> None:
    with pytest.raises(ValueError, match=f"1, 2, 4, 8, 16; got {size}"):
        bayer(size)


@given(st.sampled_from([2, 4, 8, 16]), st.integers(1, 12))
def test_ranks_are_spread_evenly_and_in_order(size: int, n_levels: int) -> None:
    ranks = ranks_of(bayer(size, level_set=range(size**2)))
    levels = ranks_of(bayer(size, level_set=range(n_levels)))
    by_rank = levels.ravel()[np.argsort(ranks, axis=None)]
    assert (np.diff(by_rank) >= 0).all()
    used = np.bincount(by_rank, minlength=n_levels)
    assert used.max() - used.min() <= 1
    np.testing.assert_array_equal(by_rank, (2 * np.arange(size**2) + 1) * n_levels // 2 // size**2)


def test_spread_levels_work_with_every_scaling() -> None:
    for kernel in (bayer(4), blue_noise(5)):
        assert kernel.level_set == OMEGA
        assert kernel.scale.name == "published"
        assert kernel.scaled("matlab").thresholds.min() > 0.5


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 16, 64])
def test_blue_noise_ranks_every_cell_once(size: int) -> None:
    ranks = ranks_of(blue_noise(size, level_set=range(size**2)))
    assert sorted(ranks.ravel().tolist()) == list(range(size**2))


def test_blue_noise_depends_on_the_seed_only() -> None:
    assert blue_noise(8, seed=1) == blue_noise(8, seed=1)
    assert blue_noise(8, seed=1) != blue_noise(8, seed=2)


def test_blue_noise_is_the_same_on_every_machine() -> None:
    assert str(blue_noise(4)) == "7 9 5 7;3 0 1 0;5 9 5 9;3 0 3 1"


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_blue_noise_has_little_power_at_low_frequencies(share: float) -> None:
    size = 32
    ranks = ranks_of(blue_noise(size, level_set=range(size**2)))
    bits = ranks < share * size**2
    power = np.abs(np.fft.fft2(bits - bits.mean())) ** 2
    rows, columns = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size))
    # Half the principal frequency, √share cycles per cell.
    low = power[np.hypot(rows, columns) < min(0.25, 0.5 * np.sqrt(min(share, 1 - share)))].mean()
    assert low < 0.15 * power.mean()  # white noise: 1


def test_blue_noise_first_cells_keep_their_distance() -> None:
    size, first = 32, 64
    cells = np.argwhere(ranks_of(blue_noise(size, level_set=range(size**2))) < first)
    apart = np.abs(cells[:, None] - cells[None])
    apart = np.hypot(*np.moveaxis(np.minimum(apart, size - apart), -1, 0))
    np.fill_diagonal(apart, np.inf)
    # On a square lattice 64 points among 32 × 32 cells are 4 apart; by chance, often neighbours.
    assert apart.min() >= 2.8


def test_random_levels_are_equally_likely_and_repeatable() -> None:
    kernel = random_levels(64, 64, slices=4, seed=5)
    assert kernel == random_levels(64, 64, slices=4, seed=5)
    assert kernel != random_levels(64, 64, slices=4, seed=6)
    counts = Counter(kernel.levels.ravel().tolist())
    expected = kernel.levels.size / len(OMEGA)
    assert set(counts) == set(OMEGA)
    assert all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())
    assert random_levels(2, 3, slices=4).shape == (4, 2, 3)


@pytest.mark.parametrize("size", [2, 4, 8, 16])
@pytest.mark.parametrize("scale", ["published", "lloyd-max", "matlab"])
def test_symmetric_thresholds_mirror_at_zero(size: int, scale: str) -> None:
    kernel = symmetric(size)
    assert kernel.level_set == SIGNED_LEVELS
    thresholds = np.sort(kernel.scaled(scale).thresholds, axis=None)
    np.testing.assert_array_equal(thresholds, -thresholds[::-1])
    assert thresholds.min() < 0


def test_symmetric_of_size_one_is_sign() -> None:
    with pytest.raises(ValueError, match="that is Sign"):
        symmetric(1)


@pytest.mark.parametrize("size", [0, -1, 65])
def test_sides_out_of_range(size: int) -> None:
    for build in (
        lambda: uniform(size=size),
        lambda: checkerboard(size=size),
        lambda: blue_noise(size),
        lambda: random_levels(size, 2),
        lambda: random_levels(2, 2, slices=size),
    ):
        with pytest.raises(ValueError, match=f"1 to 64 slices, rows and columns; got {size}"):
            build()


CHOICES = [(name, size) for name, pattern in PATTERNS.items() for size in pattern.sizes]


@pytest.mark.parametrize(("name", "size"), CHOICES)
def test_every_choice_is_square_and_named_after_itself(name: str, size: int) -> None:
    kernel = PATTERNS[name](size)
    assert kernel.shape == (3 if name == "bayer-phases" else 1, size, size)
    assert kernel.name == f"{name}-{size}"
    assert np.isfinite(kernel.thresholds).all()


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_says_what_it_is(name: str) -> None:
    pattern = PATTERNS[name]
    assert pattern.name == name
    assert pattern.title
    assert pattern.help.endswith(".")
    assert list(pattern.sizes) == sorted(set(pattern.sizes))
    assert pattern().name == f"{name}-{pattern.default}"
    with pytest.raises(ValueError, match=f"'{name}' comes in sizes {pattern.sizes[0]}.*got 99"):
        pattern(99)


def test_all_sizes_up_to_eight_are_offered() -> None:
    offered = {size for _, size in CHOICES}
    assert set(range(1, 9)) <= offered


@pytest.mark.parametrize("size", [2, 4, 8])
def test_phases_give_a_pixels_colours_different_ranks(size: int) -> None:
    ranks = bayer_phases(size, level_set=range(size**2)).levels
    assert ranks.shape == (3, size, size)
    assert ((ranks[0] != ranks[1]) & (ranks[1] != ranks[2]) & (ranks[0] != ranks[2])).all()
    for own in ranks:
        np.testing.assert_array_equal(np.sort(own, axis=None), np.arange(size**2))
    np.testing.assert_array_equal(ranks[0], bayer(size, level_set=range(size**2)).levels[0])


def test_random_ranks_are_all_ranks_once() -> None:
    kernel = random_ranks(4)
    np.testing.assert_array_equal(np.sort(kernel.levels, axis=None), np.arange(16))
    assert kernel == random_ranks(4)
    assert kernel != random_ranks(4, seed=1)
