"""ONNX export of the float-simulated network, for other tools to run and to look at.

What this does **not** do: ONNX has no 1-bit convolution, so a runtime multiplies ±1 as float32. The
file is as large as the float one and runs no faster; speed and size are what `pack` is for.

onnxruntime's optimizer folds batch norms into the weights. Sums are then no longer whole numbers,
ties fall either way, and scores may change; switch it off (``ORT_DISABLE_ALL``) to get PyTorch's.

Activations are written as ``Where(x ≥ T, 1, −1)``: ONNX's own Sign has three values.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from design_core.activations import BinaryActivation, DeSign, Sign
from design_core.atomic import write_atomically
from design_core.engine.sequential import halves, is_global_mean, plain_layers
from design_core.kernels.kernel import tile
from design_core.networks.layers import BinaryConv2d, BinaryLinear
from design_core.networks.pooling import MaxPool2x2
from design_core.networks.resnet import ResidualUnit, ResNet
from design_core.networks.vgg import ConvBlock, Head, VggSmall
from design_core.pictures.form import PictureForm

__all__ = ["export_onnx", "onnx_bytes"]

_OPSET = 17


def export_onnx(
    model: nn.Module,
    input_shape: tuple[int, int, int],
    path: Path | str,
    *,
    pictures: PictureForm | None = None,
) -> None:
    """Write a network as an ONNX model of any batch size and pictures of the shape (C, H, W).

    Parameters
    ----------
    pictures
        What the network takes and gives; kept in the model's metadata: ``mean``, ``deviation``,
        ``colour_order``, ``class_names`` as JSON, and ``feeding``, which says it in a sentence.

    Raises
    ------
    ValueError
        Another network than `VggSmall`, `ResNet` or a plain ``nn.Sequential``; another activation
        than Sign and DeSign, or in a plain chain a module that has no form here, which is named.
    """
    write_atomically(Path(path), onnx_bytes(model, input_shape, pictures=pictures))


@torch.no_grad()
def onnx_bytes(
    model: nn.Module, input_shape: tuple[int, int, int], *, pictures: PictureForm | None = None
) -> bytes:
    """What `export_onnx` writes."""
    model = copy.deepcopy(model).cpu().float().eval()
    graph = _Graph(*input_shape)
    if isinstance(model, VggSmall):
        scores = graph.chain(model)
    elif isinstance(model, ResNet):
        scores = graph.residual(model)
    elif isinstance(model, nn.Sequential):
        scores = graph.sequential(model)
    else:
        raise ValueError(
            "VggSmall and ResNet networks can be exported, and plain nn.Sequential chains; the "
            f"order in which {type(model).__name__} computes cannot be read. Put its layers into "
            "an nn.Sequential."
        )
    written = graph.model(scores, input_shape)
    if pictures is not None:
        helper.set_model_props(written, pictures.metadata())
    serialized: bytes = written.SerializeToString()
    return serialized


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
                x = self.halved(x)
            x = self.activation(self.norm(x, block.norm), block.act)
        assert isinstance(model.head, Head)
        x = self.linear(self.add("Flatten", x), model.head.linear)
        return self.norm(x, model.head.norm)

    def sequential(self, model: nn.Sequential) -> str:
        """Any order of the modules that `plain_layers` finds."""
        x = "pictures"
        for name, module in plain_layers(model):
            if isinstance(module, nn.Conv2d | BinaryConv2d):
                x = self.conv(x, module)
            elif isinstance(module, nn.Linear | BinaryLinear):
                x = self.linear(x, module)
                self.channels, self.height, self.width = len(module.weight), 0, 0
            elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                x = self.norm(x, module)
            elif isinstance(module, BinaryActivation):
                x = self.activation(x, module)
            elif type(module) in (nn.ReLU, nn.Hardtanh):
                x = self.real_activation(x, module)
            elif halves(module):
                x = self.halved(x)
            elif is_global_mean(module):
                x = self.add("GlobalAveragePool", x)
                self.height = self.width = 1
            elif isinstance(module, nn.Flatten):
                x = self.add("Flatten", x)
            else:
                raise ValueError(
                    f"{name}, a {type(module).__name__}, cannot be exported: it is none of "
                    "convolution, linear layer, batch norm, activation, 2×2 max-pool, global mean "
                    "and Flatten."
                )
        return x

    def halved(self, x: str) -> str:
        """Maxima of 2×2 windows."""
        self.height, self.width = self.height // 2, self.width // 2
        return self.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])

    def real_activation(self, x: str, act: nn.Module) -> str:
        if isinstance(act, nn.ReLU):
            return self.add("Relu", x)
        assert isinstance(act, nn.Hardtanh)
        ends = (self.constant(np.float32(value)) for value in (act.min_val, act.max_val))
        return self.add("Clip", x, *ends)

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
        if isinstance(conv, nn.Conv2d):
            return self.real_conv(x, conv)
        assert isinstance(conv, BinaryConv2d)
        values, scale = conv.factors()
        margin, pads = conv.margin, [0] * 4
        if conv.padding == "zero":
            pads = [margin] * 4
        elif margin:
            ends = self.constant(np.array([0, 0, margin, margin] * 2))
            one = self.constant(np.float32(1))
            mode = "edge" if conv.padding == "replicate" else "constant"
            x = self.add("Pad", x, ends, one, mode=mode)
        x = self.add("Conv", x, self.constant(values.numpy()), pads=pads, strides=[conv.stride] * 2)
        size = conv.weight.shape[-1]
        self.windowed(len(values), (size, size), (margin, margin), (conv.stride, conv.stride))
        if scale is not None:
            x = self.add("Mul", x, self.constant(scale.numpy().reshape(-1, 1, 1)))
        bias = conv.bias
        return x if bias is None else self.add("Add", x, self.constant(bias.view(-1, 1, 1).numpy()))

    def real_conv(self, x: str, conv: nn.Conv2d) -> str:
        if conv.padding_mode != "zeros" or isinstance(conv.padding, str):
            raise ValueError(
                "Only convolutions that pad numbers of zeros can be exported; one here pads "
                f"{conv.padding} by {conv.padding_mode}."
            )
        values = [conv.weight] if conv.bias is None else [conv.weight, conv.bias]
        x = self.add(
            "Conv",
            x,
            *(self.constant(value.numpy()) for value in values),
            pads=[*conv.padding] * 2,
            strides=[*conv.stride],
            dilations=[*conv.dilation],
            group=conv.groups,
        )
        spread = [conv.dilation[k] * (conv.kernel_size[k] - 1) + 1 for k in (0, 1)]
        self.windowed(conv.out_channels, spread, conv.padding, conv.stride)
        return x

    def windowed(
        self, channels: int, size: Sequence[int], margin: Sequence[int], stride: Sequence[int]
    ) -> None:
        """Maps of what a convolution gives, from now on."""
        self.channels = channels
        self.height, self.width = (
            (side + 2 * margin[k] - size[k]) // stride[k] + 1
            for k, side in enumerate((self.height, self.width))
        )

    def linear(self, x: str, linear: nn.Module) -> str:
        if isinstance(linear, BinaryLinear):
            values, scale = linear.factors()
            x = self.add("MatMul", x, self.constant(values.numpy().T))
            x = x if scale is None else self.add("Mul", x, self.constant(scale.numpy()))
        else:
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
            shape = self.channels, max(self.height, 1), max(self.width, 1)
            tiled = tile(act.thresholds, *shape).numpy()
            thresholds = tiled if self.height else tiled[:, 0, 0]  # of maps, or of a vector
        elif isinstance(act, Sign):
            thresholds = np.zeros((), np.float32)
        else:
            raise ValueError(
                f"Only Sign and DeSign activations can be exported; got {type(act).__name__}, "
                "as activation_bits above 1 and binarizer=abc make them."
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
