"""What is written in charts can be read, 4.5 to 1 against the page; also when the theme turns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waiting import settle

pytestmark = pytest.mark.browser

LEAST = 4.5  # WCAG 2.2, 1.4.3

VIEWS = (
    "design",
    *(f"compare?data=cifar10&panel={panel}" for panel in ("overview", "learning", "batch-norm")),
    *(f"compare?data=cifar10&panel={panel}" for panel in ("confusion", "classes", "density")),
    "compare?data=digits&panel=who-got-it-wrong",
    "compare?panel=one-bit-pictures",
    "speed",
    *(f"predict?panel={panel}" for panel in ("perturb", "diagnose", "strength")),
)

# Axis titles, ticks, legends, labels of lines and points; not what stands upon bars and cells.
READ = """() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
    const ground = (element) => {
        for (let one = element; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (rgb(colour)[3] === 255) return rgb(colour);
        }
        return [255, 255, 255, 255];
    };
    const found = [];
    for (const chart of document.querySelectorAll('.js-plotly-plot')) {
        const back = light(ground(chart));
        const places = '.xtick text, .ytick text, .xtitle, .ytitle, .x2title, .y2title, '
            + '.legendtext, .cbaxis text, .annotation-text';
        for (const text of chart.querySelectorAll(places)) {
            if (!text.textContent.trim()) continue;
            const style = getComputedStyle(text);
            const front = light(rgb(style.fill));
            const [high, low] = [Math.max(front, back), Math.min(front, back)];
            const opacity = Number(style.opacity) * Number(style.fillOpacity);
            found.push([text.textContent, style.fill, opacity, (high + 0.05) / (low + 0.05)]);
        }
    }
    return found;
}"""


@pytest.mark.parametrize("view", VIEWS)
def test_labels_stand_out_from_the_page(whole_app: str, chromium: Any, view: str) -> None:
    page = opened(whole_app, chromium, view)
    page.locator(".js-plotly-plot .ytick text").first.wait_for()
    settle(page)
    check_labels(page)
    turn(page, "dark")
    check_labels(page)
    page.context.close()


def opened(whole_app: str, chromium: Any, view: str) -> Any:
    """A view in light."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{whole_app}/{view}")
    return page


def turn(page: Any, theme: str) -> None:
    """Change the theme of the system, and wait until the charts have followed."""
    ticks = page.locator(".js-plotly-plot .ytick text")
    before = ticks.first.evaluate("tick => getComputedStyle(tick).fill")
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(
        """before => {
            // While a chart is drawn anew there is none.
            const tick = document.querySelector('.js-plotly-plot .ytick text');
            return tick && getComputedStyle(tick).fill !== before;
        }""",
        arg=before,
    )
    settle(page)


def check_labels(page: Any) -> None:
    labels = page.evaluate(READ)
    assert len(labels) > 3
    assert [label for label in labels if label[2] < 1 or label[3] < LEAST] == []


def test_charts_come_in_dark_and_turn_light_while_they_are_seen(
    whole_app: str, chromium: Any
) -> None:
    page = opened(whole_app, chromium, "start")
    page.emulate_media(color_scheme="dark")
    page.goto(f"{whole_app}/speed")
    page.locator(".js-plotly-plot .ytick text").first.wait_for()
    settle(page)
    check_labels(page)
    turn(page, "light")
    check_labels(page)
    page.context.close()
