"""A plain ``nn.Sequential`` read as a chain of blocks, for the 1-bit engine.

A block is a convolution or a linear layer, then a 2×2 max-pool and a batch norm if there are any,
in any order, then Sign or DeSign. Flatten, Dropout and Identity may stand anywhere between blocks.
A pool may also follow its activation, as most PyTorch code has it: a maximum of bits is the bit of
a maximum where all pixels have one threshold, so for Sign, but not for a pattern. At the end stands
a linear layer, behind a batch norm or none, on all bits of the maps or on their means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn

from design_core.activations import BinaryActivation
from design_core.engine.folding import Chain, ChainBlock, Norm, UnpackableError
from design_core.engine.reading import norm, thresholds, weights
from design_core.networks.layers import BinaryConv2d, BinaryLayer, BinaryLinear
from design_core.networks.pooling import MaxPool2x2

__all__ = ["halves", "is_global_mean", "plain_layers", "read_chain"]

#: What changes nothing in evaluation mode.
_SILENT = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
_LINEAR = (nn.Linear, BinaryLinear)


@dataclass
class _Block:
    """What has been read of a block that is not closed yet."""

    name: str
    layer: nn.Module
    pool: bool = False
    late: bool = False
    norm: Norm | None = None


def plain_layers(model: nn.Sequential, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules of a chain in the order of computation, chains within it opened, by dotted name."""
    for own, module in model.named_children():
        name = f"{prefix}{own}"
        if type(module) is nn.Sequential:
            yield from plain_layers(module, f"{name}.")
        elif not isinstance(module, _SILENT):
            yield name, module


def halves(pool: nn.Module) -> bool:
    """Whether a module is a max-pool of 2×2 windows side by side."""
    if isinstance(pool, MaxPool2x2):
        return True
    if not isinstance(pool, nn.MaxPool2d) or pool.ceil_mode or pool.return_indices:
        return False
    sizes = (pool.kernel_size, pool.stride, pool.padding, pool.dilation)
    pairs = [(one, one) if isinstance(one, int) else tuple(one) for one in sizes]
    return pairs == [(2, 2), (2, 2), (0, 0), (1, 1)]


def is_global_mean(pool: nn.Module) -> bool:
    """Whether a module gives the mean of each map."""
    return isinstance(pool, nn.AdaptiveAvgPool2d) and pool.output_size in (1, (1, 1))


@torch.no_grad()
def read_chain(model: nn.Sequential) -> Chain:
    """The arrays of a chain in evaluation mode.

    Raises
    ------
    UnpackableError
        A module that the engine cannot run where it stands; the message names it.
    """
    reader = _Reader()
    for name, module in plain_layers(model):
        reader.take(name, module)
    return reader.chain()


class _Reader:
    """Takes modules one after the other."""

    def __init__(self) -> None:
        self.blocks: list[ChainBlock] = []
        self.open: _Block | None = None
        self.flat = self.mean = False

    def take(self, name: str, module: nn.Module) -> None:
        if isinstance(module, (nn.Conv2d, BinaryConv2d, *_LINEAR)):
            self.layer(name, module)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            self.normalize(name, module)
        elif halves(module):
            self.pool(name)
        elif isinstance(module, BinaryActivation):
            self.close(name, module)
        elif isinstance(module, nn.Flatten):
            self.flatten(name, module)
        elif is_global_mean(module):
            if self.open or not self.blocks:
                raise _refused(name, module, "means are taken of bits, behind an activation")
            self.mean = True
        else:
            raise _refused(name, module, _advice(module))

    def layer(self, name: str, module: nn.Module) -> None:
        if self.open:
            raise _refused(
                name,
                module,
                f"no activation stands between it and {self.open.name}, so it gets no bits",
            )
        if isinstance(module, _LINEAR) and not self.flat and (self.blocks or self.mean):
            raise _refused(name, module, "an nn.Flatten belongs before it")
        if not isinstance(module, _LINEAR):
            if self.flat or self.mean:
                raise _refused(name, module, "no convolution follows a Flatten or a mean")
            self._check_window(name, module)
        self.open = _Block(name, module)

    def _check_window(self, name: str, conv: nn.Module) -> None:
        is_first = not self.blocks
        if isinstance(conv, BinaryConv2d):
            half = conv.weight.shape[-1] // 2
            whole = conv.margin == half and (not is_first or conv.padding == "zero")
            if not whole and (is_first or conv.margin):
                raise _refused(
                    name,
                    conv,
                    f"it pads {conv.margin} pixels of kind {conv.padding}; the first "
                    f"convolution pads {half} zeros, the others {half} pixels or none",
                )
            return
        assert isinstance(conv, nn.Conv2d)
        if not is_first:
            raise _refused(name, conv, "only the first layer may have real weights")
        half = conv.kernel_size[0] // 2
        wanted = {"kernel_size": {2 * half + 1}, "dilation": {1}, "groups": {1}}
        whole = all({*_both(getattr(conv, key))} == sizes for key, sizes in wanted.items())
        if not whole or len({*conv.stride}) > 1 or conv.padding_mode != "zeros":
            raise _refused(name, conv, "windows are square, odd, whole, and padded by zeros")
        if conv.padding != "same" and {*_both(conv.padding)} != {half}:
            raise _refused(name, conv, f"the first convolution pads {half} pixels on each side")

    def normalize(self, name: str, module: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        if self.open is None or self.open.norm is not None:
            raise _refused(name, module, "it belongs between a layer and its activation")
        if module.running_mean is None:
            raise _refused(name, module, "it keeps no running statistics")
        self.open.norm = norm(module)

    def pool(self, name: str) -> None:
        if self.open is None and self.blocks and not self.flat:
            last = self.blocks[-1]
            if last.pool or last.thresholds.shape[1:] != (1, 1):
                raise UnpackableError(
                    f"{name} pools bits that a pattern of thresholds cut, or that are pooled "
                    "already; put the pool before the batch norm of its block."
                )
            self.blocks[-1] = replace(last, pool=True, late=True)
        elif self.open is None or self.open.pool or isinstance(self.open.layer, _LINEAR):
            raise UnpackableError(f"{name} pools where no convolution is, or a second time.")
        else:
            self.open.pool, self.open.late = True, self.open.norm is not None

    def close(self, name: str, module: BinaryActivation) -> None:
        if self.open is None:
            raise _refused(name, module, "a convolution or a linear layer belongs before it")
        if self.mean:
            raise _refused(name, module, "means of maps go to the last layer alone")
        read, self.open = self.open, None
        given = weights(read.layer)
        after = read.norm or Norm.none(len(given.values))
        self.blocks.append(ChainBlock(given, read.pool, after, thresholds(module), read.late))

    def flatten(self, name: str, module: nn.Flatten) -> None:
        if (module.start_dim, module.end_dim) != (1, -1):
            raise _refused(name, module, "all axes but the batch become one")
        if self.open:
            raise _refused(name, module, f"an activation belongs between {self.open.name} and it")
        self.flat = True

    def chain(self) -> Chain:
        last = self.open
        if last is None or not isinstance(last.layer, _LINEAR) or not self.blocks:
            raise UnpackableError(
                "The chain must end with a linear layer that gives the class scores, behind at "
                "least one block with an activation; "
                + (f"it ends with {last.name}." if last else "it ends with bits.")
            )
        head = weights(last.layer)
        after = last.norm or Norm.none(len(head.values))
        return Chain(None, self.blocks, head, after, self.mean)


def _both(value: object) -> tuple[object, ...]:
    """A number, or two, as a tuple."""
    return value if isinstance(value, tuple) else (value,)


def _advice(module: nn.Module) -> str:
    kind = type(module).__module__
    if kind.startswith("torch.nn.modules.activation"):
        return "it keeps real values; make_binary exchanges hidden activations"
    if isinstance(module, nn.MaxPool2d):
        return "only pools of 2×2 with stride 2 are computed on bits"
    if isinstance(module, nn.Conv1d | nn.Conv3d | BinaryLayer):
        return "only Conv2d and Linear have packed forms"
    return "it is none of convolution, 2×2 max-pool, batch norm, activation, Flatten and Linear"


def _refused(name: str, module: nn.Module, why: str) -> UnpackableError:
    return UnpackableError(f"{name}, a {type(module).__name__}, cannot be packed: {why}.")
