"""Live scenes on the stage, and the talk that one takes along as a file."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from design_core.browser.page import LARGEST
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.networks.swap import with_kernel
from design_core.pictures import Picture
from design_core.pictures.datasets import open_split
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.entry import open_entry
from tests.browser.test_accessibility import findings
from tests.browser.test_live import answers, best_answer, expected_answers
from tests.browser.test_live_file import FromFolder
from tests.browser.test_present import NAMES, says, visit  # noqa: F401
from tests.waiting import painted, settle
from ui.live.choice import first_live
from ui.present.scenes import curated_scenes

pytestmark = pytest.mark.browser

SCENES = curated_scenes()
LAST_STILL = NAMES.index("live") - 1
WALKED = 3  # the frame of the walk
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
    says(page, "live-walk")
    page.wait_for_selector(".live.presenter[data-view=walk][data-ready=true]")
    take_apart(page)
    says(page, "live-walk")
    page.keyboard.press("PageDown")
    says(page, "live-draw")
    page.wait_for_selector(".live[data-source=pad][data-ready=true]")
    box = page.locator(".live .pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.9 * box["height"], steps=12)
    page.mouse.up()
    painted(page)
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


def walked_answer(page: Any) -> tuple[str, str]:
    first = page.locator(".live .station.classes .bars li").first
    return first.locator("span").inner_text(), first.locator("b").inner_text()


def take_apart(page: Any, picture: Picture | None = None) -> None:
    """Answer, pointed bit, an edited cell and a flipped weight on the walk of the digits."""
    entry = open_entry(first_live("digits")[1])
    if picture is None:
        digits = open_split("digits")
        assert digits is not None
        picture = digits.picture(WALKED)
    x = entry.checkpoint.pictures.normalized(entry.checkpoint.pictures.pixels(picture))
    model = entry.checkpoint.model
    painted(page)
    with torch.inference_mode():
        assert walked_answer(page) == best_answer(entry, model(x)[0].softmax(0))
        page.locator(".live .station.layer").nth(1).locator(".bits canvas").click(
            position={"x": 4, "y": 4}
        )
        painted(page)
        assert page.locator(".live .probe-title").inner_text() == "block2, map 0, row 0, column 0"
        side = page.locator(".live .side").nth(1)
        side.locator(".kernel g[data-cell]").first.click()
        painted(page)
        kernel = PUBLISHED["2x2-v2"]
        levels = kernel.levels.copy()
        levels[0, 0, 0] = kernel.level_set[list(kernel.level_set).index(levels[0, 0, 0]) + 1]
        edited = with_kernel(model, ThresholdKernel(levels, kernel.level_set).scaled())
        assert walked_answer(page) == best_answer(entry, edited(x)[0].softmax(0))
        flipped = deepcopy(edited)
        flipped.get_parameter("blocks.block2.conv.weight")[0, 0, 0, 0] *= -1
        page.locator(".live .products canvas").focus()
        page.keyboard.press("Enter")
        painted(page)
        assert walked_answer(page) == best_answer(entry, flipped(x)[0].softmax(0))


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
        if name == "live-walk":
            page.wait_for_selector(".live[data-view=walk][data-ready=true]")
            take_apart(page, sample(sample_names("digits")[WALKED]))
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
