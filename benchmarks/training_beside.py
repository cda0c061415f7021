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
from collections.abc import Iterator
from itertools import cycle, product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from streamlit.testing.v1 import AppTest  # noqa: E402

from benchmarks.machine import machine_facts  # noqa: E402
from design_core.jobs.contest import contest_recipes  # noqa: E402
from design_core.jobs.frames import FAST, PAUSE  # noqa: E402
from design_core.jobs.pictures import asked  # noqa: E402
from design_core.jobs.queue import Job, JobQueue  # noqa: E402
from design_core.kernels.published import PUBLISHED  # noqa: E402
from design_core.training.data import textures  # noqa: E402
from ui.warm import warm_up  # noqa: E402

SCALINGS = ("lloyd-max", "data", "published")
ROUNDS, RUNS, WARM_UP = 5, 16, 5
START_SECONDS = 120.0


def opened() -> AppTest:
    """Explore with a picture of 256×256 and 16 random convolutions."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    warm_up().join()
    app.switch_page("pages/explore.py").run()
    app.selectbox(key="sample").set_value("astronaut")
    app.select_slider(key="longest").set_value(256)
    app.selectbox(key="source").set_value("random-conv").run()
    return app


def interactions(app: AppTest, settings: Iterator[tuple[str, str]], count: int) -> list[float]:
    """Milliseconds of each interaction."""
    times = []
    for _ in range(count):
        scaling, kernel = next(settings)
        app.selectbox(key="scaling").set_value(scaling)
        app.selectbox(key="published").set_value(kernel)
        start = time.perf_counter()
        app.run()
        times.append((time.perf_counter() - start) * 1e3)
        if app.exception:
            raise RuntimeError(app.exception[0].message)
    return times


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
    app, settings = opened(), cycle(product(SCALINGS, PUBLISHED))
    interactions(app, settings, WARM_UP)
    job = training()
    times: dict[str, list[float]] = {"quiet": [], "beside_training": []}
    for _ in range(ROUNDS):
        for name, speed in (("quiet", PAUSE), ("beside_training", FAST)):
            job.set_speed(speed)
            time.sleep(0.5)
            times[name] += interactions(app, settings, RUNS)
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
