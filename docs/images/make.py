"""The pictures of the documentation, of the app as it is: run this after its pages have changed.

    python docs/images/make.py [--out docs/images]

The README's moving picture is the viewer itself, its strength drawn from Sign to DeSign and back:
screenshots, cropped and put together as an APNG of one palette. Nothing is resampled, and the
palette holds both tones of the bits, so that every bit in it is the bit on the screen. The pages
are screenshots as they open.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright  # noqa: E402

from deploy.server import running  # noqa: E402
from tests.waiting import painted, settle  # noqa: E402

LINK = "explore?picture=camera&source=picture"
WINDOW: ViewportSize = {"width": 1100, "height": 1100}
DESK: ViewportSize = {"width": 1440, "height": 900}
PAGES = ("explore", "design")  # that are shown whole
STEPS = [k / 8 for k in range(9)]  # strengths, from Sign (0) to DeSign (1)
HELD, SHOWN = 1200, 130  # milliseconds of the first and the last frame, and of those between
BITS = [(0x14, 0x16, 0x1A), (0xF7, 0xF5, 0xF0)]
_DRAW = (
    "(slider, value) => { slider.value = value;"
    " slider.dispatchEvent(new Event('input', {bubbles: true})); }"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def opened(browser: Browser, address: str, window: ViewportSize) -> Page:
    """A page of the app whose script has run, with its viewer and its letters."""
    page = browser.new_page(viewport=window, reduced_motion="reduce", color_scheme="light")
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector(".viewer[data-ready=true]")
    settle(page)
    return page


def screenshots(browser: Browser, address: str) -> Iterator[NDArray[np.uint8]]:
    """The viewer at each strength: pixels (H, W, 3)."""
    page = opened(browser, f"{address}/{LINK}", WINDOW)
    for strength in STEPS:
        yield _screenshot(page, strength)


def _screenshot(page: Page, strength: float) -> NDArray[np.uint8]:
    page.locator(".viewer input[name=strength]").evaluate(_DRAW, str(strength))
    painted(page)
    box = page.locator(".viewer").bounding_box()
    top = page.locator(".viewer .stage").bounding_box()
    bottom = page.locator(".viewer input[name=offset]").bounding_box()
    assert box
    assert top
    assert bottom
    clip = {
        "x": int(box["x"]) - 10,
        "y": int(top["y"]) - 5,
        "width": int(box["width"]) + 20,
        "height": int(bottom["y"] - top["y"]) - 10,
    }
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))


def with_palette(frames: list[NDArray[np.uint8]]) -> list[Image.Image]:
    """The same frames in at most 256 colours: the bits' own and the most frequent others.

    A colour that is left out, of the edge of a letter, becomes the nearest one of the palette.
    """
    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames])
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    frequent = colours[np.argsort(-counts, kind="stable")]
    own = np.array(BITS)
    rest = frequent[(frequent[:, None] != own).any(-1).all(1)][: 256 - len(own)]
    palette = np.concatenate([own, rest]).astype(np.int64)
    index = {tuple(c): int(((palette - c) ** 2).sum(1).argmin()) for c in colours.astype(int)}
    pictures = []
    for frame in frames:
        flat = [index[tuple(pixel)] for pixel in frame.reshape(-1, 3).tolist()]
        picture = Image.fromarray(np.array(flat, np.uint8).reshape(frame.shape[:2]), "P")
        picture.putpalette(palette.astype(np.uint8).tobytes())
        pictures.append(picture)
    return pictures


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    with running(ROOT / "app.py") as app, chromium() as browser:
        for name in PAGES:
            page = opened(browser, f"{app.address}/{name}", DESK)
            page.screenshot(path=args.out / f"{name}.png", caret="hide")
        pictures = with_palette(list(screenshots(browser, app.address)))
    there_and_back = [*pictures, *pictures[-2:0:-1]]
    times = [HELD if k in (0, len(pictures) - 1) else SHOWN for k in range(len(there_and_back))]
    first, *others = there_and_back
    out = args.out / "viewer.png"
    first.save(out, save_all=True, append_images=others, duration=times, loop=0, optimize=True)
    print(f"{out}: {out.stat().st_size:,} bytes, {first.width}×{first.height}")


if __name__ == "__main__":
    main()
