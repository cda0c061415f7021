"""DeSign: designed dithering Sign activations for binary neural networks.

Everything named here is loaded when it is first used, so that ``import design_core`` is quick and
does without torch. The names and their modules stand in ``__init__.pyi``.
"""

from __future__ import annotations

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
