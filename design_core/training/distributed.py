"""Several processes training one network, each on its part of every batch (``torchrun``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["Processes", "processes", "sum_over", "synchronize_batch_norm", "wait_for_all"]


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    Parameters
    ----------
    rank, world
        Number of this process, and of all.
    device
        Where this process computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and reports."""
        return self.rank == 0


@contextmanager
def processes() -> Iterator[Processes]:
    """Join the group that ``torchrun`` describes in the environment, or be alone.

    A GPU is used when there is one: communication is nccl there, gloo between CPUs.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if world == 1:
        yield Processes(0, 1, device)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(distributed.get_rank(), world, device)
    finally:
        distributed.destroy_process_group()


def sum_over(group: Processes, values: Tensor) -> Tensor:
    """The sum of `values` over all processes."""
    if group.world > 1:
        distributed.all_reduce(values)
    return values


def wait_for_all(group: Processes) -> None:
    """Return when every process has come here."""
    if group.world > 1:
        distributed.barrier()


class _Sum(torch.autograd.Function):
    """The sum over all processes; so is its gradient, as every process uses the result."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *grad_outputs: Tensor) -> Tensor:
        total = grad_outputs[0].clone()
        distributed.all_reduce(total)
        return total


class _SynchronizedBatchNorm(_BatchNorm):
    """Batch norm over the batches of all processes together; they must be equally large.

    torch's own SyncBatchNorm computes on GPUs only.
    """

    def _check_input_dim(self, _: Tensor) -> None:
        """Maps (N, C, H, W) and logits (N, C) alike."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            plain: Tensor = super().forward(x)
            return plain
        dims = [0, *range(2, x.ndim)]
        world = distributed.get_world_size()
        moments: Tensor = _Sum.apply(torch.stack([x.mean(dims), (x * x).mean(dims)]))
        mean, square = moments / world
        variance = square - mean**2
        self._track(mean, variance, count=x.numel() // x.shape[1] * world)
        shape = (-1, *[1] * (x.ndim - 2))
        y: Tensor = (x - mean.view(shape)) * (variance.view(shape) + self.eps).rsqrt()
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, *, count: int) -> None:
        """Running statistics as torch keeps them, the variance without bias."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)


def synchronize_batch_norm(model: nn.Module) -> None:
    """Replace every batch norm in place; names in the state dict stay as they are."""
    for parent in list(model.modules()):
        for name, norm in list(parent.named_children()):
            if isinstance(norm, _BatchNorm):
                synchronized = _SynchronizedBatchNorm(
                    norm.num_features, eps=norm.eps, momentum=norm.momentum, affine=norm.affine
                )
                synchronized.load_state_dict(norm.state_dict())
                setattr(parent, name, synchronized)
