"""What holds for every page in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from design_core import binarize, extract_maps, published_kernel, sample
from design_core.output.drawing import INK, PAPER
from design_core.paths import RESOURCES
from design_core.pictures import fit
from tests.waiting import settle

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
#: A server is started for each; what makes the list of pages is the same for all.
FIRST = ("batch", "learn", "present")


def opened(browser: Any, address: str, page_name: str, width: int, scheme: str) -> Any:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.foreign = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
            else page.foreign.append(request.url)
        ),
    )
    page.goto(f"{address}/{'' if page_name == 'start' else page_name}")
    page.wait_for_selector("h1.ds-finding")
    return page


def page_links(page: Any) -> list[str]:
    found = page.locator("[data-testid=stTopNavLink]").all_inner_texts()
    return [text.split("\n")[-1].strip() for text in found]


@pytest.mark.parametrize("name", FIRST)
def test_a_link_to_a_page_is_the_first_thing_a_server_sees(
    fresh_app: str, chromium: Any, name: str
) -> None:
    page = opened(chromium, fresh_app, name, 1440, "light")
    settle(page)
    links = page_links(page)
    if name != "present":  # the stage has no header
        assert sorted(link.lower() for link in links) == PAGES  # each once
    assert not page.get_by_text("Page not found").is_visible()
    assert page.foreign == []
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_asks_the_network_or_runs_over_its_width(
    whole_app: str, chromium: Any, name: str
) -> None:
    """On a phone, then in a window; the desk's own layout is that of the accessibility tests."""
    page = opened(chromium, whole_app, name, 390, "light")
    for width, scheme in ((390, "light"), (390, "dark"), (1440, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        settle(page)
        assert page.foreign == []
        overflow = page.evaluate(
            "() => document.querySelector('.stMain').scrollWidth"
            " - document.querySelector('.stMain').clientWidth"
        )
        assert overflow <= 0, (width, scheme)
        assert page.locator("[data-testid=stException]").count() == 0
    page.context.close()


def test_an_uploaded_picture_is_shown_and_a_broken_one_refused(
    whole_app: str, chromium: Any
) -> None:
    page = opened(chromium, whole_app, "explore", 1440, "light")
    before = page.locator("h1.ds-finding").inner_text()
    page.get_by_text("Upload", exact=True).click()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(
        {"name": "broken.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\nnothing"}
    )
    page.get_by_text("broken.png is a damaged").wait_for()
    assert page.locator("h1.ds-finding").inner_text() == before
    cat = RESOURCES / "samples" / "cifar10"
    chooser.set_input_files(sorted(cat.glob("*.png"))[0])
    page.get_by_text("32 × 32 px").wait_for()
    assert page.get_by_text("broken.png is a damaged").count() == 0
    page.context.close()


def test_what_is_on_screen_is_what_is_saved(whole_app: str, chromium: Any) -> None:
    page = opened(chromium, whole_app, "explore", 1440, "light")
    page.wait_for_selector(".viewer[data-ready=true]")
    page.get_by_text("Take it with you").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Bits of all maps, NPZ").click()
    saved = np.load(waiting.value.path())
    maps = extract_maps(fit(sample("astronaut"), 208), "random-conv")
    assert np.array_equal(saved["design"], binarize(maps.x, published_kernel("2x2-v2")))
    for name, start in (("Figure for a paper, PDF", b"%PDF"), ("From Sign to DeSign", b"GIF89a")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name).click()
        assert Path(waiting.value.path()).read_bytes().startswith(start)
    page.context.close()


def test_relu_is_black_where_x_is_negative(whole_app: str, chromium: Any) -> None:
    page = opened(chromium, whole_app, "explore", 1440, "light")
    page.wait_for_selector(".viewer[data-ready=true]")
    shades = page.locator(".viewer .relu canvas").evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )
    red = np.array(shades).reshape(-1, 4)[:, 0]
    maps = extract_maps(fit(sample("astronaut"), 208), "random-conv")
    rectified = np.clip(maps.x[0] / 2.5, 0, 1)  # greys run from ink to paper
    assert red.min() == INK[0]
    assert red.mean() == pytest.approx(INK[0] + (PAPER[0] - INK[0]) * rectified.mean(), abs=1)
    page.context.close()
