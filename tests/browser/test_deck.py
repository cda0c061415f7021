"""A talk of six scenes from four pages: put together, saved, opened again, shown by keys alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from design_core.pictures.samples import sample_names
from tests.waiting import settle, until
from ui.links.deck import Slide, encode_deck

pytestmark = pytest.mark.browser

LISTED = [
    *("Page Down", "→", "Space", "Page Up", "←", "Enter", "Home", "End", "B", ".", "F", "N", "L"),
    *("D", "Q", "Esc"),
]

VIEWER = "globalThis[Symbol.for('design.channels')].get('viewer')?.instrument"

# Of the kernel on stage.
STRENGTH = """() => globalThis[Symbol.for('design.channels')].get('stage_viewer')?.instrument
    ?.kernel?.strength"""


@pytest.fixture
def page(whole_app: str, chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    found = context.new_page()
    found.set_default_timeout(60_000)
    errors: list[str] = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.address = whole_app
    yield found
    context.close()
    assert errors == []


def place(page: Any, text: str) -> None:
    page.locator(".bar .place", has_text=text).wait_for()


def test_a_deck_is_put_together_saved_opened_and_shown_by_keys(page: Any, tmp_path: Any) -> None:
    more = [Slide("speed", "How fast"), Slide("explore?strength=0.5", "Half", "Say it", "reveal")]
    page.goto(f"{page.address}/present?{urlencode({'deck': encode_deck(more)})}")
    place(page, "1 / 2")
    page.keyboard.press("Escape")  # to Explore, in the same session
    page.locator(".viewer .toolbar").wait_for()
    for name in ("Predict", "Compare", "Design", "Explore"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector("h1.ds-finding")
        settle(page)
        page.get_by_role("button", name="Share").click()
        page.get_by_role("button", name="Add to the deck").click()
        page.get_by_text("of the deck. Present shows it.").first.wait_for()
        page.keyboard.press("Escape")
        settle(page)
    page.get_by_role("button", name="Share").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save all pages as a file").click()
    path = tmp_path / "session.json"
    saving.value.save_as(path)
    assert len(json.loads(path.read_bytes())["deck"]) == 6

    page.goto(f"{page.address}/explore")  # another session
    page.wait_for_selector(".viewer[data-ready=true]")
    page.get_by_role("button", name="Share").click()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").last.set_input_files(path)
    page.get_by_role("button", name="Open it in place of the present view").click()
    settle(page)
    page.get_by_role("link", name="Present", exact=True).click()
    place(page, "1 / 6")
    shown = [page.locator("h1.ds-finding").inner_text()]
    keys(page, shown)
    order(page)


def keys(page: Any, shown: list[str]) -> None:
    """Everything that `?` lists."""
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    place(page, "2 / 6")
    until(lambda: page.evaluate(STRENGTH) == 0, "the build to begin with Sign")
    settle(page)
    page.keyboard.press("PageDown")
    until(lambda: page.evaluate(STRENGTH) == 0.5, "the kernel of the scene")
    place(page, "2 / 6")
    page.keyboard.press("b")
    assert page.locator(".black").is_visible()
    page.keyboard.press(".")
    assert page.locator(".black").is_hidden()
    page.keyboard.press("l")
    assert page.locator(".pointer").is_visible()
    page.keyboard.press("l")
    with page.context.expect_page() as opening:
        page.keyboard.press("n")
    notes = opening.value
    notes.locator("#notes", has_text="Say it").wait_for()
    notes.keyboard.press("PageDown")
    place(page, "3 / 6")
    notes.locator("#place", has_text="Scene 3 of 6").wait_for()
    notes.close()
    for number in (4, 5, 6):
        page.keyboard.press("PageDown")
        place(page, f"{number} / 6")
        settle(page)
        shown.append(page.locator("h1.ds-finding").inner_text())
    assert len(set(shown)) == len(shown)
    page.keyboard.press("f")
    until(lambda: page.evaluate("document.fullscreenElement !== null"), "the full screen")
    page.keyboard.press("f")
    until(lambda: page.evaluate("document.fullscreenElement === null"), "the window again")
    page.keyboard.press("Shift+?")
    assert page.locator(".keys-sheet kbd").all_inner_texts() == LISTED
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog", name="Keys").is_hidden()


def order(page: Any) -> None:
    """By keys and by dragging; the address holds the deck."""
    page.keyboard.press("d")
    rows = page.locator(".slides li")
    assert rows.count() == 6
    first = rows.first.get_attribute("data-link")
    rows.first.locator(".handle").focus()
    page.keyboard.press("Alt+ArrowDown")
    assert rows.nth(1).get_attribute("data-link") == first
    handle, last = rows.nth(1).locator(".handle"), rows.last
    start, end = handle.bounding_box(), last.bounding_box()
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 10, end["y"] + end["height"] - 5, steps=8)
    page.mouse.up()
    assert rows.last.get_attribute("data-link") == first
    rows.last.locator("[name=sentence]").fill("The end")
    page.get_by_role("button", name="Take this deck").click()
    page.locator("h1.ds-finding", has_text="The end").wait_for()  # the place on stage stays
    settle(page)  # the address follows what is shown
    assert "deck=" in page.url
    page.reload()
    page.locator("h1.ds-finding", has_text="The end").wait_for()


def test_a_turn_lands_on_the_scene_that_was_meant(page: Any) -> None:
    slides = [Slide(f"explore?strength={k / 4}", f"At {k} quarters") for k in range(4)]
    page.goto(f"{page.address}/present?{urlencode({'deck': encode_deck(slides)})}")
    place(page, "1 / 4")
    page.keyboard.press("d")
    page.locator(".slides li .remove").first.click()
    page.get_by_role("button", name="Take this deck").click()
    # Before the app has answered: on screen the third scene is still "At 2 quarters".
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.locator("h1.ds-finding", has_text="At 2 quarters").wait_for()
    place(page, "2 / 3")
    page.keyboard.press("PageUp")
    page.locator("h1.ds-finding", has_text="At 1 quarters").wait_for()
    page.keyboard.press("2")
    page.keyboard.press("Enter")  # the number that was asked for before
    page.locator("h1.ds-finding", has_text="At 2 quarters").wait_for()
    place(page, "2 / 3")


def test_train_and_batch_go_on_stage(page: Any) -> None:
    batch = "batch?samples=photos&source=picture"
    slides = [Slide("train", "Two networks learn"), Slide(batch, "Many pictures")]
    page.goto(f"{page.address}/present?{urlencode({'deck': encode_deck(slides)})}")
    page.locator("h1.ds-finding", has_text="Two networks learn").wait_for()
    assert page.locator(".ds-stage-place .ds-classes img").count() == 100  # ten of ten digits
    page.keyboard.press("PageDown")
    page.locator("h1.ds-finding", has_text="Many pictures").wait_for()
    chart = page.locator(".ds-stage-figure img")
    chart.wait_for()
    told = str(chart.get_attribute("alt"))
    assert told.count(" and ") - 1 == len(sample_names("photos"))


def test_what_is_reported_while_a_page_turns_does_not_turn_it_back(page: Any) -> None:
    page.goto(f"{page.address}/explore")
    page.wait_for_selector(".viewer[data-ready=true]")
    settle(page)
    box = page.get_by_role("link", name="Compare", exact=True).bounding_box()
    page.evaluate(f"{VIEWER}.report(300)")  # as after a zoom, which is told when it is at rest
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(f"{VIEWER}?.report(0)")  # and one more, while the page turns
    page.wait_for_url("**/compare")
    settle(page)
    assert page.url.endswith("/compare")
    assert page.locator(".viewer").count() == 0
