"""Dragging the strength of a kernel: the live viewer against Streamlit's stock widgets.

Both show Sign and DeSign of one 512×512 map side by side in headless Chromium with software
rendering, in the same run. For the viewer, frames are counted while the mouse drags the slider
through its whole way, one step per frame: the time from one painted frame to the next with the
frame rate uncapped, so that a frame's time is what it costs and not the wait for the display.
For the stock widgets (st.slider and st.image, lossless PNG) each step is a run of the script; its
time is from the key press to the new picture.

Run from the repository's root::

    python benchmarks/viewer_drag.py [--side 512] [--output drag.json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
APP = """
import numpy as np
import streamlit as st
from design_core.kernels.kernel import binarize
from design_core.kernels.published import PUBLISHED
from design_core.scores import activation_density, total_variation

side = int(st.query_params["side"])
kernel = PUBLISHED["2x2-v2"]
st.set_page_config(layout="wide")


@st.cache_data
def maps(side):
    noise = np.random.default_rng(0).standard_normal((side + 4, side + 4))
    windows = [noise[a : a + side, b : b + side] for a in range(5) for b in range(5)]
    return (sum(windows) / 5).astype(np.float32)[None]


x = maps(side)
if "stock" in st.query_params:
    strength = st.slider("Strength", -2.0, 2.0, 1.0, 0.01)
    bits = binarize(x, kernel.scaled(strength=strength))[0]
    for column, shown in zip(st.columns(2), (x[0] >= 0, bits)):
        column.image((shown * 255).astype(np.uint8), output_format="PNG", width=side)
        column.write(f"TV {total_variation(shown):.3f}, density {activation_density(shown):.3f}")
else:
    from ui.viewer import viewer

    viewer(x, kernel, names=["noise"], picture_alt="noise", key="viewer", height=side)
"""

# Moves the thumb by one step in each frame and notes when each frame began.
DRAG = """
(frames) => new Promise((resolve) => {
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')];
  const root = hosts.map((host) => host.shadowRoot.querySelector('.viewer')).find(Boolean);
  const slider = root.querySelector('[name=strength]');
  const starts = [];
  function step() {
    starts.push(performance.now());
    if (starts.length > frames) return resolve(starts);
    slider.value = (4 * ((starts.length % 400) / 400) - 2).toFixed(2);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    requestAnimationFrame(step);
  }
  requestAnimationFrame(step);
})
"""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Run the benchmark's app; yields its address."""
    app = folder / "viewer_drag_app.py"
    app.write_text(APP)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={port}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds."""
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return {"median": statistics.median(times), "p95": cuts[-1], "max": max(times)}


def watched(page: Any) -> list[int]:
    """Sizes of all that passes the wire from now on: websocket frames and fetched files."""
    sizes: list[int] = []

    def watch(connection: Any) -> None:
        for direction in ("framesent", "framereceived"):
            connection.on(direction, lambda payload: sizes.append(len(payload)))

    page.on("websocket", watch)
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    return sizes


def measure_viewer(page: Any, address: str, side: int, frames: int) -> dict[str, Any]:
    sent = watched(page)
    page.goto(f"{address}/?side={side}")
    page.wait_for_selector(".viewer[data-ready=true]")
    page.wait_for_timeout(1000)
    page.evaluate(DRAG, 60)  # warm up: the browser compiles the loops
    page.wait_for_timeout(500)
    sent.clear()
    starts = page.evaluate(DRAG, frames)
    intervals = [after - before for before, after in itertools.pairwise(starts)]
    return {
        "frame_ms": summary(intervals),
        "bytes_while_dragging": sum(sent),
        "frames": frames,
    }


def measure_stock(page: Any, address: str, side: int, steps: int) -> dict[str, Any]:
    sent = watched(page)
    page.goto(f"{address}/?side={side}&stock=1")
    pictures = page.locator("[data-testid=stImage] img")
    pictures.nth(1).wait_for()
    page.wait_for_timeout(1000)
    page.get_by_role("slider").focus()
    times = []
    sent.clear()
    for _ in range(steps):
        before = pictures.nth(1).get_attribute("src")
        start = time.perf_counter()
        page.keyboard.press("ArrowLeft")
        page.wait_for_function(
            "(before) => { const img = document.querySelectorAll('[data-testid=stImage] img')[1];"
            " return img && img.getAttribute('src') !== before && img.complete; }",
            arg=before,
            polling="raf",
        )
        times.append(1000 * (time.perf_counter() - start))
    return {
        "frame_ms": summary(times),
        "bytes_while_dragging": sum(sent),
        "frames": steps,
    }


def main() -> None:
    """Measure, print a table, and write JSON if asked to."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description="Strength drag: live viewer against stock widgets."
    )
    parser.add_argument("--side", type=int, default=512, help="side of the map in pixels")
    parser.add_argument("--frames", type=int, default=600, help="frames dragged in the viewer")
    parser.add_argument("--steps", type=int, default=30, help="steps of the stock slider")
    parser.add_argument("--output", type=Path, help="write the numbers as JSON")
    options = parser.parse_args()

    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        arguments = ["--no-sandbox", "--disable-frame-rate-limit", "--disable-gpu-vsync"]
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        window = {"width": 1440, "height": 900}
        results = {
            "viewer": measure_viewer(
                browser.new_page(viewport=window), address, options.side, options.frames
            ),
            "stock": measure_stock(
                browser.new_page(viewport=window), address, options.side, options.steps
            ),
        }
        version = browser.version
        browser.close()

    print(
        f"Strength drag, one {options.side}×{options.side} map, Chromium {version}, "
        f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}), software rendering"
    )
    print(f"{'':22}{'median':>10}{'p95':>10}{'max':>10}{'bytes per step':>18}")
    for name, label in (("viewer", "live viewer"), ("stock", "st.slider + st.image")):
        times = results[name]["frame_ms"]
        each = results[name]["bytes_while_dragging"] / results[name]["frames"]
        print(
            f"{label:22}"
            + "".join(f"{times[k]:>7.1f} ms" for k in ("median", "p95", "max"))
            + f"{each:>18.0f}"
        )
    report = {
        "side": options.side,
        "chromium": version,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "machine": platform.platform(),
        **results,
    }
    print(json.dumps(report))
    if options.output:
        options.output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
