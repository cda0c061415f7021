"""The Predict page in a real browser: pictures to pick, channels to open, phone and desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from design_core.lab.walkthrough import Walker, walk
from design_core.pictures.samples import sample
from design_core.zoo.entry import open_entry

pytestmark = pytest.mark.browser

SIGN = "cifar10-vgg_small-w32-sign-affine_on"
DESIGN = "cifar10-vgg_small-w32-design_2x2-v2-affine_on"
QUERY = f"networks={SIGN}-s0.{DESIGN}-s0"


@pytest.fixture(params=[(1440, 1.0), (390, 3.0)], ids=["desk", "phone"])
def page(whole_app: str, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    width, ratio = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, device_scale_factor=ratio
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{whole_app}/predict?{QUERY}")
    page.locator(".ds-answer").nth(1).wait_for()
    page.locator(".st-key-predict_strip [role=radio]").first.wait_for()
    yield page
    assert not errors
    context.close()


def strip(page: Any) -> Any:
    return page.locator(".st-key-predict_strip [role=radio]")


def wait_for_note(page: Any, text: str) -> None:
    page.locator("p.ds-note", has_text=text).first.wait_for()


def test_pictures_are_picked_by_click_and_by_keys(page: Any) -> None:
    strip(page).nth(1).click()
    wait_for_note(page, "Ship (CIFAR-10 test picture 1). True class: ship.")
    assert strip(page).nth(1).get_attribute("aria-checked") == "true"
    page.keyboard.press("ArrowRight")
    wait_for_note(page, "Ship (CIFAR-10 test picture 2)")
    page.keyboard.press("Home")
    wait_for_note(page, "Cat (CIFAR-10 test picture 0)")
    assert page.locator("h1.ds-finding").count() == 1


def test_what_they_see_stands_in_whole_device_pixels(page: Any) -> None:
    width = page.locator(".ds-seen img").first.evaluate(
        "image => image.getBoundingClientRect().width * devicePixelRatio"
    )
    assert width % 32 == pytest.approx(0, abs=0.01)
    assert width >= 3 * 32
    thumbnail = (
        strip(page)
        .first.locator("img")
        .evaluate("image => image.getBoundingClientRect().width * devicePixelRatio")
    )
    assert thumbnail % 32 == pytest.approx(0, abs=0.01)


def test_a_channel_opens_large(page: Any) -> None:
    channels = page.locator(".st-key-walk_tiles [role=radio]")
    channels.nth(2).click()
    sides = [Walker.trained(open_entry(name).checkpoint) for name in (SIGN, DESIGN)]
    layer = walk(sample("cifar10-00"), *sides).layers[0]
    channel = int(layer.ranked("tv")[2])
    wait_for_note(page, f"Channel {channel} of block1 (Sign), cut by Sign")
    said = channels.nth(2).get_attribute("aria-label")
    assert f"Channel {channel}: {100 * layer.differing[channel]:.1f} % of the bits differ" in said
    viewer = page.locator(".st-key-walk_viewer .viewer[data-ready=true]")
    viewer.wait_for()
    density = float(np.mean(layer.bits[0][channel]))
    viewer.get_by_text(f"{100 * density:.1f} %").first.wait_for()


def test_nothing_is_wider_than_the_screen(page: Any) -> None:
    widths = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    assert page.locator("img:not([alt])").count() == 0


def test_a_layers_thresholds_are_taken_to_design(whole_app: str, chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    phases = "cifar10-vgg_small-w32-sign-affine_on-picture_design_bayer-phases-2_quantile"
    page.goto(f"{whole_app}/predict?networks={SIGN}-s0.{phases}-s0&panel=walk")
    page.get_by_text("Only networks of equal shape").wait_for()  # one of them sees bits
    page.goto(
        f"{whole_app}/predict?networks={phases.replace('design_bayer-phases-2_quantile', 'sign')}"
        f"-s0.{phases}-s0&panel=walk"
    )
    page.get_by_role("button", name="Open these thresholds on Design").click()
    page.wait_for_url("**/design?**")
    page.get_by_text("Picture thresholds, as trained").first.wait_for()
    page.get_by_text("rank by slice").first.wait_for()  # each colour has its own phase
    assert page.get_by_label("Slices").first.input_value() == "3"
    context.close()
