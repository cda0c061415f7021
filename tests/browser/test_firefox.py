"""The viewer in Firefox: its bits are those that Python computes, as they are in Chromium."""

from __future__ import annotations

import io
import json
import shutil
from base64 import b64decode

import numpy as np
import pytest
from firefox import Firefox, firefox
from numpy.typing import NDArray
from PIL import Image
from viewer_maps import example_maps

from design_core.kernels.kernel import binarize
from design_core.kernels.published import PUBLISHED
from tests.waiting import until

pytestmark = pytest.mark.browser

KERNEL = PUBLISHED["2x2-v2"]
FIRES, NOT = np.array([0xF7, 0xF5, 0xF0, 255]), np.array([0x14, 0x16, 0x1A, 255])
# The viewer is in a shadow tree, where no selector of the document reaches.
VIEWER = """[...document.querySelectorAll('*')].map(host => host.shadowRoot)
    .find(root => root?.querySelector('.viewer[data-ready=true]'))"""
PANELS = f"({VIEWER}).querySelectorAll('.panel canvas')"


def bits(browser: Firefox, panel: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """What a panel shows, one bit per pixel of the map, after checking that each is one tone."""
    url, place = browser.evaluate(
        f"[{PANELS}[{panel}].toDataURL('image/png'), {PANELS}[{panel}].dataset.place]"
    )
    pixels = np.asarray(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("RGBA"))
    zoom, left, top, _ = map(int, place.split())
    height, width = (side * zoom for side in shape)
    shown = pixels[top : top + height, left : left + width]
    assert shown.shape[:2] == (height, width)
    fires, not_fires = ((shown == tone).all(-1) for tone in (FIRES, NOT))
    assert (fires | not_fires).all()
    whole = fires[::zoom, ::zoom]
    assert np.array_equal(np.kron(whole, np.ones((zoom, zoom), bool)), fires)
    return whole


def test_bits_are_pythons_before_and_after_the_strength_is_drawn(server: str) -> None:
    if not (shutil.which("firefox-esr") or shutil.which("firefox")):
        pytest.skip("Firefox is not installed.")
    x = example_maps(1, 37, 53)
    with firefox() as browser:
        browser.open(f"{server}/?shape=1x37x53")
        until(lambda: browser.evaluate(f"!!{VIEWER}"), "the viewer")
        assert "Firefox" in browser.evaluate("navigator.userAgent")
        assert np.array_equal(bits(browser, 0, (37, 53)), x[0] >= 0)
        assert np.array_equal(bits(browser, 1, (37, 53)), binarize(x, KERNEL)[0])
        browser.evaluate(
            f"(() => {{ const slider = ({VIEWER}).querySelector('input[name=strength]');"
            " slider.value = '0.5';"
            " for (const kind of ['input', 'change'])"
            " slider.dispatchEvent(new Event(kind, {bubbles: true})); })()"
        )
        half = binarize(x, KERNEL.scaled(strength=0.5))[0]
        until(lambda: np.array_equal(bits(browser, 1, (37, 53)), half), "half the strength")
        code = "document.querySelector('[data-testid=stCode] code')?.textContent ?? '{}'"
        until(lambda: json.loads(browser.evaluate(code)).get("strength") == 0.5, "Python to know")
