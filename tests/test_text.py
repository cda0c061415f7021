"""Names that others gave, where they are shown and written."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from design_core.kernels.kernel import MAX_NAME, ThresholdKernel
from design_core.pictures import Picture
from design_core.pictures.samples import sample
from design_core.text import csv_cell, printable


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_printable_can_be_encoded_and_stays_on_one_line(text: str) -> None:
    shown = printable(text)
    assert shown.encode().decode() == shown
    assert shown.isprintable()
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\udce9.png", r"caf\udce9.png"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("two\nlines\ttab\x00\x1b[31m", r"two\nlines\ttab\x00\x1b[31m"),
        ("Ωmega, 日本, 🙂", "Ωmega, 日本, 🙂"),
    ],
)
def test_what_cannot_be_seen_is_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_no_cell_begins_a_formula_and_csv_gives_it_back(text: str) -> None:
    cell = csv_cell(text)
    assert cell.lstrip()[:1] not in tuple("=+-@＝＋－＠")
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([cell, "x"])
    assert next(csv.reader(io.StringIO(buffer.getvalue()))) == [cell, "x"]
    assert cell.removeprefix("'") in (printable(text), printable(text).removeprefix("'"))


def test_pictures_and_kernels_have_names_that_can_be_stored() -> None:
    name = "a\ud800\u202e\n"
    assert Picture(sample("ramp").pixels, name, "0").name == r"a\ud800\u202e\n"
    kernel = ThresholdKernel([[1]], name="\n" * MAX_NAME)
    assert len(kernel.name) == MAX_NAME
    assert ThresholdKernel.from_dict(kernel.to_dict()).name == kernel.name
