"""A data set as a photon-counting sensor sees it in little light, written as class folders of PNG.

    python benchmarks/photon_data_set.py DATA_ROOT [--data cifar10] [--photons 1 10 100 1000]

Makes DATA_ROOT/cifar10-photons-10 and so on; ``train --data folder:cifar10-photons-10`` takes it.
Noise is drawn once for each picture, from its place in the set; so trainings of all activations and
seeds see the same pictures, as a camera would have taken them. See
`design_core.pictures.photons.in_little_light`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from design_core.pictures.datasets import open_split
from design_core.pictures.photons import LIGHT_LEVELS, in_little_light
from design_core.pictures.picture_set import SPLITS


def write_split(root: Path, data: str, split: str, photons: int) -> None:
    """All pictures of a split, at their place in the class folders."""
    pictures = open_split(data, root, split=split)
    if pictures is None:
        raise SystemExit(f"{data} is not in {root}.")
    out = root / f"{data}-photons-{photons}" / split
    for name in pictures.class_names:
        (out / name).mkdir(parents=True, exist_ok=True)
    for index, label in enumerate(pictures.labels):
        pixels = pictures.picture(index).pixels.astype(np.uint8)
        seed = (photons, SPLITS.index(split), index)
        noisy = Image.fromarray(in_little_light(pixels, photons, seed=seed))
        noisy.save(out / pictures.class_names[label] / f"{index:05d}.png", compress_level=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--photons", type=int, nargs="+", default=LIGHT_LEVELS)
    args = parser.parse_args()
    for photons in args.photons:
        for split in SPLITS:
            write_split(args.root, args.data, split, photons)
            print(args.data, split, photons, "photons", flush=True)


if __name__ == "__main__":
    main()
