"""A layer of a network as feature maps, in the browser: on Explore, by link, and on Design."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waiting import settle

pytestmark = pytest.mark.browser

NETWORK = "digits-tiny-w16-design_2x2-v2-affine_on"
LINK = f"explore?picture=cifar10-00&source=layer&layer={NETWORK}-s0~block2"


def test_a_layer_is_cut_by_its_networks_own_kernel_and_goes_to_design(
    whole_app: str, chromium: Any
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{whole_app}/{LINK}")
    page.get_by_text("what a trained network's layer receives, block2 channel 0").wait_for()
    settle(page)
    page.get_by_role("button", name="Take the network's own kernel").click()
    page.wait_for_url("**kernel=2x2-v2*")
    settle(page)
    page.locator(".viewer [data-view=diffusion]").click()
    assert page.locator(".viewer .panel:visible").count() == 3
    settle(page)  # what a view reports arrives before the page is left
    page.get_by_role("button", name="Edit in Design").click()
    page.wait_for_url("**/design?**layer=digits-tiny*block2*")
    settle(page)
    cell = page.locator(".viewer [data-activation=design] [data-score=density]")
    before = cell.inner_text()
    page.locator(".editor .board g").first.click()  # the pictures beside the editor follow
    page.wait_for_function(
        "was => { for (const host of document.querySelectorAll('*')) {"
        " const cell = host.shadowRoot?.querySelector("
        "'[data-activation=design] [data-score=density]');"
        " if (cell) return cell.textContent !== was; } return false; }",
        arg=before,
    )
    context.close()
