"""The article in a real browser: its figures answer while a number is dragged, not after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core import browser
from design_core.kernels.kernel import binarize
from design_core.kernels.patterns import bayer
from design_core.lab.feature_maps import extract_maps
from design_core.pictures import fit
from design_core.pictures.samples import sample
from design_core.scores import neighbour_correlation
from design_core.scores.distribution import normal_distribution
from design_core.scores.lessons import (
    averages_follow,
    disagreement,
    kept_differences,
    staircase,
)
from tests.waiting import painted, settle
from ui.learn.parts import DIALS

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
FIGURES = {
    "cut": "cut", "strength": "kernel", "ramp": "staircase", "flips": "variation",
    "push": "detail", "scale": "scaling", "beta": "batch-norm", "shuffle": "pattern",
    "spread": "pays", "inside": "trained", "map": "trained", "width": "why",
}  # fmt: skip
# All that a figure shows: its canvases, its drawings, its words.
LOOKS = """figure => [
    ...[...figure.querySelectorAll('canvas')].map(c => c.width ? c.toDataURL() : ''),
    ...[...figure.querySelectorAll('svg, .bar, .try')].map(e => e.outerHTML),
].join()"""
CANVASES = "f => [...f.querySelectorAll('canvas')].map(c => c.width ? c.toDataURL() : '').join()"


@pytest.fixture
def visit(whole_app: str, chromium: Any) -> Iterator[Open]:
    """Open Learn: `visit("?step=cut", viewport=(390, 844))`."""
    contexts = []

    def open_page(query: str = "", *, viewport: tuple[int, int] = (1440, 900), **more: Any) -> Any:
        width, height = viewport
        context = chromium.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.errors = []
        page.frames_sent = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "websocket", lambda socket: socket.on("framesent", lambda _: page.frames_sent.append(1))
        )
        page.goto(f"{whole_app}/learn{query}")
        page.wait_for_selector(".article[data-ready=true]")
        page.wait_for_selector("[data-figure=trained]:not(.without) .stations figure")
        settle(page)
        return page

    yield open_page
    for context in contexts:
        assert not context.pages[0].errors
        context.close()


def reported(page: Any) -> None:
    """Wait until what scrolling and the last drag report has gone: until nothing is sent for long.

    Sixty frames are twice what the article waits before it reports.
    """
    sent = -1
    while sent != len(page.frames_sent):
        sent = len(page.frames_sent)
        settle(page)
        painted(page, 60)


def test_figures_change_during_the_drag_and_nothing_is_sent_meanwhile(visit: Open) -> None:
    page = visit()
    for name, key in FIGURES.items():
        figure = page.locator(f"[data-figure={key}]")
        dial = page.locator(f"[data-dial={name}]")
        dial.scroll_into_view_if_needed()
        reported(page)
        box = dial.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        painted(page)
        looks, canvases = [figure.evaluate(LOOKS)], [figure.evaluate(CANVASES)]
        sent = len(page.frames_sent)
        about = DIALS[name]
        by = -60 if 2 * about.start > about.low + about.high else 60
        for step in (1, 2, 3):
            page.mouse.move(x + by * step, y)
            painted(page)
            looks.append(figure.evaluate(LOOKS))
            canvases.append(figure.evaluate(CANVASES))
        assert len(page.frames_sent) == sent, name
        page.mouse.up()
        assert len(set(looks)) == 4, name
        if name not in ("width", "ramp"):  # whose figures are bars and a curve
            assert len(set(canvases)) == 4, name


def test_keys_move_numbers_and_the_square_and_the_address_follows(visit: Open) -> None:
    page = visit("?step=kernel&strength=0.5")
    dial = page.locator("[data-dial=strength]")
    assert dial.get_attribute("aria-valuenow") == "0.5"
    top = page.locator("section#kernel").bounding_box()["y"]
    assert -40 < top < 300
    dial.focus()
    before = page.locator("[data-figure=kernel] .table").first.inner_text()
    page.keyboard.press("ArrowRight")
    assert dial.get_attribute("aria-valuetext") == "0.55"
    page.wait_for_function("() => location.search.includes('strength=0.55')")
    patch = page.locator("[data-figure=kernel] .patch")
    patch.focus()
    label = patch.get_attribute("aria-label")
    page.keyboard.press("Shift+ArrowDown")
    painted(page)
    assert patch.get_attribute("aria-label") != label
    assert page.locator("[data-figure=kernel] .table").first.inner_text() != before
    page.keyboard.press("End")  # on the square it is not a number's key, and scrolls
    page.locator("[data-figure=kernel] [data-open^=explore]").click()
    strength = page.locator(".viewer input[name=strength]")
    strength.wait_for()
    assert strength.input_value() == "0.55"
    assert page.get_by_text("208 × 208 px").is_visible()


def test_ones_own_picture_is_in_every_figure(visit: Open, tmp_path: Any) -> None:
    page = visit(viewport=(390, 844))
    figures = page.locator("[data-figure]:has(canvas)")
    before = figures.evaluate_all(f"all => all.map({CANVASES})")
    path = tmp_path / "mine.png"
    path.write_bytes(png_of(np.random.default_rng(0).integers(0, 255, (90, 120), dtype=np.uint8)))
    page.locator(".article input[type=file]").set_input_files(path)
    page.locator(".article .subject", has_text="mine.png").wait_for()
    settle(page)
    painted(page)
    after = figures.evaluate_all(f"all => all.map({CANVASES})")
    assert all(one != other for one, other in zip(before, after, strict=True))
    wide = page.locator(".stMain").evaluate("e => e.scrollWidth - e.clientWidth")
    assert wide <= 0


def png_of(pixels: NDArray[np.uint8]) -> bytes:
    import io

    from PIL import Image

    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "PNG")
    return kept.getvalue()


def test_the_lessons_in_the_browser_are_the_librarys(chromium: Any) -> None:
    x = extract_maps(fit(sample("coins"), 64), "picture").x[0]
    kernel = bayer(2).scaled("quantile")
    bits, sign = binarize(x, kernel), x >= 0
    page = chromium.new_page()
    found = page.evaluate(
        f"""([x, bits, sign, columns, thresholds, places]) => {{
            {browser.joined("lessons")}
            x = Float32Array.from(x);
            return [keptDifferences(x, bits, columns), neighbourCorrelation(x, columns),
                averagesFollow(x, bits, columns, [2, 2]), disagreement(bits, sign),
                ...places.map(t => staircase(Float32Array.from(thresholds), t)),
                ...places.map(normalAbove)];
        }}""",
        [
            x.ravel().tolist(),
            bits.ravel().astype(int).tolist(),
            sign.ravel().astype(int).tolist(),
            x.shape[1],
            kernel.thresholds.ravel().tolist(),
            PLACES,
        ],
    )
    page.close()
    expected = [
        kept_differences(x, bits),
        float(neighbour_correlation(x[None, None])[0]),
        averages_follow(x, bits, (2, 2)),
        disagreement(x, kernel, 0.0),
        *staircase(kernel, PLACES),
        *normal_distribution().exceeds(PLACES),
    ]
    assert found == pytest.approx(expected, abs=1e-8)


PLACES = [-3.0, -1.0, -0.3, 0.0, 0.35, 2.0]
