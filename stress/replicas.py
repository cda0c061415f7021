"""Several processes behind nginx, one of them killed under load: who notices?

    python stress/replicas.py [--processes 3] [--users 12] [--seconds 40] [--report FILE]

Users browse through nginx. After a third of the time one process is killed with SIGKILL. Users of
other processes must see nothing of it; its own lose their connection once, connect again as the
browser does, and go on in a living process, which takes them in as new. Later the process is
started again; nobody must be thrown out of where they are by that. Fails otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from deploy.serve import Cluster, cluster  # noqa: E402
from deploy.server import free_port  # noqa: E402
from stress.load import Record, browse  # noqa: E402
from stress.user import LostConnectionError, User  # noqa: E402

__all__ = ["Visit", "killed_under_load", "verdict"]

_COOKIE = "design_process"
_TRIES = 20  # to connect again
_PAUSE = 0.5  # seconds between them


@dataclass
class Visit:
    """What one user went through: processes in order, losses of the connection, errors."""

    processes: list[int] = field(default_factory=list)
    losses: int = 0
    seconds_away: float = 0.0
    record: Record = field(default_factory=Record)


async def _visit(address: str, number: int, until: float, visit: Visit) -> None:
    """Browse until a moment; connect again whenever the connection is lost."""
    draw = Random(number)
    user = User(address)
    lost = 0.0
    while time.monotonic() < until:
        try:
            await _connected(user)
            visit.processes.append(int(user.cookies[_COOKIE]))
            if lost:
                await user.open()
                visit.seconds_away += time.monotonic() - lost
            await browse(user, visit.record, draw, until)
        except (LostConnectionError, OSError) as error:
            visit.losses += 1
            lost = time.monotonic()
            if visit.losses > 1:
                visit.record.errors.append(f"user {number}: {error}")
    await user.close()
    visit.record.errors.extend(f"user {number}: {error}" for error in user.errors)


async def _connected(user: User) -> None:
    for attempt in range(_TRIES):
        try:
            await user.connect()
            return
        except (OSError, LostConnectionError):
            if attempt == _TRIES - 1:
                raise
            await asyncio.sleep(_PAUSE)


async def killed_under_load(running: Cluster, users: int, seconds: float) -> list[Visit]:
    """Let users browse; kill the process of the first one, and later start it again."""
    visits = [Visit() for _ in range(users)]
    until = time.monotonic() + seconds
    browsing = [
        asyncio.create_task(_visit(running.address, number, until, visit))
        for number, visit in enumerate(visits)
    ]
    await asyncio.sleep(seconds / 3)
    running.servers[visits[0].processes[0]].process.kill()
    await asyncio.sleep(seconds / 3)
    running.revive()
    await asyncio.gather(*browsing)
    return visits


def verdict(visits: Sequence[Visit], killed: int) -> dict[str, Any]:
    """Who was where, who lost the connection, and how long those were away."""
    own = [visit for visit in visits if visit.processes[0] == killed]
    others = [visit for visit in visits if visit.processes[0] != killed]
    errors = [error for visit in visits for error in visit.record.errors]
    return {
        "users": len(visits),
        "users_of_the_killed_process": len(own),
        "of_them_connected_again": sum(
            visit.losses == 1 and len(visit.processes) == 2 and visit.processes[1] != killed
            for visit in own
        ),
        "longest_absence_s": round(max((visit.seconds_away for visit in own), default=0.0), 2),
        "others": len(others),
        "others_who_noticed": sum(visit.losses > 0 for visit in others),
        "interactions": sum(len(visit.record.changed) for visit in visits),
        "errors": len(errors),
        "error_texts": errors[:20],
    }


def is_good(found: dict[str, Any]) -> bool:
    """Whether all is as the module says."""
    return (
        0 < found["users_of_the_killed_process"] == found["of_them_connected_again"]
        and found["others"] > 0
        and found["others_who_noticed"] == 0
        and found["errors"] == 0
    )


def main() -> int:
    """Start the cluster, kill, write the report, and say whether only its own users noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--report", type=Path, help="where to write the JSON report")
    args = parser.parse_args()
    with cluster(args.processes, port=free_port()) as running:
        visits = asyncio.run(killed_under_load(running, args.users, args.seconds))
    found = verdict(visits, visits[0].processes[0])
    facts = machine_facts("streamlit")
    report = {**facts, "processes": args.processes, "seconds": args.seconds, **found}
    print(json.dumps(report, indent=1))
    if args.report:
        args.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if is_good(found) else 1


if __name__ == "__main__":
    sys.exit(main())
