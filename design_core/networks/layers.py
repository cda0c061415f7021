"""Binary convolution and binary linear layer: latent weights, ±1 products, explicit padding."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from design_core.networks.binarizers import Abc, WeightBinarizer, build_binarizer

__all__ = [
    "PADDINGS",
    "BinaryConv2d",
    "BinaryLayer",
    "BinaryLinear",
    "binary_layers",
    "constrain_latent_weights",
    "pad_maps",
    "set_training_progress",
    "set_training_type",
]

#: What stands beyond the border: +1, the nearest pixel, or 0 (a third symbol in a ±1 world).
PADDINGS = ("one", "replicate", "zero")


def pad_maps(x: Tensor, margin: int, padding: str) -> Tensor:
    """Widen maps (N, C, H, W) by `margin` pixels on each side, by one of `PADDINGS`.

    Raises
    ------
    ValueError
        Unknown padding.
    """
    if padding not in PADDINGS:
        raise ValueError(f"Unknown padding {padding!r}; choose one of {', '.join(PADDINGS)}.")
    if margin == 0:
        return x
    if padding == "replicate":
        # By index: compiled for channels-last maps, torch 2.14's own replication pad fails.
        rows, columns = (_clamped_range(size, margin, x.device) for size in x.shape[-2:])
        return x[:, :, rows][:, :, :, columns]
    return F.pad(x, (margin,) * 4, value=1.0 if padding == "one" else 0.0)


def _clamped_range(size: int, margin: int, device: torch.device) -> Tensor:
    return torch.arange(-margin, size + margin, device=device).clamp(0, size - 1)


class BinaryLayer(nn.Module):
    """What binary layers share: latent weights, a binarizer, the number type of the products.

    Attributes
    ----------
    weight
        Real latent weights, outputs first. The layer computes with their bits.
    bias
        Real, (outputs,), added to the scaled sums; None unless asked for. Where a batch norm
        follows it is without effect, but it comes along when a real layer is made binary.
    training_type
        Number type of the products in training mode. bfloat16 doubles the speed where the
        processor has it and loses next to nothing: ±1 products and their float32 sums are exact,
        only the result is rounded, and even integers up to 512 are bfloat16 numbers. In
        evaluation mode everything is float32, exact.
    input_planes
        How many tensors of bits its inputs are a sum of, which multiplies its 1-bit products.
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        shape: tuple[int, ...],
        binarizer: str | WeightBinarizer,
        *,
        bias: bool = False,
        input_planes: int = 1,
    ) -> None:
        super().__init__()
        self.fan_in = math.prod(shape[1:])  # products per output value: the largest sum there is
        self.input_planes = input_planes
        self.weight = nn.Parameter(torch.empty(shape))
        self.register_parameter("bias", nn.Parameter(torch.zeros(shape[0])) if bias else None)
        self.binarizer = (
            build_binarizer(binarizer, shape[0]) if isinstance(binarizer, str) else binarizer
        )
        self.training_type = torch.float32
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # torch's own choice for layers

    def binary_weight(self) -> tuple[Tensor, Tensor | None]:
        """Bits (±1) and scale of the weights, see `design_core.networks.binarizers`."""
        bits, scale = self.binarizer(self.weight)
        return bits, scale

    def product_type(self) -> torch.dtype:
        """The number type to multiply in, in the present mode."""
        return self.training_type if self.training else torch.float32

    @property
    def planes(self) -> int:
        """1-bit products per product: planes of the weights times planes of the inputs."""
        return self.binarizer.planes * self.input_planes

    def factors(self) -> tuple[Tensor, Tensor | None]:
        """What inputs are multiplied with, and what scales the sums."""
        values, scale = self.binarizer.factors(self.weight)
        return values, scale


class BinaryConv2d(BinaryLayer):
    """Convolution with binary weights: (N, in, H, W) → (N, out, H', W').

    Parameters
    ----------
    padding
        What stands beyond the border, one of `PADDINGS`.
    margin
        How many pixels stand there on each side; as many as keep H and W at stride 1 if left out.
    binarizer
        One of `design_core.networks.binarizers.BINARIZERS`, or one that `build_binarizer` made.
    bias
        Whether a real number per output is added to the scaled sums.
    input_planes
        See `BinaryLayer`.

    Examples
    --------
    >>> layer = BinaryConv2d(8, 16)
    >>> layer(torch.ones(1, 8, 5, 7)).shape
    torch.Size([1, 16, 5, 7])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int = 3,
        stride: int = 1,
        padding: str = "one",
        margin: int | None = None,
        binarizer: str | WeightBinarizer = "bnn",
        bias: bool = False,
        input_planes: int = 1,
    ) -> None:
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        super().__init__(shape, binarizer, bias=bias, input_planes=input_planes)
        if padding not in PADDINGS:
            raise ValueError(f"Unknown padding {padding!r}; choose one of {', '.join(PADDINGS)}.")
        self.stride = stride
        self.padding = padding
        self.margin = kernel_size // 2 if margin is None else margin

    def forward(self, x: Tensor) -> Tensor:
        values, scale = self.factors()
        kind = self.product_type()
        padded = pad_maps(x.to(kind), self.margin, self.padding)
        sums = F.conv2d(padded, values.to(kind), stride=self.stride).float()
        sums = sums if scale is None else sums * scale.view(-1, 1, 1)
        return sums if self.bias is None else sums + self.bias.view(-1, 1, 1)

    def extra_repr(self) -> str:
        out_channels, in_channels, size, _ = self.weight.shape[-4:]
        return f"{in_channels}, {out_channels}, {size}x{size}, padding={self.padding}"


class BinaryLinear(BinaryLayer):
    """Linear layer with binary weights: (N, in) → (N, out); `bias` as in `BinaryConv2d`."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        binarizer: str | WeightBinarizer = "bnn",
        bias: bool = False,
        input_planes: int = 1,
    ) -> None:
        shape = (out_features, in_features)
        super().__init__(shape, binarizer, bias=bias, input_planes=input_planes)

    def forward(self, x: Tensor) -> Tensor:
        values, scale = self.factors()
        kind = self.product_type()
        sums = F.linear(x.to(kind), values.to(kind)).float()
        sums = sums if scale is None else sums * scale
        return sums if self.bias is None else sums + self.bias

    def extra_repr(self) -> str:
        out_features, in_features = self.weight.shape[-2:]
        return f"{in_features}, {out_features}"


def binary_layers(model: nn.Module) -> Iterator[tuple[str, BinaryLayer]]:
    """Names and binary layers of a network, in order."""
    for name, module in model.named_modules():
        if isinstance(module, BinaryLayer):
            yield name, module


def set_training_type(model: nn.Module, kind: torch.dtype) -> None:
    """Choose the number type of all ±1 products in training mode.

    Layers that multiply with other numbers than ±1 stay at float32: bfloat16 would round these.
    """
    for _, layer in binary_layers(model):
        if layer.planes == 1 and not isinstance(layer.binarizer, Abc):
            layer.training_type = kind


def set_training_progress(model: nn.Module, progress: float) -> None:
    """Tell the binarizers' schedules what share of training is done, 0 to 1."""
    for _, layer in binary_layers(model):
        layer.binarizer.set_progress(progress)


@torch.no_grad()
def constrain_latent_weights(model: nn.Module) -> None:
    """Apply each binarizer's constraint; call after every optimizer step."""
    for _, layer in binary_layers(model):
        layer.binarizer.constrain_(layer.weight)
