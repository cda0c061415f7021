"""The link of a scene, and its QR code read back by an independent decoder."""

from __future__ import annotations

import re

import numpy as np
import pytest
import zxingcpp

from ui.present.qr import audience_link, length_note, qr_svg, reach_note
from ui.scenes import SCENES


def modules(svg: str) -> np.ndarray:
    """The code's modules, True where dark, drawn from the SVG's own path."""
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])  # type: ignore[index]
    dark = np.zeros((side, side), bool)
    path = re.findall(r' d="([^"]*)"', svg)[-1]
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmhv])([-0-9. ]*)", path):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            dark[int(y), int(x) : int(x + values[0])] = True
            x += values[0]
    return dark


@pytest.mark.parametrize("name", [*SCENES, "long"])
def test_a_scanner_reads_the_link(name: str) -> None:
    link = SCENES[name].link if name in SCENES else "explore?kernel=" + "13_31." * 100
    link = audience_link("https://design.example/present?scene=relief", link)
    picture = np.where(modules(qr_svg(link)), 0, 255).astype(np.uint8)
    assert (picture[:4] == 255).all()  # the margin that the standard asks for
    assert (picture[:, :4] == 255).all()
    read = zxingcpp.read_barcodes(picture.repeat(4, 0).repeat(4, 1))
    assert [one.text for one in read] == [link]


@pytest.mark.parametrize(
    ("here", "link", "expected"),
    [
        ("http://h:8501/present", "explore", "http://h:8501/explore"),
        ("http://h:8501/present?scene=a", "explore?view=wipe", "http://h:8501/explore?view=wipe"),
        ("https://h/base/present", "learn?step=cut", "https://h/base/learn?step=cut"),
        ("https://h/base/present", "design", "https://h/base/design"),
    ],
)
def test_links_are_those_of_the_audience(here: str, link: str, expected: str) -> None:
    assert audience_link(here, link) == expected


@pytest.mark.parametrize(
    ("link", "is_own"),
    [
        ("http://localhost:8501/", True),
        ("http://app.localhost/", True),
        ("http://127.0.0.1:8501/", True),
        ("http://[::1]:8501/", True),
        ("http://0.0.0.0:8501/", True),
        ("http://192.168.1.5:8501/", False),
        ("https://localhost.example/", False),
        ("", False),
    ],
)
def test_a_link_that_nobody_else_can_open_says_so(link: str, is_own: bool) -> None:
    assert bool(reach_note(link)) == is_own


def test_a_link_that_no_code_holds_is_told_in_words() -> None:
    longest, longer = "x" * 2331, "x" * 2332  # bytes of version 40 at error correction M
    assert qr_svg(longest)
    assert length_note(longest) == ""
    assert qr_svg(longer) == ""
    assert length_note(longer) == (
        "The link has 2,332 characters, too many for a QR code. Copy it instead."
    )
