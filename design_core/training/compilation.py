"""Compiled training steps, where PyTorch's compiler and its folder of compiled code can be used.

Compiling makes training faster and nothing else, so that nothing about it may stop a training:
neither a full disk nor a folder that cannot be written or holds damaged code.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn

from design_core.networks.compiler_cache import FOLDER, own_folder

__all__ = ["CompiledStep"]


class CompiledStep:
    """A network as it is trained: compiled at the first call, or itself where that fails.

    What fails is tried again with an empty folder of its own, since damaged code in the folder
    that PyTorch shares among programs would fail for ever. One warning says so.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._forward: Callable[[Tensor], Tensor] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._forward is None:
            self._forward = self._tried(x)
        return self._forward(x)

    def _tried(self, x: Tensor) -> Callable[[Tensor], Tensor]:
        try:
            return _compiled(self._model, x)
        except Exception as error:  # a compiler, its files and its generated code: almost anything
            first = error
        shared = os.environ.get(FOLDER, "its folder for compiled code")
        with suppress(Exception):
            os.environ[FOLDER] = own_folder()
            torch.compiler.reset()
            again = _compiled(self._model, x)
            _warn(
                f"Compiled code in {shared} cannot be used ({_line(first)}); it was made again "
                "elsewhere. Remove that folder."
            )
            return again
        torch.compiler.reset()
        _warn(f"PyTorch cannot compile ({_line(first)}); training goes on uncompiled, and slower.")
        return self._model


def _compiled(model: nn.Module, x: Tensor) -> Callable[[Tensor], Tensor]:
    """The compiled network, after one step forward and backward which leaves no trace."""
    compiled: Callable[[Tensor], Tensor] = torch.compile(model, dynamic=False)
    before = [(tensor, tensor.clone()) for tensor in model.buffers()]
    devices = [x.device] if x.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            torch.autograd.backward(compiled(x).sum())
    finally:
        with torch.no_grad():
            for tensor, value in before:
                tensor.copy_(value)
        model.zero_grad()
    return compiled


def _line(error: Exception) -> str:
    """What an error says in its first line, which of a compiler's is enough."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)
