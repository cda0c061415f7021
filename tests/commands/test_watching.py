"""Progress of commands on a terminal and in a log, and Ctrl-C."""

from __future__ import annotations

import io
import os
import signal
import sys

import pytest

from design_core.__main__ import main
from design_core.commands import watching
from design_core.commands.watching import EXIT_STOPPED, watched
from design_core.progress import StoppedError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(watching, "_ON_TERMINAL", 0.0)
    with watched() as progress:
        progress(0.5, "Searching")
        progress(None, "Tracing")
    written = sys.stderr.getvalue()
    assert "\rSearching: 50%, about " in written
    assert "\rTracing\x1b[K" in written
    assert written.endswith("\r\x1b[K")
    assert "\n" not in written


def test_a_log_has_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with watched() as progress:
        progress(0.5, "too soon to tell")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(watching, "_IN_LOG", 0.0)
    with watched() as progress:
        progress(0.5, "Searching")
    assert capsys.readouterr().err.startswith("Searching: 50%")


def test_the_first_interrupt_stops_and_the_second_ends(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with watched() as progress:
        progress(0.1, "Searching")
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(2):  # and goes on stopping
            with pytest.raises(StoppedError):
                progress(0.2, "Searching")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err == "Stopping; Ctrl-C again to end at once\n"


class Interrupting(io.StringIO):
    """Ctrl-C as soon as the first message is read."""

    def write(self, text: str) -> int:
        if not self.getvalue():
            super().write(text)
            os.kill(os.getpid(), signal.SIGINT)
            return len(text)
        return super().write(text)


def test_a_search_that_is_interrupted_prints_the_best_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "_IN_LOG", 0.0)
    monkeypatch.setattr(sys, "stderr", Interrupting())
    assert main(["search", "--size", "7", "--top", "1"]) == EXIT_STOPPED
    assert "Stopping; Ctrl-C again to end at once" in sys.stderr.getvalue()
    printed = capsys.readouterr().out
    assert "Stopped before the end: the best so far; no kernel scores more than" in printed


def test_a_stopped_report_has_what_is_finished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "_IN_LOG", 0.0)
    monkeypatch.setattr(sys, "stderr", Interrupting())
    assert main(["search", "--report"]) == EXIT_STOPPED
    printed = capsys.readouterr().out
    assert "| signed | 3×3 | information |" in printed
    assert "5×5" not in printed


def test_a_command_that_keeps_nothing_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("design_core.commands.kernels.run", interrupted)
    assert main(["kernels"]) == EXIT_STOPPED
    assert capsys.readouterr().err == "design kernels: stopped\n"
