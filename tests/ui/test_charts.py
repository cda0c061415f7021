"""One style for all charts: what has a colour keeps it, in both themes."""

from __future__ import annotations

import pytest

from design_core.zoo.arms import ARMS
from ui import charts


@pytest.fixture(params=["_LIGHT", "_DARK"])
def theme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> charts.Ink:
    colours: charts.Ink = getattr(charts, request.param)
    monkeypatch.setattr(charts, "ink", lambda: colours)
    return colours


def test_every_activation_of_the_plan_has_a_colour_of_its_own(theme: charts.Ink) -> None:
    names = [arm.activation for arm in ARMS.values()]
    colours = [charts.activation_colour(name) for name in (*names, "design:1 2;3 4")]
    assert len(set(colours)) == len(colours)
    assert charts.activation_colour("sign") == theme.sign
    assert charts.activation_colour("design:2x2-v2") == theme.this


def test_controls_have_one_colour_in_both_themes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for colours in (charts._LIGHT, charts._DARK):
        monkeypatch.setattr(charts, "ink", lambda colours=colours: colours)
        found.append(charts.activation_colour("uniform:2x2-v2"))
    assert found == ["#E69F00", "#E69F00"]


def test_differences_are_blue_and_orange_about_the_ground(theme: charts.Ink) -> None:
    assert charts.diverging() == [(0.0, "#0072B2"), (0.5, theme.ground), (1.0, "#E69F00")]


def test_a_band_is_its_line_seen_through() -> None:
    assert charts.translucent("#3B5BDB", 0.2) == "rgba(59,91,219,0.2)"
