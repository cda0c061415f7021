"""A Streamlit server of our own on loopback, started and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ARENAS",
    "ROOT",
    "Server",
    "free_port",
    "is_healthy",
    "memory_megabytes",
    "running",
    "start",
    "wait_until_healthy",
]

ROOT = Path(__file__).resolve().parents[1]

#: Of the environment of a server for many. Each thread that runs a page would else keep memory of
#: its own; once the app runs it is late, for threads of Streamlit have theirs by then.
ARENAS = {"MALLOC_ARENA_MAX": "2"}

_START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """Where a server answers, and its process."""

    address: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_healthy(address: str) -> bool:
    """Whether the server says so on the exact path; any other path answers 200 as well."""
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, OSError):
        return False


def start(
    app: Path,
    port: int,
    *,
    program: Sequence[str] = ("-m", "streamlit"),
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Server:
    """Start an app on a port and return at once; `program` is Streamlit, or a script around it.

    What it has to say is added to a log, or lost.
    """
    command = [sys.executable, *program, "run", str(app)]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with (log or Path(os.devnull)).open("ab") as output:
        process = subprocess.Popen(
            [*command, *options, "--server.headless", "true"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=output,
            stderr=output,
        )
    return Server(f"http://127.0.0.1:{port}", process)


def wait_until_healthy(server: Server) -> None:
    """Return when the server answers; RuntimeError if it does not in a minute."""
    deadline = time.monotonic() + _START_SECONDS
    while not is_healthy(server.address):
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The app did not start.")
        time.sleep(0.1)


@contextmanager
def running(
    app: Path = ROOT / "app.py",
    *,
    program: Sequence[str] = ("-m", "streamlit"),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run an app on a free port of this machine."""
    server = start(app, free_port(), program=program, environment=environment)
    try:
        wait_until_healthy(server)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(20)


def memory_megabytes(process: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
