"""The panels of the closer look. They need PyTorch: import this module where it is loaded."""

from __future__ import annotations

from collections.abc import Callable

from ui.predict.address import PANELS
from ui.predict.diagnose_panel import diagnose_panel
from ui.predict.perturb_panel import perturb_panel
from ui.predict.strength_panel import strength_panel
from ui.predict.subject import Subject
from ui.predict.swap_panel import swap_panel
from ui.predict.walkthrough_panel import walk_panel

__all__ = ["DRAWN"]

#: By their names on the page.
DRAWN: dict[str, Callable[[Subject], None]] = dict(
    zip(
        PANELS,
        (walk_panel, swap_panel, perturb_panel, diagnose_panel, strength_panel),
        strict=True,
    )
)
