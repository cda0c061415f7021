"""Train in a browser: from a ZIP file to an answer with its class names, and to a packed file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from design_core.engine import load_packed
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.uploaded import read_own
from tests.browser.test_live import answers
from tests.browser.test_live_file import FromFolder
from tests.waiting import painted

pytestmark = pytest.mark.browser

TIMEOUT = 300_000
CLASSES = 2  # of the ZIP file; Live hides its other bars


def zip_of_two_classes() -> bytes:
    """Light and dark noise: enough to tell apart in a few steps."""
    generator, file = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for label, low in (("night sky", 0), ("snow", 150)):
            for k in range(20):
                pixels = generator.integers(low, low + 105, (40, 36, 3), np.uint8)
                picture = io.BytesIO()
                Image.fromarray(pixels).save(picture, "PNG")
                archive.writestr(f"weather/{label}/{k}.png", picture.getvalue())
    return file.getvalue()


@dataclass(frozen=True)
class Trained:
    """A session whose training on two classes has ended, and the page that it is on."""

    page: Any

    def go(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def saved(self, label: str, number: int, folder: Path) -> Path:
        """Press a button that saves, and where the file is now."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=label, exact=True).nth(number).click()
        path = folder / f"{number} {download.value.suggested_filename}"
        download.value.save_as(path)
        return path


@pytest.fixture(scope="module")
def trained(chromium: Any, whole_app: str) -> Iterator[Trained]:
    """Sign and DeSign on the two classes of `zip_of_two_classes`."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{whole_app}/train?pictures=your-zip-file")
    page.locator(".st-key-train_zip input[type=file]").set_input_files(
        {"name": "weather.zip", "mimeType": "application/zip", "buffer": zip_of_two_classes()}
    )
    page.get_by_text("night sky", exact=True).wait_for()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="New training").wait_for()
    yield Trained(page)
    context.close()


def shares(scores: Any) -> Any:
    made = np.exp(scores - scores.max(-1, keepdims=True))
    return made / made.sum(-1, keepdims=True)


def test_every_file_of_a_training_answers_alike(
    trained: Trained, chromium: Any, tmp_path: Path
) -> None:
    """Checkpoint, packed, ONNX, HTML from a folder: the same answers, and how they are fed."""
    pictures = [sample(name) for name in sample_names("cifar10")[:4]]
    answers_of = []
    for number in (0, 1):
        entry = read_own(
            trained.saved("Checkpoint", number, tmp_path).read_bytes(), name="x.safetensors"
        )
        form = entry.pictures
        assert form.class_names == ("night sky", "snow")
        x = form.input(np.stack([form.square(picture) for picture in pictures]))
        with torch.inference_mode():
            expected = shares(entry.checkpoint.model(torch.from_numpy(x)).numpy())
        packed = load_packed(trained.saved("Packed", number, tmp_path))
        assert packed.pictures == form
        assert shares(packed(x)) == pytest.approx(expected, abs=1e-5)
        session = onnxruntime.InferenceSession(str(trained.saved("ONNX", number, tmp_path)))
        (scores,) = session.run(None, {session.get_inputs()[0].name: x})
        assert shares(scores) == pytest.approx(expected, abs=1e-4)
        told = session.get_modelmeta().custom_metadata_map
        assert json.loads(told["class_names"]) == ["night sky", "snow"]
        assert json.loads(told["mean"]) == pytest.approx(form.mean)
        assert json.loads(told["deviation"]) == pytest.approx(form.deviation)
        assert told["colour_order"] == "RGB"
        answers_of.append(expected)
    file = trained.saved("Both as one HTML file", 0, tmp_path)
    stick = FromFolder(chromium, file, reduced_motion="reduce")
    for k in range(len(pictures)):
        for number in (0, 1):
            order = np.argsort(-answers_of[number][k])
            assert answers(stick.page, number)[:CLASSES] == [
                (form.class_names[one], f"{100 * answers_of[number][k][one]:.1f} %")
                for one in order
            ]
        stick.page.keyboard.press(".")
        painted(stick.page)
    assert all(url.startswith(("file:", "data:", "blob:")) for url in stick.requests)
    assert not stick.errors
    stick.context.close()


def test_what_was_trained_goes_to_every_page_with_its_class_names(trained: Trained) -> None:
    page = trained.page
    trained.go("Predict")
    page.get_by_role("radio", name="weather").click()
    page.locator(".ds-answer li", has_text="snow").first.wait_for()
    page.get_by_role("radio", name="Diagnose").click()
    page.get_by_text("checks are fine").first.wait_for()
    page.get_by_role("button", name="Watch them live").click()
    page.wait_for_selector(".live[data-ready=true]")
    page.locator(".live .side .network", has_text="own:weather").first.wait_for()
    for number in (0, 1):
        assert {name for name, _ in answers(page, number)[:CLASSES]} == {"night sky", "snow"}
    assert "right:" not in page.locator(".live .note").inner_text()  # the film is of other classes
    trained.go("Compare")
    page.locator(".st-key-zoo_data").click()
    page.get_by_role("option", name="weather").click()
    page.locator("h1.ds-finding", has_text="Your networks: own:weather").wait_for()
    page.get_by_role("radio", name="Confusion").click()
    page.locator(".stPlotlyChart", has_text="night sky").first.wait_for()


def test_from_a_zip_to_answers_and_a_packed_file(
    chromium: Any, whole_app: str, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{whole_app}/train?pictures=your-zip-file")
    picker = page.locator(".st-key-train_zip input[type=file]")
    bad = {"name": "bad.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04no"}
    picker.set_input_files(bad)
    page.get_by_text("is a damaged ZIP file, or none").wait_for()
    assert page.get_by_role("button", name="Start").is_disabled()
    page.get_by_role("button", name="Remove bad.zip").click()
    page.get_by_text("is a damaged ZIP file, or none").wait_for(state="hidden")
    good = {"name": "weather.zip", "mimeType": "application/zip", "buffer": zip_of_two_classes()}
    picker.set_input_files(good)
    page.get_by_text("night sky", exact=True).wait_for()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Right on the test pictures").wait_for()
    assert page.locator(".tr-lines polyline").count() == 6
    assert page.locator(".tr-map").count() == 10  # of each network: the picture and four maps
    page.get_by_role("button", name="New training").wait_for()
    assert "of 8 test pictures right" in page.locator("h1.ds-finding").inner_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Packed").first.click()
    file = tmp_path / "packed.safetensors"
    saved.value.save_as(file)
    assert list(tmp_path.iterdir()) == [file]

    page.get_by_role("link", name="Predict").first.click()
    page.get_by_role("radio", name="weather").click()
    page.locator(".ds-answer li", has_text="snow").first.wait_for()
    answers = page.locator(".ds-answer").filter(has_text="Sign").first
    rows = answers.locator("li")
    said = {
        row.locator("span").first.inner_text(): row.locator("b").first.inner_text()
        for row in rows.all()
    }
    assert set(said) == {"night sky", "snow"}
    packed = load_packed(file)
    form = packed.pictures
    assert form is not None
    assert form.class_names == ("night sky", "snow")
    code = page.url.partition("sample=")[2].partition("&")[0] or "cifar10-00"
    scores = packed(form.input(form.square(sample(code))[None]))[0]
    shares = np.exp(scores - scores.max())
    first = form.class_names[int(scores.argmax())]
    assert rows.first.locator("span").first.inner_text() == first
    shown = float(said[first].rstrip("% \xa0"))
    assert shown == pytest.approx(100 * float(shares.max() / shares.sum()), abs=0.06)
    context.close()
