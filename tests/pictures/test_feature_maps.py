"""Feature maps against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from design_core.pictures.feature_maps import SOURCES, picture_maps, random_kernels, standardize
from design_core.pictures.samples import sample


def test_standardized_maps_have_mean_zero_and_variance_one() -> None:
    x = standardize(np.random.default_rng(0).normal(3, 7, size=(4, 20, 30)))
    assert x.dtype == np.float32
    assert x.mean(axis=(1, 2)) == pytest.approx(np.zeros(4), abs=1e-6)
    assert x.std(axis=(1, 2)) == pytest.approx(np.ones(4), abs=1e-6)


@pytest.mark.parametrize("value", [0, 0.1, 1 / 3, 255, 1e6])
def test_a_constant_map_becomes_zero(value: float) -> None:
    assert not standardize(np.full((1, 9, 9), value, np.float32)).any()


def test_a_faint_map_is_not_taken_for_constant() -> None:
    faint = np.full((1, 4, 4), 0.5)
    faint[0, 0, 0] += 1 / 65535  # one step of a 16-bit picture
    assert standardize(faint).std() == pytest.approx(1)


@pytest.mark.parametrize(("source", "count"), [("picture", 1), ("rgb", 3), ("random-conv", 5)])
def test_every_source_gives_named_maps_of_the_pictures_size(source: str, count: int) -> None:
    picture = sample("digit-3")
    maps = picture_maps(picture, source, maps=5)
    assert maps.x.shape == (count, picture.height, picture.width)
    assert len(maps.names) == count
    assert maps.source == source
    assert set(SOURCES) == {"picture", "rgb", "random-conv"}


def test_random_convolution_equals_a_loop_over_the_padded_picture() -> None:
    picture = sample("cifar10-00")
    x = standardize(picture.rgb())
    height, width = x.shape[1:]
    kernels = random_kernels(3, seed=7)
    expected = np.zeros((3, height, width))
    for i in range(height):
        for j in range(width):
            for di in (-1, 0, 1):
                for dj in (-1, 0, 1):
                    row, column = np.clip(i + di, 0, height - 1), np.clip(j + dj, 0, width - 1)
                    expected[:, i, j] += kernels[:, :, di + 1, dj + 1] @ x[:, row, column]
    got = picture_maps(picture, "random-conv", maps=3, seed=7).x
    assert got == pytest.approx(standardize(expected), abs=1e-4)


def test_the_bank_is_seeded_binary_and_grows_without_changing() -> None:
    few, many = random_kernels(4, seed=1), random_kernels(9, seed=1)
    assert set(np.unique(many)) == {-1, 1}
    assert np.array_equal(few, many[:4])
    assert not np.array_equal(few, random_kernels(4, seed=2))


def test_bad_settings_are_named() -> None:
    picture = sample("digit-0")
    with pytest.raises(ValueError, match="Unknown source 'wavelet'; choose one of picture, rgb"):
        picture_maps(picture, "wavelet")
    with pytest.raises(ValueError, match="1 to 64 maps; got 65"):
        picture_maps(picture, "random-conv", maps=65)
