"""The Compare page in a real browser: charts with text alternatives, a phone, an upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from design_core.study.overview import overview_csv
from design_core.zoo.card import find_card, load_cards
from tests.waiting import settle
from ui.compare.address import offered_panels

pytestmark = pytest.mark.browser


@pytest.fixture
def compare(whole_app: str, chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens the page by a link, in a window of a width and a theme."""
    opened = []
    errors: list[str] = []

    def open_page(query: str = "", *, width: int = 1440, theme: str = "light") -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 1300}, color_scheme=theme
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{whole_app}/compare{query}")
        page.locator(".ds-finding").wait_for()
        page.get_by_text("Scenes").wait_for()  # the last thing on the page
        return page

    yield open_page
    for context in opened:
        context.close()
    assert errors == []


def test_panels_stay_in_place_whatever_the_finding(compare: Callable[..., Any]) -> None:
    page = compare()
    panels, finding = page.locator(".st-key-compare_panel"), page.locator("h1.ds-finding")
    place, first = panels.bounding_box(), finding.text_content()
    page.locator(".st-key-zoo_data").get_by_role("combobox").click()
    page.get_by_role("option", name="digits", exact=False).first.click()
    page.wait_for_function(
        "first => document.querySelector('h1.ds-finding').textContent !== first", arg=first
    )
    settle(page)
    assert panels.bounding_box() == place


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_every_panel_fits_and_every_chart_speaks(
    compare: Callable[..., Any], width: int, theme: str
) -> None:
    page = compare("?data=digits", width=width, theme=theme)
    for panel in offered_panels():
        page.locator(".st-key-compare_panel").get_by_text(panel, exact=True).click()
        chosen = page.locator(".st-key-compare_panel button[aria-checked=true]")
        chosen.get_by_text(panel, exact=True).wait_for()
        page.wait_for_function("() => !document.querySelector('[data-stale=true]')")
        # All at once: the last panel's charts may still be leaving.
        page.wait_for_function(
            "() => [...document.querySelectorAll('.stPlotlyChart')]"
            ".every(chart => chart.querySelector('.main-svg'))"
        )
        wide = page.evaluate("() => document.querySelector('.stMain').scrollWidth")
        assert wide <= width, panel
        spoken = page.evaluate(
            "() => [...document.querySelectorAll('.stPlotlyChart')].map(chart =>"
            " (chart.closest('[aria-label]') || chart.querySelector('[aria-label]'))"
            "?.getAttribute('aria-label') || '')"
        )
        assert all(any(letter.isdigit() for letter in text) for text in spoken), (panel, spoken)


def test_the_table_is_saved_and_an_upload_read_or_refused_in_words(
    compare: Callable[..., Any],
) -> None:
    card, _ = find_card("digits-tiny-w16-sign-affine_on")
    page = compare("?data=digits")
    with page.expect_download() as saved:
        page.locator(".st-key-zoo_csv").get_by_role("button", name="CSV").click()
    ours = [one for one in load_cards() if one.dataset == "digits"]
    assert Path(saved.value.path()).read_text(encoding="utf-8") == overview_csv(ours)
    chooser = page.locator(".st-key-own_files input[type=file]")
    chooser.set_input_files(
        [
            {
                "name": "mine.safetensors",
                "mimeType": "application/octet-stream",
                "buffer": card.file(0).read_bytes(),
            },
            {
                "name": "model.onnx",
                "mimeType": "application/octet-stream",
                "buffer": b"\x08\x07onnx",
            },
        ]
    )
    page.get_by_text("model.onnx is an ONNX model.").wait_for()
    page.get_by_role("button", name="Evaluate on digits").click()
    page.locator(
        ".stPlotlyChart[aria-label*='own:mine'], [aria-label*='own:mine']"
    ).first.wait_for()
