"""How a network answers a perturbed picture: its probabilities, its bits, over all strengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from design_core.engine.bits import unpack_bits
from design_core.engine.layers import Block, Cut
from design_core.networks import activation_maps
from design_core.networks.vgg import VggSmall
from design_core.pictures.perturbations import Perturbation, Pixels, pixel_psnr
from design_core.scores import total_variation
from design_core.zoo.checkpoint import Checkpoint

__all__ = ["Held", "Response", "holding", "longest_held", "respond"]

Floats = NDArray[np.float64]
Bits = Mapping[str, NDArray[np.bool_]]


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

    Parameters
    ----------
    pixels
        The network's input, uint8 (H, W, C), see `PictureForm.pixels`.
    seed
        Of the noise.
    """
    perturbed = [perturbation(pixels, strength, seed=seed) for strength in perturbation.strengths]
    probabilities, bits = _answers(checkpoint, [pixels, *perturbed])
    tv = total_variation(next(iter(bits.values()))).mean(1)
    return Response(
        perturbation=perturbation,
        classes=checkpoint.pictures.class_names,
        clean=probabilities[0],
        probabilities=probabilities[1:],
        flipped={
            name: np.mean(found[1:] != found[0], axis=(1, 2, 3)) for name, found in bits.items()
        },
        clean_tv=float(tv[0]),
        tv=tv[1:],
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


def _answers(checkpoint: Checkpoint, pictures: Sequence[Pixels]) -> tuple[Floats, Bits]:
    """Probabilities (N, classes), and what is above 0 by block, (N, C, H, W) each.

    On the 1-bit engine where it hands out bits, block by block; else in PyTorch.
    """
    x = checkpoint.pictures.normalized(torch.from_numpy(np.stack(pictures)))
    scores, bits = _on_engine(checkpoint, x) or _in_pytorch(checkpoint, x)
    return scores.softmax(1).double().numpy(), bits


def _on_engine(checkpoint: Checkpoint, x: Tensor) -> tuple[Tensor, Bits] | None:
    """Scores and bits of a chain of blocks; None for all else."""
    model, packed = checkpoint.model, checkpoint.packed
    if packed is None or not isinstance(model, VggSmall):
        return None
    maps = packed.maps(x.numpy())
    names = iter([*(["picture"] if model.picture is not None else []), *model.blocks])
    bits = {
        next(names): unpack_bits(words, cut.cuts.shape[2]).transpose(0, 3, 1, 2)
        for layer, words in zip(packed.layers, maps, strict=True)
        if (cut := layer.cut if isinstance(layer, Block) else layer) and isinstance(cut, Cut)
    }
    return torch.from_numpy(maps[-1][:, 0, 0]), bits


def _in_pytorch(checkpoint: Checkpoint, x: Tensor) -> tuple[Tensor, Bits]:
    """Each picture alone: sums of floats depend on the size of a batch, and ties would flip."""
    answers = [activation_maps(checkpoint.model, one[None]) for one in x]
    bits = {
        tap.name: np.stack([(taps[k].y[0] > 0).numpy() for _, taps in answers])
        for k, tap in enumerate(answers[0][1])
    }
    return torch.cat([logits for logits, _ in answers]), bits
