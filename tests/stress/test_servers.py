"""Short runs of the simulated users against real servers, alone and behind nginx."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from deploy.serve import Cluster, cluster, configuration
from deploy.server import free_port, running
from stress.load import crowd, summary
from stress.replicas import is_good, killed_under_load, verdict
from stress.user import User

servers = pytest.mark.browser  # like the browser's, these tests run servers

behind_nginx = pytest.mark.skipif(
    shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed."
)

T = TypeVar("T")


def finished(work: Coroutine[Any, Any, T]) -> T:
    """What it returns, from a thread of its own: the browser's event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@servers
def test_users_browse_without_an_error() -> None:
    with running() as server:
        record, memory = finished(crowd(server, 3, 15))
    found = summary(record, memory, 3, 15)
    assert found["errors"] == 0, found["error_texts"]
    assert found["interactions"]["count"] > 3
    assert len(record.opened) == 6


@servers
def test_a_user_sees_what_the_page_shows() -> None:
    async def visit(address: str) -> None:
        async with User(address) as user:
            await user.open("explore")
            assert "" in user.pages
            assert "design" in user.pages
            chosen = user.widgets["published"].proto.options[0]
            await user.change("published", chosen)
            assert user.widgets["published"].proto.raw_value in ("", chosen)
            await user.open("design")
            assert "find_rows" in user.widgets
            await user.open("no-such-page")
            assert len(user.errors) == 1
            assert user.errors[0].startswith("There is no page")

    with running() as server:
        finished(visit(server.address))


@servers
@behind_nginx
def test_only_users_of_a_killed_process_notice() -> None:
    with cluster(2, port=free_port()) as running_:
        visits = finished(killed_under_load(running_, 6, 18))
    found = verdict(visits, visits[0].processes[0])
    assert is_good(found), found


def test_long_logs_are_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "process0.log"
    log.write_bytes(b"x" * 6 * 2**20)
    with log.open("ab") as writer:
        cluster_ = Cluster("", [], None, {}, tmp_path)  # type: ignore[arg-type]
        cluster_.bound_logs()
        writer.write(b"later")
    assert log.read_bytes() == b"later"
    assert (tmp_path / "process0.log.1").stat().st_size == 6 * 2**20


def test_the_configuration_names_every_process_once_in_front(tmp_path: Path) -> None:
    text = configuration("127.0.0.1:8080", [7001, 7002, 7003], tmp_path, tmp_path)
    assert "listen 127.0.0.1:8080;" in text
    for place, port in enumerate((7001, 7002, 7003)):
        own = text.split(f"upstream process{place} {{")[1].split("}")[0]
        assert own.count(f"127.0.0.1:{port} max_fails") == 1
        assert own.count("backup;") == 2
        assert f'"~:{port}$" "design_process={place};' in text
    assert "$$" not in text
