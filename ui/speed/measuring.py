"""The recorded measurement, and a new one on the machine that serves the page.

A measurement runs in a process of its own, so that nobody else waits for it and it can be stopped;
there is one at a time in the server, and what it finds is for everybody.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, Thread

import streamlit as st

from design_core.engine.cpu import cpu_facts
from design_core.engine.report import Report
from design_core.paths import ROOT

__all__ = ["Measurement", "measurement", "thread_counts"]


@st.cache_resource(show_spinner=False)
def measurement() -> Measurement:
    """The one of this server."""
    return Measurement(_command())


def thread_counts() -> list[int]:
    """Threads to measure with here: one, and two where there are two processors."""
    return [1, 2] if cpu_facts()["cores"] > 1 else [1]


def _command() -> list[str]:
    """Eager PyTorch only: compiling each opponent takes minutes."""
    threads = [part for count in thread_counts() for part in ("--threads", str(count))]
    bench = ["-m", "design_core", "bench", "--eager", "--seconds", "0.3"]
    return [sys.executable, *bench, *threads]


class Measurement:
    """A run of the command ``bench``: started, watched and stopped from any session.

    Parameters
    ----------
    command
        What to run; ``--out FILE`` is added.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self.report: Report | None = None
        self.error = ""
        self.lines: list[str] = []
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None
        self._watcher: Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._process is not None

    @property
    def latest(self) -> str:
        """What was measured last, for people."""
        return self.lines[-1][:36].rstrip() if len(self.lines) > 1 else "getting ready"

    def progress(self, results: int) -> float:
        """Share of so many results that are there, 0 to 1; the first line is a heading."""
        return min(1.0, max(0, len(self.lines) - 1) / results)

    def start(self) -> None:
        """Begin, unless somebody has already."""
        with self._lock:
            if self._process is not None:
                return
            self.error, self.lines = "", []
            folder = tempfile.TemporaryDirectory()
            out = Path(folder.name) / "speed.json"
            process = subprocess.Popen(
                [*self.command, "--out", str(out)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
            )
            self._process = process
            self._watcher = Thread(target=self._watch, args=(process, folder, out), daemon=True)
            self._watcher.start()

    def stop(self) -> None:
        """End it; what was known before stays."""
        with self._lock:
            if self._process is not None:
                self._process.terminate()

    def wait(self) -> None:
        """Until it has ended."""
        if self._watcher is not None:
            self._watcher.join()

    def _watch(
        self,
        process: subprocess.Popen[str],
        folder: tempfile.TemporaryDirectory[str],
        out: Path,
    ) -> None:
        with folder:
            assert process.stdout is not None
            for line in process.stdout:
                self.lines.append(line.rstrip("\n"))
            status = process.wait()
            process.stdout.close()
            if status == 0:
                self.report = Report.from_dict(json.loads(out.read_text(encoding="utf-8")))
            elif status > 0:  # below 0 it was stopped
                self.error = self.lines[-1] if self.lines else "It ended without a word."
        with self._lock:
            self._process = None
