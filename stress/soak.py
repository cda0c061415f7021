"""Sessions that upload come and go: does the server's memory rise with them?

    python stress/soak.py [--users 2] [--minutes 20] [--own-arenas] [--report FILE]

In each round some users, one after the other, open the app, upload a picture that nobody has
uploaded before, change a widget twice, open another page, and leave for good. When all of them are
gone, the server is told to tidy up, which it else does once a minute, and its memory is read: what
it then holds is what it cannot let go of: what malloc has given out and not got back (arrays and
files), and the number of Python's small objects. Resident memory is told too; pages that are free
within what malloc and Python have taken from the system, and code that is touched for the first
time, count there. The first rounds fill the server's caches. The slope over the rounds after them
is Theil and Sen's, the median of the slopes between all pairs, so that a round
in which other work got in the way does not decide it. Fails if anything goes wrong, if an upload
outlives its session, or if what is held rises by more than `BOUND_MB` an hour.

The server has malloc's arenas as `deploy/serve.py` sets them, or with --own-arenas malloc's own
number: then threads that Streamlit starts before the app runs have one each, and the free end of
an arena, as large as it ever was needed, is never given back.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import signal
import sys
import tempfile
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
from scipy.stats import theilslopes  # noqa: E402

from benchmarks.machine import machine_facts  # noqa: E402
from deploy.server import ARENAS, Server, running  # noqa: E402
from stress.load import choices  # noqa: E402
from stress.user import LostConnectionError, User  # noqa: E402

__all__ = ["BOUND_MB", "WARM_ROUNDS", "Rest", "Slope", "Soak", "slope_per_hour", "soak", "summary"]

WARM_ROUNDS = 8
BOUND_MB = 20  # an hour
_SESSIONS = 3  # of each user in a round
_SIDE = 1200  # of an upload, pixels: 4.3 MB as a PNG of noise
_TOUCHED = ("published", "source", "longest")
_PAGES = ("design", "batch", "predict")
_PATIENCE = 180  # seconds for sessions to end


@dataclass(frozen=True)
class Rest:
    """The server with nobody there.

    Parameters
    ----------
    seconds, sessions
        Since the start.
    mb
        Resident memory.
    held_mb
        What of it malloc has given out, and not got back.
    blocks
        Of Python's own small objects.
    uploads, pictures
        That are still there; pictures are the embedded samples.
    """

    seconds: float
    sessions: int
    mb: float
    held_mb: float
    blocks: int
    uploads: int
    pictures: int


@dataclass(frozen=True)
class Slope:
    """MB an hour: the median of all pairs, and between what it lies with 95 % confidence."""

    mb: float
    low: float
    high: float


@dataclass
class Soak:
    """What happened: how many sessions have ended, the rests between the rounds, errors."""

    sessions: int = 0
    rests: list[Rest] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def _picture(number: int) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


async def _visit(address: str, number: int, found: Soak) -> None:
    """One session: open, upload, change twice, look at another page, leave."""
    draw = Random(number)
    user = User(address)
    try:
        async with user:
            await user.open("explore")
            await user.change("picture_way", "Upload")
            await user.upload("upload", f"{number}.png", await asyncio.to_thread(_picture, number))
            for key in draw.sample(_TOUCHED, 2):
                await asyncio.sleep(draw.uniform(0.2, 0.8))
                await user.change(key, draw.choice(choices(user.widgets[key])))
            await user.open(draw.choice(_PAGES))
    except (LostConnectionError, OSError, KeyError) as error:
        found.errors.append(f"session {number}: {type(error).__name__}: {error}")
    found.errors.extend(f"session {number}: {error}" for error in user.errors)
    found.sessions += 1


async def _rest(server: Server, told: Path) -> dict[str, Any]:
    """What the server holds when it has tidied up, at the latest when its patience has ended."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        told.unlink(missing_ok=True)
        server.process.send_signal(signal.SIGUSR1)
        while not told.exists():
            if time.monotonic() > deadline:
                raise RuntimeError("The server does not say what it holds.")
            await asyncio.sleep(0.1)
        found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        if not found["uploads"] or time.monotonic() > deadline:
            return found
        await asyncio.sleep(1)


async def soak(server: Server, told: Path, users: int, minutes: float) -> Soak:
    """Let rounds of sessions follow each other; `told` is the server's ``$TIDIED_FILE``."""
    found = Soak()
    start = time.monotonic()

    async def follow(first: int) -> None:
        for number in range(first, first + _SESSIONS):
            await _visit(server.address, number, found)

    while time.monotonic() < start + 60 * minutes or len(found.rests) < WARM_ROUNDS + 3:
        at = found.sessions
        await asyncio.gather(*(follow(at + _SESSIONS * user) for user in range(users)))
        left = await _rest(server, told)
        found.rests.append(Rest(time.monotonic() - start, found.sessions, **left))
        print(json.dumps(found.rests[-1].__dict__), flush=True)
    return found


def slope_per_hour(seconds: Sequence[float], mb: Sequence[float]) -> Slope:
    """How memory rises.

    Examples
    --------
    >>> slope_per_hour([0, 60, 120, 180], [100, 101, 102, 103]).mb
    60.0
    """
    slope, _, low, high = theilslopes(mb, [one / 3600 for one in seconds])
    return Slope(*(round(float(one), 1) for one in (slope, low, high)))


def summary(found: Soak) -> dict[str, Any]:
    """What a soak came to."""
    warm = found.rests[WARM_ROUNDS:]
    seconds = [one.seconds for one in warm]
    held = slope_per_hour(seconds, [one.held_mb for one in warm])
    resident = slope_per_hour(seconds, [one.mb for one in warm])
    return {
        "sessions": found.sessions,
        "warm_rounds": WARM_ROUNDS,
        "seconds_after_round": [round(one.seconds) for one in found.rests],
        "held_mb_after_round": [round(one.held_mb) for one in found.rests],
        "blocks_after_round": [one.blocks for one in found.rests],
        "mb_after_round": [round(one.mb) for one in found.rests],
        "uploads_left": max(one.uploads for one in found.rests),
        "pictures_left": max(one.pictures for one in warm),
        "held_rise_mb_per_hour": held.mb,
        "held_rise_95": [held.low, held.high],
        "resident_rise_mb_per_hour": resident.mb,
        "resident_rise_95": [resident.low, resident.high],
        "bound_mb_per_hour": BOUND_MB,
        "errors": len(found.errors),
        "error_texts": found.errors[:20],
    }


def main() -> int:
    """Soak, write the report, and say whether memory stayed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=2, help="at a time")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--own-arenas", action="store_true", help="as many as malloc likes")
    parser.add_argument("--report", type=Path, help="where to write the JSON report")
    args = parser.parse_args()
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "tidied.json")
        environment = {
            **({} if args.own_arenas else ARENAS),
            "TIDIED_FILE": str(told),
            "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1",
        }
        program = (str(Path(__file__).with_name("tidied.py")),)
        with running(program=program, environment=environment) as server:
            found = asyncio.run(soak(server, told, args.users, args.minutes))
    report = {
        **machine_facts("streamlit", "numpy"),
        "load_average_before": round(busy, 2),
        "own_arenas": args.own_arenas,
        "users": args.users,
        "minutes": args.minutes,
        **summary(found),
    }
    print(json.dumps(report, indent=1))
    if args.report:
        args.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    stayed = report["held_rise_mb_per_hour"] <= BOUND_MB and not report["uploads_left"]
    return 0 if stayed and not found.errors else 1


if __name__ == "__main__":
    sys.exit(main())
