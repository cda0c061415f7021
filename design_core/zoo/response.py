"""How a network answers a perturbed picture: its probabilities, its bits, over all strengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.networks import activation_maps
from design_core.perturbations import Perturbation, Pixels, pixel_psnr
from design_core.scores import total_variation
from design_core.zoo.checkpoint import Checkpoint

__all__ = ["Held", "Response", "holding", "longest_held", "respond"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Held:
    """The strengths about the mildest at which the class stays.

    Parameters
    ----------
    low, high
        The outermost strengths of an unbroken range about the mildest; all that are offered lie
        between them where `whole`.
    steps
        How many strengths that are, the mildest not counted.
    whole
        Whether the class stays over the whole range.
    """

    low: float
    high: float
    steps: int
    whole: bool


@dataclass(frozen=True, eq=False)
class Response:
    """A network's answers to one picture, perturbed in one way by every strength.

    Parameters
    ----------
    perturbation
        What was done to the picture.
    classes
        In the order of the probabilities.
    clean
        Probabilities of the picture as it is, shape (classes,).
    probabilities
        Shape (K, classes).
    flipped
        By block: share of the activations that are above 0 for one picture and not for the other,
        shape (K,). For binary activations these are the flipped bits.
    clean_tv, tv
        Total variation of the first block's bits, mean over its channels; of the picture as it
        is, and by strength, shape (K,).
    psnr
        Of the perturbed pixels in dB, shape (K,); infinite where nothing changed.
    """

    perturbation: Perturbation
    classes: tuple[str, ...]
    clean: Floats
    probabilities: Floats
    flipped: Mapping[str, Floats]
    clean_tv: float
    tv: Floats
    psnr: Floats

    @property
    def strengths(self) -> Floats:
        """Those of the perturbation, shape (K,)."""
        return np.array(self.perturbation.strengths)

    @property
    def clean_class(self) -> str:
        """The class of the picture as it is."""
        return self.classes[int(self.clean.argmax())]

    @property
    def confidence(self) -> Floats:
        """Probability of the class that the picture has as it is, shape (K,)."""
        confidence: Floats = self.probabilities[:, int(self.clean.argmax())]
        return confidence

    @property
    def keeps(self) -> NDArray[np.bool_]:
        """Whether that class is still the most probable one, shape (K,)."""
        return np.asarray(self.probabilities.argmax(1) == self.clean.argmax())

    @property
    def all_flipped(self) -> Floats:
        """Mean of the flipped shares over the blocks, shape (K,)."""
        mean: Floats = np.mean(list(self.flipped.values()), axis=0)
        return mean

    def index(self, strength: float) -> int:
        """Place of a strength; ValueError if it is none of them."""
        if strength not in self.perturbation.strengths:
            raise ValueError(
                f"The strengths are {list(self.perturbation.strengths)}; got {strength}."
            )
        return self.perturbation.strengths.index(strength)

    def held(self) -> Held | None:
        """Where the class stays, from the mildest on; None if it changes even there."""
        keeps, middle = self.keeps, self.index(self.perturbation.mildest)
        if not keeps[middle]:
            return None
        low = high = middle
        while low > 0 and keeps[low - 1]:
            low -= 1
        while high < len(keeps) - 1 and keeps[high + 1]:
            high += 1
        return Held(
            float(self.strengths[low]), float(self.strengths[high]), high - low, bool(keeps.all())
        )


def respond(
    checkpoint: Checkpoint, pixels: Pixels, perturbation: Perturbation, *, seed: int = 0
) -> Response:
    """Ask a network about a picture as it is, and perturbed by every strength.

    Each picture goes through alone: sums of floats depend on the size of a batch, and bits that
    tie would flip for no other reason.

    Parameters
    ----------
    pixels
        The network's input, uint8 (H, W, C), see `PictureForm.pixels`.
    seed
        Of the noise.
    """
    clean, clean_bits = _answer(checkpoint, pixels)
    perturbed = [perturbation(pixels, strength, seed=seed) for strength in perturbation.strengths]
    answers = [_answer(checkpoint, one) for one in perturbed]
    first = next(iter(clean_bits))
    return Response(
        perturbation=perturbation,
        classes=checkpoint.pictures.class_names,
        clean=clean,
        probabilities=np.array([probabilities for probabilities, _ in answers]),
        flipped={
            name: np.array([np.mean(bits[name] != before) for _, bits in answers])
            for name, before in clean_bits.items()
        },
        clean_tv=float(total_variation(clean_bits[first]).mean()),
        tv=np.array([total_variation(bits[first]).mean() for _, bits in answers]),
        psnr=np.array([pixel_psnr(pixels, one) for one in perturbed]),
    )


def longest_held(responses: Mapping[str, Response]) -> list[str]:
    """Names of the networks that keep their class over most strengths; more than one if tied."""
    held = {name: response.held() for name, response in responses.items()}
    steps = {name: -1 if one is None else one.steps for name, one in held.items()}
    most = max(steps.values())
    return [name for name, count in steps.items() if count == most]


def holding(responses: Mapping[str, Response], *, true_class: str | None = None) -> str:
    """One sentence on who keeps its class longest; `responses` are of one perturbation.

    Parameters
    ----------
    true_class
        Where it is known, a class that is wrong from the start is said to be so.
    """
    best = longest_held(responses)
    rest = [name for name in responses if name not in best]
    told = {
        name: _reach(response)
        + (" (a wrong one)" if true_class not in (None, response.clean_class) else "")
        for name, response in responses.items()
    }
    (title,) = {response.perturbation.title for response in responses.values()}
    if not rest:
        alike = len(best) > 1 and len({told[name] for name in best}) == 1
        if alike:
            steady = min(responses, key=lambda name: responses[name].all_flipped.mean())
            return (
                f"{title}: {_listed(best)} alike keep their class {told[best[0]]}; "
                f"{steady} flips the fewest bits."
            )
        return (
            f"{title}: " + "; ".join(f"{name} keeps its class {told[name]}" for name in best) + "."
        )
    longest = "; ".join(f"{name} keeps its class longest, {told[name]}" for name in best[:1])
    if len(best) > 1:
        longest = f"{_listed(best)} keep their class longest, {told[best[0]]}"
    return f"{title}: {longest}; " + "; ".join(f"{name} {told[name]}" for name in rest) + "."


def _reach(response: Response) -> str:
    held = response.held()
    if held is None:
        mildest = response.perturbation.told(response.perturbation.mildest)
        return f"not even at {mildest}"
    if held.whole:
        return "over the whole range"
    if held.steps == 0:
        return "at no strength at all"
    return response.perturbation.reach(held.low, held.high)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _answer(checkpoint: Checkpoint, pixels: Pixels) -> tuple[Floats, dict[str, NDArray[np.bool_]]]:
    """Probabilities, and what is above 0 by block, (C, H, W) each."""
    x = checkpoint.pictures.normalized(torch.from_numpy(pixels.copy())[None])
    logits, taps = activation_maps(checkpoint.model, x)
    bits = {tap.name: (tap.y[0] > 0).numpy() for tap in taps}
    return logits[0].softmax(0).double().numpy(), bits
