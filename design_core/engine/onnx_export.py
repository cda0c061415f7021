"""ONNX export of the float-simulated network, for other tools to run and to look at.

What this does **not** do: ONNX has no 1-bit convolution, so a runtime multiplies ±1 as float32. The
file is as large as the float one and runs no faster; speed and size are what `pack` is for.

onnxruntime's optimizer folds batch norms into the weights. Sums are then no longer whole numbers,
ties fall either way, and scores may change; switch it off (``ORT_DISABLE_ALL``) to get PyTorch's.

Activations are written as ``Where(x ≥ T, 1, −1)``: ONNX's own Sign has three values.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from design_core.activations import DeSign, Sign
from design_core.atomic import write_atomically
from design_core.kernels.kernel import tile
from design_core.networks.layers import BinaryConv2d, BinaryLayer, BinaryLinear
from design_core.networks.pooling import MaxPool2x2
from design_core.networks.resnet import ResidualUnit, ResNet
from design_core.networks.vgg import ConvBlock, Head, VggSmall

__all__ = ["export_onnx"]

_OPSET = 17


@torch.no_grad()
def export_onnx(model: nn.Module, input_shape: tuple[int, int, int], path: Path | str) -> None:
    """Write a network as an ONNX model of any batch size and pictures of the shape (C, H, W).

    Raises
    ------
    ValueError
        Another network than `VggSmall` or `ResNet`, or another activation than Sign and DeSign.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    graph = _Graph(*input_shape)
    if isinstance(model, VggSmall):
        scores = graph.chain(model)
    elif isinstance(model, ResNet):
        scores = graph.residual(model)
    else:
        raise ValueError(
            f"Only VggSmall and ResNet networks can be exported; got {type(model).__name__}."
        )
    write_atomically(Path(path), graph.model(scores, input_shape).SerializeToString())


class _Graph:
    """Nodes and weights so far, and the size of the current map."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.channels, self.height, self.width = channels, height, width

    def constant(self, value: Any) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def chain(self, model: VggSmall) -> str:
        x = "pictures"
        for block in model.blocks.values():
            assert isinstance(block, ConvBlock)
            x = self.conv(x, block.conv)
            if isinstance(block.pool, MaxPool2x2):
                x = self.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
                self.height, self.width = self.height // 2, self.width // 2
            x = self.activation(self.norm(x, block.norm), block.act)
        assert isinstance(model.head, Head)
        x = self.linear(self.add("Flatten", x), model.head.linear)
        return self.norm(x, model.head.norm)

    def residual(self, model: ResNet) -> str:
        stem, norm = model.stem.children()
        x = self.norm(self.conv("pictures", stem), norm)
        for unit in model.units.values():
            assert isinstance(unit, ResidualUnit)
            x = self.unit(x, unit)
        norm, linear = model.head.children()
        x = self.add("ReduceMean", x, axes=[2, 3], keepdims=0)
        return self.linear(self.norm(x, norm), linear)

    def unit(self, x: str, unit: ResidualUnit) -> str:
        carried, stride = x, unit.conv.stride
        inputs = self.channels
        branch = self.norm(self.conv(self.activation(x, unit.act), unit.conv), unit.norm)
        if stride > 1:
            # Without padding the means at the end are of what pixels there are, as in PyTorch.
            window = {"kernel_shape": [stride] * 2, "strides": [stride] * 2, "ceil_mode": 1}
            carried = self.add("AveragePool", x, **window)
        if self.channels > inputs:
            pads = self.constant(np.array([0, 0, 0, 0, 0, self.channels - inputs, 0, 0]))
            carried = self.add("Pad", carried, pads)
        return self.add("Add", branch, carried)

    def conv(self, x: str, conv: nn.Module) -> str:
        weight, scale, padding, stride = _convolution(conv)
        margin = weight.shape[-1] // 2
        pads = [0] * 4
        if padding == "zero":
            pads = [margin] * 4
        elif margin:
            ends = self.constant(np.array([0, 0, margin, margin] * 2))
            one = self.constant(np.float32(1))
            mode = "edge" if padding == "replicate" else "constant"
            x = self.add("Pad", x, ends, one, mode=mode)
        x = self.add("Conv", x, self.constant(weight), pads=pads, strides=[stride] * 2)
        self.channels = len(weight)
        self.height, self.width = (-(-side // stride) for side in (self.height, self.width))
        return x if scale is None else self.add("Mul", x, self.constant(scale.reshape(-1, 1, 1)))

    def linear(self, x: str, linear: nn.Module) -> str:
        if isinstance(linear, BinaryLinear):
            bits, scale = linear.binary_weight()
            x = self.add("MatMul", x, self.constant(bits.numpy().T))
            return x if scale is None else self.add("Mul", x, self.constant(scale.numpy()))
        assert isinstance(linear, nn.Linear)
        x = self.add("MatMul", x, self.constant(linear.weight.numpy().T))
        bias = linear.bias
        return x if bias is None else self.add("Add", x, self.constant(bias.numpy()))

    def norm(self, x: str, norm: nn.Module) -> str:
        assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        size = norm.num_features
        slope = norm.weight.numpy() if norm.affine else np.ones(size, np.float32)
        offset = norm.bias.numpy() if norm.affine else np.zeros(size, np.float32)
        values = (slope, offset, norm.running_mean.numpy(), norm.running_var.numpy())
        inputs = [self.constant(value) for value in values]
        return self.add("BatchNormalization", x, *inputs, epsilon=norm.eps)

    def activation(self, x: str, act: nn.Module) -> str:
        if isinstance(act, DeSign):
            thresholds = tile(act.thresholds, self.channels, self.height, self.width).numpy()
        elif isinstance(act, Sign):
            thresholds = np.zeros((), np.float32)
        else:
            raise ValueError(
                f"Only Sign and DeSign activations can be exported; got {type(act).__name__}."
            )
        fires = self.add("GreaterOrEqual", x, self.constant(thresholds))
        ends = (self.constant(np.float32(value)) for value in (1, -1))
        return self.add("Where", fires, *ends)

    def model(self, scores: str, input_shape: tuple[int, int, int]) -> onnx.ModelProto:
        """The whole model, checked."""
        self.nodes.append(helper.make_node("Identity", [scores], ["scores"]))
        given = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["N", *input_shape])
        result = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", "K"])
        graph = helper.make_graph(self.nodes, "design", [given], [result], self.weights)
        opset = helper.make_opsetid("", _OPSET)
        # The format of the opset's own time, which older runtimes read as well.
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
        onnx.checker.check_model(model)
        return model


def _convolution(
    conv: nn.Module,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, str, int]:
    """Weights (±1 for binary ones), scale, padding and stride."""
    if isinstance(conv, BinaryConv2d):
        bits, scale = BinaryLayer.binary_weight(conv)
        return bits.numpy(), None if scale is None else scale.numpy(), conv.padding, conv.stride
    assert isinstance(conv, nn.Conv2d)
    return conv.weight.numpy(), None, "zero", conv.stride[0]
