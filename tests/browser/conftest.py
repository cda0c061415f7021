"""One Streamlit server and one browser for all browser tests; helpers that read the canvas."""

from __future__ import annotations

import io
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from deploy.server import running

ROOT = Path(__file__).parents[2]
APP = Path(__file__).with_name("app.py")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of the test app around the viewer."""
    with running(APP) as app:
        yield app.address


@pytest.fixture(scope="session")
def whole_app() -> Iterator[str]:
    """Address of the app itself."""
    with running(ROOT / "app.py") as app:
        yield app.address


@pytest.fixture
def fresh_app() -> Iterator[str]:
    """Address of a server of its own that nobody has visited."""
    with running(ROOT / "app.py") as app:
        yield app.address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A running browser, with Chromium's own fake camera; pages have to be granted its use."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed.")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--use-fake-device-for-media-stream"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    package = pytest.importorskip("axe_playwright_python")
    return Path(package.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


@dataclass
class OpenViewer:
    """A page with the viewer, and what its websocket carried."""

    page: Any
    frames: list[int]

    def find(self, selector: str) -> Any:
        return self.page.locator(f".viewer {selector}")

    def settle(self) -> None:
        """Wait for two animation frames: what was asked for is painted."""
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def focus_stage(self) -> None:
        self.find(".stage").focus()

    def wait_report(self, condition: str) -> None:
        """Wait until the page shows a report for which `condition` on `report` holds (JS)."""
        self.page.wait_for_function(
            "() => { const code = document.querySelector('[data-testid=stCode] code');"
            f" if (!code) return false; const report = JSON.parse(code.textContent); "
            f"return {condition}; }}"
        )

    def canvas(self, panel: int = 0) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
        """RGBA pixels of a panel, and zoom, left, top and split in device pixels."""
        canvas = self.find(".panel canvas").nth(panel)
        url = canvas.evaluate("c => c.toDataURL('image/png')")
        place = canvas.evaluate("c => c.dataset.place").split()
        image = Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("RGBA")
        zoom, left, top, split = (int(number) for number in place)
        return np.asarray(image), (zoom, left, top, split)

    def strength(self) -> float:
        return float(self.find("input[name=strength]").input_value())

    def texts(self, selector: str) -> dict[str, str]:
        """Texts of all elements by the first value in their data set."""
        return dict(
            self.find(selector).evaluate_all(
                "cells => cells.map(c => [Object.values(c.dataset)[0], c.textContent])"
            )
        )


@pytest.fixture
def open_viewer(server: str, chromium: Any) -> Iterator[Callable[..., OpenViewer]]:
    """Open the test app: `open_viewer(kernel=…, shape="1x37x53", context={…})`."""
    contexts = []

    def open_page(*, context: dict[str, Any] | None = None, **query: str) -> OpenViewer:
        options = {"viewport": {"width": 1440, "height": 900}, **(context or {})}
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(120_000)
        opened = OpenViewer(page, [])
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))

        def watch(socket: Any) -> None:
            for direction in ("framesent", "framereceived"):
                socket.on(direction, lambda payload: opened.frames.append(len(payload)))

        page.on("websocket", watch)
        page.goto(f"{server}/?{urlencode(query)}")
        page.wait_for_selector(".viewer[data-ready=true]")
        page.wait_for_selector("[data-testid=stCode]")
        opened.settle()
        assert not errors
        return opened

    yield open_page
    for context in contexts:
        context.close()
