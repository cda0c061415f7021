"""Pictures prepared in the browser are those that the library prepares, to the last bit."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from design_core import browser
from design_core.pictures import Picture
from design_core.pictures.samples import sample
from design_core.zoo.checkpoint import PictureForm

pytestmark = pytest.mark.browser

#: (height, width): reduced, enlarged, as they are, cropped only, and at odd places.
SIZES = [
    *((300, 451), (64, 64), (32, 32), (32, 57), (33, 32), (9, 7), (480, 640), (1, 5), (31, 200)),
    *((57, 32), (200, 31), (40, 33), (34, 33), (35, 33), (11, 9), (15, 12), (640, 360), (361, 360)),
]


@pytest.fixture(scope="module")
def page(chromium: Any) -> Any:
    opened = chromium.new_page()
    opened.add_script_tag(content=browser.joined("resample"))
    yield opened
    opened.close()


def prepared(page: Any, pixels: np.ndarray[Any, Any], side: int, channels: int) -> list[int]:
    height, width, _ = pixels.shape
    found: list[int] = page.evaluate(
        "([text, ...rest]) => [...networkPixels("
        "Uint8Array.from(atob(text), (one) => one.charCodeAt(0)), ...rest)]",
        [base64.b64encode(pixels.tobytes()).decode(), width, height, side, channels],
    )
    return found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 32])
def test_pixels_are_the_librarys(page: Any, side: int, channels: int) -> None:
    form = PictureForm((channels, side, side), (0.0,) * channels, (1.0,) * channels, ("a",))
    rng = np.random.default_rng(side)
    made = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES]
    photo = sample("chelsea").pixels
    for pixels in [*made, np.ascontiguousarray(photo[..., :3])]:
        expected = form.pixels(Picture.from_pixels(pixels, name="it")).numpy().ravel()
        assert np.array_equal(prepared(page, pixels, side, channels), expected), pixels.shape


def test_every_grey_value_keeps_itself(page: Any) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert prepared(page, ramp, 16, 1) == list(range(256))
