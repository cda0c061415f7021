"""Sessions that upload come and go for ten minutes: does the server's memory rise with them?

    python stress/soak.py [--users 2] [--minutes 10] [--report FILE]

Each user opens the app, uploads a picture that nobody has uploaded before, changes a widget twice,
and leaves for good; then the next one comes. The server lets go of sessions that have ended once
a minute, so the least of each minute is what it cannot let go of. The first minutes fill its
caches. Fails if anything goes wrong, or if the line through the minutes after `WARM_MINUTES` rises
by more than `BOUND_MB` in an hour's worth of as many sessions.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from benchmarks.machine import machine_facts  # noqa: E402
from deploy.server import Server, memory_megabytes, running  # noqa: E402
from stress.load import choices  # noqa: E402
from stress.user import LostConnectionError, User  # noqa: E402

__all__ = ["BOUND_MB", "WARM_MINUTES", "Soak", "least_by_minute", "rise_per_hour", "soak"]

WARM_MINUTES = 4
BOUND_MB = 150
_SIDE = 1200  # of an upload, pixels: 4.3 MB as a PNG of noise
_TOUCHED = ("published", "source", "longest")


@dataclass
class Soak:
    """What happened: sessions that have ended, memory (seconds, MB) each second, errors."""

    sessions: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def _picture(number: int) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


async def _visit(address: str, number: int, found: Soak) -> None:
    """One session: open, upload, change twice, leave."""
    draw = Random(number)
    user = User(address)
    try:
        async with user:
            await user.open("explore")
            await user.change("picture_way", "Upload")
            await user.upload("upload", f"{number}.png", await asyncio.to_thread(_picture, number))
            for key in draw.sample(_TOUCHED, 2):
                await asyncio.sleep(draw.uniform(0.5, 1.5))
                await user.change(key, draw.choice(choices(user.widgets[key])))
    except (LostConnectionError, OSError, KeyError) as error:
        found.errors.append(f"session {number}: {type(error).__name__}: {error}")
    found.errors.extend(f"session {number}: {error}" for error in user.errors)
    found.sessions += 1


async def soak(server: Server, users: int, minutes: float) -> Soak:
    """Let sessions follow each other, so many at a time."""
    found = Soak()
    start = time.monotonic()

    async def watch() -> None:
        while True:
            now = time.monotonic() - start
            found.memory.append((now, memory_megabytes(server.process.pid)))
            await asyncio.sleep(1)

    async def follow(first: int) -> None:
        number = first
        while time.monotonic() < start + 60 * minutes:
            await _visit(server.address, number, found)
            number += users

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(follow(first) for first in range(users)))
    watching.cancel()
    return found


def least_by_minute(memory: Sequence[tuple[float, float]]) -> list[float]:
    """The least of each whole minute, MB.

    Examples
    --------
    >>> least_by_minute([(0, 5), (59, 4), (60, 7), (119, 6), (121, 1)])
    [4, 6]
    """
    minutes = int(memory[-1][0] // 60)
    return [
        min(used for at, used in memory if int(at // 60) == minute) for minute in range(minutes)
    ]


def rise_per_hour(least: Sequence[float]) -> float:
    """Slope of the least-squares line through one value a minute, per hour.

    Examples
    --------
    >>> rise_per_hour([10, 11, 12])
    60.0
    """
    return 60 * float(statistics.linear_regression(range(len(least)), least).slope)


def main() -> int:
    """Soak, write the report, and say whether memory stayed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=2, help="at a time")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--report", type=Path, help="where to write the JSON report")
    args = parser.parse_args()
    busy = os.getloadavg()[0]
    with running() as server:
        found = asyncio.run(soak(server, args.users, args.minutes))
    least = least_by_minute(found.memory)
    rise = rise_per_hour(least[WARM_MINUTES:])
    report: dict[str, Any] = {
        **machine_facts("streamlit", "numpy"),
        "load_average_before": round(busy, 2),
        "users": args.users,
        "minutes": args.minutes,
        "sessions": found.sessions,
        "warm_minutes": WARM_MINUTES,
        "least_mb_by_minute": [round(one) for one in least],
        "most_mb": round(max(used for _, used in found.memory)),
        "rise_mb_per_hour": round(rise, 1),
        "bound_mb_per_hour": BOUND_MB,
        "errors": len(found.errors),
        "error_texts": found.errors[:20],
    }
    print(json.dumps(report, indent=1))
    if args.report:
        args.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if not found.errors and rise <= BOUND_MB else 1


if __name__ == "__main__":
    sys.exit(main())
