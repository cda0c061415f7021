"""Nothing of an upload reaches the disk, and nothing of it outlives its session."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deploy.server import Server, running
from tests.waiting import until

pytestmark = pytest.mark.browser

NAME = "mine.png"
PROGRAM = (str(Path(__file__).with_name("watched.py")),)


def watched(server: Server, path: Path) -> dict[str, list[str]]:
    """What the server holds of uploads now, and the files that it has opened for writing."""
    path.unlink(missing_ok=True)
    server.process.send_signal(signal.SIGUSR1)
    until(path.exists, "the server to tell what it holds")
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def visit(chromium: Any, server: Server) -> Any:
    page = chromium.new_context().new_page()
    page.set_default_timeout(60_000)
    page.goto(server.address)
    page.wait_for_selector("h1.ds-finding")
    return page


def test_an_upload_stays_in_memory_and_goes_with_its_session(chromium: Any, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1000, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")  # of 3.6 MB
    environment = {
        "WATCH_FILE": str(tmp_path / "watched.json"),
        "TMPDIR": str(tmp_path),
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1",
    }
    with running(program=PROGRAM, environment=environment) as server:
        page = visit(chromium, server)
        page.get_by_text("Upload", exact=True).click()
        page.locator("input[type=file]").set_input_files(
            {"name": NAME, "mimeType": "image/png", "buffer": buffer.getvalue()}
        )
        page.get_by_text(NAME + " · ").first.wait_for()
        during = watched(server, tmp_path / "watched.json")
        assert NAME in during["files"]
        assert NAME in during["pictures"]
        page.context.close()

        def gone() -> dict[str, list[str]] | None:
            # Streamlit looks for sessions that have ended when others come and go.
            other = visit(chromium, server)
            assert other.get_by_text(NAME).count() == 0
            other.context.close()
            held = watched(server, tmp_path / "watched.json")
            return None if NAME in held["files"] + held["pictures"] else held

        after = until(gone, "the upload to go with its session")
    assert [path for path in after["written"] if not path.endswith(".part")] == []
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["watched.json"]
