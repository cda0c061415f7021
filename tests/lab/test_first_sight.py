"""The first sight is what the network sees, and asks for neither engine nor PyTorch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from design_core.lab.first_sight import first_sight
from design_core.lab.network_input import picture_bits
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.card import load_cards
from design_core.zoo.entry import open_entry

CUT = [card.name for card in load_cards() if card.picture != "real"]


@pytest.mark.parametrize("name", CUT)
def test_bits_are_those_that_the_engine_cuts(name: str) -> None:
    entry = open_entry(name)
    for one in sample_names("cifar10")[:5]:
        square = entry.pictures.square(sample(one))
        assert np.array_equal(first_sight(entry, square), picture_bits(sample(one), entry))


def test_real_pictures_are_shown_as_they_are() -> None:
    entry = open_entry("digits-tiny-w16-sign-affine_on")
    square = entry.pictures.square(sample("digit-3"))
    assert first_sight(entry, square) is square


def test_neither_pytorch_nor_numba_is_asked_for() -> None:
    code = (
        "import sys; from ui.live.still import still_html; from ui.live.choice import first_live;"
        "html = still_html(first_live('cifar10'), 'cifar10', '');"
        "assert html.count('<img') == 3, html[:200];"
        "print(sorted({'torch', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
