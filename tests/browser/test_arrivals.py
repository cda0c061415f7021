"""What is drawn after an arrival is what a fresh page draws: canvases are compared, not numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import settle, until
from ui.links.session_file import read_session

pytestmark = pytest.mark.browser

SECONDS = 60

# Digest and name of every picture that the viewer draws, once no script runs and nothing waits.
CANVASES = """async () => {
  const roots = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
    .map(host => host.shadowRoot).filter(root => root?.querySelector('.viewer'));
  if (roots.length !== 1) return null;
  const viewer = roots[0].querySelector('.viewer');
  const app = document.querySelector('[data-testid=stApp]');
  if (viewer.matches('.waiting') || app.dataset.testScriptState !== 'notRunning') return null;
  const found = [];
  for (const canvas of viewer.querySelectorAll('.panel:not([hidden]) canvas, .side canvas')) {
    const bytes = new TextEncoder().encode(canvas.toDataURL());
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    found.push([canvas.getAttribute('aria-label'), digest.slice(0, 8).join('.')]);
  }
  return JSON.stringify([viewer.dataset.view, ...found]);
}"""


def drawn(page: Any) -> str:
    """What a page has drawn, once it is at rest."""
    return str(page.wait_for_function(CANVASES).json_value())


class Visitor:
    """One browser with pages at the app, and what fresh pages draw, each asked once."""

    def __init__(self, address: str, context: Any) -> None:
        self.address, self.context = address, context
        self.errors: list[str] = []
        self.fresh: dict[str, str] = {}

    def open(self, link: str = "") -> Any:
        page = self.context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{self.address}/{link or 'explore'}")
        page.wait_for_selector(".viewer[data-ready=true]")
        return page

    def drawn_afresh(self, url: str) -> str:
        """What a new session draws at an address."""
        if url not in self.fresh:
            page = self.open(url.partition(self.address)[2].lstrip("/"))
            settle(page)  # a busy server may draw its first view before the one that is asked for
            self.fresh[url] = drawn(page)
            page.close()
        return self.fresh[url]

    def assert_as_fresh(self, page: Any) -> None:
        """Wait until a page draws what a fresh one draws at its address."""
        expected = self.drawn_afresh(page.url)
        try:
            until(lambda: drawn(page) == expected, "what a fresh page draws", seconds=10)
        except TimeoutError:
            assert json.loads(drawn(page)) == json.loads(expected), page.url


@pytest.fixture
def visitor(whole_app: str, chromium: Any) -> Iterator[Visitor]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    found = Visitor(whole_app, context)
    yield found
    assert not found.errors
    context.close()


def choose_sample(page: Any, title: str) -> None:
    page.locator(".st-key-sample").get_by_role("combobox").fill(title)  # the list shows a few
    page.get_by_role("option", name=title, exact=True).click()


def click(page: Any, key: str) -> None:
    page.locator(f".st-key-{key} button").first.click()


ASTRONAUT = "?source=picture&size=64"


def test_undo_and_redo_draw_what_a_fresh_page_draws(visitor: Visitor) -> None:
    page = visitor.open(ASTRONAUT)
    visitor.assert_as_fresh(page)
    choose_sample(page, "Cameraman")
    page.wait_for_url("**picture=camera*")
    visitor.assert_as_fresh(page)
    camera = page.url
    click(page, "view_undo")
    page.wait_for_url(lambda url: "picture=camera" not in url)
    visitor.assert_as_fresh(page)
    click(page, "view_redo")
    page.wait_for_url(camera)
    visitor.assert_as_fresh(page)


def test_undo_and_redo_by_keys_draw_what_a_fresh_page_draws(visitor: Visitor) -> None:
    page = visitor.open(f"{ASTRONAUT}&kernel=2x2-v1")
    page.locator(".st-key-published").get_by_role("combobox").fill("2x2x4-shifted-v1")
    page.get_by_role("option", name="2x2x4-shifted-v1", exact=True).click()
    page.wait_for_url("**kernel=2x2x4-shifted-v1*")
    visitor.assert_as_fresh(page)
    shifted = page.url
    for key, press, reached in (
        ("view_undo", "Enter", lambda url: "shifted" not in url),
        ("view_redo", "Space", shifted),
        ("view_undo", "Space", lambda url: "shifted" not in url),
    ):
        page.locator(f".st-key-{key} button:enabled").first.focus()
        page.keyboard.press(press)
        page.wait_for_url(reached)
        visitor.assert_as_fresh(page)


def test_links_in_the_same_tab_draw_what_fresh_pages_draw(visitor: Visitor) -> None:
    page = visitor.open(ASTRONAUT)
    for link in ("?source=picture&size=64&picture=camera&view=difference", f"{ASTRONAUT}&map=0"):
        page.goto(f"{visitor.address}/{link}")
        page.wait_for_selector(".viewer[data-ready=true]")
        visitor.assert_as_fresh(page)


def test_a_scene_from_the_first_page_draws_what_a_fresh_page_draws(visitor: Visitor) -> None:
    page = visitor.context.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.on("pageerror", lambda error: visitor.errors.append(str(error)))
    page.goto(visitor.address)
    page.get_by_role("link", name="Look at samples").click()
    page.wait_for_selector(".viewer[data-ready=true]")
    page.get_by_role("button", name="Scenes").click()
    page.get_by_role("button", name="A kernel with four slices").click()
    page.wait_for_url("**map=3*")
    page.wait_for_selector(".viewer[data-ready=true]")
    visitor.assert_as_fresh(page)


def test_a_zoom_ends_with_maps_of_another_size_on_screen_and_in_the_address(
    visitor: Visitor,
) -> None:
    page = visitor.open(ASTRONAUT)
    page.locator(".viewer .stage").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**pixel=*")
    choose_sample(page, "Greek coins")
    page.wait_for_url("**picture=coins*")
    visitor.assert_as_fresh(page)
    assert "zoom" not in page.url
    assert "pixel" not in page.url


def test_pins_and_a_scene_draw_what_fresh_pages_draw(visitor: Visitor) -> None:
    page = visitor.open("?source=picture&size=64&view=wipe&divider=0.25")
    page.get_by_text("Share", exact=True).click()
    page.get_by_role("button", name="Pin as A").click()
    page.locator(".st-key-show_A").wait_for(state="attached")
    page.keyboard.press("Escape")
    choose_sample(page, "Cameraman")
    page.wait_for_url("**picture=camera*")
    page.get_by_text("Share", exact=True).click()
    page.get_by_role("button", name="Pin as B").click()
    page.locator(".st-key-show_B").wait_for(state="attached")
    page.keyboard.press("Escape")
    for name in "AB":
        click(page, f"show_{name}")
        page.wait_for_url(lambda url, name=name: ("picture=camera" in url) == (name == "B"))
        visitor.assert_as_fresh(page)
    page.goto(f"{visitor.address}/explore")
    page.wait_for_selector(".viewer[data-ready=true]")
    page.get_by_role("button", name="Scenes").click()
    page.get_by_role("button", name="A kernel with four slices").click()
    page.wait_for_url("**map=3*")
    visitor.assert_as_fresh(page)


def test_a_session_is_saved_as_a_file_that_opens_again(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("?picture=coins&source=picture&size=64&strength=0.5&view=difference")
    page.get_by_text("Share", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save all pages as a file").click()
    session = read_session(Path(saved.value.path()).read_bytes(), known=["explore"])
    assert session.rail == {"picture": "coins", "source": "picture", "size": "64"}
    assert session.pages == {"explore": {"strength": "0.5", "view": "difference"}}
    file = tmp_path / "design-session.json"
    saved.value.save_as(file)
    other = visitor.open()
    other.get_by_text("Share", exact=True).click()
    other.locator(".st-key-session_file input[type=file]").set_input_files(file)
    other.get_by_role("button", name="Open it in place of the present view").click()
    other.wait_for_url(page.url)
    visitor.assert_as_fresh(other)


def test_another_page_opens_while_the_share_popover_is_open(visitor: Visitor) -> None:
    page = visitor.open(ASTRONAUT)
    page.get_by_text("Share", exact=True).click()
    page.get_by_role("button", name="Pin as A").wait_for()
    link = page.get_by_test_id("stTopNavLink").filter(has_text="Batch").bounding_box()
    page.mouse.move(link["x"] + link["width"] / 2, link["y"] + link["height"] / 2)
    page.mouse.down()
    settle(page)  # people press for a moment, in which a script may run
    page.mouse.up()
    page.locator("h1.ds-finding").filter(has_text="Score many pictures").wait_for()
    page.locator(".st-key-share").wait_for()
