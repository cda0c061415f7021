"""Is the recipe tuned for Sign? Short trainings of Sign and DeSign 2D at four learning rates.

    python benchmarks/learning_rate.py --data-root data --runs runs/rates [--workers 2] [--record]

The recipe `statistics`, shortened, with its warm-up in proportion; γ and β not learned, one seed.
``--record`` writes accuracies to `design_core.study.learning_rates.RECORD`, where ``zoo report``
finds them. Stopped, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from design_core.study.learning_rates import RECORD  # noqa: E402
from design_core.study.queue import training_environment  # noqa: E402
from design_core.training.recipe import load_recipe  # noqa: E402
from design_core.zoo.arms import ARMS  # noqa: E402

KEYS = ("sign", "design2d")
RATES = ("0.0025", "0.005", "0.01", "0.02")
EPOCHS, SEED = 3, 0
RECIPE = load_recipe("statistics")


def accuracy(key: str, rate: str, data_root: Path, runs: Path) -> float:
    """Train, or go on training, and return the accuracy on the test set after the last epoch."""
    out = runs / f"{key}-{rate}"
    changes = {
        "activation": ARMS[key].activation,
        "affine": "false",
        "epochs": str(EPOCHS),
        "warmup_epochs": str(RECIPE.warmup_epochs * EPOCHS / RECIPE.epochs),
        "learning_rate": rate,
    }
    words = [word for change in changes.items() for word in ("--set", "=".join(change))]
    command = [sys.executable, "-m", "design_core", "train", "statistics", "--data", "cifar10"]
    places = ["--data-root", str(data_root.resolve()), "--out", str(out.resolve())]
    subprocess.run(
        [*command, *places, "--seed", str(SEED), "--resume", *words],
        cwd=ROOT,
        env=training_environment(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    print(f"{key} at {rate}: {result['accuracy']:.2%}", flush=True)
    return float(result["accuracy"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--runs", type=Path, default=Path("runs/rates"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--record", action="store_true", help="keep the result in the repository")
    args = parser.parse_args()
    jobs = list(product(KEYS, RATES))
    with ThreadPoolExecutor(args.workers) as pool:
        found = list(pool.map(lambda job: accuracy(*job, args.data_root, args.runs), jobs))
    by_job = dict(zip(jobs, found, strict=True))
    report = {
        "setting": f"CIFAR-10, {RECIPE.network['name']} of width {RECIPE.network['width']}, "
        f"γ, β fixed, {EPOCHS} epochs, seed {SEED}",
        "recipe_rate": RECIPE.learning_rate,
        "accuracy": {
            ARMS[key].activation: {rate: by_job[key, rate] for rate in RATES} for key in KEYS
        },
        "machine": machine_facts("torch"),
    }
    print(json.dumps(report, indent=1, ensure_ascii=False))
    if args.record:
        RECORD.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
