"""Sentences about the zoo: they say what the seeds carry, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_cards import DESIGN_OFF, DESIGN_ON, SIGN_OFF, SIGN_ON, made_card, made_files

from design_core.statistics import paired_difference
from design_core.study.batch_norm import gain_over
from design_core.study.disagreement import disagreement
from design_core.study.evidence import evidence_markdown
from design_core.study.number_words import probability, signed_points
from design_core.study.report import (
    batch_norm_gain_words,
    gain_words,
    headline,
    mcnemar_words,
    report,
)
from design_core.zoo.card import load_cards

SEEDS = {0: 0.70, 1: 0.71, 2: 0.70, 3: 0.69, 4: 0.70}


def gained(by: list[float]) -> str:
    better = made_card("design:2x2-v2", False, {s: SEEDS[s] + d for s, d in enumerate(by)})
    return gain_words(
        gain_over(better, made_card("sign", False, dict(list(SEEDS.items())[: len(by)])))
    )


def test_a_gain_is_told_with_all_that_it_rests_on() -> None:
    by = [0.03, 0.02, 0.03, 0.025, 0.02]
    tested = paired_difference(by, [0] * 5)
    low, high = (100 * bound for bound in tested.ci95)
    assert gained(by) == (
        f"DeSign 2D gains 2.50 points over Sign (95 % interval {low:+.2f} to {high:+.2f}, 5 paired "
        f"seeds, paired t test, p = {probability(tested.p)})."
    )
    assert gained([-0.03, -0.02, -0.03]).startswith("DeSign 2D loses 2.67 points to Sign (95 %")


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ([0.03], "DeSign 2D has 73.00 %, Sign 70.00 %: one seed each, no claim."),
        ([0.03, 0.0301], "too few seeds for a claim."),
        ([0.03, -0.02, 0.01], "no difference between DeSign 2D and Sign is shown: +0.67 points"),
        ([0.0, 0.0, 0.0], "no difference between DeSign 2D and Sign is shown: +0.00 points"),
    ],
)
def test_no_claim_that_the_seeds_do_not_carry(by: list[float], words: str) -> None:
    told = gained(by)
    assert words in told
    assert not re.search("gains|loses", told)


def test_the_headline_is_the_comparison_that_most_seeds_carry() -> None:
    sentence, beside = headline([SIGN_OFF, SIGN_ON, DESIGN_OFF, DESIGN_ON])
    assert sentence.startswith("On digits with γ, β fixed, DeSign 2D gains 3.00 points over Sign")
    assert beside == ""
    uniform = made_card("uniform:2x2-v2", False, {0: 0.73})
    _, beside = headline([SIGN_OFF, DESIGN_OFF, uniform])
    assert "Uniform has 73.00 %, Sign 70.33 %: 1 and 3 seeds, no claim." in beside
    assert headline([])[0].startswith("Choose networks")
    assert headline([SIGN_OFF])[0].startswith("Choose networks")


def test_batch_norms_influence_in_words() -> None:
    ((_, told),) = batch_norm_gain_words([SIGN_OFF, SIGN_ON, DESIGN_OFF, DESIGN_ON])
    assert (
        "DeSign 2D is +3.00 points from Sign with γ, β fixed (3 paired seeds) and "
        "+0.50 with γ, β learned (2 paired seeds)" in told
    )
    assert told.endswith("too few seeds for a claim.")
    more = [
        made_card("sign", False, SEEDS),
        made_card("sign", True, SEEDS),
        made_card("design:2x2-v2", False, {s: a + 0.03 + s / 1e3 for s, a in SEEDS.items()}),
        made_card("design:2x2-v2", True, SEEDS),
    ]
    ((_, told),) = batch_norm_gain_words(more)
    assert told.endswith("batch norm changes the gain.")
    ((_, told),) = batch_norm_gain_words(
        [SIGN_OFF, SIGN_ON, DESIGN_OFF, made_card("design:2x2-v2", True, {0: 1})]
    )
    assert "with γ, β learned (one paired seed)" in told
    assert told.endswith("too few seeds of all four networks for a test.")


def estimates(sentences: Iterable[str]) -> list[tuple[float, float]]:
    """Every difference that stands before an interval, and the middle of that interval."""
    number = r"([+−]?\d+\.\d\d)"
    told = re.compile(
        rf"(loses )?{number} points[^()]*\(95 % interval {number} to {number}", re.IGNORECASE
    )
    found = []
    for loses, *texts in (match for one in sentences for match in told.findall(one)):
        estimate, low, high = (float(text.replace("−", "-")) for text in texts)
        found.append((-estimate if loses else estimate, (low + high) / 2))
    return found


def test_every_estimate_is_the_middle_of_the_interval_beside_it() -> None:
    cards = load_cards()
    told = [sentence for section in report(cards) for _, sentence in section.answers]
    found = estimates([*told, *headline(cards), *evidence_markdown(cards).splitlines()])
    assert len(found) > len(cards)
    assert all(abs(estimate - middle) <= 0.0101 for estimate, middle in found)  # two digits


def test_learning_is_compared_over_the_seeds_that_both_have(tmp_path: Path) -> None:
    sign = made_files(tmp_path, "sign", False, [0, 1, 2, 3, 4])
    design = made_files(tmp_path, "design:2x2-v2", False, [0, 1, 2])
    (told,) = [
        section.answers[0][1]
        for section in report([sign, design])
        if section.question == "Does it learn faster or slower?"
    ]
    areas = [[np.mean(card.curve(seed)) for seed in range(3)] for card in (design, sign)]
    assert f"is {signed_points(np.subtract(*areas).mean())} points from Sign's (95 %" in told
    assert "3 paired seeds" in told


def test_the_report_answers_for_every_card() -> None:
    cards = load_cards()
    sections = {section.question: section.answers for section in report(cards)}
    hidden = [card for card in cards if not card.about_the_picture]
    assert len(sections["How dense are the activations?"]) == len(hidden)
    others = [one for one in cards if one.activation != "sign"]
    assert len(sections["What does DeSign gain over Sign?"]) <= len(others)
    assert (
        "digits, tiny of width 16, γ, β learned, 20 epochs",
        "No difference between DeSign 2D and Sign is shown: +0.78 points (95 % interval −1.64 to "
        "+3.20, 5 paired seeds, paired t test, "
        "p = 0.4225).",
    ) in sections["What does DeSign gain over Sign?"]
    assert all(section.answers == () for section in report([]))


def test_mcnemar_in_words() -> None:
    true = np.zeros(20, int)
    first, second = true.copy(), true.copy()
    first[:1], second[1:7] = 1, 1
    told = mcnemar_words(disagreement(true, first, second), "Sign", "DeSign 2D")
    assert (
        "Of 20 test pictures, 7 divide the two: Sign alone is right on 6, DeSign 2D alone on 1."
        in told
    )
    assert "By McNemar's exact test neither is shown to be ahead (p = 0.1250)." in told
    assert "(p = 1.0000)" in mcnemar_words(disagreement(true, true, true), "a", "b")
    second[:] = 1
    assert "a is ahead (p < 0.0001)" in mcnemar_words(disagreement(true, true, second), "a", "b")


def test_learning_is_told_at_the_five_points_below_signs_mean() -> None:
    sign = made_card("sign", False, {0: 0.76, 1: 0.77, 2: 0.78})
    better = made_card("design:2x2-v2", False, {0: 0.78, 1: 0.79, 2: 0.8})
    (learning,) = (one for one in report([sign, better]) if "faster" in one.question)
    assert "reaches 75% after" in learning.answers[0][1]


def test_what_stands_on_most_seeds_speaks_first() -> None:
    few = [
        replace(
            one, name=f"a-{one.name}", results=one.results[:2], recipe={"epochs": 1, "name": ""}
        )
        for one in (DESIGN_OFF, SIGN_OFF)
    ]
    sections = {one.question: one for one in report([*few, DESIGN_OFF, SIGN_OFF])}
    gains = [told for _, told in sections["What does DeSign gain over Sign?"].answers]
    assert ["3 paired seeds" in told for told in gains] == [True, False]
