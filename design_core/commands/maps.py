"""``maps``: binarize a picture's feature maps with Sign and DeSign, score them, write them."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.scaling import SCALE_NAMES

if TYPE_CHECKING:
    from design_core.kernels.kernel import ThresholdKernel
    from design_core.pictures.feature_maps import FeatureMaps
    from design_core.scores.comparison import ActivationScores

__all__ = ["add_map_options", "add_parser", "kernel_of", "run"]


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "maps", help="compare Sign and DeSign on a picture's feature maps"
    )
    parser.add_argument("picture", metavar="PICTURE", help="a file, sample:NAME or set:NAME:INDEX")
    add_map_options(parser)
    parser.add_argument("--map", type=int, metavar="INDEX", help="only this map, from 0")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write maps as PNG and NPZ here")
    return parser


def add_map_options(parser: argparse.ArgumentParser) -> None:
    """Add the kernel with its scale, and how a picture becomes feature maps."""
    parser.add_argument(
        "--kernel", default="2x2-v2", help="a name, levels such as '1 1;3 3', or a file"
    )
    parser.add_argument(
        "--scale",
        choices=[name for name in SCALE_NAMES if name != "custom"],
        help="how levels become thresholds (default: the kernel's own)",
    )
    parser.add_argument("--strength", type=float, help="factor on the thresholds; 0 is Sign")
    parser.add_argument("--offset", type=float, help="added to the thresholds")
    parser.add_argument(
        "--source",
        default="picture",
        help="picture, rgb, random-conv or layer:MODEL:BLOCK of `models` (default: picture)",
    )
    parser.add_argument("--maps", type=int, default=16, help="how many convolutions or channels")
    parser.add_argument("--seed", type=int, default=0, help="which random convolutions")
    parser.add_argument("--size", type=int, default=256, help="longest side in pixels, at most")


def kernel_of(args: argparse.Namespace) -> ThresholdKernel:
    """The kernel of the options; ``data`` is left for the maps to be fitted to."""
    from design_core.kernels.spec import open_kernel, rescaled

    kernel = open_kernel(args.kernel)
    if args.scale not in (None, "data"):
        kernel = rescaled(kernel, args.scale)
    return kernel.scaled(strength=args.strength, offset=args.offset)


def run(args: argparse.Namespace) -> int:
    """Compute, print, and write if asked."""
    from design_core.lab.feature_maps import extract_maps
    from design_core.pictures import fit
    from design_core.pictures.samples import load_picture
    from design_core.scaling import fit_scale
    from design_core.scores.comparison import compare_activations, finding
    from design_core.scores.registry import SCORES

    if args.out:
        import matplotlib  # noqa: F401  (colours the heat maps; said before anything is written)

        args.out.mkdir(parents=True, exist_ok=True)
    picture = fit(load_picture(args.picture), args.size)
    maps = extract_maps(picture, args.source, maps=args.maps, seed=args.seed)
    kernel = kernel_of(args)
    if args.scale == "data":
        moved = kernel.scale
        kernel = kernel.with_scale(fit_scale(maps.x, kernel.level_set))
        kernel = kernel.scaled(strength=moved.strength, offset=moved.offset)
    if args.map is not None:
        maps, kernel = maps.only(args.map), kernel.for_channel(args.map)
    compared = compare_activations(maps.x, kernel)
    if args.out:
        _write_maps(args.out, maps, compared)
    if args.json:
        report = {
            "picture": {
                "name": picture.name,
                "sha256": picture.sha256,
                "height": picture.height,
                "width": picture.width,
                "notes": list(picture.notes),
            },
            "source": maps.source,
            "maps": list(maps.names),
            "kernel": {**kernel.to_dict(), "thresholds": kernel.thresholds.tolist()},
            "activations": {name: _as_json(scored, maps.x) for name, scored in compared.items()},
            "finding": finding(compared["sign"], compared["design"]),
        }
        print(json.dumps(report, indent=2))
    else:
        print(f"{picture.name}, {picture.width}x{picture.height}, {len(maps.names)} map(s)")
        columns = {name: score for name, score in SCORES.items() if score.in_line}
        print(f"{'':10}" + "".join(f"{name:>14}" for name in columns))
        for name, scored in compared.items():
            means = (float(score.measure(scored, maps.x).mean()) for score in columns.values())
            print(f"{name:10}" + "".join(_cell(value) for value in means))
        print(finding(compared["sign"], compared["design"]))
    return 0


def _cell(value: float) -> str:
    return f"{'–':>14}" if math.isnan(value) else f"{value:14.4f}"


def _as_json(scored: ActivationScores, x: Any) -> dict[str, Any]:
    """Means over the maps by score, and the scores of each map under ``per_map``."""
    from design_core.scores.registry import SCORES

    columns = {name: score.measure(scored, x) for name, score in SCORES.items()}

    def plain(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None  # JSON knows no NaN

    means = {score: plain(values.mean()) for score, values in columns.items()}
    per_map = {score: [plain(v) for v in values] for score, values in columns.items()}
    return {**means, "per_map": per_map}


def _write_maps(folder: Path, maps: FeatureMaps, compared: dict[str, ActivationScores]) -> None:
    """Write ``x-00.png`` in grey, ``sign-00.png`` and ``design-00.png`` with one bit per pixel,
    their total variation as ``sign-00-tv.png``, and so on; and all arrays in maps.npz.
    """
    import numpy as np

    from design_core.atomic import whole_file, write_atomically
    from design_core.output.drawing import bits_png, grey_png, heat_png
    from design_core.scores import tv_map

    folder.mkdir(parents=True, exist_ok=True)
    for index, x in enumerate(maps.x):
        write_atomically(folder / f"x-{index:02}.png", grey_png(x))
        for name in ("sign", "design"):
            bits = compared[name].output[index]
            write_atomically(folder / f"{name}-{index:02}.png", bits_png(bits))
            write_atomically(folder / f"{name}-{index:02}-tv.png", heat_png(tv_map(bits)))
    with whole_file(folder / "maps.npz") as file:
        np.savez_compressed(
            file,
            x=maps.x,
            sign=compared["sign"].output,
            design=compared["design"].output,
            relu=compared["relu"].output,
            names=np.array(maps.names),
        )
