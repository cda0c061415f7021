from .backend import BACKENDS, load_backend
from .files import load_packed, save_packed
from .network import PackedNetwork
from .onnx_export import export_onnx
from .packing import UnpackableError, pack

__all__ = [
    "BACKENDS",
    "PackedNetwork",
    "UnpackableError",
    "export_onnx",
    "load_backend",
    "load_packed",
    "pack",
    "save_packed",
]
