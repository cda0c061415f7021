"""The engine's third body, WebAssembly: `engine.c`, and `engine.wasm`, which is built from it.

Browsers run it (`design_core.live`); Python reads its bytes and no more.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["BUILT", "SOURCE", "wasm_bytes"]

SOURCE = Path(__file__).with_name("engine.c")
BUILT = Path(__file__).with_name("engine.wasm")


def wasm_bytes() -> bytes:
    """The module as browsers load it."""
    return BUILT.read_bytes()
