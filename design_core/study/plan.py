"""The zoo's plan: every training run that it wants, the most telling ones first.

Seeds before epochs, epochs before width, controls before everything but Sign and DeSign 2D.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.patterns import bayer
from design_core.kernels.published import published_kernel
from design_core.kernels.spec import encode_kernel
from design_core.scaling import Scale

__all__ = [
    "ACTIVATIONS",
    "PICTURES",
    "UNIFORM_SWEEP",
    "Job",
    "activation_title",
    "informative_kernel",
    "own_kernel",
    "picture_short_name",
    "picture_title",
    "plan",
]


@dataclass(frozen=True)
class Job:
    """One training run.

    Parameters
    ----------
    name
        Of the run's folder.
    recipe, data, changes, seed
        As ``train`` takes them.
    """

    name: str
    recipe: str
    data: str
    changes: tuple[str, ...]
    seed: int


def own_kernel() -> ThresholdKernel:
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


@cache
def _own_activation() -> str:
    return f"design:code={encode_kernel(own_kernel())}"


#: Activations by the word for them in the names of runs: what a recipe calls them, and a title.
ACTIVATIONS = {
    "sign": ("sign", "Sign"),
    "design2d": ("design:2x2-v2", "DeSign 2D [1 1; 3 3]"),
    "uniform": ("uniform:2x2-v2", "control: uniform threshold of the same mean"),
    "swapped": ("design:1 3;3 1", "control: same entries as [1 3; 3 1]"),
    "design3d": ("design:2x2x4-shifted-v1", "DeSign3D 2×2×4 shifted v1"),
    "own": (_own_activation(), "own kernel: Bayer 4×4, half the spread"),
    "first": ("design:2x2-v2 then uniform:2x2-v2", "[1 1; 3 3] in the first layer, then its mean"),
    "centred": ("centred:2x2-v2", "control: [1 1; 3 3] about 0, pattern without shift"),
    "hardtanh": ("hardtanh", "hard tanh (real-valued activations)"),
}


def informative_kernel() -> ThresholdKernel:
    """The 2×2 kernel that keeps most of CIFAR-10's training pictures, by exact search.

    Its levels are sixteen quantiles; ``benchmarks/informative_kernel.py`` finds it, and finds that
    no 3×3 kernel keeps as much.
    """
    return ThresholdKernel([[4, 9], [11, 6]], range(16), Scale("quantile"), "most informative 2×2")


@cache
def _informative_cut() -> str:
    return f"design:code={encode_kernel(informative_kernel())}"


#: Picture cuts by the word for them in the names of runs: what a recipe calls them, a title, and
#: a name for tight places.
PICTURES = {
    "real": ("real", "real-valued picture", "Real picture"),
    "sign": ("sign", "Sign, one threshold at the mean", "Sign bits"),
    "bayer2": ("design:bayer-2@quantile", "Bayer 2×2", "Bayer 2×2 bits"),
    "phases2": (
        "design:bayer-phases-2@quantile",
        "Bayer 2×2, a phase per colour",
        "Dithered bits",
    ),
    "colours": (
        "design:-0.6745|0.0|0.6745",
        "three uniform thresholds, one per colour",
        "Three thresholds",
    ),
    "bayer4": ("design:bayer-4@quantile", "Bayer 4×4", "Bayer 4×4 bits"),
    "blue8": ("design:blue-noise-8@quantile", "blue noise 8×8", "Blue noise bits"),
    "random4": (
        "design:random-4@quantile",
        "random 4×4, the thresholds of Bayer 4×4",
        "Random 4×4 bits",
    ),
    "informative": (_informative_cut(), "the most informative 2×2", "Informative bits"),
    "published": ("design:2x2-v2", "published [1 1; 3 3]", "[1 1; 3 3] bits"),
    "diffused": ("floyd-steinberg", "Floyd-Steinberg error diffusion", "Diffused bits"),
    "rsign": ("learned:channel", "one learned threshold per colour", "Learned thresholds"),
    "learned2": ("learned:bayer-phases-2@quantile", "learned 2×2 per colour", "Learned 2×2 bits"),
    "thermometer4": ("thermometer:4", "thermometer of 4 at half the side", "Thermometer"),
}

#: Uniform thresholds on the picture, in standard deviations; 0 is Sign.
UNIFORM_SWEEP = (-0.8, -0.6, -0.4, -0.2, 0.2, 0.4, 0.6, 0.8)


def picture_title(picture: str) -> str:
    """What people call a picture cut; itself if it is not in the plan.

    Examples
    --------
    >>> picture_title("uniform:0.2")
    'one threshold at +0.2'
    """
    if picture.startswith("uniform:"):
        return f"one threshold at {picture_short_name(picture).rpartition(' ')[2]}"
    return next((title for name, title, _ in PICTURES.values() if name == picture), picture)


def picture_short_name(picture: str) -> str:
    """A picture cut in a word or two.

    Examples
    --------
    >>> picture_short_name("uniform:0.2")
    'Bits at +0.2'
    """
    form, _, rest = picture.partition(":")
    if form == "uniform":
        return f"Bits at {rest if rest.startswith('-') else f'+{rest}'}"
    return next((short for name, _, short in PICTURES.values() if name == picture), picture)


def activation_title(activation: str) -> str:
    """What people call an activation; itself if it is not in the plan."""
    return dict(ACTIVATIONS.values()).get(activation, activation)


def plan() -> list[Job]:
    """All runs in the order in which they are worth their hours; each has a name of its own."""
    return [
        *_digits(),
        *_statistics(),
        *_own(),
        *_pattern(),
        *_demonstration(),
        *_cifar100(),
        *_wider(),
        *_larger_maps(),
        *_pictures(),
        *_more_pictures(),
        *_grey_pictures(),
    ]


def _job(
    prefix: str, key: str, affine: bool, seed: int, *, data: str, recipe: str, changes: str = ""
) -> Job:
    switch = "on" if affine else "off"
    return Job(
        name=f"{prefix}-{key}-{switch}-s{seed}",
        recipe=recipe,
        data=data,
        changes=(
            f"activation={ACTIVATIONS[key][0]}",
            f"affine={str(affine).lower()}",
            *changes.split(),
        ),
        seed=seed,
    )


def _digits() -> Iterator[Job]:
    """For tests and a first start: seconds each."""
    for seed in range(5):
        for key in ("sign", "design2d"):
            yield _job("digits", key, True, seed, data="digits", recipe="digits")


def _statistics() -> Iterator[Job]:
    """Ten epochs of CIFAR-10, round by seed."""

    def job(key: str, affine: bool, seed: int) -> Job:
        return _job("stat", key, affine, seed, data="cifar10", recipe="statistics")

    for seed in range(5):
        for affine in (False, True):
            yield from (job(key, affine, seed) for key in ("sign", "design2d", "uniform"))
        if seed < 3:
            yield job("swapped", False, seed)
    for seed in range(3):
        yield from (job("design3d", affine, seed) for affine in (False, True))


def _own() -> Iterator[Job]:
    for seed in range(3):
        for affine in (False, True):
            yield _job("stat", "own", affine, seed, data="cifar10", recipe="statistics")


def _pattern() -> Iterator[Job]:
    """The pattern where maps are large and real-valued detail is near; the pattern by itself."""
    for seed in range(3):
        for key in ("first", "centred"):
            yield _job("stat", key, False, seed, data="cifar10", recipe="statistics")


def _demonstration() -> Iterator[Job]:
    """Thirty epochs, to look at."""
    for key, affine in (
        ("sign", True),
        ("design2d", True),
        ("sign", False),
        ("design2d", False),
        ("design3d", True),
        ("hardtanh", True),
    ):
        yield _job("demo", key, affine, 0, data="cifar10", recipe="demonstration")


def _cifar100() -> Iterator[Job]:
    for seed in range(3):
        for key in ("sign", "design2d"):
            yield _job("cifar100", key, True, seed, data="cifar100", recipe="statistics")


def _wider() -> Iterator[Job]:
    for key in ("sign", "design2d"):
        yield _job("wide", key, False, 0, data="cifar10", recipe="statistics", changes="width=64")


def _larger_maps() -> Iterator[Job]:
    """The pattern against its mean where neighbouring pixels are alike."""
    for seed in range(3):
        for key in ("design2d", "uniform"):
            yield _job("large", key, False, seed, data="cifar10", recipe="larger_maps")


def _picture_job(key: str, seed: int, picture: str | None = None, changes: str = "") -> Job:
    asked = f"picture={picture or PICTURES[key][0]} {changes}"
    return _job(
        f"picture-{key}", "sign", True, seed, data="cifar10", recipe="statistics", changes=asked
    )


def _pictures() -> Iterator[Job]:
    """One bit per pixel and colour: patterns against every single threshold, round by seed.

    Hidden layers are Sign, γ and β learned. The real picture has the same binary first layer, so
    that it is the ceiling of what a cut can leave. The sweep of uniform thresholds is chosen from
    on seed 0, and its best three are trained on all seeds; that choice favours the uniform ones.
    """
    for seed in range(5):
        for key in ("phases2", "sign", "bayer2"):
            yield _picture_job(key, seed)
        if seed == 0:
            for threshold in UNIFORM_SWEEP:
                yield _picture_job(f"uniform{threshold:+}", 0, f"uniform:{threshold}")
        yield _picture_job("colours", seed)
        yield _picture_job("real", seed, changes="first=binary")


def _more_pictures() -> Iterator[Job]:
    """Other patterns and references, three seeds each."""
    for seed in range(3):
        for key in (
            *("bayer4", "random4", "diffused", "learned2", "rsign"),
            *("informative", "blue8", "published"),
        ):
            yield _picture_job(key, seed)
        yield _picture_job("thermometer4", seed, changes="image_size=16 crop_padding=2")


def _grey_pictures() -> Iterator[Job]:
    """The core of it in one channel, where no colours can stand in for each other."""
    grey = {
        "bayer2": (PICTURES["bayer2"][0], ""),
        "sign": ("sign", ""),
        "uniform-0.2": ("uniform:-0.2", ""),
        "uniform+0.2": ("uniform:0.2", ""),
        "real": ("real", "first=binary"),
    }
    for seed in range(3):
        for key, (picture, changes) in grey.items():
            yield _picture_job(f"grey-{key}", seed, picture, f"in_channels=1 {changes}")
