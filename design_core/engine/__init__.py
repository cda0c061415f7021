"""Packed 1-bit inference: trained networks whose binary layers run on machine words.

Running a packed network needs NumPy, and numba for speed; only `pack` and `export_onnx` need
PyTorch. Names are loaded when they are first used; they stand in ``__init__.pyi``.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
