"""Contrast against published pairs, and colours that are moved no further than they must be."""

from __future__ import annotations

import pytest

from design_core.output.contrast import LEAST, contrast, legible


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("#FFFFFF", "#FFFFFF", 1.0), ("#000000", "#FFFFFF", 21.0), ("#777777", "#FFFFFF", 4.48),
     ("#FFFFFF", "#767676", 4.54), ("#FF0000", "#FFFFFF", 4.0)],
)  # fmt: skip
def test_ratios_as_published(first: str, second: str, ratio: float) -> None:
    assert contrast(first, second) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize(("text", "ground"), [("#14161A", "#FFFFFF"), ("#ECEAE4", "#191B20")])
@pytest.mark.parametrize("colour", ["#E69F00", "#CC79A7", "#009E73", "#7C818A", "#3B5BDB"])
def test_a_label_is_legible_and_keeps_its_colour(colour: str, text: str, ground: str) -> None:
    found = legible(colour, text, ground)
    assert contrast(found, ground) >= LEAST
    if contrast(colour, ground) >= LEAST:
        assert found == colour
    else:
        assert contrast(found, ground) < LEAST + 1.5
