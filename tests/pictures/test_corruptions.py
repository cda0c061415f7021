"""Corruptions are perturbations at fixed strengths, equal wherever they are asked for."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from design_core.pictures import fit
from design_core.pictures.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from design_core.pictures.perturbations import PERTURBATIONS, Pixels, pixel_psnr
from design_core.pictures.samples import sample

pytestmark = pytest.mark.quick


@pytest.fixture
def picture() -> Pixels:
    return fit(sample("chelsea"), 32).pixels.astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severities_are_strengths_that_predict_offers(name: str, picture: Pixels) -> None:
    """What a user sets there gives these very pixels."""
    assert len(CORRUPTIONS[name]) == len(SEVERITIES)
    for severity, steps in zip(SEVERITIES, CORRUPTIONS[name], strict=True):
        by_hand = picture
        for perturbation, strength in steps:
            assert strength in PERTURBATIONS[perturbation].strengths
            by_hand = PERTURBATIONS[perturbation](by_hand, strength)
        assert np.array_equal(corrupt(picture, name, severity), by_hand)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severer_is_further_away(name: str, picture: Pixels) -> None:
    psnr = [pixel_psnr(picture, corrupt(picture, name, severity)) for severity in SEVERITIES]
    assert psnr == sorted(psnr, reverse=True)
    assert np.isfinite(psnr).all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_batch_is_its_pictures_and_noise_the_same_on_each(name: str, picture: Pixels) -> None:
    batch = np.stack([picture, picture[::-1]])
    before = hashlib.sha256(batch.tobytes()).digest()
    found = corrupt(batch, name, 3)
    assert np.array_equal(found, [corrupt(one, name, 3) for one in batch])
    assert np.array_equal(corrupt(batch, name, 3), found)
    assert hashlib.sha256(batch.tobytes()).digest() == before


def test_large_pixels_are_the_means_of_their_squares() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    large = PERTURBATIONS["pixelate"](pixels, 3)
    for i, j in np.ndindex(7, 5):
        rows, columns = (slice(k // 3 * 3, k // 3 * 3 + 3) for k in (i, j))
        mean = pixels[rows, columns].astype(float).mean((0, 1))
        assert np.array_equal(large[i, j], np.rint(mean))


def test_what_is_unknown_is_told(picture: Pixels) -> None:
    with pytest.raises(ValueError, match="Unknown corruption 'fog'; choose one of noise"):
        corrupt(picture, "fog", 1)
    with pytest.raises(ValueError, match="Severities are 1 to 5; got 6"):
        corrupt(picture, "noise", 6)
    assert corrupt(picture[None][:0], "noise", 1).shape == (0, *picture.shape)
