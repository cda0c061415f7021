"""Pictures of bits stay bits."""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.output.drawing import (
    INK,
    PAPER,
    bits_png,
    enlarge,
    grey_png,
    heat_png,
    kernel_svg,
    mosaic,
    mosaic_png,
)

BITS = np.random.default_rng(0).random((13, 21)) > 0.5
SVG = "{http://www.w3.org/2000/svg}"


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize("factor", [1, 2, 3, 8])
def test_a_bits_png_gives_back_every_bit_at_every_factor(factor: int) -> None:
    image = opened(bits_png(BITS, factor))
    index = np.asarray(image)
    assert index.shape == (13 * factor, 21 * factor)
    for i in range(factor):
        for j in range(factor):
            assert np.array_equal(index[i::factor, j::factor], BITS)


def test_a_bits_png_has_one_bit_per_pixel_and_two_tones() -> None:
    png = bits_png(BITS)
    depth, colour_type = struct.unpack(">BB", png[24:26])  # IHDR: bit depth, palette colour
    assert (depth, colour_type) == (1, 3)
    rgb = np.asarray(opened(png).convert("RGB"))
    assert np.array_equal(rgb, np.where(BITS[..., None], PAPER, INK))


def test_enlarge_refuses_what_is_no_whole_factor() -> None:
    with pytest.raises(ValueError, match="whole factors from 1; got 0"):
        enlarge(BITS, 0)


def test_grey_is_linear_between_the_ends_and_clipped_beyond() -> None:
    grey = np.asarray(opened(grey_png(np.array([[-9.0, -2.5, 0.0, 2.5, 9.0]]))))
    assert grey.tolist() == [[0, 0, 128, 255, 255]]
    rectified = np.asarray(opened(grey_png(np.array([[0.0, 1.0, 2.5]]), black=0)))
    assert rectified.tolist() == [[0, 102, 255]]


def test_heat_is_cividis_from_zero_to_two() -> None:
    from matplotlib import colormaps

    rgb = np.asarray(opened(heat_png(np.array([[0.0, 1.0, 2.0, 3.0]]))).convert("RGB"))
    expected = (colormaps["cividis"]([0, 128, 255, 255])[:, :3] * 255).round()
    assert np.array_equal(rgb[0], expected)


@pytest.mark.parametrize("kernel", PUBLISHED.values(), ids=PUBLISHED)
def test_a_kernel_drawing_shows_every_level_and_darker_for_higher(kernel: ThresholdKernel) -> None:
    root = ET.fromstring(kernel_svg(kernel))
    cells = root.findall(f"{SVG}rect")
    assert len(cells) == kernel.levels.size
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert texts[::2] == [str(level) for level in kernel.levels.ravel()]
    assert texts[1::2] == [f"{t:.2f}" for t in kernel.thresholds.ravel()]
    shade = [int(cell.attrib["fill"][4:].split(",")[0]) for cell in cells]
    by_threshold = np.argsort(kernel.thresholds.ravel(), kind="stable")
    assert (np.diff(np.array(shade)[by_threshold]) <= 0).all()


def test_a_kernels_name_is_escaped_in_the_drawing() -> None:
    kernel = PUBLISHED["2x2-v2"].renamed('<script>"&')
    drawing = kernel_svg(kernel)
    assert "<script>" not in drawing
    title = ET.fromstring(drawing).find(f"{SVG}title")
    assert title is not None
    assert title.text is not None
    assert title.text.startswith('<script>"&, thresholds by row: 0.631 0.631; 0.967 0.967')


def test_small_cells_drop_their_text() -> None:
    kernel = PUBLISHED["2x2-v2"]
    assert kernel_svg(kernel, cell=20).count("<text") == 4
    assert kernel_svg(kernel, cell=8).count("<text") == 0


def test_a_uniform_kernel_is_mid_grey() -> None:
    drawing = kernel_svg(ThresholdKernel([[1]]))
    assert 'fill="rgb(138,138,138)"' in drawing


def test_a_mosaic_keeps_every_map_and_is_transparent_between() -> None:
    maps = np.random.default_rng(1).random((5, 4, 6)) > 0.5
    laid = mosaic(maps, columns=2, gap=1)
    assert laid.shape == (14, 13)
    for place, one in enumerate(maps):
        top, left = place // 2 * 5, place % 2 * 7
        assert np.array_equal(laid[top : top + 4, left : left + 6], one)
    rgba = np.asarray(opened(mosaic_png(laid)).convert("RGBA"))
    assert np.array_equal(rgba[..., 3] == 0, laid == 2)
    assert (rgba[laid == 0] == (*INK, 255)).all()
    assert (rgba[laid == 1] == (*PAPER, 255)).all()
