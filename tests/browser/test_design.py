"""The Design page in a real browser: edit, undo, paint, search, and open in Explore."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from design_core import binarize, extract_maps, sample
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import decode_kernel
from design_core.pictures import fit
from tests.waiting import settle, until

pytestmark = pytest.mark.browser


class OpenDesign:
    """The Design page, and what its address says the kernel is."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)
        page.get_by_test_id("stTopNavLink").filter(has_text="Design").click()
        self.board.locator("g").first.wait_for()
        page.wait_for_function("() => location.pathname === '/design'")

    @property
    def board(self) -> Any:
        return self.page.locator(".editor .board")

    def levels(self) -> list[str]:
        """The levels on the board, in reading order."""
        found: list[str] = self.board.locator("g text:first-of-type").all_text_contents()
        return found

    def cell(self, place: int) -> tuple[float, float]:
        box = self.board.locator("g rect").nth(place).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def click(self, place: int) -> None:
        self.page.mouse.click(*self.cell(place))

    def wait_for(self, kernel: ThresholdKernel) -> None:
        """Wait until Python's answer is this kernel: the address and the board say so."""
        levels = [str(level) for level in kernel.levels[0].ravel()]
        until(
            lambda: decode_kernel(self.code()) == kernel and self.levels() == levels,
            f"{kernel} on the page",
        )

    def code(self) -> str:
        """The kernel in the address."""
        return str(
            self.page.evaluate(
                "() => new URLSearchParams(location.search).get('kernel') ?? '2x2-v2'"
            )
        )


@pytest.fixture
def design(whole_app: str, chromium: Any) -> Iterator[OpenDesign]:
    """The page as it opens."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1400})
    opened = OpenDesign(context.new_page(), whole_app)
    yield opened
    assert not opened.errors
    context.close()


def of(levels: list[list[int]]) -> ThresholdKernel:
    return ThresholdKernel(levels)


def test_clicks_step_and_undo_goes_back(design: OpenDesign) -> None:
    design.wait_for(PUBLISHED["2x2-v2"])
    design.click(0)
    design.wait_for(of([[3, 1], [3, 3]]))
    design.page.keyboard.down("Shift")
    design.click(1)
    design.page.keyboard.up("Shift")
    design.wait_for(of([[3, 0], [3, 3]]))
    design.page.get_by_role("button", name="undo").click()
    design.wait_for(of([[3, 1], [3, 3]]))
    design.board.focus()
    design.page.keyboard.press("Control+z")
    design.wait_for(PUBLISHED["2x2-v2"])
    design.page.keyboard.press("Control+y")
    design.wait_for(of([[3, 1], [3, 3]]))


def test_quick_clicks_all_count(design: OpenDesign) -> None:
    for _ in range(7):
        design.click(3)  # 3 → 5 → 7 → 9 → 0 → 1 → 3 → 5
    design.wait_for(of([[1, 1], [3, 5]]))
    settle(design.page)
    design.wait_for(of([[1, 1], [3, 5]]))


def test_cells_are_painted_by_dragging(design: OpenDesign) -> None:
    design.page.get_by_role("radio", name="Paint level 9").click()
    design.page.mouse.move(*design.cell(0))
    design.page.mouse.down()
    design.page.mouse.move(*design.cell(1), steps=4)
    design.page.mouse.move(*design.cell(3), steps=4)
    design.page.mouse.up()
    design.wait_for(of([[9, 9], [3, 9]]))
    design.page.get_by_role("button", name="undo").click()
    design.wait_for(PUBLISHED["2x2-v2"])  # one stroke is one step


def test_the_keyboard_edits_every_cell(design: OpenDesign) -> None:
    design.board.focus()
    for key in ("7", "ArrowRight", "+", "ArrowDown", "-", "ArrowLeft", "0"):
        design.page.keyboard.press(key)
    design.wait_for(of([[7, 3], [0, 1]]))


def test_the_best_is_found_taken_and_opened_in_explore(design: OpenDesign) -> None:
    design.page.locator("[data-testid=stFormSubmitButton] button").click()
    design.page.locator(".st-key-take_found_0 button").click()
    design.wait_for(of([[0, 9], [9, 0]]))
    design.page.get_by_role("button", name="Open in Explore").click()
    cells = design.page.locator(".viewer .kernel g[data-cell]")
    cells.first.wait_for()
    design.page.wait_for_selector(".viewer[data-ready=true]")
    shown = [cell.text_content()[0] for cell in cells.all()]
    assert shown == ["0", "9", "9", "0"]


class Card:
    """The card of a chart that shows a kernel and its map."""

    def __init__(self, design: OpenDesign, chart: str) -> None:
        self.page, self.chart = design.page, chart
        self.card = design.page.locator(f".st-key-{chart}_cards .card")

    def at(self, condition: str) -> tuple[float, float]:
        """Where the chart draws the point that `condition` (JS on a and b) prefers."""
        chart = self.page.locator(f".st-key-{self.chart} .js-plotly-plot")
        chart.scroll_into_view_if_needed()
        settle(self.page)
        x, y = chart.evaluate(
            """(plot, condition) => {
                const { xaxis, yaxis } = plot._fullLayout;
                const prefers = new Function("a", "b", `return ${condition}`);
                const { x, y, s } = plot.calcdata[0].reduce((a, b) => (prefers(a, b) ? b : a));
                const box = plot.getBoundingClientRect();
                const height = s === undefined ? y : s / 2;
                return [
                    box.x + xaxis._offset + xaxis.d2p(x), box.y + yaxis._offset + yaxis.d2p(height),
                ];
            }""",
            condition,
        )
        return float(x), float(y)

    def levels(self) -> list[int]:
        return [int(text) for text in self.card.locator("svg text").all_text_contents()]

    def bits(self) -> NDArray[np.bool_]:
        """Of its map, which is painted at one screen pixel per pixel."""
        url = self.card.locator("canvas").evaluate("c => c.toDataURL('image/png')")
        image = Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("L")
        return np.asarray(image) > 128


def cut(levels: list[list[int]]) -> NDArray[np.bool_]:
    """The first map that the page opens with, by the library."""
    maps = extract_maps(fit(sample("astronaut"), 208), "random-conv")
    found: NDArray[np.bool_] = binarize(maps.x, of(levels))[0] > 0
    return found


def test_a_point_of_the_plane_shows_its_kernel_and_map_and_is_taken(design: OpenDesign) -> None:
    card = Card(design, "plane")
    place = card.at("b.x > a.x")
    design.page.mouse.move(*place)
    card.card.wait_for()
    assert card.levels() == [0, 9, 9, 0]
    assert np.array_equal(card.bits(), cut([[0, 9], [9, 0]]))
    assert "edges, " in card.card.inner_text()
    design.page.mouse.click(*place)
    design.wait_for(of([[0, 9], [9, 0]]))
    design.page.mouse.move(5, 5)
    card.card.wait_for(state="hidden")


def test_the_front_is_walked_and_a_kernel_taken_by_keys(design: OpenDesign) -> None:
    card = Card(design, "plane")
    walk = design.page.get_by_role("slider", name="Kernels along the front")
    walk.focus()
    card.card.wait_for()
    seen = [card.levels()]
    design.page.keyboard.press("End")
    seen.append(card.levels())
    assert seen[1] == [0, 9, 9, 0]
    assert seen[0] != seen[1]
    assert np.array_equal(card.bits(), cut([[0, 9], [9, 0]]))
    design.page.keyboard.press("Enter")
    design.wait_for(of([[0, 9], [9, 0]]))
    design.page.keyboard.press("Escape")
    card.card.wait_for(state="hidden")


def test_a_bar_of_the_landscape_shows_one_of_its_kernels(design: OpenDesign) -> None:
    card = Card(design, "landscape")
    design.page.mouse.move(*card.at("b.s > a.s"))  # the tallest
    card.card.wait_for()
    first, second, third, fourth = card.levels()
    assert np.array_equal(card.bits(), cut([[first, second], [third, fourth]]))
    assert "one of the" in card.card.inner_text()
