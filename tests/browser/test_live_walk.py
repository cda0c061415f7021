"""The walk through one network: every number is the library's, and so is what a change makes."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from design_core.engine.packing import unfolded
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.networks import activation_maps
from design_core.networks.swap import with_kernel
from design_core.pictures.samples import sample_names
from design_core.zoo.entry import Entry
from tests.browser.test_live import (
    PAIR,
    Open,
    answers,
    best_answer,
    canvas_bits,
    pair,
    pixels_of,
    side,
    visit,
)
from tests.waiting import painted

__all__ = ["pair", "visit"]  # fixtures

pytestmark = pytest.mark.browser

FRAME = 2
KERNEL = PUBLISHED["2x2-v2"]


def told(page: Any) -> dict[str, str]:
    """What is written out of the bit that is pointed at."""
    lines = page.locator(".live .made > div").all()
    return {
        line.locator("dt").inner_text(): line.locator("dd").inner_text().replace("−", "-")
        for line in lines
    }


def numbers(text: str) -> list[float]:
    return [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", text)]


def point_at(page: Any, layer: int, row: int, column: int) -> None:
    """Click a bit of a station, which holds it."""
    canvas = page.locator(".live .station.layer").nth(layer).locator(".bits canvas")
    canvas.scroll_into_view_if_needed()
    zoom = int(canvas.get_attribute("data-place").split()[0])
    canvas.click(position={"x": (column + 0.5) * zoom, "y": (row + 0.5) * zoom})
    painted(page)


def answer_of(entry: Entry, model: nn.Module, x: Tensor) -> tuple[str, str]:
    with torch.inference_mode():
        return best_answer(entry, model(x)[0].softmax(0))


def test_a_bit_is_taken_apart_and_changes_are_followed(visit: Open, pair: list[Entry]) -> None:
    page = visit(f"{PAIR}&view=view-walk_frame-{FRAME}", reduced_motion="reduce")
    entry = pair[1]
    model = entry.checkpoint.model
    x = pixels_of(entry, sample_names("cifar10")[FRAME])
    _, taps = activation_maps(model, x)
    page.locator(".live [data-which='1']").click()
    painted(page)
    # Station by station, the first map of each layer.
    for layer, tap in enumerate(taps):
        canvas = page.locator(".live .station.layer").nth(layer).locator(".bits canvas")
        bits = (tap.y[0, 0] > 0).numpy()
        assert (canvas_bits(canvas, bits.shape) == bits).all()

    # A bit of block3, map 1, whose window lies wholly within the layer before.
    layer, channel, row, column = 2, 1, 5, 7
    page.locator(".live .station.layer").nth(layer).locator("[data-turn='1']").click()
    point_at(page, layer, row, column)
    window = taps[layer - 1].y[0, :, row - 1 : row + 2, column - 1 : column + 2]
    weights = torch.from_numpy(unfolded(model).blocks[layer].conv.values[channel]).sign()
    products = (window * weights).flatten()
    agree, differ = int((products > 0).sum()), int((products < 0).sum())
    made = told(page)
    assert page.locator(".live .probe-title").inner_text() == (
        f"block3, map {channel}, row {row}, column {column}"
    )
    assert numbers(made["XNOR and count"].replace("- ", "")) == [agree, differ, agree - differ]
    real = taps[layer].x[0, channel, row, column].item()
    threshold = KERNEL.thresholds[0, row % 2, column % 2]
    assert numbers(made["Batch norm"])[-1] == pytest.approx(real, abs=6e-4)
    assert numbers(made["Threshold"])[0] == pytest.approx(threshold, abs=6e-4)
    assert (
        f"cell {row % 2}, {column % 2} (level {KERNEL.levels[0, row % 2, column % 2]})"
        in (made["Threshold"])
    )
    assert made["Bit"].endswith("+1" if real >= threshold else "-1")
    lit = side(page, 1).locator(".kernel .lit")
    assert lit.get_attribute("visibility") == "visible"

    # Flip a weight, by keys: the second of the first channel.
    before = answers(page, 1)
    page.locator(".live .products canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    painted(page)
    flipped = deepcopy(model)
    with torch.no_grad():
        flipped.get_parameter("blocks.block3.conv.weight")[channel, 0, 0, 1] *= -1
    change = -2 * int(products[1])
    assert numbers(told(page)["XNOR and count"])[-1] == agree - differ + change
    assert answers(page, 1)[0] == answer_of(entry, flipped, x)
    _, now = activation_maps(flipped, x)
    canvas = page.locator(".live .station.layer").nth(layer).locator(".bits canvas")
    assert (canvas_bits(canvas, (16, 16)) == (now[layer].y[0, channel] > 0).numpy()).all()

    # Edit a cell and drag the strength: the flipped weight stays.
    box = side(page, 1)
    box.locator(".kernel g[data-cell]").first.click()
    box.locator("input[name=strength]").focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    painted(page)
    strength = float(box.locator("input[name=strength]").input_value())
    levels = KERNEL.levels.copy()
    levels[0, 0, 0] = KERNEL.level_set[list(KERNEL.level_set).index(levels[0, 0, 0]) + 1]
    kernel = ThresholdKernel(levels, KERNEL.level_set).scaled(strength=strength)
    assert strength > 1.3
    assert answers(page, 1)[0] == answer_of(entry, with_kernel(flipped, kernel), x)
    threshold = kernel.thresholds[0, row % 2, column % 2]
    assert numbers(told(page)["Threshold"])[0] == pytest.approx(threshold, abs=6e-4)

    # Weights as trained, kernel too: the answer is the first one.
    page.locator(".live .unflip").click()
    box.locator(".reset").click()
    painted(page)
    assert answers(page, 1) == before


def test_the_walk_by_keys_and_by_pointer(visit: Open, pair: list[Entry]) -> None:
    page = visit(f"{PAIR}&view=view-walk_frame-{FRAME}", reduced_motion="reduce")
    x = pixels_of(pair[0], sample_names("cifar10")[FRAME])
    _, taps = activation_maps(pair[0].checkpoint.model, x)
    # A pooled layer: the largest of four sums.
    point_at(page, 1, 3, 4)
    sums = numbers(told(page)["Largest of four"])
    assert len(sums) == 5
    assert max(sums[:4]) == sums[4]
    real = taps[1].x[0, 0, 3, 4].item()
    assert numbers(told(page)["Batch norm"])[-1] == pytest.approx(real, abs=6e-4)
    page.keyboard.press("ArrowRight")
    painted(page)
    assert page.locator(".live .probe-title").inner_text().endswith("row 3, column 5")
    # The first layer multiplies real numbers.
    point_at(page, 0, 10, 11)
    real = taps[0].x[0, 0, 10, 11].item()
    assert numbers(told(page)["Batch norm"])[-1] == pytest.approx(real, abs=6e-4)
    assert "Sum of products" in told(page)


def test_on_a_phone_by_touch_and_by_keys(visit: Open, pair: list[Entry]) -> None:
    page = visit(
        f"{PAIR}&view=view-walk_frame-{FRAME}",
        viewport=(390, 844),
        has_touch=True,
        reduced_motion="reduce",
    )
    entry = pair[0]
    x = pixels_of(entry, sample_names("cifar10")[FRAME])
    layer, row, column = 2, 4, 6
    canvas = page.locator(".live .station.layer").nth(layer).locator(".bits canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    unit = box["width"] / 16
    assert unit >= 14  # CSS pixels of a bit under a finger
    assert page.locator(".stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0

    def at(row: int, column: int) -> tuple[float, float]:
        return box["x"] + (column + 0.5) * unit, box["y"] + (row + 0.5) * unit

    def title() -> str:
        return page.locator(".live .probe-title").inner_text()

    page.touchscreen.tap(*at(row, column))
    painted(page)
    assert title() == f"block3, map 0, row {row}, column {column}"
    # A finger drawn over the map reads along; the page does not scroll under it.
    touch = page.context.new_cdp_session(page)
    scrolled = page.locator(".stMain").evaluate("e => e.scrollTop")
    for kind, place in (
        ("touchStart", at(2, 2)),
        ("touchMove", at(5, 2)),
        ("touchMove", at(9, 2)),
        ("touchEnd", None),
    ):
        points = [{"x": place[0], "y": place[1]}] if place else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        painted(page)
    assert title() == "block3, map 0, row 9, column 2"
    assert page.locator(".stMain").evaluate("e => e.scrollTop") == scrolled
    canvas.focus()
    page.keyboard.press("ArrowRight")
    painted(page)
    assert title() == "block3, map 0, row 9, column 3"

    # A weight is flipped by a finger; the answer follows.
    products = page.locator(".live .products canvas")
    products.scroll_into_view_if_needed()
    grid = products.bounding_box()
    page.touchscreen.tap(grid["x"] + 16 * 1.5, grid["y"] + 3 * 16 + 3 + 8)
    painted(page)
    flipped = deepcopy(entry.checkpoint.model)
    with torch.no_grad():
        flipped.get_parameter("blocks.block3.conv.weight")[0, 0, 0, 1] *= -1
    assert page.get_by_text("1 flipped: weights as trained").is_visible()
    assert answers(page, 0)[0] == answer_of(entry, flipped, x)
