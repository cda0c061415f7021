"""Limits that Python, markup and scripts share stand once, in Python."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from design_core import browser
from design_core.browser.bundle import SCRIPTS
from design_core.browser.limits import MAX_ZOOM, REACH, limits_script
from ui.learn.component import article_script
from ui.viewer.component import viewer_script

ROOT = Path(__file__).parents[1]
SCRIPTS_OF = {
    "viewer": viewer_script(),
    "live": browser.joined(*SCRIPTS),
    "learn": article_script(),
}


def test_scripts_are_given_the_limits_of_python() -> None:
    told = re.fullmatch(r"const LIMITS = Object\.freeze\((.*)\);", limits_script())
    assert told
    assert json.loads(told[1]) == {"reach": REACH, "zoom": MAX_ZOOM} == {"reach": 2, "zoom": 64}


@pytest.mark.parametrize("script", SCRIPTS_OF.values(), ids=SCRIPTS_OF.keys())
def test_every_script_that_needs_limits_has_them_once(script: str) -> None:
    assert script.count("const LIMITS =") == 1
    used = set(re.findall(r"LIMITS\.(\w+)", script))
    assert used <= {"reach", "zoom"}
    assert used


def test_no_markup_has_limits_of_its_own() -> None:
    """A slider's ends are set by its script; Python's own sliders take theirs from constants."""
    ranges = 0
    for path in [*ROOT.glob("design_core/browser/*.html"), *ROOT.glob("ui/**/*.html")]:
        for tag in re.findall(r"<input[^>]*type=\"range\"[^>]*>", path.read_text("utf-8")):
            ranges += 1
            assert not re.search(r"\s(min|max)=", tag), f"{path.name}: {tag}"
    assert ranges >= 2
