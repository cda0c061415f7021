"""The answers to the questions of ``docs/strategies.md``, as far as seeds are trained.

Pairs are named as the plan names their runs, so that questions, runs and answers are one list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from design_core.statistics import Difference, holm, paired_difference
from design_core.study.claims import claim_words, corrected_words, is_shown
from design_core.study.plan import Job, plan
from design_core.training.recipe import load_recipe
from design_core.zoo.card import Card, card_name

__all__ = [
    "QUESTIONS",
    "StrategyAnswer",
    "configuration_cards",
    "strategy_answers",
    "strategy_sentences",
]

Pairs = tuple[tuple[str, str], ...]

_BASE = "strategy-bnn-sign"
_KERNEL_LESS = (("design2d", "sign"), ("design2d", "uniform"))


def _kernel_pairs(*prefixes: str) -> Pairs:
    """DeSign 2D minus Sign, and minus uniform."""
    return tuple(
        (f"{prefix}-{first}", f"{prefix}-{second}")
        for prefix in prefixes
        for first, second in _KERNEL_LESS
    )


def _dithered_pairs(*prefixes: str) -> Pairs:
    """With the kernel minus without."""
    return tuple((f"{prefix}-design2d", f"{prefix}-sign") for prefix in prefixes)


def _ablation_pairs() -> Pairs:
    names = dict.fromkeys(_configuration(job.name) for job in plan())
    return tuple((name, _BASE) for name in names if name.startswith("ablation-"))


def _configuration(name: str) -> str:
    return name.rpartition("-s")[0]


#: What is asked, and the pairs that are tested together: positive differences speak for the first.
QUESTIONS: Mapping[str, Pairs] = {
    "Does the kernel's effect depend on the weight binarizer?": _kernel_pairs(
        *(f"strategy-{binarizer}" for binarizer in ("bnn", "xnor", "dorefa", "recu"))
    ),
    "Does dithering pay at one, two and four bits?": _dithered_pairs(
        "strategy-dorefa", *(f"bits-{bits}" for bits in ("w1a2", "w2a2", "w4a4"))
    ),
    "Does ABC-Net gain by a kernel, and by bases?": (
        *_dithered_pairs(*(f"abc-{size}" for size in ("k1m1", "k2m1", "k1m2", "k2m2", "k3m3"))),
        ("abc-k1m2-sign", "abc-k1m1-sign"),
        ("abc-k2m1-sign", "abc-k1m1-sign"),
    ),
    "Does the kernel help a full binary network?": _kernel_pairs("full"),
    "Does the kernel help ResNet-20?": _kernel_pairs("resnet20"),
    "Does the surrogate gradient matter?": (
        *_dithered_pairs("strategy-bnn", "surrogate-triangular", "surrogate-swish"),
        ("surrogate-triangular-sign", _BASE),
        ("surrogate-swish-sign", _BASE),
    ),
    "Which kernels gain over Sign?": _ablation_pairs(),
}


@dataclass(frozen=True)
class StrategyAnswer:
    """One pair.

    Parameters
    ----------
    question
        A key of `QUESTIONS`.
    first, second
        As the plan names their runs, without the seed.
    difference
        Of the last epoch's accuracy over the seeds that both have, paired.
    p
        Corrected by Holm's method over all pairs of the question, also those without an answer yet.
    """

    question: str
    first: str
    second: str
    difference: Difference
    p: float

    @property
    def shown(self) -> bool:
        """Whether three or more pairs show a difference, after the correction."""
        return is_shown(self.difference, self.p)

    def sentence(self) -> str:
        """The difference, its interval and p, and what it claims."""
        told, claim = (tell(self.difference, self.p) for tell in (corrected_words, claim_words))
        return f"{self.first} minus {self.second}: {told}: {claim}."


def strategy_answers(cards: Sequence[Card]) -> list[StrategyAnswer]:
    """All pairs that two or more common seeds answer, in the order of `QUESTIONS`."""
    by_name = {card.name: card for card in cards}
    found = []
    for question, pairs in QUESTIONS.items():
        tested = [
            (first, second, difference)
            for first, second in pairs
            if (difference := _difference(by_name, first, second)) is not None
        ]
        untested = [1.0] * (len(pairs) - len(tested))  # which were asked all the same
        corrected = holm([*(difference.p for *_, difference in tested), *untested])
        found += [
            StrategyAnswer(question, first, second, difference, p)
            for (first, second, difference), p in zip(tested, corrected, strict=False)
        ]
    return found


def strategy_sentences(cards: Sequence[Card]) -> list[tuple[str, str]]:
    """Question and sentence of each answer; what is still to be trained is told at the end."""
    answers = strategy_answers(cards)
    told = [(answer.question, answer.sentence()) for answer in answers]
    asked = sum(len(pairs) for pairs in QUESTIONS.values())
    if left := asked - len(answers):
        told.append(("", f"{left} of {asked} pairs are still to be trained."))
    return told


def configuration_cards(cards: Sequence[Card]) -> dict[str, Card]:
    """The cards that the questions ask about, by the name of their runs without the seed."""
    by_name = {card.name: card for card in cards}
    return {name: by_name[card] for name, card in _card_names().items() if card in by_name}


def _difference(cards: Mapping[str, Card], first: str, second: str) -> Difference | None:
    one, other = (cards.get(_card_names()[name]) for name in (first, second))
    if one is None or other is None:
        return None
    common = sorted(set(one.seeds) & set(other.seeds))
    if len(common) < 2:
        return None
    return paired_difference(*([card.accuracies[seed] for seed in common] for card in (one, other)))


@lru_cache(maxsize=1)
def _card_names() -> Mapping[str, str]:
    """The card of each configuration that is asked about."""
    asked = {name for pairs in QUESTIONS.values() for pair in pairs for name in pair}
    return {
        name: _card_of(job)
        for job in plan()
        if job.seed == 0 and (name := _configuration(job.name)) in asked
    }


def _card_of(job: Job) -> str:
    """As `design_core.study.queue.job_card`, but without PyTorch, which Compare has to do without.

    The network's defaults, which only PyTorch's builders know, are not needed: all that a name
    holds is said by the changes of these runs.
    """
    recipe = load_recipe(job.recipe).with_changes(job.changes)
    return card_name(
        {"data": {"name": job.data}, "recipe": recipe.to_dict(), "network": recipe.network}
    )
