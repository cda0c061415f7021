"""The zoo's results as Markdown: accuracies, differences with their tests, learning curves."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from design_core.atomic import write_atomically
from design_core.statistics import (
    Difference,
    area_under_curve,
    compare_seeds,
    epochs_to,
    mcnemar,
    mean_interval,
)
from design_core.zoo.arms import ARMS, arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import data_set_name, training_name

__all__ = [
    "BEGIN",
    "END",
    "Comparison",
    "accuracy_words",
    "comparisons",
    "groups",
    "partner",
    "probability",
    "results_markdown",
    "signed_points",
    "write_between_markers",
]

BEGIN, END = "<!-- zoo table: begin -->", "<!-- zoo table: end -->"

_BASELINE = "sign"
_UNIFORM = ARMS["uniform"].activation


@dataclass(frozen=True)
class Comparison:
    """Two cards that differ in one thing.

    Parameters
    ----------
    question
        What is compared, for people.
    first, second
        The cards; a positive difference speaks for the first.
    difference
        Over the seeds; None where a single network each leaves only McNemar's test.
    """

    question: str
    first: Card
    second: Card
    difference: Difference | None


def comparisons(cards: Sequence[Card]) -> list[Comparison]:
    """All comparisons that answer a question, among cards alike in all else.

    Every activation against Sign, every kernel against the uniform control, and batch norm's γ
    and β learned against not.
    """
    found = []
    for card in cards:
        title, batch_norm = arm_of(card.activation).title, _batch_norm(card)
        for base, name in ((_BASELINE, "Sign"), (_UNIFORM, "the uniform control")):
            other = partner(card, cards, activation=base)
            if other and card.activation not in (_BASELINE, base):
                found.append(_compared(f"{title} less {name}, {batch_norm}", card, other))
        if card.affine and (other := partner(card, cards, affine=False)):
            found.append(_compared(f"{title}: γ, β learned less not", card, other))
    return found


def partner(card: Card, cards: Sequence[Card], **changed: object) -> Card | None:
    """The card that is the same but for the changed options of its network, None without one."""
    wanted = {**card.network, **changed}
    recipe = {**card.recipe, "network": None}
    for other in cards:
        same_training = {**other.recipe, "network": None} == recipe and other.data == card.data
        if other is not card and same_training and other.network == wanted:
            return other
    return None


def _compared(question: str, first: Card, second: Card) -> Comparison:
    return Comparison(question, first, second, compare_seeds(first.accuracies, second.accuracies))


def results_markdown(cards: Sequence[Card]) -> str:
    """All tables of a zoo; a heading per data set, network and recipe."""
    hidden = [card for card in cards if not card.about_the_picture]
    return "\n".join(line for group in groups(hidden) for line in _section(group))


def groups(cards: Sequence[Card]) -> list[list[Card]]:
    """Cards of one data set, network and recipe together: what may be compared, the main first."""
    found: dict[str, list[Card]] = {}
    for card in sorted(cards, key=_rank):
        found.setdefault(_group(card), []).append(card)
    return list(found.values())


def _rank(card: Card) -> tuple[object, ...]:
    """CIFAR-10 before the rest, pictures of their own size, the shorter recipe, plan's order."""
    order = [arm.activation for arm in ARMS.values()]
    known = card.activation in order
    return (
        *(card.dataset == "digits", card.dataset, bool(card.enlarged)),
        *(card.recipe["epochs"], card.width or 0),
        *(not known, order.index(card.activation) if known else 0, card.name),
    )


def _group(card: Card) -> str:
    """All that `partner` wants equal, but for what is compared."""
    compared = {"activation", "affine"}
    if card.about_the_picture:
        compared |= {"picture", "first"}
    network = {key: value for key, value in card.network.items() if key not in compared}
    recipe = {**card.recipe, "network": card.about_the_picture}
    return json.dumps([card.data, network, recipe], sort_keys=True)


def _section(cards: Sequence[Card]) -> Iterator[str]:
    yield f"**{data_set_name(cards[0].dataset)}, {training_name(cards[0])}**"
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
        title = f"{arm_of(card.activation).title}, {_batch_norm(card)}"
        yield f"| {title} | {told} | {area:.2f} | {loss:.3f} | {minutes:.1f} |"
    yield ""


def _batch_norm(card: Card) -> str:
    return "γ, β learned" if card.affine else "γ, β not learned"


def _mean_density(card: Card) -> float:
    densities: list[Mapping[str, float]] = [result.density for result in card.results]
    return float(np.mean([list(density.values()) for density in densities]))


def signed_points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.2f}".replace("-", "−")


def probability(p: float) -> str:
    """A p-value for people."""
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def write_between_markers(path: Path, text: str) -> None:
    """Replace what stands between the markers of a file; ValueError if it has none."""
    whole = path.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no lines {BEGIN} and {END} to put the table between.")
    write_atomically(path, f"{before}{BEGIN}\n\n{text}\n{END}{after}".encode())
