"""What runs in browsers: modules in JavaScript, and what they need of a network.

The mathematics there repeats that of this package, bit for bit, and each module names its
reference. The app's components and the one HTML file (`design_core.browser.page`) are made of the
same modules. They are plain scripts that are joined in order: a component takes one script only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from design_core.browser.limits import limits_script

__all__ = ["filled", "joined", "text", "with_kernel_panel"]

_HERE = Path(__file__).parent


def joined(*names: str, folder: Path = _HERE / "js") -> str:
    """The modules of these names, one behind the other; ``limits`` is written by Python."""
    return "\n".join(
        limits_script() if name == "limits" else (folder / f"{name}.js").read_text(encoding="utf-8")
        for name in names
    )


def text(name: str) -> str:
    """Markup or style of this package, by file name."""
    return (_HERE / name).read_text(encoding="utf-8")


def filled(markup: str, places: Mapping[str, str]) -> str:
    """Markup with what belongs at its places; what looks like a place in that is text.

    Examples
    --------
    >>> filled("<b>{name}</b> {more}", {"name": "{more}", "more": "1"})
    '<b>{more}</b> 1'
    """
    names = "|".join(map(re.escape, places))
    return re.sub(rf"\{{({names})\}}", lambda place: places[place[1]], markup)


def with_kernel_panel(markup: str) -> str:
    """Markup with the kernel panel, which instruments share, wherever it says so."""
    return markup.replace("{kernel_panel}", text("kernel_panel.html"))
