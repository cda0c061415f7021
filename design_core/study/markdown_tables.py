"""The zoo's results as Markdown: accuracies, differences with their tests, learning curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from design_core.statistics import (
    area_under_curve,
    epochs_to,
    mcnemar,
    mean_interval,
)
from design_core.study.number_words import probability, signed_points
from design_core.study.pairs import Comparison, batch_norm_column, comparisons, groups
from design_core.zoo.arms import arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import data_set_heading, training_name

__all__ = ["accuracy_words", "results_markdown"]


def results_markdown(cards: Sequence[Card]) -> str:
    """All tables of a zoo; a heading per data set, network and recipe."""
    hidden = [card for card in cards if not card.about_the_picture]
    return "\n".join(line for group in groups(hidden) for line in _section(group))


def _section(cards: Sequence[Card]) -> Iterator[str]:
    yield f"**{data_set_heading(cards[0].dataset)}, {training_name(cards[0])}**"
    yield ""
    yield from _accuracy_table(cards)
    compared = comparisons(cards)
    if any(comparison.difference for comparison in compared):
        yield from _difference_table(compared)
    single = [comparison for comparison in compared if comparison.difference is None]
    if single:
        yield from _mcnemar_table(single)
    yield from _learning_table(cards)


def _accuracy_table(cards: Sequence[Card]) -> Iterator[str]:
    yield "| activation | γ, β not learned | γ, β learned | activation density |"
    yield "|---|---|---|---|"
    for activation in dict.fromkeys(card.activation for card in cards):
        own = [card for card in cards if card.activation == activation]
        cells = [accuracy_words([c for c in own if c.affine is on]) for on in (False, True)]
        density = " / ".join(
            f"{_mean_density(card):.0%}" for card in sorted(own, key=lambda card: card.affine)
        )
        yield f"| {arm_of(activation).title} | {cells[0]} | {cells[1]} | {density} |"
    yield ""


def accuracy_words(cards: Sequence[Card]) -> str:
    """Mean accuracy of the first card in percent, half its 95 % interval, and its seeds."""
    if not cards:
        return "–"
    last = list(cards[0].accuracies.values())
    interval = mean_interval(last)
    spread = "" if interval is None else f" ± {100 * (interval[1] - interval[0]) / 2:.2f}"
    return f"{100 * float(np.mean(last)):.2f}{spread} ({_count(len(last), 'seed')})"


def _difference_table(compared: Sequence[Comparison]) -> Iterator[str]:
    yield "| difference | points | 95 % interval | p | sign-flip p | test |"
    yield "|---|---|---|---|---|---|"
    for comparison in compared:
        if (tested := comparison.difference) is None:
            continue
        low, high = (signed_points(bound) for bound in tested.ci95)
        flips = "–" if tested.sign_flip_p is None else f"{tested.sign_flip_p:.4f}"
        pairs = tested.counts[0]
        runs = f"{pairs} pairs" if tested.sign_flip_p else f"{pairs} and {tested.counts[1]} runs"
        yield (
            f"| {comparison.question} | {signed_points(tested.mean)} | {low} to {high} | "
            f"{probability(tested.p)} | {flips} | {tested.test}, {runs} |"
        )
    yield ""


def _mcnemar_table(compared: Sequence[Comparison]) -> Iterator[str]:
    yield "| two networks, not two methods | right only first | right only second | McNemar's p |"
    yield "|---|---|---|---|"
    for comparison in compared:
        first, second = comparison.first, comparison.second
        tested = mcnemar(first.right(first.seeds[0]), second.right(second.seeds[0]))
        yield (
            f"| {comparison.question} | {tested.only_first} | {tested.only_second} | "
            f"{probability(tested.p)} |"
        )
    yield ""


def _learning_table(cards: Sequence[Card]) -> Iterator[str]:
    # What all of them reach, in whole steps of 5 points
    accuracy = math.floor(20 * min(card.accuracy for card in cards)) / 20
    yield (
        f"| learning | epochs to {accuracy:.0%} | mean accuracy over the epochs | "
        "training loss, last epoch | minutes per run |"
    )
    yield "|---|---|---|---|---|"
    for card in cards:
        curves = [card.curve(seed) for seed in card.seeds]
        reached = [epochs_to(curve, accuracy) for curve in curves]
        told = "/".join("–" if epoch is None else str(epoch) for epoch in reached)
        area = 100 * float(np.mean([area_under_curve(curve) for curve in curves]))
        loss = float(np.mean([result.training_loss for result in card.results]))
        minutes = float(np.mean([result.seconds for result in card.results])) / 60
        title = f"{arm_of(card.activation).title}, {batch_norm_column(card)}"
        yield f"| {title} | {told} | {area:.2f} | {loss:.3f} | {minutes:.1f} |"
    yield ""


def _mean_density(card: Card) -> float:
    densities: list[Mapping[str, float]] = [result.density for result in card.results]
    return float(np.mean([list(density.values()) for density in densities]))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
