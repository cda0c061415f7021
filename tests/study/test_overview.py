"""The table of the zoo says what the cards and the command line say."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from design_core.__main__ import main
from design_core.study.markdown_tables import results_markdown
from design_core.study.overview import overview, overview_csv
from design_core.study.picture_cuts import pictures_markdown
from design_core.zoo.card import load_cards


def test_rows_are_the_numbers_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    listed = [card for card in told if card.get("task") is None]  # those of pixels have no row
    rows = overview(load_cards())
    assert len(rows) == len(listed)
    for row, card in zip(rows, listed, strict=True):
        assert (row["name"], row["dataset"]) == (card["name"], card["dataset"])
        assert row["accuracy"] == card["accuracy"]["mean"]
        assert row["image_size"] == card["network"]["image_size"]
        interval = card["accuracy"]["ci95"] or [None, None]
        assert [row["ci95_low"], row["ci95_high"]] == interval
        assert row["seeds"] == len(card["seeds"])
        assert row["parameters"] == sum(card["parameters"].values())
        assert row["packed_bytes"] == card["bytes"]["packed"]
        assert row["binary_macs"] == card["macs"]["binary"]
        assert row["density"] == pytest.approx(
            math.fsum(card["density"].values()) / len(card["density"])
        )


def test_csv_holds_every_digit() -> None:
    cards = load_cards()
    rows = overview(cards)
    read = list(csv.DictReader(io.StringIO(overview_csv(cards))))
    assert [row["name"] for row in read] == [card.name for card in cards]
    for row, again in zip(rows, read, strict=True):
        assert float(again["accuracy"]) == row["accuracy"]
        assert again["ci95_low"] == ("" if row["ci95_low"] is None else str(row["ci95_low"]))
    assert overview_csv([]) == ""


def test_rows_are_the_numbers_of_the_table() -> None:
    cards = load_cards()
    table = results_markdown(cards) + pictures_markdown(cards)
    about = {card.name: card.about_the_picture for card in cards}
    for row in overview(cards):
        seeds = f"{row['seeds']} seed{'s' * (row['seeds'] > 1)}"
        half = "" if row["ci95_low"] is None else (row["ci95_high"] - row["ci95_low"]) / 2
        spread = f" ± {100 * half:.2f}" if half else ""
        cell = f"{100 * row['accuracy']:.2f}{spread} ({seeds})"
        told = row["picture"] if about[row["name"]] else row["activation"]
        lines = [line for line in table.splitlines() if line.startswith(f"| {told} |")]
        assert any(cell in line for line in lines), row["name"]
