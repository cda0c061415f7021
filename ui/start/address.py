"""The address of Start, which holds nothing: what a link says belongs to Explore."""

from __future__ import annotations

from ui.links.fields import Address

__all__ = ["START"]

START = Address("start", ())
