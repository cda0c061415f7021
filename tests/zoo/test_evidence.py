"""What the zoo says of shift and pattern, on made-up cards and on the real ones."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from design_core.zoo.card import load_cards
from design_core.zoo.evidence import QUESTIONS, Answer, answers, main_cards, verdict
from design_core.zoo.statistics import Difference, McNemar
from design_core.zoo.tables import Comparison

CARD = load_cards()[0]


def answer(question: str, interval: tuple[float, float] | None, *, affine: bool = False) -> Answer:
    """An answer with this 95 % interval over three pairs; None for one seed each."""
    card = replace(CARD, network={**CARD.network, "affine": affine})
    mean = 0.0 if interval is None else sum(interval) / 2
    difference = (
        None if interval is None else Difference("paired t", mean, interval, 0.5, (3, 3), 0.25)
    )
    return Answer(question, Comparison("", card, card, difference), McNemar(1200, 30, 0.5))


GAIN, LOSS, OPEN = (0.01, 0.03), (-0.03, -0.01), (-0.01, 0.02)


def test_an_interval_that_leaves_nought_out_decides() -> None:
    found = [answer("both", interval).direction for interval in (GAIN, LOSS, OPEN, None)]
    assert found == [1, -1, 0, 0]


def test_sentences_carry_their_numbers() -> None:
    assert answer("pattern", OPEN).sentence() == (
        "DeSign less the uniform control: +0.50 points, 95 % interval −1.00 to +2.00, 3 pairs"
    )
    assert answer("shift", None).sentence() == (
        "one seed each: the uniform control alone is right on 1,200 pictures, Sign alone on 30"
    )


@pytest.mark.parametrize(
    ("pattern", "shift", "expected"),
    [
        ([], [GAIN], "No network was trained"),
        ([OPEN, None], [GAIN, OPEN], "the gain is that of the shift"),
        ([OPEN], [OPEN], "can be told from chance"),
        ([OPEN], [LOSS], "can be told from chance"),
        ([LOSS, OPEN], [GAIN], "costs accuracy against"),
        ([GAIN, GAIN], [GAIN], "gains over a uniform threshold."),
        ([GAIN, OPEN], [GAIN], "in one setting."),
        ([GAIN, LOSS], [], "helps in one setting and costs in another"),
    ],
)
def test_the_verdict_follows_the_intervals(pattern: Any, shift: Any, expected: str) -> None:
    found = [answer("pattern", interval) for interval in pattern]
    assert expected in verdict(found + [answer("shift", interval) for interval in shift])


def test_the_real_cards_answer_every_question() -> None:
    cards = load_cards()
    main = main_cards(cards)
    assert {card.dataset for card in main} == {"cifar10"}
    found = answers(cards)
    assert {one.question for one in found} == set(QUESTIONS)
    for one in found:
        first, second = QUESTIONS[one.question]
        assert one.comparison.first.activation == first
        assert one.comparison.second.activation == second
        assert one.comparison.first.network["affine"] == one.affine
    assert [one.question for one in found] == sorted(
        (one.question for one in found), key=list(QUESTIONS).index
    )
    assert verdict(found).endswith(".")


def test_an_empty_zoo_answers_nothing() -> None:
    assert main_cards([]) == []
    assert verdict(answers([])).startswith("No network")
    stranger: Any = SimpleNamespace(activation="relu")
    assert main_cards([stranger]) == []
