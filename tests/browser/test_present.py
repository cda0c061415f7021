"""Present in a real browser: what clickers send, the way out, the QR code on screen."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.waiting import settle
from ui.present.scenes import curated_scenes
from ui.scenes import SCENES

pytestmark = pytest.mark.browser

NAMES = list(curated_scenes())
Open = Callable[..., Any]


@pytest.fixture
def visit(whole_app: str, chromium: Any) -> Iterator[Open]:
    """Open a page of the app: `visit("present", viewport=(1920, 1080))`."""
    contexts = []

    def open_page(path: str, *, viewport: tuple[int, int] = (1920, 1080), **options: Any) -> Any:
        width, height = viewport
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(f"{whole_app}/{path}")
        page.wait_for_selector("h1.ds-finding")
        if path.startswith("present"):
            page.wait_for_selector(".viewer[data-ready=true], .ds-stage-place")
            page.wait_for_selector(".bar .place")
        return page

    yield open_page
    for context in contexts:
        assert not context.pages[0].errors
        context.close()


def says(page: Any, name: str) -> None:
    """Wait until the scene's sentence is the heading."""
    sentence = curated_scenes()[name].sentence
    page.wait_for_function(
        "text => document.querySelector('h1.ds-finding')?.innerText.replace(/\\s+/g, ' ') === text",
        arg=sentence,
    )


def test_clickers_and_keys_step_through_the_scenes(visit: Open) -> None:
    page = visit("present")
    says(page, NAMES[0])
    place = 0
    for key, by in (
        ("PageDown", 1), ("PageDown", 1), ("PageUp", -1), ("ArrowRight", 1), ("ArrowLeft", -1),
        ("Space", 1), ("Shift+Space", -1), ("End", 99), ("PageDown", 1), ("Home", -99),
    ):  # fmt: skip
        page.keyboard.press(key)
        place = min(len(NAMES) - 1, max(0, place + by))
        says(page, NAMES[place])
        assert page.locator(".bar .place").inner_text() == f"{place + 1} / {len(NAMES)}"
    for _ in range(4):  # quick presses all count
        page.keyboard.press("PageDown")
    says(page, NAMES[4])
    page.wait_for_function("name => location.search.includes(`scene=${name}`)", arg=NAMES[4])
    page.reload()
    page.wait_for_selector(".viewer[data-ready=true]")
    says(page, NAMES[4])


def test_the_stage_holds_two_pictures_and_large_type_only(visit: Open) -> None:
    page = visit("present")
    for chrome in ("stHeader", "stSidebar", "stToolbar"):
        assert page.locator(f"[data-testid={chrome}]:visible").count() == 0
    type_on_stage = "h1.ds-finding, .viewer .caption h3, .bar button, .bar .place"
    sizes = page.locator(type_on_stage).evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert len(sizes) >= 7
    assert min(sizes) >= 28
    main = page.locator(".stMain")
    assert main.evaluate("e => e.scrollHeight - e.clientHeight") <= 0
    panels = [box.bounding_box() for box in page.locator(".viewer .panel canvas").all()]
    assert panels[0]["width"] == pytest.approx(panels[1]["width"])
    assert panels[0]["height"] > 550
    bar = page.locator(".bar").bounding_box()
    assert panels[0]["y"] + panels[0]["height"] < bar["y"]


def test_a_camera_reads_the_code_and_escape_leaves(visit: Open, whole_app: str) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    page = visit("present?scene=relief")
    says(page, "relief")
    page.keyboard.press("q")
    link = f"{whole_app}/{SCENES['relief'].link}"
    for width, height in ((1920, 1080), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.get_by_role("dialog").wait_for()
        settle(page)
        assert page.locator(".sheet .link").inner_text() == link
        assert "Only this machine can open 127.0.0.1" in page.locator(".sheet .note").inner_text()
        shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
        assert [code.text for code in zxingcpp.read_barcodes(shot)] == [link]
        svg = page.locator(".sheet .code svg")
        pixels = svg.bounding_box()["width"] / svg.evaluate("e => e.viewBox.baseVal.width")
        assert pixels == pytest.approx(round(pixels), abs=0.02)
    page.keyboard.press("Escape")  # closes the code, and only then leaves
    page.get_by_role("dialog").wait_for(state="hidden")
    assert "present" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector(".viewer .toolbar:visible")
    assert "present" not in page.url


def test_touch_and_click_step_and_leave(visit: Open) -> None:
    page = visit("present", viewport=(390, 844), has_touch=True)
    page.get_by_role("button", name="Next scene").tap()
    says(page, NAMES[1])
    page.get_by_role("button", name="Previous scene").tap()
    says(page, NAMES[0])
    page.locator("h1.ds-finding").click()
    says(page, NAMES[1])
    assert page.locator(".stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    page.get_by_role("button", name="Leave").tap()
    page.wait_for_selector(".viewer .toolbar:visible")


def test_a_view_of_explore_goes_on_stage(visit: Open) -> None:
    page = visit("?picture=coins&source=picture&size=96&strength=0.5")
    page.wait_for_selector(".viewer[data-ready=true]")
    finding = page.locator("h1.ds-finding").inner_text()
    page.get_by_role("button", name="Share").click()
    page.get_by_role("link", name="Present this view").click()
    page.wait_for_selector(".viewer.presenter[data-ready=true]")
    page.locator(".st-key-stage h1", has_text=finding.split(" × ")[0]).wait_for()
    assert page.locator("h1").inner_text().replace("\u00a0", " ") == finding
    assert page.locator(".bar .place").inner_text() == "1 / 1"
