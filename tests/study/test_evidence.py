"""What the zoo says of shift and pattern, on made-up answers and on the real cards."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from design_core.statistics import Difference
from design_core.study.batch_norm import Gain
from design_core.study.evidence import (
    QUESTIONS,
    Answer,
    answers,
    evidence_markdown,
    further,
    main_cards,
    verdict,
)
from design_core.study.learning_rates import learning_rate_words
from design_core.study.report import gain_words
from design_core.zoo.card import load_cards

CARD = load_cards()[0]
GAIN, LOSS, OPEN = (0.01, 0.03), (-0.03, -0.01), (-0.01, 0.02)


def answer(question: str, interval: tuple[float, float] | None, pairs: int = 3) -> Answer:
    """An answer with this 95 % interval over paired seeds; None for one seed each."""
    if interval is None:
        return Answer(question, Gain(CARD, CARD, 0.1, None))
    mean = sum(interval) / 2
    tested = Difference("paired t", mean, interval, 0.5, (pairs, pairs), 0.25)
    return Answer(question, Gain(CARD, CARD, mean, tested))


def test_only_an_interval_of_enough_seeds_that_leaves_nought_out_decides() -> None:
    found = [answer("both", interval).direction for interval in (GAIN, LOSS, OPEN, None)]
    assert found == [1, -1, 0, 0]
    assert answer("both", GAIN, pairs=2).direction == 0


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


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], []),
        ([answer("pattern", GAIN), answer("shift", OPEN)], []),
        ([answer("alone", OPEN)], ["About 0, without a shift, the pattern is not shown to differ"]),
        ([answer("alone", LOSS)], ["About 0, without a shift, the pattern loses to Sign."]),
        (
            [answer("alone", GAIN), answer("alone", OPEN)],
            ["the pattern gains over Sign and is not shown to differ from Sign."],
        ),
        (
            [answer(one, OPEN) for one in ("arrangement", "finer", "first layer", "larger maps")],
            [
                "shown for another arrangement of the same entries, a 4×4 pattern of half the "
                "spread, the pattern in the first layer only and the pattern on enlarged pictures."
            ],
        ),
        (
            [answer("finer", GAIN), answer("arrangement", LOSS), answer("first layer", OPEN)],
            [
                "A 4×4 pattern of half the spread gains over the uniform threshold.",
                "Another arrangement of the same entries loses to the uniform threshold.",
                "shown for the pattern in the first layer only.",
            ],
        ),
    ],
)
def test_other_patterns_and_the_pattern_alone(found: list[Answer], expected: list[str]) -> None:
    told = further(found)
    assert len(told) == len(expected)
    assert all(part in sentence for part, sentence in zip(expected, told, strict=True))


def test_markdown_has_the_verdict_and_every_answer() -> None:
    cards = load_cards()
    text = evidence_markdown(cards)
    found = answers(cards)
    assert text.startswith(f"**{verdict(found)}** ")
    assert [line[2:] for line in text.splitlines() if line.startswith("- ")] == [
        one.sentence() for one in found
    ]
    assert all(sentence in text for _, sentence in learning_rate_words())
    assert evidence_markdown([]) == ""


def test_the_real_cards_answer_every_question_in_order() -> None:
    cards = load_cards()
    assert {card.dataset for card in main_cards(cards)} == {"cifar10"}
    found = answers(cards)
    assert [one.question for one in found] == sorted(
        (one.question for one in found), key=list(QUESTIONS).index
    )
    assert {one.question for one in found} == set(QUESTIONS)
    for one in found:
        first, second = QUESTIONS[one.question]
        assert (one.gain.card.activation, one.gain.other.activation) == (first, second)
        assert one.gain.card.network["affine"] == one.gain.other.network["affine"]
        assert one.sentence().endswith(gain_words(one.gain))
        enlarged = one.question == "larger maps"
        assert enlarged == bool(one.gain.card.enlarged) == (" on 64×64 pixels" in one.sentence())
    assert verdict(found).endswith(".")


def test_an_empty_zoo_answers_nothing() -> None:
    assert main_cards([]) == []
    assert verdict(answers([])).startswith("No network")
    stranger: Any = SimpleNamespace(activation="relu")
    assert main_cards([stranger]) == []
