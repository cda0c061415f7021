"""Packages that only some things need, and how to get them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXTRAS", "missing_extra"]

#: The extra of this project that brings a module, as ``pip install "design-core[EXTRA]"`` does.
EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "torch": "torch",
        "torchvision": "torch",
        "numba": "engine",
        "matplotlib": "figures",
        "onnx": "onnx",
        "openvino": "openvino",
        "onnxruntime": "rivals",
    }
)

_NAMES = {
    "torch": "PyTorch",
    "onnx": "ONNX",
    "openvino": "OpenVINO",
    "onnxruntime": "ONNX Runtime",
}


def missing_extra(error: ModuleNotFoundError) -> str:
    """What to do about a module that is not installed, in a sentence.

    Raises
    ------
    ModuleNotFoundError
        `error` itself, if its module is none of `EXTRAS`: then something is broken.

    Examples
    --------
    >>> missing_extra(ModuleNotFoundError(name="torch"))
    'This needs PyTorch, which is not installed: pip install "design-core[torch]".'
    """
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        raise error
    return (
        f"This needs {_NAMES.get(module, module)}, which is not installed: "
        f'pip install "design-core[{EXTRAS[module]}]".'
    )
