"""Times of contenders that take turns, so that whatever else the machine does hits all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

__all__ = ["Contenders", "race", "turns"]

Contenders = Mapping[str, Callable[[], object]]


def race(contenders: Contenders, seconds: float, *, rest: float = 0.0) -> dict[str, float]:
    """Least milliseconds of each contender; see `turns`."""
    return {name: min(ms) for name, ms in turns(contenders, seconds, rest=rest).items()}


def turns(contenders: Contenders, seconds: float, *, rest: float = 0.0) -> dict[str, list[float]]:
    """Milliseconds of each contender's turns; they take turns for so long, five times at least.

    A turn is two runs, of which the second counts: its numbers are in the caches again.

    Parameters
    ----------
    rest
        Seconds of sleep before each turn.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < 5:
        for name, run in contenders.items():
            time.sleep(rest)
            run()
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) * 1e3)
    return times
