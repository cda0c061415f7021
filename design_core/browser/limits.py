"""Limits that pages in Python and modules in JavaScript share: here alone."""

from __future__ import annotations

import json

__all__ = ["MAX_ZOOM", "REACH", "limits_script"]

#: How far sliders take strength and offset either way, unless a kernel's own lie beyond.
REACH = 2.0

#: Device pixels per pixel of a map, at most.
MAX_ZOOM = 64


def limits_script() -> str:
    """The module ``limits``, from which the others take them."""
    return f"const LIMITS = Object.freeze({json.dumps({'reach': REACH, 'zoom': MAX_ZOOM})});"
