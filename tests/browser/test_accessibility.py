"""Every page for people who do not see it, do not use a mouse, or do not want motion."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import painted, settle

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))

# What Streamlit draws by itself and gives no handle on: rule, part of the element's place, reason.
OF_STREAMLIT: tuple[tuple[str, str, str], ...] = ()
TABS = 20

# The element that has the focus, inside shadow roots too.
FOCUSED = """() => {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    return one;
}"""


def opened(browser: Any, address: str, name: str, **context: Any) -> Any:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/{'' if name == 'start' else name}")
    page.wait_for_selector("h1.ds-finding")
    settle(page)
    return page


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, whole_app: str, chromium: Any) -> Iterator[Any]:
    """A page of the app, opened once for all that is asked of it, in the order of this file."""
    found = opened(
        chromium, whole_app, request.param, color_scheme="light", reduced_motion="reduce"
    )
    yield found
    found.context.close()


def findings(page: Any, axe: str) -> list[str]:
    """Serious and critical findings that are ours."""
    page.evaluate(axe)
    result = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {node['html'][:150]} at {node['target']}"
        for rule in result["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if not any(
            rule["id"] == known and place in str(node["target"]) + node["html"]
            for known, place, _ in OF_STREAMLIT
        )
    ]


def test_nothing_moves_where_reduced_motion_is_asked_for(page: Any) -> None:
    moving = page.evaluate(
        "() => document.getAnimations().filter(a => a.playState === 'running')"
        ".map(a => a.effect?.target?.outerHTML.slice(0, 150))"
    )
    assert moving == []
    frames = [b""]
    for _ in range(20):  # until nothing changes from one to the next, four times over
        frames.append(page.screenshot(caret="hide"))
        if len(frames) > 4 and len(set(frames[-5:])) == 1:
            break
        settle(page)
    assert len(set(frames[-5:])) == 1


def shared(page: Any) -> None:
    page.get_by_role("button", name="Share").click()


def chosen(page: Any) -> None:
    page.get_by_role("button", name="Scenes").click()
    page.get_by_role("dialog").wait_for()


def carded(page: Any) -> None:
    page.get_by_role("slider", name="Kernels along the front").focus()
    page.locator(".st-key-plane_cards .card").wait_for()


def told(page: Any) -> None:
    page.keyboard.press("Shift+?")
    page.get_by_role("dialog", name="Keys").wait_for()


def arranged(page: Any) -> None:
    page.keyboard.press("d")
    page.get_by_role("dialog", name="The deck").wait_for()


@pytest.mark.parametrize(
    ("name", "opens"),
    [("explore", shared), ("explore", chosen), ("design", carded), ("present", told),
     ("present", arranged)],
)  # fmt: skip
def test_axe_finds_nothing_serious_in_what_opens(
    whole_app: str, chromium: Any, axe: str, name: str, opens: Any
) -> None:
    found = []
    for theme in ("light", "dark"):
        page = opened(chromium, whole_app, name, color_scheme=theme, reduced_motion="reduce")
        opens(page)
        settle(page)
        found += findings(page, axe)
        page.context.close()
    assert found == []


def test_the_keyboard_walks_the_page_and_shows_where_it_is(page: Any) -> None:
    places, unseen = [], []
    for _ in range(TABS):
        page.keyboard.press("Tab")
        painted(page)
        focused = page.evaluate_handle(FOCUSED).as_element()
        text = focused.evaluate("e => e.outerHTML.slice(0, 200)")
        places.append(text)
        box = focused.bounding_box()
        if text.startswith("<body") or box is None:
            continue
        # A ring may lie around the element, or around the label of an input that is not drawn.
        left, top = max(0, box["x"] - 60), max(0, box["y"] - 12)
        clip = {
            "x": left,
            "y": top,
            "width": min(box["width"] + 220, 1440 - left),
            "height": min(box["height"] + 24, 900 - top),
        }
        if clip["width"] < 1 or clip["height"] < 1:
            unseen.append(f"outside the window: {text}")
            continue
        with_focus = page.screenshot(clip=clip, caret="hide")
        focused.evaluate("e => e.blur()")
        painted(page)
        if page.screenshot(clip=clip, caret="hide") == with_focus:
            unseen.append(text)
        focused.evaluate("e => e.focus({ preventScroll: true, focusVisible: true })")
    # Nowhere is the keyboard caught; pages of few controls begin again from the first.
    assert len(set(places)) > TABS / 4
    assert all(one != other for one, other in pairwise(places))
    assert unseen == []


def test_axe_finds_nothing_serious(page: Any, axe: str) -> None:
    found = findings(page, axe)
    page.emulate_media(color_scheme="dark")
    settle(page)
    found += findings(page, axe)
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    found += findings(page, axe)
    assert found == []
