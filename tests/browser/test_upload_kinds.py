"""Pictures are uploaded as strangers have them: whatever their ending, their content decides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hostile import odd_pictures

pytestmark = pytest.mark.browser


def test_content_decides_and_what_was_converted_is_told(whole_app: str, chromium: Any) -> None:
    page = chromium.new_context().new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{whole_app}/?size=32&source=picture")
    page.wait_for_selector("h1.ds-finding")
    page.get_by_text("Upload", exact=True).click()
    files = odd_pictures()
    for name, data, told in (
        ("photo.jfif", files["motion.jpg"], "10 × 6 px"),
        ("scan", files["planes16.tif"], "16 bits a channel reduced to 8"),
        ("wide.jpe", files["profile.jpg"], "colours converted from Made to sRGB"),
    ):
        page.locator("input[type=file]").set_input_files(
            {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        )
        page.get_by_text(f"{name} · ").first.wait_for()
        page.get_by_text(told).first.wait_for()
        assert page.get_by_text("not allowed").count() == 0
    page.context.close()
