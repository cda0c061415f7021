"""Whatever file is put into whatever uploader: a sentence, no word of Python, and work goes on."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hostile_checkpoints import latent_file

from tests.hostile import odd_pictures
from tests.waiting import settle, until

pytestmark = pytest.mark.browser

_JOINER = "\u2060"  # of `ui.text`, unseen

#: How Python and its libraries speak.
PYTHON = re.compile(
    r"Traceback|[a-z]Error\b|NoneType|\bNone\b|\bnan\b|Errno|has no attribute|invalid literal|codec"
    r"|subscriptable|unhashable|dtype|<class|0x[0-9a-f]{6}|site-packages|\('"
)
MARKUP = "[data-testid=stApp] :is(img[src=x], [src*=evil], [href*=evil])"


def _archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("![m](http:∕∕evil.example∕z.png)/<b>1.png", odd_pictures()["motion.jpg"])
        archive.writestr("dogs/1.png", b"no picture")
    return stream.getvalue()


def _array() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, np.array([[1, 1], [3, 3]]))
    return stream.getvalue()


def files() -> dict[str, bytes]:
    """Sound and unsound files of all kinds that some uploader takes, by names to beware of."""
    return {
        "photo.jfif": odd_pictures()["motion.jpg"],
        "![m](http:∕∕evil.example∕m.png) <b>x.png": b"\x89PNG\r\n\x1a\nno more",
        "empty.png": b"",
        "kernel.json": b"[[0, 2], [3, 1]]",
        "array.npz": _array(),
        "numbers.json": b"[[NaN, 1], [1e400, 3]]",
        "deep.json": b"[" * 100_000,
        "<∕script><img src=x onerror=alert(1)>.json": b'{"format": "design-session"}',
        "pictures.zip": _archive(),
        "$a$ :red[x] `c`.zip": b"PK\x03\x04 no archive",
        "tiny.safetensors": latent_file({"name": "tiny", "width": 4}),
    }


@dataclass
class Stranger:
    """A visitor who puts files into an uploader, and what went on behind."""

    page: Any
    key: str
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", lambda one: self.arrived.append(one.url))
        self.page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
            self.asked.append(url)

    def lines(self) -> set[str]:
        """What is said on the page; code to take along is none of it."""
        said, *code = (
            {line.strip() for line in text.replace(_JOINER, "").split("\n") if line.strip()}
            for text in (
                self.page.locator("body").inner_text(),
                *self.page.locator("pre").all_inner_texts(),
            )
        )
        return said.difference(*code)

    def answered(self) -> bool:
        """Whether the server has the file, or the uploader has refused its ending."""
        refused = self.page.locator(f".st-key-{self.key}", has_text="not allowed").count()
        return refused > 0 or any("/upload_file/" in url for url in self.arrived)

    def give(self, name: str, data: bytes) -> set[str]:
        """What the page says anew once the file has come."""
        before = self.lines()
        self.arrived.clear()
        self.page.locator(f".st-key-{self.key} input[type=file]").set_input_files(
            {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        )
        until(self.answered, f"{name} to arrive")
        until(lambda: self.lines() != before, f"an answer to {name}")
        settle(self.page)
        settle(self.page)
        return self.lines() - before

    def unharmed(self, name: str, said: set[str]) -> None:
        """Nothing of Python was said, nothing rendered or fetched, and the page stands."""
        assert not [line for line in said if PYTHON.search(line)], name
        assert self.page.locator("[data-testid=stException]").count() == 0, name
        assert self.page.locator(MARKUP).count() == 0, name
        assert self.page.locator("h1.ds-finding").first.inner_text().strip(), name
        assert self.errors == self.asked == [], name


def _press(name: str) -> Callable[[Any], None]:
    return lambda page: page.get_by_text(name, exact=True).first.click()


def _share(page: Any) -> None:
    page.get_by_role("button", name="Share").click()


def _nothing(_page: Any) -> None:
    """The uploader is in view as the page opens."""


#: Path, key of the uploader, and how one comes to it.
UPLOADERS: Mapping[str, tuple[str, str, Callable[[Any], None]]] = {
    "start": ("", "start_upload", _nothing),
    "explore": ("explore?size=32&source=picture", "upload", _press("Upload")),
    "batch": ("batch?size=32&source=picture", "batch_files", _nothing),
    "design": ("design?panel=files-and-code", "kernel_file", _nothing),
    "predict": ("predict", "upload", _press("Upload")),
    "segment": ("segment", "upload", _press("Upload")),
    "own network, Predict": ("predict", "own_files", _press("A network of your own")),
    "own network, Compare": ("compare", "own_files", _nothing),
    "own network, Live": ("live", "own_files", _press("A network of your own")),
    "train": ("train?pictures=your-zip-file", "train_zip", _nothing),
    "session": ("speed", "session_file", _share),
}


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(120_000)
    yield page
    context.close()


@pytest.mark.parametrize("place", UPLOADERS)
def test_every_file_in_every_uploader(page: Any, whole_app: str, place: str) -> None:
    path, key, reach = UPLOADERS[place]
    stranger = Stranger(page, key)
    come(page, f"{whole_app}/{path}", key, reach)
    for name, data in files().items():
        if not page.locator(f".st-key-{key}").count():  # the file was taken, to another page
            come(page, f"{whole_app}/{path}", key, reach)
        stranger.unharmed(name, stranger.give(name, data))


def come(page: Any, address: str, key: str, reach: Callable[[Any], None]) -> None:
    """Open the page, and the uploader in it."""
    page.goto(address)
    page.wait_for_selector("h1.ds-finding")
    settle(page)
    if not page.locator(f".st-key-{key}").is_visible():
        reach(page)
    page.locator(f".st-key-{key} input[type=file]").wait_for(state="attached")
