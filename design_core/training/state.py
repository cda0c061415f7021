"""The state of a training run in one file: tensors as safetensors, the rest as JSON in its header.

Never pickle: opening a state runs no code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from design_core.atomic import write_atomically

__all__ = ["load_state", "load_weights", "save_state"]


def save_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, epochs_done: int
) -> None:
    """Save all that a run needs to go on after `epochs_done` epochs.

    The random state is no part of it: every epoch draws from generators seeded by (seed, epoch).
    Neither is the schedule: the learning rate is a function of the step.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, entries in optimizer.state_dict()["state"].items():
        for key, tensor in entries.items():
            tensors[f"optimizer.{index}.{key}"] = tensor
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save(whole, {"state": json.dumps({"epochs_done": epochs_done})}))


def load_state(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Fill model and optimizer from a file of `save_state`; return the epochs done.

    Raises
    ------
    ValueError
        A damaged file, or one of another network.
    """
    tensors, header = _read(path)
    _fill(model, tensors, path)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        if part == "optimizer":
            index, _, key = rest.partition(".")
            state.setdefault(int(index), {})[key] = _laid_out(tensor, parameters[int(index)])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return int(header["epochs_done"])


def _laid_out(tensor: Tensor, parameter: Tensor) -> Tensor:
    """The tensor in the memory order of its parameter: fused optimizers walk both side by side."""
    if tensor.shape != parameter.shape:
        return tensor  # the count of steps
    return torch.empty_like(parameter).copy_(tensor)


def load_weights(path: Path, model: nn.Module) -> None:
    """Fill a model alone from a file of `save_state`; ValueError as in `load_state`."""
    _fill(model, _read(path)[0], path)


def _read(path: Path) -> tuple[dict[str, Tensor], Mapping[str, Any]]:
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, json.loads(file.metadata()["state"])
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not the state of a training run: {error}.") from error


def _fill(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    weights = {
        name.removeprefix("model."): tensor
        for name, tensor in tensors.items()
        if name.startswith("model.")
    }
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{path} belongs to another network: {error}") from error
