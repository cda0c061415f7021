"""The viewer in a real browser: every bit on screen is the one that Python computes."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from viewer_maps import example_maps

from design_core.browser.limits import MAX_ZOOM, REACH
from design_core.error_diffusion import floyd_steinberg
from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.published import PUBLISHED
from design_core.scores import activation_density, block_entropy, total_variation, tv_map
from tests.waiting import settle

pytestmark = pytest.mark.browser

BITS = ("14161A", "F7F5F0")
DIFFERENCE = ("BDBAB4", "E69F00", "0072B2", "E4E1DA")
CIVIDIS = ("00224E", "7D7C78", "FEE838")
SHAPE = (1, 37, 53)
Open = Callable[..., Any]
Bits = NDArray[np.bool_]


def painted(index: NDArray[Any], palette: tuple[str, ...], view: Any, panel: int = 0) -> Bits:
    """Where the canvas shows exactly this indexed picture, pixel by device pixel."""
    canvas, (zoom, left, top, _) = view.canvas(panel)
    table = np.array([[*bytes.fromhex(colour), 255] for colour in palette], np.uint8)
    rows = (np.arange(canvas.shape[0]) - top) // zoom
    columns = (np.arange(canvas.shape[1]) - left) // zoom
    has_row = (rows >= 0) & (rows < index.shape[0])
    has_column = (columns >= 0) & (columns < index.shape[1])
    expected = np.zeros_like(canvas)  # transparent around the map
    expected[np.ix_(has_row, has_column)] = table[
        index.astype(int)[np.ix_(rows[has_row], columns[has_column])]
    ]
    return (canvas == expected).all(axis=-1)


def is_on_glass(view: Any, panel: int, ratio: float) -> bool:
    """Whether the screen itself shows the canvas unresampled, at most a pixel from its box.

    At fractional ratios the box may cut through the outermost row and column; they do not count.
    """
    canvas = view.canvas(panel)[0][:-1, :-1]
    drawn = canvas[..., 3] == 255
    box = view.find(".panel canvas").nth(panel).bounding_box()
    for _ in range(10):  # while the script runs, Streamlit may dim what it has not drawn anew
        screen = np.asarray(Image.open(io.BytesIO(view.page.screenshot())).convert("RGB"))
        for dy, dx in itertools.product((0, 1, -1), repeat=2):
            y, x = round(box["y"] * ratio) + dy, round(box["x"] * ratio) + dx
            part = screen[y : y + canvas.shape[0], x : x + canvas.shape[1]]
            if part.shape == canvas[..., :3].shape and (part == canvas[..., :3])[drawn].all():
                return True
        settle(view.page)
    return False


def cut(x: NDArray[np.float32], kernel: ThresholdKernel, channel: int = 0) -> Bits:
    return binarize(x, kernel)[channel]


def drag_slider(view: Any, name: str, share: float, *, release: bool = True) -> None:
    """Drag a slider to a share of its way, in several moves."""
    box = view.find(f"input[name={name}]").bounding_box()
    low, high = (float(view.find(f"input[name={name}]").get_attribute(k)) for k in ("min", "max"))
    value = float(view.find(f"input[name={name}]").input_value())
    y, thumb = box["y"] + box["height"] / 2, 18

    def x_of(part: float) -> float:
        return box["x"] + thumb / 2 + part * (box["width"] - thumb)

    mouse = view.page.mouse
    mouse.move(x_of((value - low) / (high - low)), y)
    mouse.down()
    mouse.move(x_of(share), y, steps=8)
    if release:
        mouse.up()
    view.settle()


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_bit_of_every_published_kernel(name: str, open_viewer: Open) -> None:
    kernel = PUBLISHED[name]
    channels = kernel.shape[0] + 1  # the slices come round
    view = open_viewer(kernel=name, shape=f"{channels}x37x53")
    x = example_maps(channels, 37, 53)
    view.focus_stage()
    for channel in range(channels):
        assert painted(x[channel] >= 0, BITS, view, 0).all()
        assert painted(cut(x, kernel, channel), BITS, view, 1).all()
        view.press("]")
    drag_slider(view, "strength", 0.2)
    strength = view.strength()
    assert strength != 1
    dragged = kernel.scaled(strength=strength)
    assert painted(cut(x, dragged, channels - 1), BITS, view, 1).all()
    view.wait_report(f"report.strength === {strength} && report.selected === {channels - 1}")


def test_error_diffusion_is_the_librarys_bit_for_bit(open_viewer: Open) -> None:
    view = open_viewer(shape="2x37x53")
    x = example_maps(2, 37, 53)
    view.focus_stage()
    view.press("e")
    for channel in range(2):
        assert painted(x[channel] >= 0, BITS, view, 0).all()
        assert painted(floyd_steinberg(x[channel]), BITS, view, 2).all()
        view.press("]")


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
@pytest.mark.parametrize("shape", [(1, 37, 53), (1, 300, 211)])
def test_bits_at_each_zoom_and_pixel_ratio(
    ratio: float, shape: tuple[int, int, int], open_viewer: Open
) -> None:
    view = open_viewer(
        kernel="3x3-symmetric-v2",
        shape="x".join(map(str, shape)),
        context={"device_scale_factor": ratio},
    )
    x = example_maps(*shape)
    bits = cut(x, PUBLISHED["3x3-symmetric-v2"])
    box = view.find(".panel canvas").first.bounding_box()
    assert view.canvas()[0].shape[1] == pytest.approx(box["width"] * ratio, abs=1)
    view.focus_stage()
    seen = set()
    for keys in (["1"], ["+"], ["+", "+"], ["Alt+ArrowRight", "Alt+ArrowDown"], ["0"]):
        view.press(*keys)
        assert painted(x[0] >= 0, BITS, view, 0).all()
        assert painted(bits, BITS, view, 1).all()
        seen.add(view.canvas()[1][0])
        assert is_on_glass(view, 0, ratio)
        assert is_on_glass(view, 1, ratio)
    assert {1, 2, 4} <= seen


def test_single_row_and_single_pixel_maps(open_viewer: Open) -> None:
    for shape in ((1, 1, 1), (1, 1, 9), (1, 9, 1)):
        view = open_viewer(shape="x".join(map(str, shape)))
        assert painted(cut(example_maps(*shape), PUBLISHED["2x2-v2"]), BITS, view, 1).all()


def test_numbers_equal_python(open_viewer: Open) -> None:
    name = "3x3x4-shifted-v1"
    view = open_viewer(kernel=name, shape="3x37x53")
    x = example_maps(3, 37, 53)
    view.focus_stage()
    view.press("]", ".", ".")
    kernel = PUBLISHED[name].scaled(strength=1.1)
    for activation, bits, period in (
        ("sign", x[1] >= 0, (1, 1)),
        ("design", cut(x, kernel, 1), kernel.shape[1:]),
    ):
        texts = view.texts(f".caption[data-activation={activation}] [data-score]")
        assert texts["tv"] == f"{total_variation(bits):.3f}"
        assert texts["density"] == f"{100 * activation_density(bits):.1f} %"
        assert texts["entropy"] == f"{block_entropy(bits, period=period):.3f}"
    flipped = (cut(x, kernel, 1) != (x[1] >= 0)).mean()
    assert texts["flipped"] == f"{100 * flipped:.1f} %"
    summary = view.find(".summary")
    assert "at strength 1.10" in summary.text_content()


def test_nothing_is_sent_while_dragging(open_viewer: Open) -> None:
    view = open_viewer(shape="1x64x64")
    x = example_maps(1, 64, 64)
    settle(view.page)
    view.frames.clear()
    drag_slider(view, "strength", 0.1, release=False)
    strength = view.strength()
    assert view.frames == []
    assert painted(cut(x, PUBLISHED["2x2-v2"].scaled(strength=strength)), BITS, view, 1).all()
    view.page.mouse.up()
    view.wait_report(f"report.strength === {strength}")
    assert view.frames
    assert sum(view.frames) < 64 * 64 * 4  # what was set went out; the maps did not come again


def test_strength_snaps_to_sign_and_to_the_design(open_viewer: Open) -> None:
    view = open_viewer()
    x = example_maps(*SHAPE)
    drag_slider(view, "strength", 0.507)
    assert view.find("label:has([name=strength]) output").text_content() == "0.00"
    assert painted(x[0] >= 0, BITS, view, 1).all()
    drag_slider(view, "strength", 0.745)
    assert view.find("label:has([name=strength]) output").text_content() == "1.00"
    view.wait_report("report.strength === 1")


def test_sliders_keys_and_zoom_end_where_python_says(open_viewer: Open) -> None:
    view = open_viewer()
    for name in ("strength", "offset"):
        ends = view.find(f"input[name={name}]").evaluate("one => [one.min, one.max]")
        assert [float(end) for end in ends] == [-REACH, REACH]
    view.focus_stage()
    view.press(*"." * 25)
    assert view.strength() == REACH
    view.press(*"," * 85)
    assert view.strength() == -REACH
    view.press(*"+" * (MAX_ZOOM + 2))
    view.wait_report(f"report.zoom === {MAX_ZOOM}")
    assert view.canvas()[1][0] == MAX_ZOOM


def test_offset_and_edited_levels(open_viewer: Open) -> None:
    view = open_viewer(kernel="2x2-v2")
    x = example_maps(*SHAPE)
    view.find(".kernel g[data-cell='0']").click()  # 1 → 3
    view.find(".kernel g[data-cell='3']").click(modifiers=["Shift"])  # 3 → 1
    view.find(".stepper [data-step='-1']").click()  # 1 → 0
    drag_slider(view, "offset", 0.4)
    offset = float(view.find("input[name=offset]").input_value())
    edited = ThresholdKernel([[3, 1], [3, 0]]).scaled(offset=offset)
    assert painted(cut(x, edited), BITS, view, 1).all()
    view.wait_report(
        f"report.offset === {offset} && JSON.stringify(report.levels) === '[[[3,1],[3,0]]]'"
    )
    view.find(".reset").click()
    view.wait_report("report.offset === 0 && JSON.stringify(report.levels) === '[[[1,1],[3,3]]]'")
    assert painted(cut(x, PUBLISHED["2x2-v2"]), BITS, view, 1).all()


def test_another_kernel_from_the_page_wins(open_viewer: Open) -> None:
    view = open_viewer()
    x = example_maps(*SHAPE)
    drag_slider(view, "strength", 0.2)
    view.page.get_by_role("button", name="Another kernel").click()
    view.wait_report("report.levels[0].length === 3 && report.strength === 1")
    view.settle()
    assert painted(cut(x, PUBLISHED["3x3-symmetric-v1"]), BITS, view, 1).all()


def test_other_maps_keep_the_kernel_and_take_its_place(open_viewer: Open) -> None:
    view = open_viewer(shape="3x37x53")
    view.focus_stage()
    view.press("]", "]", ",", ",")
    view.wait_report("report.selected === 2 && report.strength === 0.9")
    view.page.get_by_role("button", name="Other maps").click()
    view.wait_report("report.selected === 0 && report.strength === 0.9")
    view.page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]"
        ".some(host => host.shadowRoot.querySelectorAll('.maps button').length === 2)"
    )
    view.settle()
    bits = cut(example_maps(2, 20, 31), PUBLISHED["2x2-v2"].scaled(strength=0.9))
    assert painted(bits, BITS, view, 1).all()


def test_a_viewer_that_moves_on_the_page_shows_what_the_user_set(open_viewer: Open) -> None:
    view = open_viewer(shape="3x37x53")
    x = example_maps(3, 37, 53)
    view.focus_stage()
    view.press("]", ",", ",", "w", "1", "+")
    view.find(".kernel g[data-cell='0']").click()
    view.wait_report("report.zoom === 2 && report.levels[0][0][0] === 3")
    view.page.get_by_role("button", name="Move").click()
    view.page.get_by_role("tab", name="One").wait_for()
    view.page.wait_for_selector(".viewer[data-ready=true][data-view=wipe]")
    view.settle()
    edited = ThresholdKernel([[3, 1], [3, 3]]).scaled(strength=0.9)
    _, (zoom, _, _, split) = view.canvas()
    assert zoom == 2
    assert painted(cut(x, edited, 1), BITS, view)[:, split:].all()


def test_presenter_sees_pictures_and_their_names_only(open_viewer: Open) -> None:
    view = open_viewer(presenter="1")
    assert painted(cut(example_maps(*SHAPE), PUBLISHED["2x2-v2"]), BITS, view, 1).all()
    for hidden in (".toolbar", ".side", ".readout", ".caption dl"):
        assert not view.find(hidden).first.is_visible()
    names = view.find(".caption h3:visible")
    assert names.all_inner_texts() == ["Sign", "DeSign"]
    size = names.first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 28


def test_wipe(open_viewer: Open) -> None:
    view = open_viewer(view="wipe")
    x = example_maps(*SHAPE)
    sign, design = x[0] >= 0, cut(x, PUBLISHED["2x2-v2"])

    def check() -> int:
        split = view.canvas()[1][3]
        assert painted(sign, BITS, view)[:, :split].all()
        assert painted(design, BITS, view)[:, split:].all()
        return int(split)

    middle = check()
    box = view.find(".divider").bounding_box()
    x0, y0 = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    view.page.mouse.move(x0, y0)
    view.page.mouse.down()
    view.page.mouse.move(x0 + 150, y0, steps=4)
    view.page.mouse.up()
    view.settle()
    assert check() == middle + 150
    view.press("ArrowLeft")  # the divider has the focus
    assert middle < check() < middle + 150
    view.wait_report("report.divider > 0.5")


def test_flicker_swaps_in_the_same_place(open_viewer: Open) -> None:
    view = open_viewer(view="flicker", context={"reduced_motion": "reduce"})
    x = example_maps(*SHAPE)
    view.focus_stage()
    for bits in (cut(x, PUBLISHED["2x2-v2"]), x[0] >= 0):
        assert painted(bits, BITS, view).all()
        view.press("Space")
    view.find(".swap").click()
    view.settle()
    assert painted(x[0] >= 0, BITS, view).all()
    assert view.find(".auto").get_attribute("aria-pressed") == "false"


def test_flicker_moves_by_itself_where_motion_is_welcome(open_viewer: Open) -> None:
    view = open_viewer(view="flicker", context={"reduced_motion": "no-preference"})
    assert view.find(".auto").get_attribute("aria-pressed") == "true"
    view.page.wait_for_selector(".viewer canvas[data-layers=sign]")
    view.page.wait_for_selector(".viewer canvas[data-layers=design]")


def test_difference_and_tv_map(open_viewer: Open) -> None:
    view = open_viewer(view="difference")
    x = example_maps(*SHAPE)
    sign, design = x[0] >= 0, cut(x, PUBLISHED["2x2-v2"])
    assert painted(sign + 2 * design, DIFFERENCE, view).all()
    legend = view.find(".legend").text_content()
    assert f"switched off {100 * (sign & ~design).mean():.1f} %" in legend
    assert f"switched on {100 * (design & ~sign).mean():.1f} %" in legend
    view.focus_stage()
    view.press("t")
    assert painted(tv_map(sign), CIVIDIS, view, 0).all()
    assert painted(tv_map(design), CIVIDIS, view, 1).all()


@pytest.mark.parametrize("width", [390, 768])
def test_a_legend_moves_nothing_on_narrow_screens(open_viewer: Open, width: int) -> None:
    view = open_viewer(view="side-by-side", context={"viewport": {"width": width, "height": 844}})
    place = view.find(".captions").bounding_box()
    view.focus_stage()
    view.press("t")
    assert view.find(".legend").text_content()
    assert view.find(".captions").bounding_box() == place


def test_a_legend_moves_nothing(open_viewer: Open) -> None:
    view = open_viewer(view="side-by-side")
    place = view.find(".captions").bounding_box()
    view.focus_stage()
    view.press("t")
    assert view.find(".captions").bounding_box() == place
    legend = view.find(".legend").bounding_box()
    names = view.find(".caption:not([hidden]) h3")
    for k in range(names.count()):
        name = names.nth(k).evaluate(
            "h3 => { const r = document.createRange(); r.selectNodeContents(h3); "
            "return r.getBoundingClientRect().right; }"
        )
        box = names.nth(k).bounding_box()
        beside = name <= legend["x"] or legend["x"] + legend["width"] <= box["x"]
        assert beside, names.nth(k).text_content()


def test_inspector_reads_and_pins_a_pixel(open_viewer: Open) -> None:
    view = open_viewer(kernel="3x3-symmetric-v1")
    x = example_maps(*SHAPE)
    kernel = PUBLISHED["3x3-symmetric-v1"]
    i, j = 16, 31
    _, (zoom, left, top, _) = view.canvas()
    box = view.find(".panel canvas").nth(1).bounding_box()
    view.page.mouse.move(box["x"] + left + (j + 0.5) * zoom, box["y"] + top + (i + 0.5) * zoom)
    view.settle()

    def check(i: int, j: int) -> None:
        sign, design = x[0] >= 0, cut(x, kernel)
        threshold = kernel.thresholds.astype(np.float32)[0, i % 3, j % 3]
        text = {key: value.replace("−", "-") for key, value in view.texts("[data-read]").items()}
        assert text["place"] == f"{i}, {j}"
        assert text["cell"] == f"{i % 3}, {j % 3}"
        assert text["x"] == f"{x[0, i, j]:.3f}"
        assert text["threshold"] == f"{threshold:.3f}"
        assert text["margin"] == f"{float(x[0, i, j]) - float(threshold):.3f}"
        assert text["sign"] == ("+1" if sign[i, j] else "-1")
        assert text["design"] == ("+1" if design[i, j] else "-1")
        assert text["variation"] == f"{tv_map(sign)[i, j]:.0f}, {tv_map(design)[i, j]:.0f}"
        lit = view.find(".kernel .lit")
        cell = view.find(f".kernel g[data-cell='{i % 3 * 3 + j % 3}'] rect")
        assert lit.get_attribute("visibility") == "visible"
        assert [lit.get_attribute(k) for k in "xy"] == [cell.get_attribute(k) for k in "xy"]

    check(i, j)
    view.page.mouse.down()
    view.page.mouse.up()
    view.wait_report(f"JSON.stringify(report.pinned) === '[{i},{j}]'")
    view.page.mouse.move(5, 5)
    view.settle()
    check(i, j)
    view.focus_stage()
    view.press("ArrowDown", "Shift+ArrowLeft")
    check(i + 1, j - 10)
    view.press("Escape")
    view.wait_report("report.pinned === null")


def test_the_whole_keyboard(open_viewer: Open) -> None:
    view = open_viewer(shape="3x37x53", context={"reduced_motion": "reduce"})
    view.focus_stage()
    for key, name in zip(
        "sbwfdet",
        ("single", "side-by-side", "wipe", "flicker", "difference", "diffusion", "tv"),
        strict=True,
    ):
        view.press(key)
        assert view.page.locator(".viewer").get_attribute("data-view") == name
    view.wait_report("report.view === 'tv'")
    view.press("1", "+", "+")
    assert view.find(".factor").text_content() == "3×"
    view.wait_report("report.zoom === 3")
    view.press("0", "]", "]", "[", ",", ",")
    view.wait_report("report.zoom === null && report.selected === 1 && report.strength === 0.9")
    view.press("?")
    assert view.find(".help").is_visible()
    view.press("Escape")
    assert not view.find(".help").is_visible()
    view.find(".kernel svg").focus()
    view.press("ArrowRight", "ArrowDown", "+")
    assert "1, 1" in view.find(".cell-name").text_content()
    view.wait_report("report.levels[0][1][1] === 5")


def test_touch(open_viewer: Open) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
    view = open_viewer(view="auto", shape="1x96x96", context=phone)
    x = example_maps(1, 96, 96)
    assert view.page.locator(".viewer").get_attribute("data-view") == "wipe"
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 390
    cdp = view.page.context.new_cdp_session(view.page)
    box = view.find(".panel canvas").first.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": px, "y": py, "id": k} for k, (px, py) in enumerate(points)]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    touch("touchStart", middle)
    for step in range(1, 5):
        touch("touchMove", (middle[0] + 20 * step, middle[1]))
    touch("touchEnd")
    view.settle()
    split = view.canvas()[1][3]
    assert split > box["width"]  # device pixels: the middle stood at box["width"]
    view.wait_report("report.divider > 0.6")

    zoom = view.canvas()[1][0]
    start = [(middle[0] - 40, middle[1]), (middle[0] + 40, middle[1])]
    touch("touchStart", *start)
    for step in range(1, 9):
        touch("touchMove", (start[0][0] - 5 * step, middle[1]), (start[1][0] + 5 * step, middle[1]))
    touch("touchEnd")
    view.settle()
    assert view.canvas()[1][0] == 2 * zoom
    assert painted(x[0] >= 0, BITS, view)[:, :split].all()
    # A finger that lies long while the page is busy with the answer is no tap.
    view.wait_report(f"report.zoom === {2 * zoom}")

    view.page.touchscreen.tap(middle[0] - 100, middle[1])
    view.wait_report("report.pinned !== null")


def test_gallery_of_64_maps(open_viewer: Open) -> None:
    view = open_viewer(shape="64x32x32", kernel="2x2x4-shifted-v1")
    x = example_maps(64, 32, 32)
    options = view.find(".maps [role=option]")
    assert options.count() == 64
    options.nth(5).click()
    view.wait_report("report.selected === 5")
    assert painted(cut(x, PUBLISHED["2x2x4-shifted-v1"], 5), BITS, view, 1).all()
    view.press("ArrowRight")
    view.wait_report("report.selected === 6")
    assert options.nth(6).get_attribute("aria-selected") == "true"


def test_one_large_map(open_viewer: Open) -> None:
    view = open_viewer(shape="1x2048x2048")
    bits = cut(example_maps(1, 2048, 2048), PUBLISHED["2x2-v2"])
    assert view.canvas()[1][0] == 1
    assert painted(bits, BITS, view, 1).all()
    box = view.find(".overview canvas").bounding_box()
    view.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.9)
    view.settle()
    assert view.canvas()[1][1] < -1000
    assert painted(bits, BITS, view, 1).all()


def test_saved_png_holds_the_bits(open_viewer: Open) -> None:
    view = open_viewer(kernel="hprof")
    bits = cut(example_maps(*SHAPE), PUBLISHED["hprof"])
    for times in ("1×", f"{view.canvas()[1][0]}×"):
        view.find(".save").click()
        with view.page.expect_download() as saved:
            view.find(".menu").get_by_role("button", name=f"DeSign, PNG at {times}").click()
        image = Image.open(io.BytesIO(Path(saved.value.path()).read_bytes()))
        factor = int(times[:-1])
        assert image.mode == "P"
        assert (np.asarray(image) == bits.repeat(factor, 0).repeat(factor, 1)).all()
        assert image.size == (53 * factor, 37 * factor)
    view.find(".save").click()
    with view.page.expect_download() as saved:
        view.find(".menu").get_by_role("button", name="Kernel, SVG").click()
    assert Path(saved.value.path()).read_text().count("<text") == 8


def test_names_and_roles_for_screen_readers(open_viewer: Open) -> None:
    view = open_viewer()
    page = view.page
    assert page.get_by_role("img", name="DeSign: map map 0 of smooth noise").is_visible()
    assert page.get_by_role("slider", name="Strength").is_visible()
    for button in page.locator(".viewer button:visible").all():
        assert button.get_attribute("aria-label") or button.text_content().strip()
    assert view.find(".summary").get_attribute("aria-live") == "polite"
    assert "of the bits differ from Sign." in view.find(".summary").text_content()
