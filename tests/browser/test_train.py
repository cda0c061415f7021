"""Train in a browser: from a ZIP file to an answer with its class names, and to a packed file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from design_core.engine import load_packed
from design_core.pictures.samples import sample

pytestmark = pytest.mark.browser

TIMEOUT = 120_000


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
