"""A training that is stopped, killed, or whose window is closed leaves nothing on the disk.

Watched are the temporary folder, the working tree, and each file that the server opens to write.
On the same server: pictures of a data set that is unpacked on this machine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deploy.server import ROOT, Server, running
from tests.browser.test_train import TIMEOUT, zip_of_two_classes
from tests.browser.test_uploads import PROGRAM, watched
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc"),
]

_CACHES = ("__pycache__", "_cache")


@dataclass(frozen=True)
class Watched:
    server: Server
    file: Path
    temporary: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server with a temporary folder and a data set of its own."""
    root = tmp_path_factory.mktemp("left")
    temporary, data = root / "tmp", root / "data"
    temporary.mkdir()
    generator = np.random.default_rng(3)
    for split, count in (("train", 12), ("test", 6)):
        for label, low in (("lamps", 150), ("shadows", 0)):
            folder = data / "rooms" / split / label
            folder.mkdir(parents=True)
            for k in range(count):
                pixels = generator.integers(low, low + 100, (36, 36, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{k}.png")
    environment = {
        "WATCH_FILE": str(root / "watched.json"),
        "TMPDIR": str(temporary),
        "DESIGN_DATA": str(data),
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1",
    }
    with running(program=PROGRAM, environment=environment) as server:
        yield Watched(server, root / "watched.json", temporary)


def tree() -> set[str]:
    """Files of the working tree that git does not have, or has otherwise."""
    told = subprocess.run(
        ["git", "status", "--porcelain", "--ignored", "--untracked-files=all"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return {line for line in told if not any(cache in line for cache in _CACHES)}


def computing(server: Server) -> int | None:
    """The process that trains: of those of jobs, the one that uses the processor."""

    def used() -> dict[int, int]:
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                words = (folder / "cmdline").read_bytes()
                rest = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(rest[1]) == server.process.pid and b"design_core.jobs.process" in words:
                found[int(folder.name)] = int(rest[11])
        return found

    before = used()
    time.sleep(0.5)
    return next((pid for pid, ticks in used().items() if ticks > before.get(pid, ticks)), None)


def begun(chromium: Any, server: Server, query: str = "") -> tuple[Any, int]:
    """A visitor whose training is under way, and the process that computes it."""
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{server.address}/train?{query}")
    if "zip" in query:
        page.locator(".st-key-train_zip input[type=file]").set_input_files(
            {"name": "weather.zip", "mimeType": "application/zip", "buffer": zip_of_two_classes()}
        )
        page.get_by_text("night sky", exact=True).wait_for()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Right on the test pictures").wait_for()
    return page, until(lambda: computing(server), "a process that trains") or 0


def gone(pid: int) -> None:
    until(lambda: not Path(f"/proc/{pid}").exists(), f"process {pid} to end", seconds=120)


def assert_nothing_left(place: Watched, before: set[str]) -> None:
    assert list(place.temporary.rglob("*")) == []
    assert tree() == before
    written = watched(place.server, place.file)["written"]
    kept = [path for path in written if Path(path) != place.file.with_suffix(".json.part")]
    assert [path for path in kept if not path.startswith(("/dev/", "/proc/"))] == []


def test_stopped_killed_or_left(chromium: Any, place: Watched) -> None:
    watched(place.server, place.file)  # what was written at the start is not ours
    before = tree()
    long = "pictures=your-zip-file&length=Long"
    page, pid = begun(chromium, place.server, long)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="New training").wait_for()
    page.get_by_text("It ended after").first.wait_for()
    gone(pid)
    page.context.close()

    page, pid = begun(chromium, place.server, long)
    os.kill(pid, signal.SIGKILL)
    page.get_by_text("was ended from outside (signal 9)").first.wait_for()
    page.context.close()

    page, pid = begun(chromium, place.server, long)
    page.context.close()  # the window
    gone(pid)
    assert_nothing_left(place, before)


def test_a_data_set_of_this_machine(chromium: Any, place: Watched) -> None:
    page, pid = begun(chromium, place.server, "pictures=a-data-set")
    page.get_by_text("24 of its pictures, spread evenly").wait_for()
    assert page.locator(".st-key-train_set").get_by_role("combobox").input_value() == "rooms"
    page.get_by_role("button", name="New training").wait_for()
    assert "of 12 test pictures right" in page.locator("h1.ds-finding").inner_text()
    page.get_by_text("Train them again").click()
    page.get_by_text("--data folder:rooms").first.wait_for()
    page.get_by_role("link", name="Predict").first.click()
    page.get_by_role("radio", name="rooms").click()
    page.locator(".ds-answer li", has_text="lamps").first.wait_for()
    page.context.close()
    gone(pid)
