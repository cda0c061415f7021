"""The questions that were written down first, put to made cards."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from design_core.paths import ROOT
from design_core.study.plan import plan
from design_core.study.queue import job_card
from design_core.study.strategies import (
    QUESTIONS,
    configuration_cards,
    strategy_answers,
    strategy_sentences,
)
from design_core.zoo.card import Card
from tests.made_cards import made_card

PAIRS = [pair for pairs in QUESTIONS.values() for pair in pairs]


def card(configuration: str, *percent: float) -> Card:
    """A card under the name that the plan's run gets."""
    (job,) = [job for job in plan() if job.name == f"{configuration}-s0"]
    accuracies = {seed: share / 100 for seed, share in enumerate(percent)}
    return replace(made_card("sign", True, accuracies), name=job_card(job))


CARDS = [
    card("strategy-xnor-sign", 50, 51, 52),
    card("strategy-xnor-design2d", 53.1, 54, 54.9),
    card("strategy-xnor-uniform", 53, 54, 55.1),
    card("abc-k1m1-sign", 50, 51),
    card("abc-k1m2-sign", 55, 55.5),
]


def test_every_run_of_these_questions_is_planned_with_three_seeds() -> None:
    names = [job.name for job in plan()]
    for configuration in {name for pair in PAIRS for name in pair}:
        assert all(f"{configuration}-s{seed}" in names for seed in range(3))


def test_cards_are_found_without_pytorch_under_the_names_that_the_queue_gives() -> None:
    made = [card(name, 50) for name in {name for pair in PAIRS for name in pair}]  # by job_card
    found = configuration_cards(made)
    assert sorted(one.name for one in found.values()) == sorted(one.name for one in made)
    code = (
        "import sys, design_core.study.ablation as ablation; ablation.ablation_cells([]); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_the_page_tells_how_many_tests_there_are() -> None:
    text = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    counts = [int(line.split("|")[-2]) for line in text.splitlines() if line.startswith("| `")]
    assert counts == [len(pairs) for pairs in QUESTIONS.values()]


def test_answers_are_paired_and_corrected_within_their_question() -> None:
    sign, uniform, bases = strategy_answers(CARDS)
    p = [
        stats.ttest_rel([53.1, 54, 54.9], [50, 51, 52]).pvalue,
        stats.ttest_rel([53.1, 54, 54.9], [53, 54, 55.1]).pvalue,
    ]
    assert (sign.first, sign.second) == ("strategy-xnor-design2d", "strategy-xnor-sign")
    assert sign.difference.mean == pytest.approx(0.03)
    # By Holm over all eight pairs of the question: those without an answer count, too.
    assert [sign.p, uniform.p] == pytest.approx([8 * p[0], min(7 * p[1], 1)])
    assert bases.p == pytest.approx(min(7 * stats.ttest_rel([55, 55.5], [50, 51]).pvalue, 1))
    assert bases.difference.mean == pytest.approx(np.mean([0.05, 0.045]))


def test_sentences_claim_what_three_pairs_show() -> None:
    *told, left = strategy_sentences(CARDS)
    first, second, third = (sentence for _, sentence in told)
    assert first.endswith(": a gain.")
    assert second.endswith(": no difference is shown.")
    assert third.endswith(": too few seeds for a claim.")
    assert left == ("", f"{len(PAIRS) - 3} of {len(PAIRS)} pairs are still to be trained.")
    assert strategy_sentences([]) == [
        ("", f"{len(PAIRS)} of {len(PAIRS)} pairs are still to be trained.")
    ]
