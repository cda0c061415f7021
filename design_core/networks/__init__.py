"""Binary networks: layers, weight binarizers, VGG-small and ResNets, a registry, a summary.

Names are loaded when they are first used: what the names of activations mean needs no PyTorch.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
