"""Links in a real browser: what is on screen is what the address says, and the way back works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser

SECONDS = 60


@pytest.fixture
def visit(whole_app: str, chromium: Any) -> Iterator[Callable[[str], Any]]:
    """Open the app at an address, with the viewer ready; errors of the page fail the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    errors: list[str] = []

    def go(address: str) -> Any:
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{whole_app}/{address}")
        page.wait_for_selector(".viewer[data-ready=true]")
        return page

    yield go
    assert not errors
    context.close()


def parameters(page: Any) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def wait_address(page: Any, **expected: str) -> None:
    """Wait until the address holds these parameters."""
    page.wait_for_function(
        "expected => { const has = new URLSearchParams(location.search);"
        " return Object.entries(expected).every(([name, value]) => has.get(name) === value); }",
        arg=expected,
    )


def test_the_viewer_opens_as_the_link_says(visit: Callable[[str], Any]) -> None:
    link = (
        "explore?picture=coins&size=96&source=rgb&kernel=2x2-v1&strength=0.5&view=wipe&map=2&zoom=3"
    )
    page = visit(f"{link}&divider=0.25&pixel=4.7")
    assert page.get_by_text("Page not found").count() == 0
    viewer = page.locator(".viewer").first
    assert viewer.get_attribute("data-view") == "wipe"
    assert page.locator(".viewer .factor").inner_text() == "3×"
    assert page.locator(".viewer input[name=strength]").input_value() == "0.5"
    assert page.locator(".viewer [role=slider].divider").get_attribute("aria-valuenow") == "25"
    assert page.locator(".viewer .kernel-name").inner_text() == "2x2-v1"


def test_the_address_follows_and_adds_no_step_to_the_browsers_history(
    visit: Callable[[str], Any],
) -> None:
    page = visit("?size=64&source=picture")
    steps = page.evaluate("history.length")
    page.locator(".viewer .stage").focus()
    page.keyboard.press("t")
    wait_address(page, view="tv", size="64")
    page.keyboard.press("d")
    wait_address(page, view="difference")
    assert page.evaluate("history.length") == steps
    page.reload()
    page.wait_for_selector(".viewer[data-ready=true]")
    assert page.locator(".viewer").first.get_attribute("data-view") == "difference"


def test_the_address_keeps_what_embeds_the_page(visit: Callable[[str], Any]) -> None:
    embedded = "embed=true&embed_options=dark_theme&embed_options=show_padding"
    page = visit(f"?{embedded}&size=64&source=picture")
    page.locator(".viewer .stage").focus()
    page.keyboard.press("t")
    wait_address(page, view="tv", size="64", embed="true")
    assert urlsplit(page.url).query.startswith(f"{embedded}&")
    page.reload()
    page.wait_for_selector(".viewer[data-ready=true]")
    assert page.locator(".viewer").first.get_attribute("data-view") == "tv"
    ground = page.get_by_test_id("stApp").evaluate("one => getComputedStyle(one).backgroundColor")
    assert ground == "rgb(25, 27, 32)"  # the dark theme's, as was asked for
    assert "Ignored in the link" not in page.locator("body").inner_text()


def test_settings_come_along_and_back_leads_to_the_page_as_it_was_left(
    visit: Callable[[str], Any],
) -> None:
    page = visit("?picture=coins&size=64&source=picture&view=flicker")
    page.get_by_test_id("stTopNavLink").filter(has_text="Design").click()
    # The viewer's own address holds both parameters as well, so the page must have changed first.
    page.wait_for_url("**/design*")
    wait_address(page, picture="coins", size="64")
    page.go_back()
    page.wait_for_selector(".viewer[data-ready=true]")
    wait_address(page, picture="coins", view="flicker")
    assert page.locator(".viewer").first.get_attribute("data-view") == "flicker"


def test_a_scene_opens_undo_leads_back_and_the_menu_holds_the_link(
    visit: Callable[[str], Any],
) -> None:
    page = visit("?size=64")
    page.get_by_role("button", name="Scenes").click()
    page.get_by_role("button", name="Where it does not help: grass").click()
    wait_address(page, picture="grass", view="wipe")
    page.get_by_text("fires on 22% of the pixels").wait_for()
    page.get_by_text("Share", exact=True).click()
    shown = page.get_by_test_id("stPopoverBody").locator("code")
    shown.wait_for()
    assert shown.inner_text().strip() == page.url
    page.keyboard.press("Escape")
    page.locator(".st-key-view_undo button").first.click()
    wait_address(page, size="64")
    assert parameters(page) == {"size": "64"}
