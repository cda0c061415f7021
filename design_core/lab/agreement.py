"""Where networks agree on a picture and where they part, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from design_core.zoo.naming import say_class

__all__ = ["Answer", "agreement", "change", "margin"]

_ABOUT_AS_SURE = 0.05  # probabilities nearer than this are not told apart in words
_NUMBERS = {3: "three", 4: "four"}


@dataclass(frozen=True)
class Answer:
    """What one network says.

    Parameters
    ----------
    name
        Of the network, for people.
    probabilities
        By class, the most probable first, as `design_core.zoo.entry.Prediction` holds them.
    """

    name: str
    probabilities: Mapping[str, float]

    @property
    def best(self) -> str:
        """The most probable class."""
        return next(iter(self.probabilities))

    @property
    def certainty(self) -> float:
        """Its probability."""
        return self.probabilities[self.best]


def margin(probabilities: Mapping[str, float]) -> float:
    """Probability of the best class minus that of the second; what must be lost to change it."""
    best, second = list(probabilities.values())[:2]
    return best - second


def change(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """What becomes of an answer, and of its margin, in one sentence.

    Examples
    --------
    >>> change({"cat": 0.8, "dog": 0.2}, {"dog": 0.55, "cat": 0.45})
    'cat becomes dog; the margin goes from 60.0 to 10.0 points.'
    """
    first, second = (say_class(next(iter(one))) for one in (before, after))
    told = f"The answer stays {first}" if first == second else f"{first} becomes {second}"
    was, now = (f"{100 * margin(one):.1f}" for one in (before, after))
    if was == now:
        return f"{told}; the margin stays at {now} points."
    return f"{told}; the margin goes from {was} to {now} points."


def agreement(answers: Sequence[Answer], true_class: str | None = None) -> str:
    """The finding on one picture.

    Parameters
    ----------
    answers
        One or more.
    true_class
        None where it is not known, or not among the classes of the networks.

    Examples
    --------
    >>> sign = Answer("Sign", {"cat": 0.6, "dog": 0.3})
    >>> agreement([sign, Answer("DeSign", {"cat": 0.8, "dog": 0.1})])
    'Sign and DeSign both say cat; DeSign is more certain.'
    >>> agreement([sign, Answer("DeSign", {"dog": 0.8, "cat": 0.1})], "dog")
    'They disagree: DeSign rightly says dog, Sign says cat.'
    """
    if len({answer.best for answer in answers}) > 1:
        return _parted(answers, true_class)
    said = _verb(answers, answers[0].best, true_class)
    if len(answers) == 1:
        return f"{answers[0].name} {said}."
    return f"{_all(answers)} {said}; {_surest(answers)}."


def _parted(answers: Sequence[Answer], true_class: str | None) -> str:
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(answer.best, []).append(answer)
    # Who is right comes first, then the larger group, then the order of the page.
    ordered = sorted(groups, key=lambda best: (best != true_class, -len(groups[best])))
    told = ", ".join(
        f"{_joined(groups[best])} {_says(best, true_class, len(groups[best]))}" for best in ordered
    )
    if true_class is not None and true_class not in groups:
        return f"They disagree, and none says {say_class(true_class)}: {told}."
    return f"They disagree: {told}."


def _verb(answers: Sequence[Answer], best: str, true_class: str | None) -> str:
    if true_class not in (None, best):
        mistake = "mistakes" if len(answers) == 1 else "mistake"
        return f"{mistake} {say_class(str(true_class))} for {say_class(best)}"
    return _says(best, true_class, len(answers))


def _says(best: str, true_class: str | None, count: int) -> str:
    says = "says" if count == 1 else "say"
    return f"{'rightly ' if best == true_class else ''}{says} {say_class(best)}"


def _all(answers: Sequence[Answer]) -> str:
    if len(answers) == 2:
        return f"{_joined(answers)} both"
    return f"All {_NUMBERS.get(len(answers), str(len(answers)))}"


def _joined(answers: Sequence[Answer]) -> str:
    *most, last = (answer.name for answer in answers)
    return f"{', '.join(most)} and {last}" if most else last


def _surest(answers: Sequence[Answer]) -> str:
    first, *_, last = sorted(answers, key=lambda answer: -answer.certainty)
    if first.certainty - last.certainty < _ABOUT_AS_SURE:
        return "they are about as certain"
    return f"{first.name} is {'more certain' if len(answers) == 2 else 'the most certain'}"
