"""Many users at once: latency, errors and memory of a real server over real websockets.

    python stress/load.py [--users 30] [--seconds 120] [--report FILE]

Each user opens a page, thinks for 1 to 4 seconds, changes a widget or the page, waits for the
answer, and so on. In a second part one more user has the server do heavy work all the time: exact
searches over 4×4 kernels, and pictures of the largest size. Fails if anything goes wrong, if the
median interaction takes more than `BOUND_SECONDS` in either part, or if a network is read twice.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402

from benchmarks.machine import machine_facts  # noqa: E402
from deploy.server import Server, memory_megabytes, running  # noqa: E402
from stress.user import LostConnectionError, User, Widget  # noqa: E402

__all__ = ["Record", "browse", "choices", "crowd", "summary"]

BOUND_SECONDS = 1.0
_THINKING = (1.0, 4.0)
_PAGE_CHANGES = 0.12  # share of all interactions
# What fetches from the network, or asks for files.
_NOT_TOUCHED = ("picture_way", "data_set")


@dataclass
class Record:
    """What happened to all users: seconds by interaction, and every error."""

    opened: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)
    heavy: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    received_bytes: int = 0


def choices(widget: Widget) -> Sequence[Any]:
    """The values that a user may give a widget; none for one that is left alone."""
    proto = widget.proto
    if getattr(proto, "disabled", False) or getattr(proto, "form_id", ""):
        return ()
    if widget.kind == "selectbox" or (widget.kind == "slider" and proto.options):
        return tuple(proto.options)
    if widget.kind == "button_group":
        return tuple(option.content for option in proto.options)
    if widget.kind == "number_input":
        low = proto.min if proto.has_min else 0
        high = proto.max if proto.has_max else 100
        return tuple(low + step for step in range(int(min(high - low, 3)) + 1))
    if widget.kind == "checkbox":
        return (not proto.default,)
    return ()


async def browse(
    user: User, record: Record, draw: Random, until: float, *, touch: Callable[[], None] = int
) -> None:
    """Open a random page and go on as a user does until a moment of `time.monotonic`."""
    record.opened.append(await user.open())
    pages = list(user.pages)
    record.opened.append(await user.open(draw.choice(pages)))
    while True:
        await asyncio.sleep(draw.uniform(*_THINKING))
        if time.monotonic() > until:
            return
        offered = {
            key: values
            for key, widget in user.widgets.items()
            if key not in _NOT_TOUCHED and len(values := choices(widget)) > 0
        }
        if not offered or draw.random() < _PAGE_CHANGES:
            record.changed.append(await user.open(draw.choice(pages)))
        else:
            key = draw.choice(list(offered))
            record.changed.append(await user.change(key, draw.choice(offered[key])))
        for path in user.media:
            await user.fetch(path)
        touch()


async def work_hard(user: User, record: Record, _: Random, until: float) -> None:
    """Search 4×4 kernels and upload pictures of 40 million pixels, one after the other."""
    buffer = io.BytesIO()
    Image.effect_noise((6300, 6300), 20).convert("1").save(buffer, "PNG")
    large = buffer.getvalue()
    await user.open()
    while time.monotonic() < until:
        await user.open("design")
        for key in ("find_rows", "find_columns"):
            await user.change(key, 4)
        record.heavy.append(await user.press("FormSubmitter:find-Find the best"))
        await user.open("explore")
        await user.change("picture_way", "Upload")
        record.heavy.append(await user.upload("upload", "large.png", large))
        large += b"\0"  # another file, so that nothing is answered from a cache


Behaviour = Callable[[User, Record, Random, float], Awaitable[None]]


async def _one(
    address: str, record: Record, number: int, until: float, behaviour: Behaviour
) -> None:
    draw = Random(number)
    await asyncio.sleep(draw.uniform(0, _THINKING[1]))
    user = User(address)
    try:
        async with user:
            await behaviour(user, record, draw, until)
    except (LostConnectionError, OSError, KeyError) as error:
        record.errors.append(f"user {number}: {type(error).__name__}: {error}")
    record.errors.extend(f"user {number}: {error}" for error in user.errors)
    record.received_bytes += user.received_bytes


async def crowd(
    server: Server, users: int, seconds: float, *, heavy: bool = False, seed: int = 0
) -> tuple[Record, list[float]]:
    """Let so many users browse; what happened, and the server's memory in MB each second."""
    record, memory = Record(), []
    until = time.monotonic() + seconds

    async def watch() -> None:
        while True:
            memory.append(memory_megabytes(server.process.pid))
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    parts = [
        _one(server.address, record, 1000 * seed + number, until, browse) for number in range(users)
    ]
    if heavy:
        parts.append(_one(server.address, record, 1000 * seed + users, until, work_hard))
    await asyncio.gather(*parts)
    watching.cancel()
    return record, memory


def summary(record: Record, memory: Sequence[float], users: int, seconds: float) -> dict[str, Any]:
    """The figures of a part of the run."""

    def spread(times: Sequence[float]) -> dict[str, float | int]:
        if len(times) < 2:
            return {"count": len(times)}
        return {
            "count": len(times),
            "median_s": round(statistics.median(times), 3),
            "p95_s": round(statistics.quantiles(times, n=20)[-1], 3),
            "max_s": round(max(times), 3),
        }

    return {
        "users": users,
        "seconds": seconds,
        "interactions": spread(record.changed),
        "first_pages": spread(record.opened),
        "heavy_work": spread(record.heavy),
        "received_mb": round(record.received_bytes / 1e6),
        "memory_mb": {
            "first": round(memory[0]),
            "most": round(max(memory)),
            "last": round(memory[-1]),
        },
        "errors": len(record.errors),
        "error_texts": record.errors[:20],
    }


def main() -> int:
    """Run both parts, write the report, and say whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--report", type=Path, help="where to write the JSON report")
    args = parser.parse_args()
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        opened = Path(folder, "opened.txt")
        counted = (str(ROOT / "stress" / "counting.py"),)
        with running(program=counted, environment={"OPENED_LIST": str(opened)}) as server:
            plain = summary(
                *asyncio.run(crowd(server, args.users, args.seconds)), args.users, args.seconds
            )
            print(json.dumps(plain, indent=1), flush=True)
            half = args.seconds / 2
            beside = summary(
                *asyncio.run(crowd(server, args.users - 1, half, heavy=True, seed=1)),
                args.users - 1,
                half,
            )
            print(json.dumps(beside, indent=1), flush=True)
        reads = Counter(opened.read_text().splitlines()) if opened.exists() else Counter()
    report = {
        **machine_facts("streamlit", "numpy", "torch"),
        "load_average_before": round(busy, 2),
        "bound_s": BOUND_SECONDS,
        "users": plain,
        "beside_heavy_work": beside,
        "networks_read": len(reads),
        "most_reads_of_a_network": max(reads.values(), default=0),
    }
    if args.report:
        args.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    good = all(
        part["errors"] == 0 and part["interactions"]["median_s"] <= BOUND_SECONDS
        for part in (plain, beside)
    )
    return 0 if good and report["most_reads_of_a_network"] <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
