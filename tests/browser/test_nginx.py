"""The app behind nginx, in a browser: its policy forbids nothing that the pages are made of."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from deploy.serve import cluster
from deploy.server import free_port
from tests.stress.test_servers import behind_nginx

pytestmark = [pytest.mark.browser, behind_nginx]


def test_the_pages_bear_what_nginx_says(chromium: Any, tmp_path: Path) -> None:
    refused: list[str] = []
    with cluster(1, port=free_port(), logs=tmp_path / "logs") as running_:
        with urllib.request.urlopen(running_.address) as answer:
            headers = answer.headers
        assert headers["Server"] == "nginx"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{running_.address}/_stcore/metrics")
        page = chromium.new_context().new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: refused.append(message.text))
        page.on("pageerror", lambda error: refused.append(str(error)))
        page.goto(f"{running_.address}/explore")
        page.wait_for_selector(".viewer[data-ready=true]")
        page.goto(f"{running_.address}/live")
        page.wait_for_selector(".live[data-ready=true]")  # WebAssembly runs
        page.context.close()
        assert "Uvicorn" in (running_.logs / "process0.log").read_text(encoding="utf-8")
    assert [text for text in refused if "Content Security Policy" in text] == []
