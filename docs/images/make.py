"""The README's moving picture: the viewer itself, its strength drawn from Sign to DeSign and back.

    python docs/images/make.py [--out docs/images/viewer.png]

Screenshots, cropped and put together as an APNG of one palette. Nothing is resampled, and the
palette holds both tones of the bits, so that every bit in it is the bit on the screen.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from deploy.server import running  # noqa: E402

LINK = "?picture=camera&source=picture"
WINDOW = {"width": 1100, "height": 800}
STEPS = [k / 8 for k in range(9)]  # strengths, from Sign (0) to DeSign (1)
HELD, SHOWN = 1200, 130  # milliseconds of the first and the last frame, and of those between
BITS = [(0x14, 0x16, 0x1A), (0xF7, 0xF5, 0xF0)]
_DRAW = (
    "(slider, value) => { slider.value = value;"
    " slider.dispatchEvent(new Event('input', {bubbles: true})); }"
)


def screenshots(address: str) -> Iterator[NDArray[np.uint8]]:
    """The viewer at each strength: pixels (H, W, 3)."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=WINDOW, reduced_motion="reduce")
        page.goto(f"{address}/{LINK}")
        page.wait_for_selector(".viewer[data-ready=true]", timeout=120_000)
        page.wait_for_function("document.fonts.status === 'loaded'")
        for strength in STEPS:
            yield _screenshot(page, strength)
        browser.close()


def _screenshot(page: Page, strength: float) -> NDArray[np.uint8]:
    page.locator(".viewer input[name=strength]").evaluate(_DRAW, str(strength))
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
    box = page.locator(".viewer").bounding_box()
    bottom = page.locator(".viewer input[name=offset]").bounding_box()
    assert box
    assert bottom
    clip = {
        "x": int(box["x"]) - 10,
        "y": int(box["y"]) + 36,
        "width": int(box["width"]) + 20,
        "height": int(bottom["y"] - box["y"]) - 52,
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
    """Make the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("viewer.png"))
    args = parser.parse_args()
    with running(ROOT / "app.py") as app:
        pictures = with_palette(list(screenshots(app.address)))
    there_and_back = [*pictures, *pictures[-2:0:-1]]
    times = [HELD if k in (0, len(pictures) - 1) else SHOWN for k in range(len(there_and_back))]
    first, *others = there_and_back
    first.save(args.out, save_all=True, append_images=others, duration=times, loop=0, optimize=True)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes, {first.width}×{first.height}")


if __name__ == "__main__":
    main()
