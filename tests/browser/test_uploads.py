"""Nothing of an upload reaches the disk, and nothing of it outlives its session."""

from __future__ import annotations

import io
import json
import secrets
import signal
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deploy.server import Server, running
from stress.user import User
from tests.stress.test_servers import finished
from tests.waiting import until
from ui.upload_bounds import MOST_OF_SESSION

SIZE = 10 * 2**20 - 1000

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


def without_uploads(server: Server, path: Path) -> dict[str, list[str]]:
    """What the server holds once it keeps no upload any more, though nobody comes or goes."""

    def gone() -> dict[str, list[str]] | None:
        found = watched(server, path)
        return None if found["files"] or NAME in found["pictures"] else found

    return until(gone, "the uploads to go with their session")


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
        other = visit(chromium, server)
        assert other.get_by_text(NAME).count() == 0
        after = without_uploads(server, tmp_path / "watched.json")
    assert [path for path in after["written"] if not path.endswith(".part")] == []
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["watched.json"]


async def put(user: User, data: bytes) -> None:
    """Send a file to the address for uploads, as no page would."""
    head = b'--edge\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
    await user.fetch(
        f"/_stcore/upload_file/{user.session}/{secrets.token_hex(8)}",
        method="PUT",
        data=head + data + b"\r\n--edge--\r\n",
        headers={
            "Content-Type": "multipart/form-data; boundary=edge",
            "X-Xsrftoken": user.cookies["_streamlit_xsrf"],
        },
    )


async def fill(address: str) -> tuple[int, str]:
    """Fill a session until a file is refused: how many were kept, and what was said."""
    async with User(address) as user:
        await user.open()
        for number in range(100):
            try:
                await put(user, bytes(SIZE))
            except urllib.error.HTTPError as error:
                return number, f"{error.code}: {error.read().decode()}"
    raise AssertionError("A session takes any number of files.")


def test_a_session_is_refused_files_beyond_a_total_which_ends_with_it(tmp_path: Path) -> None:
    environment = {
        "WATCH_FILE": str(tmp_path / "watched.json"),
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1",
    }
    with running(program=PROGRAM, environment=environment) as server:
        kept, said = finished(fill(server.address))
        assert kept == MOST_OF_SESSION // SIZE
        assert said.startswith("413: A session keeps 1,000 files and 256 MB at most.")
        without_uploads(server, tmp_path / "watched.json")
