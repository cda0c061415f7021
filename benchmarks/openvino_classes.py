"""OpenVINO's classes of CIFAR-10's test pictures against the engine's, all networks of the zoo.

    python benchmarks/openvino_classes.py [--data-root DIR] [--only PATTERN]

Each network goes through `openvino_model`, and OpenVINO's CPU plugin through the whole test set in
float32. Fails if a class differs, or a score by more than 10⁻⁴.
"""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from design_core.engine.openvino_export import openvino_model  # noqa: E402
from design_core.engine.openvino_runtime import compiled_by_openvino  # noqa: E402
from design_core.paths import DATA  # noqa: E402
from design_core.training.data import load_data  # noqa: E402
from design_core.zoo.card import load_cards  # noqa: E402
from design_core.zoo.entry import open_entry  # noqa: E402

BATCH = 100
TOLERANCE = 1e-4


def main() -> int:
    """Compare, print, and say whether all agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, default=DATA)
    parser.add_argument("--only", default="*", help="names, as 'cifar10-*-sign-*'")
    args = parser.parse_args()
    data = load_data("cifar10", root=args.data_root, channels=3, image_size=32)
    squares = data.test_x.numpy()
    agree = True
    for card in load_cards():
        entry = open_entry(card.name)
        fits = card.dataset == "cifar10" and entry.pictures.shape == (3, 32, 32)
        if not fits or not fnmatch(card.name, args.only) or entry.packed is None:
            continue
        x = entry.pictures.input(squares)
        run = compiled_by_openvino(openvino_model(entry.packed, batch=BATCH))
        found = np.concatenate([run(part)[0] for part in np.split(x, len(x) // BATCH)])
        expected = entry.packed(x)
        same = int((found.argmax(axis=1) == expected.argmax(axis=1)).sum())
        largest = float(np.abs(found - expected).max())
        agree &= same == len(x) and largest <= TOLERANCE
        print(f"{card.name}: same class for {same:,} of {len(x):,}, scores to {largest:.1e}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
