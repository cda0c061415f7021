"""Sentences on answers."""

from __future__ import annotations

import pytest

from design_core.lab.agreement import Answer, agreement, change, margin


def answer(name: str, best: str, certainty: float = 0.6) -> Answer:
    return Answer(name, {best: certainty, "other": 0.2})


@pytest.mark.parametrize(
    ("answers", "true_class", "sentence"),
    [
        ([answer("A", "cat")], None, "A says cat."),
        ([answer("A", "cat")], "cat", "A rightly says cat."),
        ([answer("A", "cat")], "dog", "A mistakes dog for cat."),
        (
            [answer("A", "cat"), answer("B", "cat", 0.8)],
            None,
            "A and B both say cat; B is more certain.",
        ),
        (
            [answer("A", "cat"), answer("B", "cat", 0.62)],
            "cat",
            "A and B both rightly say cat; they are about as certain.",
        ),
        (
            [answer("A", "cat", 0.9), answer("B", "cat")],
            "dog",
            "A and B both mistake dog for cat; A is more certain.",
        ),
        (
            [answer("A", "cat"), answer("B", "cat", 0.8), answer("C", "cat")],
            None,
            "All three say cat; B is the most certain.",
        ),
        (
            [answer("A", "cat"), answer("B", "dog")],
            None,
            "They disagree: A says cat, B says dog.",
        ),
        (
            [answer("A", "cat"), answer("B", "dog"), answer("C", "dog")],
            None,
            "They disagree: B and C say dog, A says cat.",
        ),
        (
            [answer("A", "cat"), answer("B", "dog"), answer("C", "dog"), answer("D", "dog")],
            "cat",
            "They disagree: A rightly says cat, B, C and D say dog.",
        ),
        (
            [answer("A", "cat"), answer("B", "aquarium_fish")],
            "pine_tree",
            "They disagree, and none says pine tree: A says cat, B says aquarium fish.",
        ),
    ],
)
def test_sentences(answers: list[Answer], true_class: str | None, sentence: str) -> None:
    assert agreement(answers, true_class) == sentence


def test_margin_is_best_less_second() -> None:
    assert margin({"a": 0.5, "b": 0.3, "c": 0.2}) == pytest.approx(0.2)


def test_a_change_of_answer() -> None:
    before = {"pine_tree": 0.7, "cat": 0.2}
    assert change(before, before) == "The answer stays pine tree; the margin stays at 50.0 points."
    told = "pine tree becomes cat; the margin goes from 50.0 to 10.0 points."
    assert change(before, {"cat": 0.5, "pine_tree": 0.4}) == told
