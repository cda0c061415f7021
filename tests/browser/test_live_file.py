"""Live as one HTML file, opened from a folder without any network: it answers as the app does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_checkpoints import latent_file

from design_core.__main__ import main
from design_core.browser.page import LARGEST
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.entry import Entry, open_entry
from design_core.zoo.uploaded import open_file
from tests.browser.test_accessibility import findings
from tests.browser.test_live import answers, expected_answers, side
from tests.waiting import painted
from ui.live.choice import first_live

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pair() -> list[Entry]:
    """The networks that Live begins with: Sign and dithered bits of the picture."""
    return [open_entry(reference) for reference in first_live("cifar10")]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, pair: list[Entry]) -> Path:
    """The file, as the command writes it."""
    path = tmp_path_factory.mktemp("stick") / "live.html"
    names = [f"{entry.card.name}@{entry.seed}" for entry in pair]
    assert main(["export", *names, "--to", "html", "--out", str(path)]) == 0
    return path


class FromFolder:
    """A page that came from a folder, and every request that it made."""

    def __init__(
        self,
        browser: Any,
        path: Path,
        address: str = "",
        *,
        ready: str = ".live[data-ready=true]",
        **options: Any,
    ) -> None:
        size = options.pop("viewport", {"width": 1440, "height": 900})
        self.context = browser.new_context(viewport=size, offline=True, **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.errors.append(message.text) if message.type == "error" else None,
        )
        self.page.goto(f"{path.as_uri()}{address}")
        self.page.wait_for_selector(ready)


@pytest.fixture
def opened(chromium: Any, written: Path) -> Iterator[Any]:
    """Open the file: `opened("#view-walk", viewport={…})`; it may ask for nothing but itself."""
    kept: list[FromFolder] = []

    def open_file(address: str = "", **options: Any) -> Any:
        kept.append(FromFolder(chromium, written, address, **options))
        return kept[-1].page

    yield open_file
    for one in kept:
        own = (written.as_uri(), "data:", "blob:")
        assert all(url.startswith(own) for url in one.requests)
        assert not one.errors
        one.context.close()


def test_the_file_is_small_and_answers_as_the_app(
    opened: Any, written: Path, pair: list[Entry]
) -> None:
    assert written.stat().st_size < LARGEST
    page = opened(reduced_motion="reduce")
    for name in sample_names("cifar10")[:4]:
        for number, entry in enumerate(pair):
            assert answers(page, number) == expected_answers(entry, sample(name))
        page.keyboard.press(".")  # keys work before anything was clicked
        painted(page)
    # What is set stands in the address, and opens again.
    side(page, 1).locator(".preset").select_option("2x2-v2")
    page.wait_for_function("() => location.hash.includes('b0-2x2-v2')")
    changed = answers(page, 1)
    page.reload()
    page.wait_for_selector(".live[data-ready=true]")
    assert answers(page, 1) == changed
    assert page.locator(".live .send").is_hidden()  # there is no other page


def test_networks_of_the_papers_width(
    chromium: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of VGG-small's width 128 fit and answer as the library; for three there are words."""
    names, entries = [], []
    for k, activation in enumerate(("sign", "design:2x2-v2", "uniform:2x2-v2")):
        file = tmp_path / f"wide-{k}.safetensors"
        file.write_bytes(latent_file({"name": "vgg_small", "activation": activation}))
        names.append(str(file))
        entries.append(open_file(file))
    path = tmp_path / "wide.html"
    assert main(["export", *names, "--to", "html", "--out", str(path)]) == 0
    assert "more than the 3 MB" in capsys.readouterr().out
    assert main(["export", *names[:2], "--to", "html", "--out", str(path)]) == 0
    assert "more than" not in capsys.readouterr().out
    assert path.stat().st_size < LARGEST
    opened = FromFolder(chromium, path, reduced_motion="reduce")
    picture = sample(sample_names("cifar10")[0])
    for number, entry in enumerate(entries[:2]):
        assert answers(opened.page, number) == expected_answers(entry, picture)
    assert not opened.errors
    opened.context.close()


def test_the_file_for_everybody(opened: Any, axe: str) -> None:
    page = opened(reduced_motion="reduce", color_scheme="light")
    page.locator("summary", has_text="What is this?").click()
    assert "CIFAR-10, A. Krizhevsky" in page.locator(".words").inner_text()
    found = findings(page, axe)
    page.emulate_media(color_scheme="dark")
    found += findings(page, axe)
    page.set_viewport_size({"width": 390, "height": 844})
    for view in ("walk", "frames"):
        page.locator(f".live [data-view={view}]").click()
        painted(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        found += findings(page, axe)
    assert found == []


def test_the_camera_runs_from_a_folder(opened: Any) -> None:
    page = opened("#source-camera", permissions=["camera"])
    assert "go nowhere" in page.locator(".camera-only").inner_text()
    page.get_by_role("button", name="Start the camera").click()
    page.locator(".live .note", has_text="frames/s").wait_for()


def test_the_button_on_live_saves_what_is_on_screen(
    whole_app: str, chromium: Any, tmp_path: Path
) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.goto(f"{whole_app}/live?networks=digits&view=frame-3_layer-1_b0-3x3-symmetric-v1")
    page.wait_for_selector(".live[data-ready=true]", timeout=60_000)
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name="Take it along").click()
    path = tmp_path / download.value.suggested_filename
    assert path.name == "live.html"
    download.value.save_as(path)
    page.close()
    assert path.stat().st_size < LARGEST
    saved = FromFolder(chromium, path, reduced_motion="reduce")
    # The app's film are test digits, the file's are the samples; all else is as it was.
    assert ", 4 of" in saved.page.locator(".live .note").inner_text()
    assert side(saved.page, 1).locator(".preset").input_value() == "3x3-symmetric-v1"
    name = sample_names("digits")[3]
    entry = open_entry(first_live("digits")[0])
    assert answers(saved.page, 0) == expected_answers(entry, sample(name))
    assert not saved.errors
    saved.context.close()
