"""What each picture cut of the plan keeps of the training pictures: bits per pixel, recorded.

    python benchmarks/picture_information.py DATA_ROOT [--data cifar10 ...]

All overlapping 2×2 blocks of all training pictures are counted, by colour and by their place in the
kernel; see `design_core.scores.pooled_block_entropy`. Nothing is random. Left out are the
thermometer, whose bits are not one per pixel, learned thresholds, of which each seed has its own,
and error diffusion, whose bits are no function of their block.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from design_core.activations import DeSign
from design_core.atomic import write_atomically
from design_core.networks.picture import PictureCut, build_picture_cut, fitted_picture
from design_core.scores import pooled_block_entropy
from design_core.study.picture_information import INFORMATION
from design_core.study.plan import UNIFORM_SWEEP
from design_core.training.data import TrainingData, load_data, normalized
from design_core.zoo.arms import PICTURE_ARMS

_BATCH = 1000
_LEFT_OUT = ("real", "thermometer", "learned", "floyd-steinberg")


def period(act: nn.Module) -> tuple[int, int]:
    """Rows and columns after which a cut repeats."""
    if not isinstance(act, DeSign):
        return 1, 1
    _, rows, columns = act.thresholds.shape
    return rows, columns


@torch.inference_mode()
def information(cut: PictureCut, data: TrainingData) -> float:
    """Bits per pixel over the training pictures, the mean over the colours."""
    mean, deviation = data.mean_and_deviation()
    bits = np.concatenate(
        [
            (cut(normalized(part, mean, deviation))[1] > 0).numpy()
            for part in torch.split(data.train_x, _BATCH)
        ]
    )
    by_colour = [
        pooled_block_entropy(bits[:, c], period=period(cut.act)) for c in range(bits.shape[1])
    ]
    return float(np.mean(by_colour))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--data", nargs="+", default=["cifar10"])
    args = parser.parse_args()
    cuts = [arm.activation for arm in PICTURE_ARMS.values()]
    cuts = [name for name in cuts if not name.startswith(_LEFT_OUT)]
    cuts += [f"uniform:{threshold}" for threshold in UNIFORM_SWEEP]
    found: dict[str, dict[str, float]] = {}
    for name in args.data:
        data = load_data(name, root=args.data_root)
        mean, deviation = (part.double()[:, None] for part in data.mean_and_deviation())
        values = (torch.arange(256, dtype=torch.float64) / 255 - mean) / deviation
        for cut_name in cuts:
            fitted = fitted_picture(cut_name, values.numpy(), data.grey_counts().numpy())
            cut = build_picture_cut(fitted, data.train_x.shape[-1])
            assert cut is not None
            found.setdefault(name, {})[cut_name] = round(information(cut, data), 4)
            print(name, cut_name, found[name][cut_name], flush=True)
    write_atomically(INFORMATION, (json.dumps(found, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
