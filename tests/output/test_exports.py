"""Files of binary maps, read back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from design_core.kernels.kernel import binarize
from design_core.kernels.published import PUBLISHED
from design_core.output.drawing import INK, PAPER
from design_core.output.exports import bits_npz, strength_sweep


def some_maps(channels: int = 5) -> np.ndarray:
    shape = (channels, 13, 17)
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


def test_npz_gives_back_bits_and_what_made_them() -> None:
    x, kernel = some_maps(), PUBLISHED["2x2x4-shifted-v1"].scaled(strength=0.7)
    names = [f"map {k}" for k in range(5)]
    saved = np.load(io.BytesIO(bits_npz(x, kernel, names=names)))
    assert (saved["design"] == binarize(x, kernel)).all()
    assert (saved["sign"] == (x >= 0)).all()
    assert (saved["x"] == x).all()
    assert saved["thresholds"].dtype == np.float32
    assert (saved["levels"] == kernel.levels).all()
    assert saved["names"].tolist() == names


def frames_of(gif: bytes) -> list[np.ndarray]:
    image = Image.open(io.BytesIO(gif))
    return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("factor", [1, 3])
def test_every_frame_of_a_sweep_holds_its_bits(factor: int) -> None:
    x, kernel = some_maps()[3], PUBLISHED["2x2x4-shifted-v1"]
    strengths = [-1.0, 0.0, 0.5, 1.0]
    gif = strength_sweep(x, kernel, channel=6, strengths=strengths, factor=factor)
    frames = frames_of(gif)
    assert len(frames) == 6  # there, and back without the ends
    stack = np.stack([x] * 7)
    for frame, strength in zip(frames, [*strengths, 0.5, 0.0], strict=True):
        bits = binarize(stack, kernel.scaled(strength=strength))[6]
        expected = np.array([INK, PAPER], np.uint8)[bits.astype(int)]
        assert (frame == expected.repeat(factor, 0).repeat(factor, 1)).all()


def test_a_sweep_starts_at_sign_and_repeats_for_ever() -> None:
    x = some_maps()[0]
    gif = strength_sweep(x, PUBLISHED["2x2-v2"])
    image = Image.open(io.BytesIO(gif))
    assert image.info["loop"] == 0
    assert (frames_of(gif)[0] == np.array([INK, PAPER], np.uint8)[(x >= 0).astype(int)]).all()


def test_errors_say_what_is_expected() -> None:
    with pytest.raises(ValueError, match="at least one strength"):
        strength_sweep(some_maps()[0], PUBLISHED["2x2-v2"], strengths=[])
    with pytest.raises(ValueError, match=r"shape \(H, W\); got shape \(5, 13, 17\)"):
        strength_sweep(some_maps(), PUBLISHED["2x2-v2"])
