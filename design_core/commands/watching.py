"""Progress of a command before a person, and Ctrl-C that keeps what there is so far."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from design_core.progress import Progress, StoppedError, time_left

__all__ = ["EXIT_STOPPED", "watched"]

#: Exit status of a command that was stopped by Ctrl-C, as shells have it.
EXIT_STOPPED = 130

_ON_TERMINAL, _IN_LOG = 0.1, 10.0  # seconds between two messages


@contextmanager
def watched() -> Iterator[Progress]:
    """A progress callback that writes to stderr: one line that changes, or one now and then.

    The first Ctrl-C lets it raise `StoppedError`, again and again; the second ends the program as
    Ctrl-C does.
    """
    watcher = _Watcher()
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, watcher.interrupted) if in_main else None
    try:
        yield watcher
    finally:
        watcher.clear()
        if in_main:
            signal.signal(signal.SIGINT, before)


class _Watcher:
    def __init__(self) -> None:
        self._begun = self._told = time.monotonic()
        self._on_terminal, self._shown, self._stopped = sys.stderr.isatty(), False, False

    def __call__(self, fraction: float | None, message: str) -> None:
        if self._stopped:
            raise StoppedError
        now = time.monotonic()
        if now - self._told < (_ON_TERMINAL if self._on_terminal else _IN_LOG):
            return
        self._told = now
        share = "" if fraction is None else f": {fraction:.0%}"
        self._write(f"{message}{share}{time_left(fraction, now - self._begun)}")

    def interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        self._stopped = True
        self._write("Stopping; Ctrl-C again to end at once")

    def clear(self) -> None:
        """Take the line away that changes."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _write(self, text: str) -> None:
        if self._on_terminal:
            self._shown = True
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)
