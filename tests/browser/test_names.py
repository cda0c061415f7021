"""Names are text everywhere: letter by letter on the screen, and no address in them is asked."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_checkpoints import latent_file
from PIL import Image

from deploy.server import running
from design_core.kernels.files import read_kernel
from tests.browser.plain_texts import NAMES
from tests.waiting import settle, until

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("plain_texts.py")
PICTURE = "![m](http://evil.example:8629/m.png) **b** <img src=x onerror=alert(1)>"
_SIGNED = "\u2060"  # joins words, unseen

#: Where each kind of element says its words.
ELEMENTS = (
    "[data-testid=stMarkdownContainer] p",
    "[data-testid=stAlert]",
    "[data-testid=stProgress] p",
    "[data-testid=stBaseButton-secondary]",
    "[data-testid=stRadio] p",
    "[data-testid=stButtonGroup] button",
)


@pytest.fixture
def asked() -> list[str]:
    """Addresses of other machines that the page asked."""
    return []


@pytest.fixture
def page(chromium: Any, whole_app: str, asked: list[str]) -> Iterator[Any]:
    """A page of the app that notes whom it asks."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    found = context.new_page()
    found.set_default_timeout(120_000)
    found.on("request", lambda request: _note(asked, request.url))
    found.app = whole_app
    yield found
    context.close()


def _note(asked: list[str], url: str) -> None:
    if url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
        return
    asked.append(url)


def test_names_are_shown_letter_by_letter(chromium: Any, asked: list[str]) -> None:
    with running(PAGE) as server:
        page = chromium.new_context().new_page()
        page.set_default_timeout(120_000)
        page.on("request", lambda request: _note(asked, request.url))
        page.goto(server.address)
        page.get_by_text("done", exact=True).wait_for()
        settle(page)
        for element in ELEMENTS:
            texts = [
                text.replace(_SIGNED, "").strip()
                for text in page.locator(element).all_inner_texts()
            ]
            assert set(NAMES) <= set(texts), element
        assert page.locator("[data-testid=stMain] img").count() == 0
        assert page.locator("[data-testid=stMain] a[href*=evil]").count() == 0
        page.locator("[data-testid=stBaseButton-secondary]").first.hover()
        tip = page.get_by_role("tooltip").inner_text()
        assert tip.replace(_SIGNED, "").strip() == NAMES[0]
    assert asked == []


def _files(page: Any, name: str, data: bytes, *, place: int = 0) -> None:
    page.locator("input[type=file]").nth(place).set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


def _shows(page: Any, text: str) -> None:
    """Wait until the page shows the text, letter by letter."""

    def shown() -> bool:
        return text in str(page.locator("body").inner_text()).replace(_SIGNED, "")

    until(shown, f"{text!r} on the page")


def test_names_of_pictures_in_an_archive(page: Any, asked: list[str]) -> None:
    buffer = io.BytesIO()
    broken = "broken ![m](http:∕∕evil.example:8629∕z.png).png"
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("../../up.png", f"{PICTURE}.png", "=cmd|calc.png", "a\u202egnp.png"):
            archive.writestr(name, _png())
        archive.writestr(broken, b"no picture")
    page.goto(f"{page.app}/batch")
    page.wait_for_selector("h1.ds-finding")
    _files(page, f"{PICTURE[:36]}.zip", b"PK no archive")
    _shows(page, "is a damaged ZIP file")
    _shows(page, "![m](http")
    page.goto(f"{page.app}/batch")
    page.wait_for_selector("h1.ds-finding")
    _files(page, "names.zip", buffer.getvalue())
    page.get_by_role("button", name="Score 5 pictures").click()
    page.get_by_text("Maps and table, ZIP").wait_for()
    assert asked == []
    with page.expect_download() as download:
        page.get_by_text("Table, CSV").click()
    table = Path(download.value.path()).read_text(encoding="utf-8")
    assert "\n'=cmd|calc.png," in table
    assert "\na\\u202egnp.png," in table
    with page.expect_download() as download:
        page.get_by_text("Maps and table, ZIP").click()
    with zipfile.ZipFile(download.value.path()) as saved:
        assert saved.read("scores.csv").decode() == table
        maps = [name for name in saved.namelist() if name.endswith("/design-00.png")]
        assert len(maps) == 4
        assert all(saved.read(name)[24] == 1 for name in maps)  # bits a pixel, in a PNG's header


def test_a_pin_of_a_session_file(page: Any, asked: list[str]) -> None:
    session = {
        "format": "design-session",
        "version": 1,
        "page": "explore",
        "rail": {"picture": "coins"},
        "pages": {"explore": {}},
        "pins": {"A": {"link": "explore?picture=coins", "about": PICTURE}},
    }
    page.goto(f"{page.app}/explore")
    page.wait_for_selector(".viewer[data-ready=true]")
    page.get_by_role("button", name="Share").click()
    _files(page, "session.json", json.dumps(session).encode())
    page.get_by_role("button", name="Open it in place of the present view").click()
    pin = page.locator(".st-key-show_A button").first
    pin.wait_for()
    settle(page)
    pin.hover()
    tip = page.get_by_role("tooltip")
    tip.wait_for()
    assert tip.inner_text().replace(_SIGNED, "").strip() == PICTURE
    assert tip.locator("img").count() == 0
    assert asked == []


def test_the_name_of_a_kernel(page: Any, asked: list[str]) -> None:
    page.goto(f"{page.app}/design?panel=files-and-code")
    page.wait_for_selector("h1.ds-finding")
    page.get_by_text("Import a kernel").wait_for()
    kernel = {"levels": [[1, 3], [5, 7]], "name": PICTURE}
    _files(page, "kernel.json", json.dumps(kernel).encode())
    _shows(page, PICTURE)
    settle(page)
    with page.expect_download() as download:
        page.locator(".st-key-export button").click()
    saved = read_kernel(Path(download.value.path()).read_bytes(), name="saved.json")
    assert (saved.name, saved.levels.tolist()) == (PICTURE, [kernel["levels"]])
    _files(page, f"{PICTURE[:36]}.json", b"no JSON")
    _shows(page, "is no kernel in JSON")
    page.goto(f"{page.app}/explore")
    page.wait_for_selector(".viewer[data-ready=true]")
    assert asked == []


def test_the_classes_of_an_own_network(page: Any, asked: list[str]) -> None:
    names = [*NAMES[:8], "\u202eabc"]
    network = {"name": "tiny", "width": 4, "num_classes": len(names)}
    form = {"shape": [1, 8, 8], "mean": [0.5], "deviation": [0.25], "class_names": names}
    data = latent_file(network, pictures=form)
    page.goto(f"{page.app}/compare")
    page.wait_for_selector("h1.ds-finding")
    page.locator("input[type=file]").first.wait_for(state="attached")
    _files(page, f"{PICTURE[:36]}.safetensors", data)
    page.get_by_text("SHA-256").first.wait_for()
    settle(page)
    page.get_by_role("link", name="Predict").first.click()
    page.wait_for_selector("h1.ds-finding")
    page.get_by_text("own", exact=True).first.click()
    page.locator(".ds-answer li").first.wait_for()
    settle(page)
    shown = page.locator(".ds-answers").inner_text()
    assert any(name in shown for name in names[:8])
    assert page.locator(".ds-answers a, .ds-answers img[src*=evil]").count() == 0
    assert asked == []
