"""How far a long piece of work is, how long it will take, and how it is stopped early."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Progress", "StoppedError", "no_progress", "part_of", "time_left"]

#: Called now and then with the finished fraction (None where it is not known) and what is being
#: done. Whatever it raises stops the work; work that can keep what it has done says so, and does
#: it for `StoppedError`.
Progress: TypeAlias = Callable[[float | None, str], None]

_SAID_FROM = 0.02  # of the work: before, a guess of the time that is left is worth nothing


class StoppedError(Exception):
    """Raised by a progress callback to end the work with what there is so far."""


def no_progress(_fraction: float | None, _message: str) -> None:
    """For work that nobody watches."""


def part_of(progress: Progress, first: float, last: float) -> Progress:
    """Progress of a part of the work that takes the fraction from `first` to `last`.

    Examples
    --------
    >>> part_of(lambda fraction, message: print(fraction, message), 0.5, 1.0)(0.5, "second half")
    0.75 second half
    """

    def told(fraction: float | None, message: str) -> None:
        progress(None if fraction is None else first + fraction * (last - first), message)

    return told


def time_left(fraction: float | None, seconds: float) -> str:
    """What is left after `seconds`, in words that end a sentence; nothing while it is a guess.

    Examples
    --------
    >>> time_left(0.25, 10)
    ', about 30 s left'
    >>> time_left(0.1, 60)
    ', about 9 min left'
    >>> time_left(None, 10)
    ''
    """
    if fraction is None or not _SAID_FROM <= fraction < 1:
        return ""
    left = seconds * (1 - fraction) / fraction
    return f", about {left:.0f} s left" if left < 100 else f", about {left / 60:.0f} min left"
