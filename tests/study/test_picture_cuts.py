"""One-bit pictures: the questions fixed beforehand, put to cards with made-up accuracies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_cards import DESIGN_OFF, SIGN_OFF, SIGN_ON
from scipy import stats

from design_core.study import picture_information
from design_core.study.evidence import main_cards
from design_core.study.pairs import groups
from design_core.study.picture_cuts import (
    best_uniform,
    closed_share,
    picture_answers,
    picture_finding,
    picture_sentences,
    picture_studies,
    pictures_markdown,
)
from design_core.study.picture_information import information, information_against_accuracy
from design_core.study.report import headline, report
from design_core.zoo.card import Card

PHASES, BAYER = "design:bayer-phases-2@quantile", "design:bayer-2@quantile"
COLOURS = "design:-0.6745|0.0|0.6745"


def cut_card(picture: str, *percents: float, dataset: str = "cifar10") -> Card:
    """A card whose recipe sets the picture's cut, a seed for each accuracy."""
    results = tuple(
        replace(SIGN_ON.results[0], seed=seed, accuracy=percent / 100)
        for seed, percent in enumerate(percents)
    )
    recipe = {**SIGN_ON.recipe, "network": {"name": "tiny", "picture": picture}}
    network = {**SIGN_ON.network, "picture": picture, "in_channels": 3}
    data = {**SIGN_ON.data, "name": dataset}
    return replace(
        SIGN_ON, name=picture, results=results, recipe=recipe, network=network, data=data
    )


STUDY = [
    cut_card("real", 70, 71, 70, 72, 70),
    cut_card("sign", 58, 57, 59, 58, 58),
    cut_card("uniform:0.2", 59, 58, 59, 58, 58),
    cut_card("uniform:0.8", 66),  # one lucky seed is no best threshold
    cut_card(BAYER, 61, 62, 62, 61, 62),
    cut_card(PHASES, 63, 62, 64, 63, 63),
    cut_card(COLOURS, 60, 60, 59, 60, 61),
]


def test_the_best_single_threshold_is_sought_among_those_of_most_seeds() -> None:
    best = best_uniform(STUDY)
    assert best is not None
    assert best.picture == "uniform:0.2"
    assert best_uniform([STUDY[0]]) is None


def test_answers_are_paired_and_corrected_by_holm() -> None:
    answers = picture_answers(STUDY)
    asked = [(answer.first.picture, answer.second.picture) for answer in answers]
    best = "uniform:0.2"
    assert asked == [(PHASES, best), (BAYER, best), (PHASES, BAYER), (PHASES, COLOURS)]
    by_hand = []
    for answer in answers:
        one, other = (
            np.array(list(card.accuracies.values())) for card in (answer.first, answer.second)
        )
        assert answer.difference.mean == pytest.approx((one - other).mean())
        by_hand.append(stats.ttest_rel(one, other).pvalue)
    order = np.argsort(by_hand)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, by_hand[index] * (4 - rank)))
        assert answers[index].p == pytest.approx(running)


def test_a_sentence_claims_what_three_pairs_show() -> None:
    first = picture_answers(STUDY)[0]
    assert first.shown
    told = first.sentence()
    assert told.startswith("Bayer 2×2 with a phase per colour beats one threshold at +0.2: +4.60")
    assert "5 paired seeds, paired t test, p" in told
    few = [cut_card("sign", 58, 57), cut_card(PHASES, 63, 62)]
    assert "too few seeds for a claim" in picture_answers(few)[0].sentence()
    level = [cut_card("sign", 58, 57, 59), cut_card(PHASES, 59, 56, 59)]
    assert picture_answers(level)[0].sentence().startswith("No difference between")
    single = [cut_card("sign", 58), cut_card(PHASES, 63)]
    assert not picture_answers(single)
    ((_, told),) = picture_sentences(single)
    assert told == (
        "So far one seed each, no claim: Bayer 2×2 with a phase per colour 63.00 % and "
        "Sign (one threshold, the mean) 58.00 %."
    )


def test_the_gap_that_a_pattern_closes() -> None:
    low, high, own = 58.4, 70.6, 63.0
    assert closed_share(STUDY, STUDY[5]) == pytest.approx((own - low) / (high - low))
    assert closed_share(STUDY[1:], STUDY[5]) is None


def test_studies_of_other_data_and_grey_ones_stand_apart() -> None:
    other = cut_card("sign", 40, dataset="cifar100")
    grey = replace(other, network={**other.network, "in_channels": 1})
    found = picture_studies([other, *STUDY, grey, SIGN_ON])
    assert [len(study) for study in found] == [7, 1, 1]
    assert {card.picture for card in found[0]} == {card.picture for card in STUDY}


def test_questions_about_hidden_layers_leave_them_out() -> None:
    assert main_cards([SIGN_ON, *STUDY]) == [SIGN_ON]
    assert len(groups([SIGN_ON, *STUDY])) == 2
    sections = {section.question: section.answers for section in report([SIGN_ON, *STUDY])}
    assert len(sections["Does a pattern pay at the picture?"]) == 5
    assert not sections["What does DeSign gain over Sign?"]


def test_table_and_information(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = tmp_path / "information.json"
    monkeypatch.setattr(picture_information, "INFORMATION", record)
    assert information(STUDY[4]) is None
    record.write_text(json.dumps({"cifar10": {BAYER: 0.606}}))
    assert information(STUDY[4]) == 0.606
    rows = [line for line in pictures_markdown(STUDY).splitlines() if line.startswith("| ")]
    assert rows[1].startswith("| real-valued picture | 70.60 ± 1.11 (5 seeds) | – |")
    assert "| Bayer 2×2 | 61.60 ± 0.68 (5 seeds) | 0.606 |" in rows
    assert pictures_markdown([SIGN_ON]) == ""


def test_the_finding_is_the_headline_once_three_seeds_pair() -> None:
    found = picture_finding([SIGN_ON, *STUDY])
    assert found is not None
    sentence, beside = found
    assert sentence.startswith(
        "With one bit per pixel and colour, Bayer 2×2 with a phase per colour beats one threshold "
        "at +0.2: +4.60 points"
    )
    assert beside.startswith("The real-valued picture reaches 70.60 %")
    assert beside.endswith(" One-bit pictures of CIFAR-10, tiny of width 16, 20 epochs.")
    assert headline([SIGN_ON, *STUDY]) == found
    few = [cut_card("sign", 58, 57), cut_card(PHASES, 63, 62)]
    assert picture_finding(few) is None
    assert headline([SIGN_ON, SIGN_OFF, DESIGN_OFF, *few]) == headline(
        [SIGN_ON, SIGN_OFF, DESIGN_OFF]
    )


def test_information_against_accuracy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = tmp_path / "information.json"
    monkeypatch.setattr(picture_information, "INFORMATION", record)
    thresholds = [f"uniform:0.{place}" for place in range(1, 10)]
    study = [cut_card(cut, 50 + place) for place, cut in enumerate(thresholds)]
    kept = {cut: 0.4 + place / 100 for place, cut in enumerate(thresholds)}
    kept[thresholds[0]] = 0.425  # third
    record.write_text(json.dumps({"cifar10": kept}))
    found = information_against_accuracy(study)
    assert found is not None
    # Ranks 3 1 2 4 … 9 for 1 … 9: the squares of the differences are 4, 1, 1.
    assert found.rho == pytest.approx(1 - 6 * 6 / (9 * 80))
    assert any("keeps more of the pictures" in told for _, told in picture_sentences(study))
    assert information_against_accuracy(study[:7]) is None
