"""The Design page in a real browser: edit, undo, paint, search, and open in Explore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import decode_kernel
from tests.waiting import settle, until

pytestmark = pytest.mark.browser


class OpenDesign:
    """The Design page, and what its address says the kernel is."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(120_000)
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


def test_a_point_of_the_plane_is_taken(design: OpenDesign) -> None:
    chart = design.page.locator(".st-key-plane .js-plotly-plot")
    chart.wait_for()
    place = chart.evaluate(
        """plot => {
            const { xaxis, yaxis } = plot._fullLayout;
            const { x, y } = plot.calcdata[0].reduce((a, b) => (b.x > a.x ? b : a));
            const box = plot.getBoundingClientRect();
            return [
                box.x + xaxis._offset + xaxis.d2p(x), box.y + yaxis._offset + yaxis.d2p(y),
            ];
        }"""
    )
    design.page.mouse.move(*place)
    design.page.locator(".hoverlayer .hovertext").first.wait_for()
    design.page.mouse.click(*place)
    design.wait_for(of([[0, 9], [9, 0]]))
