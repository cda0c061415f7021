"""What else one would deploy, beside the engine: the same shape in float32, in int8 and in bits.

Contenders of one width and batch take turns in one run, on one thread each:

- **float32** and **int8**: `real_vgg`, the network without bits that one would train instead, in
  PyTorch, ONNX Runtime and OpenVINO. Batch norm is folded into the convolutions. int8 is ONNX
  Runtime's static quantization, weights per channel; OpenVINO reads the same file.
- **1 bit**: `vgg_small` with DeSign on this engine, and in OpenVINO as
  `design_core.engine.openvino_export` writes it, since no converter does.

All are called from Python, and given NumPy arrays. What is not installed is left out, and named.
"""

from __future__ import annotations

import importlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from design_core.engine.openvino_runtime import compiled_by_openvino
from design_core.engine.packing import pack
from design_core.engine.report import ENGINE, Rival, Turns
from design_core.engine.turns import turns
from design_core.networks import build_network
from design_core.networks.real_vgg import RealVgg, real_vgg

__all__ = [
    "RIVAL_WIDTHS",
    "measure_rivals",
    "missing_rivals",
    "onnx_runtime",
    "quantize",
    "write_real_onnx",
]

#: The zoo's widths, and the paper's.
RIVAL_WIDTHS = (32, 64, 128)

#: What competes where it is installed, by module.
_NEEDED = {"onnx": "ONNX", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}

_CALIBRATION = 64  # random pictures; for times any will do

Run = Callable[[], object]
Floats = NDArray[np.float32]


def missing_rivals() -> tuple[str, ...]:
    """Packages that are not installed, so that their contenders are left out."""
    return tuple(name for module, name in _NEEDED.items() if find_spec(module) is None)


def measure_rivals(
    batches: Sequence[int],
    *,
    compiled: bool,
    seconds: float,
    widths: Sequence[int] = RIVAL_WIDTHS,
    report: Callable[[Rival], None] = lambda _: None,
) -> tuple[Rival, ...]:
    """Times of all contenders that are installed, of all pairs of width and batch.

    Parameters
    ----------
    compiled
        Whether ``torch.compile`` competes too.
    seconds
        Spent on each pair, at least.
    report
        Hears of each result as it comes.
    """
    found: list[Rival] = []
    for width in widths:
        for batch in batches:
            for one in _compare(width, batch, compiled, seconds):
                report(one)
                found.append(one)
    return tuple(found)


def _compare(width: int, batch: int, compiled: bool, seconds: float) -> Iterator[Rival]:
    torch.manual_seed(0)
    x = torch.randn(batch, 3, 32, 32)
    real = real_vgg(width=width).eval()
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            **dict(_pytorch(real, x, compiled)),
            **dict(_runtimes(real, x.numpy(), Path(folder))),
            **dict(_bits(width, x.numpy())),
        }
        contenders = {" ".join(key): run for key, run in runs.items()}
        # ONNX Runtime's and OpenVINO's threads may spin for a moment, as PyTorch's do.
        times = turns(contenders, seconds, rest=0.001)
    for kind, name in runs:
        yield Rival(kind, name, width, batch, Turns.of(times[f"{kind} {name}"]))


def _pytorch(model: nn.Module, x: torch.Tensor, compiled: bool) -> Iterator[tuple[Any, Run]]:
    model = model.to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)

    def run(forward: Callable[[torch.Tensor], torch.Tensor]) -> Run:
        def once() -> object:
            with torch.inference_mode():
                return forward(x)

        return once

    yield ("float32", "PyTorch, eager"), run(model)
    if compiled:
        torch.compiler.reset()
        faster = torch.compile(model, dynamic=False, options={"freezing": True})
        with torch.no_grad():
            faster(x)

        def once() -> object:
            with torch.no_grad():
                return faster(x)

        yield ("float32", "PyTorch, compiled"), once


def _runtimes(model: RealVgg, x: Floats, folder: Path) -> Iterator[tuple[Any, Run]]:
    """The network in float32 and int8, in ONNX Runtime and OpenVINO."""
    missing = missing_rivals()
    if "ONNX" in missing or "ONNX Runtime" in missing:
        return
    real, whole = folder / "real.onnx", folder / "int8.onnx"
    write_real_onnx(model, real)
    random = np.random.default_rng(0).standard_normal((_CALIBRATION, *x.shape[1:]))
    quantize(real, whole, random.astype(np.float32))
    for kind, path in (("float32", real), ("int8", whole)):
        session = onnx_runtime(path)
        yield (kind, "ONNX Runtime"), partial(session.run, None, {"pictures": x})
        if "OpenVINO" not in missing:
            ov = importlib.import_module("openvino")
            read = ov.Core().read_model(path)
            read.reshape(list(x.shape))
            yield (kind, "OpenVINO"), openvino_run(read, x)


def _bits(width: int, x: Floats) -> Iterator[tuple[Any, Run]]:
    packed = pack(build_network("vgg_small", width=width, activation="design:2x2-v2").eval())
    packed.warm_up()
    yield ("1 bit", ENGINE), lambda: packed(x)
    if "OpenVINO" not in missing_rivals():
        from design_core.engine.openvino_export import openvino_model

        model = openvino_model(packed, batch=len(x))
        yield ("1 bit", "OpenVINO, exported here"), openvino_run(model, x)


def onnx_runtime(path: Path) -> Any:
    """A session of ONNX Runtime on one thread."""
    runtime = importlib.import_module("onnxruntime")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    return runtime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])


def openvino_run(model: Any, x: Floats) -> Run:
    """OpenVINO on one thread."""
    ov = importlib.import_module("openvino")
    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = compiled_by_openvino(model, settings).create_infer_request()
    request.set_input_tensor(ov.Tensor(x, shared_memory=True))

    def run() -> object:
        # As quick as its own `infer`, which copies in Python.
        request.start_async()
        request.wait()
        return request.get_output_tensor().data

    return run


@torch.no_grad()
def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Floats, Floats]:
    """Weights and biases of a convolution with its batch norm."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    slope = norm.weight / (norm.running_var + norm.eps).sqrt()
    weight = conv.weight * slope.view(-1, 1, 1, 1)
    return weight.numpy(), (norm.bias - norm.running_mean * slope).numpy()


def write_real_onnx(model: RealVgg, path: Path) -> None:
    """Write a network without bits as ONNX, batch norm folded, of any batch size."""
    onnx = importlib.import_module("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes: list[Any] = []
    weights: list[Any] = []

    def constant(value: Floats) -> str:
        weights.append(
            onnx.numpy_helper.from_array(np.ascontiguousarray(value), f"w{len(weights)}")
        )
        return str(weights[-1].name)

    def add(kind: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"x{len(nodes)}"], **attributes))
        return str(nodes[-1].output[0])

    x = "pictures"
    for block in model.blocks.values():
        weight, bias = _folded(block.conv, block.norm)  # type: ignore[arg-type]
        x = add("Conv", x, constant(weight), constant(bias), pads=[1] * 4)
        x = add("Relu", x)
        if isinstance(block.pool, nn.MaxPool2d):
            x = add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    head = [part.detach().numpy() for part in (model.head.weight, model.head.bias)]
    nodes.append(
        helper.make_node("Gemm", [add("Flatten", x), *map(constant, head)], ["scores"], transB=1)
    )
    channels, side = model.input_shape
    given = helper.make_tensor_value_info("pictures", kinds.FLOAT, ["N", channels, side, side])
    result = helper.make_tensor_value_info("scores", kinds.FLOAT, ["N", len(head[1])])
    graph = helper.make_graph(nodes, "real", [given], [result], weights)
    # An opset and a format that older runtimes read as well.
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString())


def quantize(real: Path, out: Path, pictures: Floats) -> None:
    """Quantize an ONNX file to int8, its ranges from some normalized pictures (N, C, H, W).

    Activations are uint8, weights int8 with a scale per output, as ONNX Runtime advises on x86-64.
    """
    quantization = importlib.import_module("onnxruntime.quantization")

    class Reader(quantization.CalibrationDataReader):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            self.left = iter(pictures)

        def get_next(self) -> dict[str, Floats] | None:
            picture = next(self.left, None)
            return None if picture is None else {"pictures": picture[None]}

    logging.disable(logging.WARNING)  # it advises a step that folding has done already
    try:
        quantization.quantize_static(
            str(real),
            str(out),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
    finally:
        logging.disable(logging.NOTSET)
