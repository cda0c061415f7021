"""Is the assumption behind scaling true? Every network's x against the half-normal, recorded.

    python benchmarks/half_normal.py DATA_ROOT [--pictures 100]

For every checkpoint whose data are there, and every layer: the Kolmogorov–Smirnov distance of the
positive x to the half-normal, the share above 0, the excess kurtosis, and for each threshold the
share of x that it was placed for and the share that reaches it. See `design_core.lab.half_normal`.
Pictures are drawn from the test set once and for all.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from design_core.atomic import write_atomically
from design_core.lab.diagnosis import diagnose
from design_core.lab.subset import held_out_subset
from design_core.study.assumption import ASSUMPTION
from design_core.zoo.card import load_cards
from design_core.zoo.entry import open_entry


def layers(reference: str, root: Path, count: int) -> dict[str, Any] | None:
    """What was measured by layer; None where the data are missing."""
    entry = open_entry(reference)
    subset = held_out_subset(entry.pictures, entry.card.dataset, count=count, root=root)
    if subset is None:
        return None
    return {
        block.name: {
            **{name: round(value, 4) for name, value in block.fit.to_dict().items()},
            "designed": [round(float(share), 4) for share in block.designed],
            "reached": [round(float(share), 4) for share in block.shares],
        }
        for block in diagnose(entry.checkpoint, subset).blocks
        if block.name != "picture"
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--pictures", type=int, default=100)
    args = parser.parse_args()
    found: dict[str, Any] = {}
    for card in load_cards():
        if card.about_the_picture:
            continue  # their hidden layers are Sign's
        for seed in card.seeds:
            measured = layers(f"{card.name}@{seed}", args.data_root, args.pictures)
            if measured is not None:
                found[f"{card.name}@{seed}"] = measured
                print(f"{card.name}@{seed}", flush=True)
    record = {"pictures": args.pictures, "networks": found}
    write_atomically(ASSUMPTION, (json.dumps(record, sort_keys=True) + "\n").encode())


if __name__ == "__main__":
    main()
