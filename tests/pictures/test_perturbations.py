"""Perturbations against closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core.pictures import fit
from design_core.pictures.perturbations import PERTURBATIONS, Perturbation, pixel_psnr
from design_core.pictures.samples import sample

Pixels = NDArray[np.uint8]

ALL = list(PERTURBATIONS.values())
ids = pytest.mark.parametrize("perturbation", ALL, ids=list(PERTURBATIONS))


@pytest.fixture
def colour() -> Pixels:
    return fit(sample("chelsea"), 32).pixels.astype(np.uint8)


@pytest.fixture
def grey() -> Pixels:
    return sample("digit-3").pixels[..., :1].astype(np.uint8)


@ids
def test_strengths_ascend_and_hold_the_mildest_and_the_first(perturbation: Perturbation) -> None:
    strengths = perturbation.strengths
    assert list(strengths) == sorted(set(strengths))
    assert {perturbation.mildest, perturbation.start} <= set(strengths)
    assert perturbation.mildest != perturbation.start


@ids
def test_the_mildest_changes_nothing_or_next_to_nothing(
    perturbation: Perturbation, colour: Pixels, grey: Pixels
) -> None:
    for pixels in (colour, grey):
        mild = perturbation(pixels, perturbation.mildest)
        if perturbation.name == "jpeg" and pixels is colour:
            assert pixel_psnr(pixels, mild) > 30  # colour at half resolution
        elif perturbation.name == "jpeg":
            assert np.abs(pixels.astype(int) - mild).max() <= 2
        else:
            assert np.array_equal(pixels, mild)


@ids
def test_deterministic_and_the_input_untouched(perturbation: Perturbation, colour: Pixels) -> None:
    before = colour.copy()
    first, again = (perturbation(colour, perturbation.start) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(colour, before)
    assert (first.dtype, first.shape) == (np.uint8, colour.shape)
    assert not np.array_equal(first, colour)


@ids
def test_stronger_is_further_away(perturbation: Perturbation, colour: Pixels) -> None:
    """Away from the mildest, on either side, the PSNR does not rise by more than a wiggle."""
    psnr = [pixel_psnr(colour, perturbation(colour, s)) for s in perturbation.strengths]
    at = perturbation.strengths.index(perturbation.mildest)
    for side in (psnr[at:], psnr[at::-1]):
        assert all(later <= earlier + 0.3 for earlier, later in itertools.pairwise(side))


@pytest.mark.parametrize("pixels_of", ["colour", "grey"])
@pytest.mark.parametrize("steps", [-4, -1, 1, 2])
def test_a_shift_is_numpys_pad_and_crop(
    pixels_of: str, steps: int, request: pytest.FixtureRequest
) -> None:
    pixels: Pixels = request.getfixturevalue(pixels_of)
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((4, 4), (4, 4), (0, 0)), mode="edge")
    right = PERTURBATIONS["shift-right"](pixels, steps)
    down = PERTURBATIONS["shift-down"](pixels, steps)
    assert np.array_equal(right, padded[4 : 4 + height, 4 - steps : 4 - steps + width])
    assert np.array_equal(down, padded[4 - steps : 4 - steps + height, 4 : 4 + width])
    # Inside, it is a roll.
    inner = slice(4, -4)
    assert np.array_equal(right[:, inner], np.roll(pixels, steps, axis=1)[:, inner])


def test_noise_is_one_pattern_made_stronger() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    noise = PERTURBATIONS["noise"]
    pattern = np.random.default_rng(3).standard_normal(grey.shape)
    for strength in (4.0, 16.0):
        expected = np.rint(128 + strength * pattern).clip(0, 255)
        assert np.array_equal(noise(grey, strength, seed=3), expected)
    deviation = (noise(grey, 16).astype(float) - 128).std()
    assert deviation == pytest.approx(16, rel=0.03)
    assert not np.array_equal(noise(grey, 16, seed=1), noise(grey, 16, seed=2))


def test_blur_of_a_point_is_the_sampled_normal() -> None:
    point = np.zeros((17, 17, 1), np.uint8)
    point[8, 8] = 255
    blurred = PERTURBATIONS["blur"](point, 1.0)[..., 0]
    bell = np.exp(-(np.arange(-4, 5) ** 2) / 2)
    bell /= bell.sum()
    assert np.array_equal(blurred[4:13, 4:13], np.rint(255 * np.outer(bell, bell)))


def test_channels_do_not_mix(colour: Pixels) -> None:
    for name in ("blur", "shift-right", "shift-down", "brightness"):
        whole = PERTURBATIONS[name](colour, PERTURBATIONS[name].start)
        for channel in range(3):
            alone = colour[..., channel : channel + 1]
            expected = PERTURBATIONS[name](alone, PERTURBATIONS[name].start)
            assert np.array_equal(whole[..., channel : channel + 1], expected)


def test_light(colour: Pixels) -> None:
    brighter = PERTURBATIONS["brightness"](colour, 48)
    assert np.array_equal(brighter, np.minimum(colour.astype(int) + 48, 255))
    flat = PERTURBATIONS["contrast"](colour, 0)
    assert np.unique(flat).tolist() == [round(float(colour.mean()))]
    halved = PERTURBATIONS["contrast"](colour, 0.5).astype(float)
    assert np.abs(halved - (colour / 2 + colour.mean() / 2)).max() <= 0.5 + 1e-9


def test_psnr() -> None:
    black, white = np.zeros((2, 2, 1), np.uint8), np.full((2, 2, 1), 255, np.uint8)
    assert pixel_psnr(black, white) == 0
    assert math.isinf(pixel_psnr(white, white))
    assert pixel_psnr(white, white - 1) == pytest.approx(20 * math.log10(255))


def test_what_cannot_be_perturbed(colour: Pixels) -> None:
    noise = PERTURBATIONS["noise"]
    with pytest.raises(ValueError, match=r"Noise goes from 0 to 64 grey values; got 65\."):
        noise(colour, 65)
    with pytest.raises(ValueError, match=r"goes from 0 to 64"):
        noise(colour, math.nan)
    for pixels in (colour[..., 0], colour[..., :2], colour.astype(np.float32)):
        with pytest.raises(ValueError, match=r"uint8 of shape \(H, W, 1\) or \(H, W, 3\)"):
            noise(pixels, 1)  # type: ignore[arg-type]


def test_strengths_in_words() -> None:
    shift, jpeg, noise = (PERTURBATIONS[name] for name in ("shift-down", "jpeg", "noise"))
    assert [shift.told(-2), jpeg.told(30), noise.told(16)] == [
        *("−2 px", "quality 30", "16 grey values")
    ]
    assert [shift.reach(-2, 1), jpeg.reach(30, 100), noise.reach(0, 16)] == [
        *("from −2 to 1 px", "down to quality 30", "up to 16 grey values")
    ]
