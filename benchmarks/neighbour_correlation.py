"""How alike neighbouring pixels are in what each cut of a network receives, recorded.

    python benchmarks/neighbour_correlation.py DATA_ROOT NETWORK [NETWORK ...] [--pictures 1000]

Dithering lets neighbours stand in for each other, which needs neighbours that are alike. For the
normalized picture and for every activation of a trained network: Pearson's correlation of adjacent
pixels, the mean over channels, on pictures of the test set that are drawn once and for all. See
`design_core.scores.neighbour_correlation`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from design_core.atomic import write_atomically
from design_core.lab.subset import held_out_subset
from design_core.networks import activation_maps
from design_core.scores import neighbour_correlation
from design_core.study.smoothness import PICTURE, SMOOTHNESS
from design_core.zoo.entry import open_entry


def smoothness(reference: str, root: Path, count: int) -> dict[str, float]:
    """Mean correlation of neighbours by name of the cut, that of the picture first."""
    entry = open_entry(reference)
    subset = held_out_subset(entry.pictures, entry.card.dataset, count=count, root=root)
    if subset is None:
        raise SystemExit(f"The data of {reference} are not in {root}.")
    checkpoint = entry.checkpoint
    x = checkpoint.pictures.normalized(subset.pixels)
    received = {PICTURE: x}
    received |= {
        tap.name: tap.x
        for tap in activation_maps(checkpoint.model, x)[1]
        if min(tap.x.shape[-2:]) > 1
    }
    return {
        name: round(float(neighbour_correlation(maps.numpy()).mean()), 4)
        for name, maps in received.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root", type=Path)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--pictures", type=int, default=1000)
    args = parser.parse_args()
    found = json.loads(SMOOTHNESS.read_text("utf-8")) if SMOOTHNESS.is_file() else {}
    for reference in args.networks:
        measured = smoothness(reference, args.data_root, args.pictures)
        found[reference] = {"pictures": args.pictures, "correlation": measured}
        print(reference, measured, flush=True)
    write_atomically(SMOOTHNESS, (json.dumps(found, indent=1, sort_keys=True) + "\n").encode())


if __name__ == "__main__":
    main()
