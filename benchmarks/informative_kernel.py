"""The kernel that keeps most of the training pictures, by exact search: what the plan then trains.

    python benchmarks/informative_kernel.py DATA_ROOT [--data cifar10] [--size 3]

Thresholds are chosen among sixteen quantiles of the normalized training pictures; every kernel of
the size is searched for the most bits per pixel, on every tenth training picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from design_core.scaling import fit_quantiles
from design_core.search.block_tables import estimate_tables
from design_core.search.find import find_kernels
from design_core.training.data import load_data, normalized

_LEVELS = tuple(range(16))
_EVERY = 10  # pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--size", type=int, default=3)
    args = parser.parse_args()
    data = load_data(args.data, root=args.data_root)
    mean, deviation = data.mean_and_deviation()
    grey = torch.arange(256, dtype=torch.float64) / 255
    values = (grey - mean.double()[:, None]) / deviation.double()[:, None]
    scale = fit_quantiles(values.numpy(), _LEVELS, counts=data.grey_counts().numpy())
    maps = normalized(data.train_x[::_EVERY], mean, deviation).contiguous().numpy()
    tables = estimate_tables([maps], _LEVELS, scale=scale, form="signed", source=args.data)
    found = find_kernels(tables, size=(args.size, args.size), objective="information")
    best = found.best[0]
    print(f"[{best.kernel}] keeps {best.information:.4f} bits per pixel, exact: {found.exact}")


if __name__ == "__main__":
    main()
