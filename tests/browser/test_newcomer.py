"""A newcomer's task: own picture from the first screen, mended in one click, to Design and back."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.waiting import settle

pytestmark = pytest.mark.browser


def screenshot() -> bytes:
    """A light window with a dark bar and lines of writing."""
    grey = np.full((120, 160), 250, np.uint8)
    grey[:10] = 60
    grey[20:110:5, 20:130] = 40
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    return buffer.getvalue()


def density(page: Any) -> float:
    """That of DeSign's bits, in percent."""
    cell = page.locator(".viewer [data-activation=design] [data-score=density]")
    return float(cell.inner_text().removesuffix("%").strip())


def test_an_own_picture_from_the_first_screen_to_design_and_back(
    whole_app: str, chromium: Any
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(whole_app)
    page.get_by_role("heading", name="See it").wait_for()
    assert page.get_by_alt_text("DeSign", exact=False).first.is_visible()
    page.locator(".st-key-start_upload input[type=file]").set_input_files(
        {"name": "window.png", "mimeType": "image/png", "buffer": screenshot()}
    )
    page.wait_for_url("**/explore?**")  # one click, and it is cut
    page.get_by_text("Nearly black, because all thresholds lie above 0").wait_for()
    page.wait_for_selector(".viewer[data-ready=true]")
    settle(page)
    assert density(page) < 10

    page.get_by_role("button", name="Centre the thresholds").click()
    page.wait_for_url("**offset=-0.79*")
    settle(page)
    assert 50 < density(page) < 95
    page.get_by_role("button", name="Best kernel for this picture").click()
    why = page.get_by_text("Best of all 1,296 kernels of 2×2")
    why.wait_for()
    kept, before = re.findall(r"0\.\d\d", why.inner_text())
    assert float(kept) > float(before)
    settle(page)
    heading = page.locator("h1.ds-finding").inner_text()
    # A window of two tones leaves little to win, and the sentence does not claim more.
    assert heading.startswith("DeSign keeps as many bits per pixel as Sign, 0.35 against 0.34, but")
    address = page.url

    page.get_by_role("button", name="Edit in Design").click()
    page.wait_for_url("**/design?**")
    page.get_by_text("best 2×2 for window.png").first.wait_for()
    settle(page)
    assert page.get_by_text("Scored on window.png").is_visible()
    page.get_by_role("button", name="Open in Explore").click()
    page.wait_for_url("**/explore?**")
    settle(page)
    assert page.locator("h1.ds-finding").inner_text() == heading
    assert page.url == address
    context.close()
