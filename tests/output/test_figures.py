"""Figures: the numbers in them are the scores, the files are reproducible vectors."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.published import PUBLISHED
from design_core.output.figures import FORMATS, USES, activation_figure, figure_caption, save_figure
from design_core.scores import activation_density, total_variation


def a_map(height: int = 24, width: int = 31) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((height, width)).astype(np.float32)


def test_a_figure_of_a_tensor_is_that_of_its_numbers() -> None:
    x = torch.randn(8, 8, generator=torch.Generator().manual_seed(0))
    kernel = PUBLISHED["2x2-v2"]
    whole = x.numpy().copy()
    assert figure_caption(x.requires_grad_(), kernel) == figure_caption(whole, kernel)
    assert save_figure(activation_figure(x, kernel), "svg") == save_figure(
        activation_figure(whole, kernel), "svg"
    )


@pytest.mark.parametrize("use", USES)
def test_svg_holds_the_numbers_as_text(use: str) -> None:
    x, kernel = a_map(), PUBLISHED["3x3-symmetric-v1"]
    svg = save_figure(activation_figure(x, kernel, use=use), "svg").decode()
    for bits in (x >= 0, binarize(x, kernel)):
        density = 100 * activation_density(bits)
        assert f"{total_variation(bits):.3f} edges per pixel, density {density:.1f} %" in svg
    for word in ("Pre-activation x", ">Sign<", ">DeSign<", ">Kernel<"):
        assert word in svg


def test_the_slice_of_the_channel_is_used() -> None:
    x, kernel = a_map(), PUBLISHED["2x2x4-shifted-v1"]
    design = binarize(np.stack([x] * 7), kernel)[6]  # channel 6 takes slice 2
    assert f"{total_variation(design):.3f}" in figure_caption(x, kernel, channel=6)
    assert "[5 5;3 7]" in figure_caption(x, kernel, channel=6)


@pytest.mark.parametrize("file_format", FORMATS)
def test_files_are_what_they_say_and_repeat(file_format: str) -> None:
    starts = {"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG"}
    first, second = (
        save_figure(activation_figure(a_map(), PUBLISHED["2x2-v2"]), file_format) for _ in range(2)
    )
    assert first.startswith(starts[file_format])
    assert first == second


def test_png_shows_both_tones_of_a_bit() -> None:
    png = save_figure(activation_figure(a_map(), PUBLISHED["2x2-v2"]), "png")
    colours = {
        colour for _, colour in Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 20)
    }
    assert {(0x14, 0x16, 0x1A), (0xF7, 0xF5, 0xF0)} <= colours


def test_uniform_and_large_kernels_are_drawn() -> None:
    for levels in ([[1]], np.ones((16, 16), int)):
        assert save_figure(activation_figure(a_map(), ThresholdKernel(levels)), "svg")


def test_caption_says_how_the_kernel_was_scaled() -> None:
    kernel = PUBLISHED["2x2-v2"].scaled(strength=0.5, offset=-0.25)
    text = figure_caption(a_map(), kernel, map_name="luminance")
    assert text.startswith("Map luminance of 31×24 pixels")
    assert "2x2-v2, levels [1 1;3 3], published scaling, strength 0.5, offset -0.25" in text


def test_errors_say_what_is_expected() -> None:
    with pytest.raises(ValueError, match="paper, slide; got 'poster'"):
        activation_figure(a_map(), PUBLISHED["2x2-v2"], use="poster")
    with pytest.raises(ValueError, match=r"shape \(H, W\); got shape \(1, 24, 31\)"):
        activation_figure(a_map()[None], PUBLISHED["2x2-v2"])
    with pytest.raises(ValueError, match="pdf, svg, png; got 'doc'"):
        save_figure(activation_figure(a_map(), PUBLISHED["2x2-v2"]), "doc")
