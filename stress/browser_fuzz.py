"""Damaged files for the browser's readers: packed networks, and the files of Live around them.

    python stress/browser_fuzz.py [--inputs 10000] [--report FILE] [--keep FOLDER]

Each input is made of a sound file by a seeded source of chance and read in headless Chromium by the
modules of the app. It must be read, or refused with the readers' own error. WebAssembly cannot
leave its memory; that its routines keep to the maps and weights that were planned for them, the
gaps between these say: nothing may ever be written there, and whatever stands there, the scores are
the same. Fails if any input does otherwise.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from design_core import browser  # noqa: E402
from design_core.browser.network import live_network  # noqa: E402
from design_core.engine.wasm import wasm_bytes  # noqa: E402
from design_core.zoo.checkpoint import read_checkpoint  # noqa: E402
from stress.damage import damaged_tensors  # noqa: E402
from stress.fuzz import damaged_input  # noqa: E402
from stress.targets import TARGETS  # noqa: E402

__all__ = ["READERS", "SECONDS", "live_seeds", "outcomes_in_browser", "prepared"]

#: One input may take as long, its engine compiled.
SECONDS = 10
_BATCH = 50
_SCRIPTS = ("sha256", "safetensors", "packed", "math", "engine", "network")

# What becomes of a file: its scores, or how it is refused; anything else is a failure.
_READ = """
const ends = []; // of all rooms, before the gap behind each
const room = Plan.prototype.room;
Plan.prototype.room = function (bytes) {
  const at = room.call(this, bytes);
  ends.push([at + bytes, this.end]);
  return at;
};
const isTooLarge = (words) => /too large|run here with up to/.test(words);
const octetsOf = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const gapsHold = (engine, value) => ends.every(
  ([from, to]) => engine.u8.subarray(from, to).every((one) => one === value),
);

function ran(engine) {
  engine.pixels.forEach((_, k) => { engine.pixels[k] = (k % 7) - 3; });
  engine.run();
  for (const one of engine.activations) one.refresh(0, one.x.channels);
  return [...engine.scores()].map(String);
}

const engines = {
  packed: (module, file) => new PackedEngine(module, readPacked(file)),
  live(module, file) {
    const network = new LiveNetwork(module, file);
    network.kernels.forEach((kernel, layer) => {
      try {
        network.setKernel(layer, kernel);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error; // larger than there is room for
      }
    });
    network.see(new Uint8Array(network.side ** 2 * network.channels));
    return network.engine;
  },
};

globalThis.outcome = (reader, module, file) => {
  ends.length = 0;
  const start = performance.now();
  try {
    const engine = engines[reader](module, file);
    const scores = ran(engine);
    if (!gapsHold(engine, 0)) return { failed: "wrote between the maps" };
    for (const [from, to] of ends) engine.u8.fill(0xa5, from, to);
    if (ran(engine).join() !== scores.join()) return { failed: "read between the maps" };
    if (!gapsHold(engine, 0xa5)) return { failed: "wrote between the maps" };
    return { scores, ms: performance.now() - start };
  } catch (error) {
    if (!(error instanceof UnreadableError)) return { failed: String(error) };
    const ms = performance.now() - start;
    return { refused: error.message, large: isTooLarge(error.message), ms };
  }
};
globalThis.outcomesOf = async (reader, module, files) => {
  const engine = await compiledEngine(octetsOf(module));
  return files.map((file) => outcome(reader, engine, octetsOf(file)));
};
"""


def prepared(page: Any) -> Any:
    """A blank page with the readers in it."""
    page.set_default_timeout(120_000)
    page.add_script_tag(content=browser.joined(*_SCRIPTS))
    page.add_script_tag(content=_READ)
    return page


def outcomes_in_browser(page: Any, reader: str, files: Sequence[bytes]) -> list[dict[str, Any]]:
    """What becomes of each file: ``scores``, ``refused`` (in words), or ``failed`` and why.

    Parameters
    ----------
    reader
        ``packed``, or ``live`` for the files of `live_network`.
    """
    module = base64.b64encode(wasm_bytes()).decode()
    found: list[dict[str, Any]] = []
    for first in range(0, len(files), _BATCH):
        batch = [base64.b64encode(data).decode() for data in files[first : first + _BATCH]]
        found += page.evaluate(
            "([reader, module, files]) => outcomesOf(reader, module, files)",
            [reader, module, batch],
        )
    return found


def live_seeds() -> list[bytes]:
    """Sound files of Live."""
    return [
        live_network(read_checkpoint(data), name="it") for data in TARGETS["checkpoint"].seeds()
    ]


def _packed_input(number: int, seeds: Sequence[bytes], seed: int) -> bytes:
    return damaged_input("packed network", number, seeds, seed=seed)


def _live_input(number: int, seeds: Sequence[bytes], seed: int) -> bytes:
    draw = Random(f"{seed} live {number}")
    return damaged_tensors("live", lambda _document, _data: None)(draw.choice(seeds), draw, seeds)


Make = Callable[[int, Sequence[bytes], int], bytes]

#: By name: the sound files, and input `number` of a seed.
READERS: dict[str, tuple[Callable[[], list[bytes]], Make]] = {
    "packed": (TARGETS["packed network"].seeds, _packed_input),
    "live": (live_seeds, _live_input),
}


def fuzzed(page: Any, reader: str, count: int, seed: int, keep: Path | None) -> dict[str, Any]:
    """Counts of outcomes, the slowest, and what failed."""
    sound, make = READERS[reader]
    seeds = sound()
    kinds: Counter[str] = Counter()
    failures = []
    slowest = 0.0
    for first in range(0, count, _BATCH):
        numbers = range(first, min(count, first + _BATCH))
        files = [make(number, seeds, seed) for number in numbers]
        for number, data, one in zip(
            numbers, files, outcomes_in_browser(page, reader, files), strict=True
        ):
            if one.get("ms", 0) > 1000 * SECONDS:
                one["failed"] = "slow"
            slowest = max(slowest, one.get("ms", 0) / 1000)
            kind = next(kind for kind in ("failed", "refused", "scores") if kind in one)
            kinds[kind] += 1
            if kind == "failed":
                failures.append({"input": number, "reason": one["failed"]})
                if keep:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"browser-{reader}-{number}").write_bytes(data)
    return {
        "inputs": count,
        "read": kinds["scores"],
        "refused": kinds["refused"],
        "failed": kinds["failed"],
        "slowest_seconds": round(slowest, 2),
        "failures": failures[:20],
    }


def main() -> int:
    """Try both readers, write the report, and say whether nothing failed."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="per reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the inputs that fail")
    parser.add_argument("--report", type=Path, help="where to write the JSON report")
    args = parser.parse_args()
    start = time.perf_counter()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = prepared(chromium.new_page())
        readers = {}
        for name in READERS:
            readers[name] = fuzzed(page, name, args.inputs, args.seed, args.keep)
            print(f"{name:8}", *(f"{key} {value}" for key, value in readers[name].items()))
        version = chromium.version
        chromium.close()
    report = {
        **machine_facts("numpy", "safetensors"),
        "chromium": version,
        "seed": args.seed,
        "inputs": sum(one["inputs"] for one in readers.values()),
        "failed": sum(one["failed"] for one in readers.values()),
        "seconds": round(time.perf_counter() - start),
        "readers": readers,
    }
    if args.report:
        args.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
