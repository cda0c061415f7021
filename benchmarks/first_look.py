"""How long a first visitor waits on a server that has just started: pages Live and Train.

    python benchmarks/first_look.py [--json] [--rounds 3]

Each round starts a server. A visitor comes by a link straight to Live: seconds until its still
stands and until the first live frame is drawn. On a second server a visitor comes straight to Train
and presses Start on digits as soon as the button is there: seconds from that press until curves,
maps and weights of both networks are seen for the first time, and until the training has ended. All
in headless Chromium on the machine of the server. Fails if digits show nothing within ten seconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from deploy.server import running  # noqa: E402

FIRST_LOOK_SECONDS = 10
PATIENCE_MS = 180_000


def live(browser: Any, address: str) -> dict[str, float]:
    """Seconds from the link until something stands there, and until it runs."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    start = time.perf_counter()
    page.goto(f"{address}/live")
    page.locator(".ds-live-still img").first.wait_for()
    still = time.perf_counter() - start
    page.wait_for_selector(".live[data-ready=true]")
    ready = time.perf_counter() - start
    page.close()
    return {"live_still_s": still, "live_first_frame_s": ready}


def train(browser: Any, address: str) -> dict[str, float]:
    """Seconds from the press of Start."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}/train")
    page.get_by_role("button", name="Start").wait_for()
    start = time.perf_counter()
    page.get_by_role("button", name="Start").click()
    page.locator(".tr-map").first.wait_for()
    look = time.perf_counter() - start
    page.get_by_role("button", name="New training").wait_for()
    end = time.perf_counter() - start
    page.close()
    return {"train_first_look_s": look, "train_end_s": end}


def main() -> int:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    args = parser.parse_args()
    times: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for _ in range(args.rounds):
            for measure in (live, train):
                with running(ROOT / "app.py") as server:
                    for name, seconds in measure(browser, server.address).items():
                        times.setdefault(name, []).append(seconds)
        browser.close()
    result: dict[str, Any] = {"rounds": args.rounds}
    for name, all_of_them in times.items():
        result[name] = round(statistics.median(all_of_them), 2)
        result[f"{name.removesuffix('_s')}_most_s"] = round(max(all_of_them), 2)
    result |= machine_facts("streamlit", "numpy", "torch", "playwright")
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n".join(f"{name:24} {value}" for name, value in result.items()))
    return int(max(times["train_first_look_s"]) > FIRST_LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
