"""Live in a real browser: it shows what the library computes, and nothing leaves the page."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.lab.network_input import picture_bits
from design_core.networks import activation_maps
from design_core.networks.swap import with_kernel
from design_core.pictures import Picture
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.entry import Entry, open_entry
from design_core.zoo.naming import say_class
from tests.waiting import painted, settle, until
from ui.live.choice import first_live

pytestmark = pytest.mark.browser

DESK = (1440, 900)
REFERENCES = [
    f"cifar10-vgg_small-w32-{activation}-affine_on-demonstration@0"
    for activation in ("sign", "design_2x2-v2")
]
PAIR = "networks=" + ".".join(REFERENCES).replace("@", "-s")
INK, PAPER = (0x14, 0x16, 0x1A), (0xF7, 0xF5, 0xF0)
SECOND = 60  # frames of a screen, in which a film that runs shows several pictures
Open = Callable[..., Any]
Bits = NDArray[np.bool_]


@pytest.fixture
def visit(whole_app: str, chromium: Any) -> Iterator[Open]:
    """Open Live: `visit(f"{PAIR}&view=…", viewport=(390, 844))`."""
    contexts = []

    def open_page(
        query: str = "", *, viewport: tuple[int, int] = (1440, 900), **options: Any
    ) -> Any:
        width, height = viewport
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.errors, page.carried = [], []
        page.on("pageerror", lambda error: page.errors.append(str(error)))

        def watch(socket: Any) -> None:
            for direction in ("framesent", "framereceived"):
                socket.on(direction, lambda payload: page.carried.append(len(payload)))

        page.on("websocket", watch)
        page.goto(f"{whole_app}/live?{query}")
        page.wait_for_selector(".live[data-ready=true]")
        return page

    yield open_page
    for context in contexts:
        assert not context.pages[0].errors
        context.close()


@pytest.fixture(scope="module")
def pair() -> list[Entry]:
    """Sign and DeSign 2D on real-valued pictures, as `PAIR` names them in a link."""
    return [open_entry(reference) for reference in REFERENCES]


def side(page: Any, number: int) -> Any:
    return page.locator(".live .side").nth(number)


def seen(page: Any, number: int) -> str:
    """What a network sees, as a picture."""
    return str(side(page, number).locator(".sees canvas").evaluate("c => c.toDataURL()"))


def answers(page: Any, number: int) -> list[tuple[str, str]]:
    rows = side(page, number).locator(".answer .bars li").all()
    return [(row.locator("span").inner_text(), row.locator("b").inner_text()) for row in rows]


def expected_answers(entry: Entry, picture: Picture) -> list[tuple[str, str]]:
    best = list(entry.predict(picture).probabilities.items())[:5]
    return [(say_class(name), f"{100 * share:.1f} %") for name, share in best]


def best_answer(entry: Entry, shares: torch.Tensor) -> tuple[str, str]:
    best = int(shares.argmax())
    name = entry.checkpoint.pictures.class_names[best]
    return say_class(name), f"{100 * shares[best]:.1f} %"


def canvas_bits(canvas: Any, shape: tuple[int, int], tile: int = 0) -> Bits:
    """The bits of one map of a canvas; every pixel of the screen must be one of the two tones."""
    url = canvas.evaluate("c => c.toDataURL('image/png')")
    zoom, gap, per_row = map(int, canvas.get_attribute("data-place").split())
    rows, columns = shape
    image = np.asarray(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("RGB"))
    top = tile // per_row * (rows * zoom + gap)
    left = tile % per_row * (columns * zoom + gap)
    part = image[top : top + rows * zoom, left : left + columns * zoom]
    bits: Bits = (part == PAPER).all(axis=2)[::zoom, ::zoom]
    ink = np.where(bits.repeat(zoom, 0).repeat(zoom, 1)[..., None], PAPER, INK)
    assert np.array_equal(part, ink)
    return bits


def pixels_of(entry: Entry, name: str) -> torch.Tensor:
    form = entry.checkpoint.pictures
    return form.normalized(form.pixels(sample(name)))


def library_bits(entry: Entry, name: str, layer: int, kernel: Any = "trained") -> Bits:
    """Bits (C, H, W) of a layer in PyTorch."""
    model = entry.checkpoint.model
    if kernel != "trained":
        model = with_kernel(model, kernel)
    bits: Bits = (activation_maps(model, pixels_of(entry, name))[1][layer].y[0] > 0).numpy()
    return bits


def test_the_film_is_answered_as_on_predict(visit: Open) -> None:
    pair = [open_entry(reference) for reference in first_live("cifar10")]
    page = visit(reduced_motion="reduce")  # which waits to be asked
    names = sample_names("cifar10")
    for name in names[:4]:
        for number, entry in enumerate(pair):
            assert answers(page, number) == expected_answers(entry, sample(name))
        page.locator(".live .step").click()
        painted(page)
    first = side(page, 1).locator(".preset option").first.inner_text()
    assert first == "As trained: bayer-phases-2, quantile"
    assert "5 of 20" in page.locator(".live .note").inner_text()
    page.locator(".live .back").click()
    painted(page)
    assert "4 of 20" in page.locator(".live .note").inner_text()
    first = say_class(next(iter(pair[0].predict(sample(names[3])).probabilities)))
    assert first in page.locator(".live .told").inner_text()


def test_bits_on_screen_are_those_of_pytorch(visit: Open, pair: list[Entry]) -> None:
    """In every layer, as trained and under kernels that were changed in the page."""
    page = visit(f"{PAIR}&view=frame-2_layer-1", reduced_motion="reduce")
    name = sample_names("cifar10")[2]
    for number, entry in enumerate(pair):
        for layer in range(6):
            bits = library_bits(entry, name, layer)
            strip = side(page, number).locator(".strip canvas").nth(layer)
            for channel in range(8):
                shown = canvas_bits(strip, bits.shape[1:], channel)
                assert np.array_equal(shown, bits[channel]), (number, layer, channel)
    right = side(page, 1)
    right.locator(".preset").select_option("3x3-symmetric-v1")
    right.locator(".kernel g[data-cell]").nth(4).click()
    right.locator("input[name=strength]").focus()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    painted(page)
    strength = float(right.locator("input[name=strength]").input_value())
    levels = PUBLISHED["3x3-symmetric-v1"].levels.copy()
    levels[0, 1, 1] = 1  # the next after 0
    kernel = ThresholdKernel(levels, PUBLISHED["3x3-symmetric-v1"].level_set).scaled(
        strength=strength
    )
    assert strength == pytest.approx(0.7)
    large = canvas_bits(right.locator(".large canvas"), (16, 16))
    assert np.array_equal(large, library_bits(pair[1], name, 1, kernel)[0])
    with torch.inference_mode():
        swapped = with_kernel(pair[1].checkpoint.model, kernel)(pixels_of(pair[1], name))[0]
    best = swapped.softmax(0).argmax().item()
    classes = pair[1].checkpoint.pictures.class_names
    assert answers(page, 1)[0] == (
        say_class(classes[best]),
        f"{100 * swapped.softmax(0).max():.1f} %",
    )
    # The link holds it all, and opens it again.
    page.wait_for_function("() => location.search.includes('b0-3x3-symmetric-v1~0.7')")
    before = answers(page, 1)
    page.reload()
    page.wait_for_selector(".live[data-ready=true]")
    assert answers(page, 1) == before


def test_the_pointer_reads_x_threshold_and_bit(visit: Open, pair: list[Entry]) -> None:
    page = visit(f"{PAIR}&view=frame-5_layer-1_channel-9", reduced_motion="reduce")
    name = sample_names("cifar10")[5]
    entry = pair[1]
    tap = activation_maps(entry.checkpoint.model, pixels_of(entry, name))[1][1]
    canvas = side(page, 1).locator(".large canvas")
    zoom = int(canvas.get_attribute("data-place").split()[0])
    for row, column in ((3, 8), (14, 1)):
        canvas.hover(position={"x": (column + 0.5) * zoom, "y": (row + 0.5) * zoom})
        painted(page)
        read = {
            name: side(page, 1).locator(f"[data-read={name}]").inner_text().replace("−", "-")
            for name in ("place", "x", "threshold", "bit")
        }
        threshold = PUBLISHED["2x2-v2"].thresholds[0, row % 2, column % 2]
        x = tap.x[0, 9, row, column].item()
        assert read["place"] == f"{row}, {column}"
        assert float(read["x"]) == pytest.approx(x, abs=6e-4)
        assert float(read["threshold"]) == pytest.approx(threshold, abs=6e-4)
        assert int(read["bit"]) == (1 if x >= threshold else -1)
        lit = side(page, 1).locator(".kernel .lit")
        assert lit.get_attribute("visibility") == "visible"
        # The other network is read at the same place.
        assert side(page, 0).locator("[data-read=place]").inner_text() == f"{row}, {column}"


def test_nothing_is_sent_while_pictures_run_and_kernels_are_dragged(visit: Open) -> None:
    page = visit(f"{PAIR}&view=source-patterns")
    settle(page)  # what the server says at first is said
    carried = len(page.carried)
    note = page.locator(".live .note")
    frames = note.inner_text()
    slider = side(page, 1).locator("input[name=strength]").bounding_box()
    page.mouse.move(slider["x"] + 120, slider["y"] + 13)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(slider["x"] + 120 - step, slider["y"] + 13)
    until(lambda: note.inner_text() != frames, "another picture while the mouse is down")
    frames = note.inner_text()
    until(lambda: note.inner_text() != frames, "yet another picture")
    assert page.carried[carried:] == []
    page.mouse.up()
    page.wait_for_function("() => location.search.includes('b0-own~')")


def test_keys_freeze_and_step(visit: Open) -> None:
    page = visit()
    page.locator(".live .told").click()
    page.locator(".live [data-view=frames]").focus()
    play = page.locator(".live .play")
    assert play.inner_text() == "Freeze"
    page.keyboard.press(".")  # stepping freezes
    painted(page)
    assert play.inner_text() == "Play"
    note = page.locator(".live .note").inner_text()
    painted(page, SECOND)
    assert page.locator(".live .note").inner_text() == note
    side(page, 0).locator(".large canvas").focus()
    page.keyboard.press("Space")
    assert play.inner_text() == "Freeze"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    painted(page)
    assert side(page, 0).locator("[data-read=place]").inner_text() == "0, 1"


def test_a_digit_is_drawn_by_pointer_and_by_keys(visit: Open) -> None:
    page = visit("networks=digits&view=source-pad")
    pad = page.locator(".live .pad")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 96, box["y"] + 170, steps=12)
    page.mouse.up()
    painted(page)
    assert page.locator(".live .note").inner_text() == "Your drawing"
    assert answers(page, 0)[0][0] == answers(page, 1)[0][0] == "1"
    page.get_by_role("button", name="Wipe").click()
    painted(page)
    assert page.locator(".live .note").inner_text() == "An empty pad"
    pad.focus()
    for key in ["ArrowUp"] * 6 + ["Shift+ArrowDown"] * 13:
        page.keyboard.press(key)
    painted(page)
    assert answers(page, 1)[0][0] == "1"
    # What the networks see is what they are asked about: the same pixels, asked of the library.
    url = side(page, 1).locator(".sees canvas").evaluate("c => c.toDataURL('image/png')")
    zoom = int(side(page, 1).locator(".sees canvas").get_attribute("data-place").split()[0])
    image = Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("L")
    pixels = np.asarray(image)[::zoom, ::zoom]
    assert pixels.max() > 128
    entry = open_entry(first_live("digits")[1])
    shares = entry.checkpoint.probabilities(torch.from_numpy(pixels.copy())[None, ..., None])[0]
    assert answers(page, 1)[0] == (str(shares.argmax().item()), f"{100 * shares.max():.1f} %")


def test_the_camera_is_asked_for_on_a_click_only_and_let_go(visit: Open) -> None:
    page = visit(f"{PAIR}&view=source-camera", permissions=["camera"])
    held = "() => window.held.map((track) => track.readyState)"
    page.evaluate("""() => {
        window.held = [];
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            const stream = await ask(wanted);
            window.held.push(...stream.getTracks());
            return stream;
        };
    }""")
    painted(page, SECOND)
    assert page.evaluate(held) == []
    assert "go nowhere" in page.locator(".live .camera-only").inner_text()
    carried = len(page.carried)
    page.get_by_role("button", name="Start the camera").click()
    page.locator(".live .note", has_text=re.compile(r"of ([5-9]|[1-9]\d+) frames")).wait_for()
    assert page.evaluate(held) == ["live"]
    assert page.carried[carried:] == []
    assert len(answers(page, 0)) == 5
    first = seen(page, 0)
    until(lambda: seen(page, 0) != first, "another picture of the camera")
    page.locator(".live .play").click()  # frozen
    painted(page)
    frozen = seen(page, 0)
    painted(page, SECOND)
    assert seen(page, 0) == frozen
    page.locator(".live .step").click()
    until(lambda: seen(page, 0) != frozen, "the camera's next picture")
    page.locator(".live [data-source=film]").click()
    assert page.evaluate(held) == ["ended"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("", "The camera was refused"),
        (
            "navigator.mediaDevices.getUserMedia = () =>"
            " Promise.reject(new DOMException('none', 'NotFoundError'))",
            "This machine has no camera",
        ),
        (
            "Object.defineProperty(navigator, 'mediaDevices', { value: undefined })",
            "Browsers lend the camera only to pages that came by https",
        ),
    ],
)
def test_why_there_is_no_camera_is_said(visit: Open, script: str, words: str) -> None:
    page = visit(f"{PAIR}&view=source-camera")
    if script:
        page.evaluate(f"() => {{ {script} }}")
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_role("alert").filter(has_text=words).wait_for()
    page.locator(".live [data-source=patterns]").click()
    page.get_by_role("alert").filter(has_text=words).wait_for(state="hidden")


def test_a_browser_without_simd_is_told_so(whole_app: str, chromium: Any) -> None:
    page = chromium.new_page()
    page.add_init_script("WebAssembly.validate = () => false")
    page.goto(f"{whole_app}/live")
    page.get_by_text("it lacks WebAssembly with 128-bit SIMD").wait_for(timeout=60_000)
    page.close()


def file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def test_a_picture_of_ones_own_and_a_file_that_is_none(visit: Open, pair: list[Entry]) -> None:
    page = visit(f"{PAIR}&view=source-still")
    buffer = io.BytesIO()
    picture = sample("chelsea")
    Image.fromarray(picture.pixels).save(buffer, "PNG")
    chooser = page.locator(".live [type=file]")
    chooser.set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    page.locator(".live .note", has_text="cat.png").wait_for()
    for number, entry in enumerate(pair):
        assert answers(page, number) == expected_answers(entry, picture)
    chooser.set_input_files([file("note.png", b"no picture")])
    page.get_by_role("alert").filter(has_text="note.png is no picture").wait_for()
    assert "cat.png" in page.locator(".live .note").inner_text()


@pytest.mark.parametrize("to", ["Predict", "Explore"])
def test_a_frame_is_sent_on(visit: Open, pair: list[Entry], to: str) -> None:
    page = visit(f"{PAIR}&view=frame-3", reduced_motion="reduce")
    page.get_by_role("button", name=f"To {to}").click()
    if to == "Predict":
        page.locator(".ds-answer").nth(1).wait_for()
        name = sample_names("cifar10")[3]
        best = say_class(next(iter(pair[0].predict(sample(name)).probabilities)))
        assert page.locator(".ds-answer").first.locator("li").first.inner_text().startswith(best)
        return
    page.wait_for_selector(".viewer[data-ready=true]")
    assert page.get_by_text("live frame.png · 32 × 32 px").is_visible()


def test_one_network_under_two_kernels(visit: Open, pair: list[Entry]) -> None:
    page = visit(f"{PAIR}&view=right-0_frame-1_b0-2x2-v2", reduced_motion="reduce")
    name = sample_names("cifar10")[1]
    assert answers(page, 0) == expected_answers(pair[0], sample(name))
    swapped = with_kernel(pair[0].checkpoint.model, PUBLISHED["2x2-v2"])
    with torch.inference_mode():
        shares = swapped(pixels_of(pair[0], name))[0].softmax(0)
    classes = pair[0].checkpoint.pictures.class_names
    best = int(shares.argmax())
    assert answers(page, 1)[0] == (say_class(classes[best]), f"{100 * shares[best]:.1f} %")
    assert (
        page.locator(".live .told")
        .inner_text()
        .startswith(("They disagree: Left", "Left and Right"))
    )
    alone = visit(f"networks={REFERENCES[1].replace('@', '-s')}", reduced_motion="reduce")
    assert side(alone, 0).locator(".preset").input_value() == "own"
    assert side(alone, 1).locator(".preset").input_value() == "Sign"
    # As trained, the two sides are the same network.
    side(page, 1).locator(".preset").select_option("own")
    painted(page)
    assert answers(page, 1) == answers(page, 0)


def test_a_still_comes_first_on_a_server_that_nobody_has_visited(
    fresh_app: str, chromium: Any
) -> None:
    """Bits of the first frame, from the files alone, while PyTorch is on its way."""
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(180_000)
    page.goto(f"{fresh_app}/live?view=frame-3")
    still = page.locator(".ds-live-still")
    still.wait_for()
    assert page.locator(".live").count() == 0
    names = sample_names("cifar10")
    sources = still.locator("img").evaluate_all("all => all.map((one) => one.src)")
    seen = [
        np.asarray(Image.open(io.BytesIO(b64decode(source.partition(",")[2]))).convert("RGB"))
        for source in sources
    ]
    assert np.array_equal(seen[0], sample(names[3]).pixels)
    for reference, shown in zip(first_live("cifar10"), seen[1:], strict=True):
        bits = picture_bits(sample(names[3]), open_entry(reference))
        assert np.array_equal(shown, bits)
    page.wait_for_selector(".live[data-ready=true]")
    still.wait_for(state="detached")
    page.close()


def test_hostile_links_open_as_the_page_does(visit: Open) -> None:
    page = visit(
        "view=source-x_view-_layer-99999_channel-8888_left-77_a0-~~~_b0-own~1e999~x~9.9_z",
        reduced_motion="reduce",
    )
    assert len(answers(page, 1)) == 5
    assert page.locator(".live [data-source=film]").get_attribute("aria-pressed") == "true"


def test_on_a_phone_nothing_is_cut_off(visit: Open) -> None:
    page = visit(viewport=(390, 844), has_touch=True)
    for view in ("frames", "walk"):
        page.locator(f".live [data-view={view}]").click()
        painted(page)
        assert page.locator(".stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    # Both at one moment: the film plays on.
    boxes = page.locator(".live .side .answer").evaluate_all(
        "all => all.map((e) => e.getBoundingClientRect().toJSON())"
    )
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_from_predict_to_live(whole_app: str, chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(60_000)
    page.goto(f"{whole_app}/predict?networks={PAIR.partition('=')[2]}")
    page.get_by_role("button", name="Watch them live").click()
    page.wait_for_selector(".live[data-ready=true]")
    shown = page.locator(".live .side .network").evaluate_all(
        "all => all.map(one => one.selectedOptions[0].textContent)"
    )
    assert shown == ["Sign", "DeSign 2D"]
    page.close()
