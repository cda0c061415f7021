"""On a phone: the drawer closes on a choice, and picture and slider are on the screen together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waiting import settle

pytestmark = pytest.mark.browser

PAGES = (
    *(
        "Start",
        "Explore",
        "Design",
        "Predict",
        "Segment",
        "Live",
        "Train",
        "Compare",
        "Speed",
        "Batch",
    ),
    *("Learn", "Present"),
)


def test_the_drawer_names_the_pages_and_closes_on_a_choice(whole_app: str, chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{whole_app}/explore")
    page.wait_for_selector(".viewer[data-ready=true]")
    settle(page)
    opener = page.get_by_test_id("stExpandSidebarButton")
    opener.tap()
    rail = page.get_by_test_id("stSidebar")
    for name in PAGES:
        assert rail.get_by_role("link", name=name, exact=True).is_visible()
    settle(page)
    rail.get_by_test_id("stSelectbox").first.locator("input").tap()
    page.get_by_role("option", name="Step wedge").tap()
    page.locator(".ds-note", has_text="step-wedge").wait_for()
    opener.wait_for()  # the drawer is closed again
    settle(page)
    picture = page.locator(".viewer .panel canvas").first.bounding_box()
    slider = page.locator(".viewer input[name=strength]").bounding_box()
    assert slider["y"] + slider["height"] <= 844
    assert picture["y"] + picture["height"] <= slider["y"]
    context.close()
