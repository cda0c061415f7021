"""Networks as training might leave them: random weights, random batch-norm statistics."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from design_core.networks import build_network
from design_core.networks.binarizers import Recu
from design_core.networks.layers import BinaryLayer


def randomized_network(name: str, seed: int = 0, **options: str | int | bool) -> nn.Module:
    """A network in evaluation mode; every seventh γ is 0, about half of the others negative."""
    torch.manual_seed(seed)
    model = build_network(name, **options).eval()
    draw = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, Recu):
            module.alpha.data.copy_(torch.randn(module.outputs, generator=draw))
        if isinstance(module, BinaryLayer):
            module.weight.data.view(-1)[::50] = 0  # sign(0) = +1
        if isinstance(module, _BatchNorm):
            _randomize(module, draw)
    return model


def _randomize(norm: _BatchNorm, draw: torch.Generator) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    size = norm.num_features
    # Means and variances of the size of small sums, so that γ, β and thresholds all matter;
    # whole numbers among them make ties.
    norm.running_mean.copy_((4 * torch.randn(size, generator=draw)).round())
    norm.running_var.copy_(1 + 30 * torch.rand(size, generator=draw))
    if norm.affine:
        norm.weight.data.copy_(torch.randn(size, generator=draw))
        norm.bias.data.copy_(torch.randn(size, generator=draw))
        norm.weight.data[::7] = 0
        norm.bias.data[::14] = 0
        norm.bias.data[1::5] = 0
