"""The arms of the study: what is compared, and what people call it. PyTorch is not needed.

An arm is an activation of the hidden layers, or a cut of the picture before the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.patterns import bayer
from design_core.kernels.published import published_kernel
from design_core.kernels.spec import encode_kernel
from design_core.registry import Registry
from design_core.scaling import Scale

__all__ = [
    "ARMS",
    "PICTURE_ARMS",
    "Arm",
    "arm_of",
    "candidate_kernel",
    "informative_kernel",
    "picture_arm",
]

_OTHER = "#AA7744"  # the colour of what is no arm of the study
_LONGEST = 12  # letters of a kernel in a short name
_FORMS = {"design": "DeSign", "uniform": "Uniform", "centred": "Centred", "relu": "ReLU"}


@dataclass(frozen=True)
class Arm:
    """One thing that trainings compare.

    Parameters
    ----------
    key
        The word for it in the names of runs.
    activation
        What recipes call it; of a picture's cut, which is named alike, too.
    title, short
        For people: at the head of a row, and in a sentence.
    colour
        ``#RRGGBB``; or ``sign``, ``this`` or ``text``, which each theme has a colour of its own
        for. Okabe–Ito for controls, so that no two are told apart by red and green alone.
    """

    key: str
    activation: str
    title: str
    short: str
    colour: str = _OTHER


def candidate_kernel() -> ThresholdKernel:
    """Our own candidate: a 4×4 Bayer pattern about the mean threshold of the best control.

    The mean is that of [1 1; 3 3], so the density is near it too; the thresholds lie within half
    its spread, since in the first runs a kernel without any spread did no worse. A 4×4 tile has
    six of them where a 2×2 tile has two.
    """
    published = published_kernel("2x2-v2").thresholds
    steps = np.searchsorted(OMEGA, bayer(4).levels).astype(np.float64)
    steps -= steps.mean()
    half = (published.max() - published.min()) / 4
    thresholds = published.mean() + half * steps / np.abs(steps).max()
    # Rounded, so that its code is short and the same on every machine.
    return ThresholdKernel.from_thresholds(np.round(thresholds, 4), name="own 4×4")


def informative_kernel() -> ThresholdKernel:
    """The 2×2 kernel that keeps most of CIFAR-10's training pictures, by exact search.

    Its levels are sixteen quantiles; ``benchmarks/informative_kernel.py`` finds it, and finds that
    no 3×3 kernel keeps as much.
    """
    return ThresholdKernel([[4, 9], [11, 6]], range(16), Scale("quantile"), "most informative 2×2")


def _registry(kind: str, *arms: Arm) -> Registry[Arm]:
    return Registry(kind, {arm.key: arm for arm in arms})


#: Activations by key, in the order in which they are listed.
ARMS = _registry(
    "arm",
    Arm("sign", "sign", "Sign", "Sign", "sign"),
    Arm("design2d", "design:2x2-v2", "DeSign 2D [1 1; 3 3]", "DeSign 2D", "this"),
    Arm(
        *("uniform", "uniform:2x2-v2", "control: uniform threshold of the same mean"),
        *("Uniform", "#E69F00"),
    ),
    Arm(
        *("swapped", "design:1 3;3 1", "control: same entries as [1 3; 3 1]"),
        *("DeSign [1 3; 3 1]", "#009E73"),
    ),
    Arm(
        *("design3d", "design:2x2x4-shifted-v1", "DeSign3D 2×2×4 shifted v1"),
        *("DeSign3D", "#CC79A7"),
    ),
    Arm(
        *("own", f"design:code={encode_kernel(candidate_kernel())}"),
        *("own kernel: Bayer 4×4, half the spread", "DeSign 4×4", "#D55E00"),
    ),
    Arm(
        *("first", "design:2x2-v2 then uniform:2x2-v2"),
        *("[1 1; 3 3] in the first layer, then its mean", "DeSign 2D first", "#56B4E9"),
    ),
    Arm(
        *("centred", "centred:2x2-v2", "control: [1 1; 3 3] about 0, pattern without shift"),
        *("DeSign about 0", "#999933"),
    ),
    Arm(
        *("rsign", "learned:channel", "one learned threshold per channel"),
        *("Learned thresholds", "#F0E442"),
    ),
    Arm("learned2d", "learned:2x2-v2", "learned 2×2, from [1 1; 3 3]", "Learned 2×2", "#882255"),
    Arm("hardtanh", "hardtanh", "hard tanh (real-valued activations)", "Hard tanh", "text"),
)

#: Cuts of the picture by key, likewise.
PICTURE_ARMS = _registry(
    "picture arm",
    Arm("real", "real", "real-valued picture", "Real picture", "text"),
    Arm("sign", "sign", "Sign (one threshold, the mean)", "Sign bits", "sign"),
    Arm("bayer2", "design:bayer-2@quantile", "Bayer 2×2", "Bayer 2×2 bits", "#009E73"),
    Arm(
        *("phases2", "design:bayer-phases-2@quantile", "Bayer 2×2 with a phase per colour"),
        *("Dithered bits", "this"),
    ),
    Arm(
        *("colours", "design:-0.6745|0.0|0.6745", "three uniform thresholds, one per colour"),
        *("Three thresholds", "#E69F00"),
    ),
    Arm("bayer4", "design:bayer-4@quantile", "Bayer 4×4", "Bayer 4×4 bits"),
    Arm("blue8", "design:blue-noise-8@quantile", "blue noise 8×8", "Blue noise bits"),
    Arm(
        *("random4", "design:random-4@quantile", "random 4×4, the thresholds of Bayer 4×4"),
        "Random 4×4 bits",
    ),
    Arm(
        *("informative", f"design:code={encode_kernel(informative_kernel())}"),
        *("the most informative 2×2", "Informative bits"),
    ),
    Arm("published", "design:2x2-v2", "published [1 1; 3 3]", "[1 1; 3 3] bits", "this"),
    Arm("diffused", "floyd-steinberg", "Floyd-Steinberg error diffusion", "Diffused bits"),
    Arm("rsign", "learned:channel", "one learned threshold per colour", "Learned thresholds"),
    Arm(
        *("learned2", "learned:bayer-phases-2@quantile", "learned 2×2 per colour"),
        "Learned 2×2 bits",
    ),
    Arm("thermometer4", "thermometer:4", "thermometer of 4 at half the side", "Thermometer"),
)


def arm_of(activation: str) -> Arm:
    """The arm of an activation; what is no arm of the study is called as recipes call it.

    Examples
    --------
    >>> arm_of("design:2x2-v2").short
    'DeSign 2D'
    >>> arm_of("design:bayer-4").short
    'DeSign bayer-4'
    >>> arm_of("design:bayer-4 then sign").short
    'DeSign bayer-4 then others'
    """
    return _known(ARMS, activation) or Arm("", activation, activation, _short(activation))


def picture_arm(picture: str) -> Arm:
    """The arm of a picture's cut, likewise.

    Examples
    --------
    >>> picture_arm("uniform:0.2").title
    'one threshold at +0.2'
    """
    form, _, rest = picture.partition(":")
    if form == "uniform":
        at = f"−{rest[1:]}" if rest.startswith("-") else f"+{rest}"
        return Arm("", picture, f"one threshold at {at}", f"Bits at {at}", "#CC79A7")
    return _known(PICTURE_ARMS, picture) or Arm("", picture, picture, picture)


def _known(arms: Registry[Arm], activation: str) -> Arm | None:
    return next((arm for arm in arms.values() if arm.activation == activation), None)


def _short(activation: str) -> str:
    first, chain, _ = activation.partition(" then ")
    if chain:
        return f"{arm_of(first).short} then others"
    form, _, kernel = activation.partition(":")
    title = _FORMS.get(form, form)
    if not kernel:
        return title
    return f"{title} own" if kernel.startswith("code=") else f"{title} {kernel[:_LONGEST]}"
