"""Damaged files for everything that reads files of strangers.

    python stress/fuzz.py [--inputs 10000] [--targets png jpeg …] [--report FILE]

Each input is made of a sound file by a seeded source of chance, and read in a process that may be
killed for it. It must be read, or refused with the reader's own error; within `SECONDS` of
processor time, which other work on the machine does not change, and within the reader's bound of
memory. Fails if any input is not. What failed is named by its
number, and ``--keep FOLDER`` writes it there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from stress.targets import TARGETS, Target  # noqa: E402

__all__ = ["SECONDS", "Outcome", "damaged_input", "outcome"]

#: One input may take as long, of the processor, in all threads.
SECONDS = 10
_SILENCE = 180  # seconds after which a process hangs, however busy the machine is
_WALL = 3 * 2**30  # of address space beyond what the process begins with
_MEGABYTE = 2**20


@dataclass(frozen=True)
class Outcome:
    """What became of an input: ``read``, ``refused``, or a failure and its reason."""

    kind: str
    reason: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0


def damaged_input(name: str, number: int, seeds: Sequence[bytes], *, seed: int = 0) -> bytes:
    """Input `number` of a target: always the same bytes."""
    draw = Random(f"{seed} {name} {number}")
    return TARGETS[name].damage(draw.choice(seeds), draw, seeds)


def outcome(target: Target, data: bytes) -> Outcome:
    """Read one input and say what became of it; failures are ``escaped``, ``slow``, ``large``."""
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    start = time.process_time()
    kind, reason = "read", ""
    try:
        target.read(data)
    except Exception as error:
        kind = "refused" if type(error) in target.errors else "escaped"
        reason = f"{type(error).__name__}: {error}"[:300]
    seconds = time.process_time() - start
    megabytes = max(0, _memory("VmHWM") - before) / _MEGABYTE
    if kind != "escaped" and seconds > SECONDS:
        kind = "slow"
    elif kind != "escaped" and megabytes > target.megabytes:
        kind = "large"
    return Outcome(kind, reason, seconds, megabytes)


def _memory(key: str) -> int:
    """A quantity of this process in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"This system does not tell {key}.")


def _child(name: str, first: int, count: int, seed: int, pipe: Connection) -> None:
    """Try inputs one after the other; tell each outcome."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # what libtiff says
    target = TARGETS[name]
    seeds = target.seeds()
    for data in seeds:  # imports, compiles and fills caches, which no input is to be blamed for
        outcome(target, data)
    pipe.send(None)
    wall = _memory("VmSize") + _WALL
    resource.setrlimit(resource.RLIMIT_AS, (wall, wall))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in range(first, count):
        pipe.send(outcome(target, damaged_input(name, number, seeds, seed=seed)))


def outcomes(name: str, count: int, *, seed: int = 0) -> Iterator[Outcome]:
    """The outcome of each input, in order; a process that dies or hangs is replaced."""
    context = multiprocessing.get_context("fork")
    done = 0
    while done < count:
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(name, done, count, seed, sender))
        child.start()
        sender.close()
        reason = f"no answer in {_SILENCE} s"
        try:
            receiver.recv()
            while receiver.poll(_SILENCE):
                yield receiver.recv()
                done += 1
        except EOFError:
            child.join()
            reason = f"the process ended with {child.exitcode}"
        child.kill()
        child.join()
        if done < count:
            yield Outcome("crashed", reason)
            done += 1


def fuzzed(name: str, count: int, seed: int, keep: Path | None) -> dict[str, Any]:
    """Counts of a target's outcomes, its largest demands, and what failed."""
    kinds: Counter[str] = Counter()
    failures = []
    slowest = largest = 0.0
    for number, one in enumerate(outcomes(name, count, seed=seed)):
        kinds[one.kind] += 1
        slowest, largest = max(slowest, one.seconds), max(largest, one.megabytes)
        if one.kind not in ("read", "refused"):
            failures.append({"input": number, "kind": one.kind, "reason": one.reason})
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        seeds = TARGETS[name].seeds() if failures else ()
        for failure in failures:
            data = damaged_input(name, failure["input"], seeds, seed=seed)
            (keep / f"{name.replace(' ', '-')}-{failure['input']}").write_bytes(data)
    return {
        "inputs": count,
        "read": kinds["read"],
        "refused": kinds["refused"],
        "failed": len(failures),
        "slowest_seconds": round(slowest, 2),
        "most_megabytes": round(largest),
        "allowed_megabytes": TARGETS[name].megabytes,
        "failures": failures[:20],
    }


def main() -> int:
    """Try every target, write the report, and say whether nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="per target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--keep", type=Path, help="folder for the inputs that fail")
    parser.add_argument("--report", type=Path, help="where to write the JSON report")
    args = parser.parse_args()
    targets = {}
    for name in args.targets:
        targets[name] = fuzzed(name, args.inputs, args.seed, args.keep)
        print(f"{name:16}", *(f"{key} {value}" for key, value in targets[name].items()), flush=True)
    report = {
        **machine_facts("pillow", "numpy", "safetensors", "torch"),
        "seed": args.seed,
        "inputs": sum(one["inputs"] for one in targets.values()),
        "failed": sum(one["failed"] for one in targets.values()),
        "slowest_seconds": max(one["slowest_seconds"] for one in targets.values()),
        "most_megabytes": max(one["most_megabytes"] for one in targets.values()),
        "allowed_seconds": SECONDS,
        "targets": targets,
    }
    if args.report:
        args.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
