"""Server time of one interaction on Explore while a training runs beside it, against none.

    python benchmarks/training_beside.py [--json]

The interactions are those of `page_interaction.py`. The training is what Train starts: two
networks, vgg_small of width 8 on 16×16 pictures, in a process of its own of the least priority.
Quiet rounds and rounds beside the training take turns, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.page_interaction import WARM_UP, interactions, opened, settings  # noqa: E402
from design_core.jobs.contest import contest_recipes  # noqa: E402
from design_core.jobs.frames import FAST, PAUSE  # noqa: E402
from design_core.jobs.pictures import asked  # noqa: E402
from design_core.jobs.queue import Job, JobQueue  # noqa: E402
from design_core.training.data import textures  # noqa: E402

ROUNDS, RUNS = 5, 16
START_SECONDS = 120.0


def training() -> Job:
    """A training under way."""
    data = textures()
    sides = ("sign", "design:2x2-v2")
    recipes = contest_recipes(data, "vgg_small 8", "activation", sides, "Long")
    job = Job(asked(data, recipes, seed=0))
    JobQueue().submit(job)
    end = time.monotonic() + START_SECONDS
    while job.look is None or job.look.done == 0:
        if job.over or time.monotonic() > end:
            raise RuntimeError(f"The training did not begin: {job.reason}")
        time.sleep(0.1)
    return job


def main() -> int:
    """Measure both in turn, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    app, chosen = opened(), settings()
    interactions(app, chosen, WARM_UP)
    job = training()
    times: dict[str, list[float]] = {"quiet": [], "beside_training": []}
    for _ in range(ROUNDS):
        for name, speed in (("quiet", PAUSE), ("beside_training", FAST)):
            job.set_speed(speed)
            time.sleep(0.5)
            times[name] += interactions(app, chosen, RUNS)
    steps = job.look.done if job.look else 0
    job.kill("The measurement is over.")
    result = {
        f"{name}_{label}": value
        for name, all_of_them in times.items()
        for label, value in (
            ("interactions", len(all_of_them)),
            ("median_ms", round(statistics.median(all_of_them), 1)),
            ("p95_ms", round(statistics.quantiles(all_of_them, n=20)[-1], 1)),
        )
    }
    result |= {"training_steps": steps, **machine_facts("streamlit", "numpy", "torch")}
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n".join(f"{name:29} {value}" for name, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
