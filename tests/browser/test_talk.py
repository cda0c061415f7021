"""Live scenes on the stage, and the talk that one takes along as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from design_core.pictures.samples import sample, sample_names
from design_core.zoo.entry import open_entry
from tests.browser.test_accessibility import findings
from tests.browser.test_live import answers, expected_answers, settled
from tests.browser.test_live_file import LARGEST, FromFolder
from tests.browser.test_present import NAMES, says, visit  # noqa: F401
from tests.waiting import settle
from ui.live.choice import first_live
from ui.present.scenes import curated_scenes

pytestmark = pytest.mark.browser

SCENES = curated_scenes()
LAST_STILL = NAMES.index("live") - 1
Open = Callable[..., Any]


def test_page_down_steps_from_still_to_live_scenes(visit: Open) -> None:  # noqa: F811
    page = visit(f"present?scene={NAMES[LAST_STILL]}", reduced_motion="reduce")
    page.context.grant_permissions(["camera"])
    page.keyboard.press("PageDown")
    says(page, "live")
    page.wait_for_selector(".live.presenter[data-ready=true]", timeout=120_000)
    for number, reference in enumerate(first_live("cifar10")):
        picture = sample(sample_names("cifar10")[0])
        assert answers(page, number) == expected_answers(open_entry(reference), picture)
    assert page.locator(".stMain").evaluate("e => e.scrollHeight - e.clientHeight") <= 0
    assert page.locator(".live .toolbar").is_hidden()
    page.keyboard.press("PageDown")
    says(page, "live-draw")
    page.wait_for_selector(".live[data-source=pad][data-ready=true]")
    box = page.locator(".live .pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.9 * box["height"], steps=12)
    page.mouse.up()
    settled(page)
    assert answers(page, 0)[0][0] == "1"
    says(page, "live-draw")  # to draw is no click on the stage
    page.keyboard.press("PageDown")
    says(page, "live-camera")
    page.wait_for_selector(".live[data-source=camera][data-ready=true]")
    assert "go nowhere" in page.locator(".camera-only").inner_text()
    assert page.locator("video").evaluate("video => video.srcObject") is None
    page.get_by_role("button", name="Start the camera").click()
    page.wait_for_function(
        "() => { for (const host of document.querySelectorAll('*')) {"
        " const video = host.shadowRoot?.querySelector('video');"
        " if (video?.srcObject) { window.held = video.srcObject.getTracks(); return true; } } }"
    )
    page.keyboard.press("PageUp")
    says(page, "live-draw")
    page.wait_for_function("() => window.held.every((track) => track.readyState === 'ended')")


def test_a_talk_is_taken_along(
    visit: Open,  # noqa: F811
    chromium: Any,
    tmp_path: Path,
    axe: str,
) -> None:
    page = visit("present")
    page.get_by_role("button", name="Take along").click()
    page.get_by_role("dialog").wait_for()
    page.get_by_role("button", name="Relief on old coins", exact=True).click()  # leave one out
    settle(page)
    with page.expect_download(timeout=120_000) as download:
        page.get_by_role("button", name="Save the file").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    page.keyboard.press("PageDown")  # the stage behind the dialog stays
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("dialog").wait_for(state="hidden")
    says(page, NAMES[0])
    assert path.name == "talk.html"
    assert path.stat().st_size < LARGEST

    talk = FromFolder(chromium, path, ready=".viewer[data-ready=true]", reduced_motion="reduce")
    page = talk.page
    names = [name for name in NAMES if name != "relief"]
    for name in names:
        page.wait_for_function(
            "text => document.querySelector('h1').innerText.replace(/\\s+/g, ' ') === text",
            arg=SCENES[name].sentence,
        )
        if name == "live":
            page.wait_for_selector(".live[data-ready=true]")
            for number, reference in enumerate(first_live("cifar10")):
                picture = sample(sample_names("cifar10")[0])
                assert answers(page, number) == expected_answers(open_entry(reference), picture)
            assert findings(page, axe) == []
        if SCENES[name].build:
            page.keyboard.press("PageDown")
        page.keyboard.press("PageDown")
    assert page.locator(".bar .place").inner_text() == f"{len(names)} / {len(names)}"
    page.keyboard.press("Home")
    page.wait_for_selector(".viewer canvas:visible")
    assert page.locator(".bar .show").is_hidden()  # it has no address, so no QR code
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert findings(page, axe) == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in talk.requests)
    assert not talk.errors
    talk.context.close()

    # Opened at a live scene, whose film begins to play at once.
    place = f"#{names.index('live') + 1}"
    talk = FromFolder(chromium, path, place, viewport={"width": 390, "height": 844})
    assert "%" in answers(talk.page, 0)[0][1]
    assert talk.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not talk.errors
    talk.context.close()
