"""The accuracy that one would have instead: a ReLU network of the zoo's shape in float32 and int8.

    python benchmarks/int8_accuracy.py --run DIR [--data-root DIR] [--out FILE]

Trains `real_vgg` of width 32 on CIFAR-10 by the recipe ``statistics`` (ten epochs; a peak learning
rate of 3·10⁻³, since 10⁻² is for latent weights), or takes the run in DIR; quantizes it by
ONNX Runtime with ranges from 512 training pictures, and counts what ONNX Runtime and OpenVINO get
right of the test set. One seed, the last epoch. Some 12 minutes of one free core.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402
from design_core.engine.rivals import (  # noqa: E402
    onnx_runtime,
    openvino_run,
    quantize,
    write_real_onnx,
)
from design_core.networks.real_vgg import RealVgg, real_vgg  # noqa: E402
from design_core.networks.registry import register_network  # noqa: E402
from design_core.paths import DATA  # noqa: E402
from design_core.training.data import TrainingData, load_data  # noqa: E402
from design_core.training.recipe import load_recipe  # noqa: E402
from design_core.training.run import load_run, train_run  # noqa: E402

WIDTH = 32
RATE = 3e-3
CALIBRATION = 512
BATCH = 250

Floats = NDArray[np.float32]
Classes = NDArray[np.int64]


def trained(data: TrainingData, folder: Path) -> tuple[dict[str, Any], RealVgg]:
    """The result of the run, and its network of the last epoch."""
    register_network(real_vgg)
    network = {"name": "real_vgg", "width": WIDTH}
    recipe = replace(load_recipe("statistics"), network=network, learning_rate=RATE)
    result = folder / "result.json"
    if not result.is_file():
        train_run(recipe, data, folder, resume=True, report=lambda text, _: print(text, flush=True))
    model = load_run(folder)[1]
    assert isinstance(model, RealVgg)
    return json.loads(result.read_text(encoding="utf-8")), model


def classes(model: RealVgg, data: TrainingData) -> dict[str, Classes]:
    """The class of every test picture by each runtime, in float32 and int8."""
    mean, deviation = (part.numpy() for part in data.mean_and_deviation())

    def fed(pictures: Any) -> Floats:
        x = (pictures.numpy().astype(np.float32) / np.float32(255) - mean) / deviation
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))

    parts = np.split(fed(data.test_x), len(data.test_x) // BATCH)
    # Evenly over the training set, whose order says nothing of classes.
    some = fed(data.train_x[:: len(data.train_x) // CALIBRATION][:CALIBRATION])
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        real, whole = Path(folder) / "real.onnx", Path(folder) / "int8.onnx"
        write_real_onnx(model, real)
        quantize(real, whole, some)
        for kind, path in (("float32", real), ("int8", whole)):
            session = onnx_runtime(path)
            scores = [session.run(None, {"pictures": part})[0] for part in parts]
            found[f"{kind}, ONNX Runtime"] = np.concatenate(scores).argmax(axis=1)
            read = ov.Core().read_model(path)
            read.reshape(list(parts[0].shape))
            scores = [np.array(openvino_run(read, part)()) for part in parts]
            found[f"{kind}, OpenVINO"] = np.concatenate(scores).argmax(axis=1)
    return found


def main() -> int:
    """Train, quantize, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--run", type=Path, required=True, metavar="DIR", help="the training's folder"
    )
    parser.add_argument("--data-root", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON here")
    args = parser.parse_args()
    data = load_data("cifar10", root=args.data_root, channels=3, image_size=32)
    told, model = trained(data, args.run)
    found, labels = classes(model, data), data.test_y.numpy()
    reference = found["float32, ONNX Runtime"]
    result = {
        "network": f"real_vgg of width {WIDTH}, ReLU",
        "data": "CIFAR-10",
        "test": len(data.test_y),
        "seeds": [told["seed"]],
        "epochs": told["recipe"]["epochs"],
        "right": {"float32, PyTorch": told["right"]}
        | {name: int((each == labels).sum()) for name, each in found.items()},
        "other_class_than_float32": {
            name: int((each != reference).sum()) for name, each in found.items()
        },
        **machine_facts("torch", "onnxruntime", "openvino"),
    }
    text = json.dumps(result, indent=1)
    print(text)
    if args.out:
        args.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
