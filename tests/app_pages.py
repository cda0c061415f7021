"""What the tests of the app read off a page that `AppTest` ran."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from streamlit.testing.v1 import AppTest

__all__ = ["APP", "bodies", "heading"]

#: The entry script.
APP = str(Path(__file__).parents[1] / "app.py")


def bodies(app: AppTest) -> list[str]:
    """Every piece of HTML on the page."""
    return [one.proto.body for one in app.get("html")]


def heading(app: AppTest) -> str:
    """The sentence on top of the page, as people read it."""
    (found,) = re.findall(r'<h1 class="ds-finding">(.*?)</h1>', "".join(bodies(app)), re.DOTALL)
    return unescape(found).replace("\u00a0", " ")
