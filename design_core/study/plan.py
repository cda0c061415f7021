"""The zoo's plans: every training run that it wants, the most telling ones first.

`plan` is for processor cores, `gpu_plan` for a GPU.

Seeds before epochs, epochs before width, controls before everything but Sign and DeSign 2D.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from design_core.kernels.spec import encode_kernel, parse_kernel
from design_core.pictures.photons import LIGHT_LEVELS
from design_core.zoo.arms import ARMS, PICTURE_ARMS

__all__ = [
    "ABLATION",
    "INSIDE_SPREADS",
    "LISTS",
    "UNIFORM_SWEEP",
    "Job",
    "ablation_strength",
    "gpu_plan",
    "inside_pattern",
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


#: Uniform thresholds on the picture, in standard deviations; 0 is Sign.
UNIFORM_SWEEP = (-0.8, -0.6, -0.4, -0.2, 0.2, 0.4, 0.6, 0.8)

#: With Sign the best three of the sweep on seed 0.
_BEST_UNIFORM = (-0.2, -0.4)

#: How far the pattern inside the network spreads, in shares of the full quantile spread.
INSIDE_SPREADS = (0.25, 0.5, 1.0)

#: Kernels of the ablation that are written as they are; the base of it is 2x2-v2 as published.
ABLATION = (
    *("hprof", "checkerboard-2", "bayer-2", "bayer-4", "bayer-8"),
    *("random-2", "random-3", "random-4", "random-8", "symmetric-2", "symmetric-4", "symmetric-8"),
    *("2x2-v2@lloyd-max", "2x2-v2@matlab", "2x2-v2@quantile"),
)

# Strengths of the ablation beside 0, which is Sign, and 1, which is the kernel.
_STRENGTHS = (0.5, 1.5)

# Bayer 2×2 with its ranks at the 1/8, 3/8, 5/8 and 7/8 quantiles of a standard normal.
_BAYER_QUANTILES = ((-1.1503, 0.3186), (1.1503, -0.3186))


def inside_pattern(spread: float) -> str:
    """Bayer 2×2 about 0 as an activation of hidden layers.

    Parameters
    ----------
    spread
        1 puts the thresholds at quantiles of a standard normal; 0 is Sign.

    Examples
    --------
    >>> inside_pattern(0.5)
    'design:-0.5752 0.1593;0.5752 -0.1593'
    """
    rows = (" ".join(f"{spread * value:.4f}" for value in row) for row in _BAYER_QUANTILES)
    return f"design:{';'.join(rows)}"


def ablation_strength(kernel: str, strength: float) -> str:
    """A kernel's code with another strength.

    Examples
    --------
    >>> parse_kernel(f"code:{ablation_strength('2x2-v2', 0.5)}").scale.strength
    0.5
    """
    return encode_kernel(parse_kernel(kernel).scaled(strength=strength))


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
        *_imagenette_pictures(),
        *_behind_the_cut(),
        *_learned_inside(),
        *_inside(),
        *_smooth_inside(),
        *_little_light(),
        *_strategies(),
        *_several_bits(),
        *_bases(),
        *_full_binary(),
        *_residual(),
        *_surrogates(),
        *_ablation(),
        *_pixels(),
    ]


def gpu_plan() -> list[Job]:
    """Runs of the paper's size, a hundred epochs each, for one GPU; round by seed."""
    return [*_gpu_wide(), *_gpu_resnet18(), *_gpu_cifar100()]


#: What can be worked through, by the name of the list.
LISTS: Mapping[str, Callable[[], list[Job]]] = MappingProxyType({"cores": plan, "gpu": gpu_plan})

_LONG = "epochs=100 warmup_epochs=5"


def _gpu_wide() -> Iterator[Job]:
    """Width 128: hidden activations, and one-bit pictures with their ceiling."""
    for seed in range(5):
        for key in ("sign", "design2d", "uniform"):
            changes = f"width=128 {_LONG}"
            yield _job(
                "gpu-w128", key, True, seed, data="cifar10", recipe="statistics", changes=changes
            )
        for key in ("phases2", "bayer2", "sign", "real"):
            changes = f"width=128 {_LONG}" + " first=binary" * (key == "real")
            yield _picture_job(key, seed, changes=changes, prefix="gpu-w128-picture")


def _gpu_resnet18() -> Iterator[Job]:
    for seed in range(3):
        for key in ("sign", "design2d", "uniform"):
            yield _job(
                "gpu-resnet18", key, True, seed, data="cifar10", recipe="resnet18", changes=_LONG
            )


def _gpu_cifar100() -> Iterator[Job]:
    for seed in range(5):
        for key in ("sign", "design2d", "uniform"):
            changes = f"width=128 {_LONG}"
            yield _job(
                "gpu-cifar100",
                key,
                True,
                seed,
                data="cifar100",
                recipe="statistics",
                changes=changes,
            )


def _job(
    prefix: str, key: str, affine: bool, seed: int, *, data: str, recipe: str, changes: str = ""
) -> Job:
    switch = "on" if affine else "off"
    return Job(
        name=f"{prefix}-{key}-{switch}-s{seed}",
        recipe=recipe,
        data=data,
        changes=(
            f"activation={ARMS[key].activation}",
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


def _picture_job(
    key: str,
    seed: int,
    picture: str | None = None,
    changes: str = "",
    *,
    hidden: str = "sign",
    data: str = "cifar10",
    prefix: str = "picture",
) -> Job:
    asked = f"picture={picture or PICTURE_ARMS[key].activation} {changes}"
    return _job(
        f"{prefix}-{key}", hidden, True, seed, data=data, recipe="statistics", changes=asked
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
        else:
            for threshold in _BEST_UNIFORM:
                yield _picture_job(f"uniform{threshold:+}", seed, f"uniform:{threshold}")
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
        "bayer2": (PICTURE_ARMS["bayer2"].activation, ""),
        "sign": ("sign", ""),
        "uniform-0.2": ("uniform:-0.2", ""),
        "uniform+0.2": ("uniform:0.2", ""),
        "real": ("real", "first=binary"),
    }
    for seed in range(3):
        for key, (picture, changes) in grey.items():
            yield _picture_job(f"grey-{key}", seed, picture, f"in_channels=1 {changes}")


#: Of the study in little light and of Imagenette: two uniform thresholds stand for the sweep.
_FEW_CUTS = {
    "phases2": None,
    "bayer2": None,
    "sign": None,
    "uniform-0.2": "uniform:-0.2",
    "uniform+0.2": "uniform:0.2",
}


def _imagenette_pictures() -> Iterator[Job]:
    """Real photographs at 64×64."""
    for seed in range(3):
        for key, picture in (*_FEW_CUTS.items(), ("real", "real")):
            changes = "image_size=64 crop_padding=8" + (" first=binary" * (key == "real"))
            yield _picture_job(
                key, seed, picture, changes, data="imagenette", prefix="imagenette-picture"
            )


def _little_light() -> Iterator[Job]:
    """Pictures of a sensor that counts photons, four epochs for each light level."""
    for seed in range(3):
        for photons in LIGHT_LEVELS:
            for key in ("phases2", "sign", "uniform-0.2", "uniform+0.2"):
                yield _picture_job(
                    key,
                    seed,
                    _FEW_CUTS[key],
                    "epochs=4 warmup_epochs=1",
                    data=f"folder:cifar10-photons-{photons}",
                    prefix=f"photons-{photons}",
                )


def _behind_the_cut() -> Iterator[Job]:
    """Does a pattern in hidden layers add to the pattern at the picture?"""
    for seed in range(3):
        for hidden in ("design2d", "uniform"):
            yield _picture_job("phases2", seed, hidden=hidden)


def _learned_inside() -> Iterator[Job]:
    """Thresholds of hidden layers that are trained like weights."""
    for seed in range(3):
        for key in ("rsign", "learned2d"):
            yield _job("stat", key, True, seed, data="cifar10", recipe="statistics")


def _inside_job(key: str, spread: float, seed: int, changes: str) -> Job:
    activation = inside_pattern(spread) if spread else "sign"
    asked = f"affine=true epochs=4 warmup_epochs=1 {changes}"
    return Job(
        name=f"inside-{key}-{spread:g}-s{seed}",
        recipe="statistics",
        data="cifar10",
        changes=(f"activation={activation}", *asked.split()),
        seed=seed,
    )


def _inside() -> Iterator[Job]:
    """Patterns about 0 in hidden layers of few and of many channels, four epochs each."""
    for seed in range(5):
        for width in (2, 8, 32):
            for spread in (0, *INSIDE_SPREADS):
                yield _inside_job(f"w{width}", spread, seed, f"width={width}")


def _smooth_inside() -> Iterator[Job]:
    """The same where neighbours are more alike: a low-pass before each cut, larger pictures."""
    smoother = {
        "lowpass": "width=8 low_pass=true",
        "x2": "width=8 image_size=64 crop_padding=8",
        "x4": "width=4 image_size=128 crop_padding=16",
    }
    for seed in range(3):
        for key, changes in smoother.items():
            for spread in (0, 1):
                yield _inside_job(key, spread, seed, changes)


def _short_job(name: str, activation: str, seed: int, changes: str = "") -> Job:
    """Four epochs at width 16, the cheapest recipe that tells arms apart; γ and β learned."""
    affine = "" if "affine=" in changes else "affine=true"
    return Job(
        name=f"{name}-s{seed}",
        recipe="statistics",
        data="cifar10",
        changes=(
            f"activation={activation}",
            *f"width=16 epochs=4 warmup_epochs=1 {affine} {changes}".split(),
        ),
        seed=seed,
    )


def _strategies() -> Iterator[Job]:
    """Does a kernel's effect depend on how weights become bits?"""
    for seed in range(3):
        for binarizer in ("bnn", "xnor", "dorefa", "recu"):
            changes = "" if binarizer == "bnn" else f"binarizer={binarizer}"
            for key in ("sign", "design2d", "uniform"):
                yield _short_job(f"strategy-{binarizer}-{key}", ARMS[key].activation, seed, changes)


def _several_bits() -> Iterator[Job]:
    """Does dithering pay where one bit is not all there is? One bit is among the strategies."""
    sizes = {
        "w1a2": "activation_bits=2",
        "w2a2": "weight_bits=2 activation_bits=2",
        "w4a4": "weight_bits=4 activation_bits=4",
    }
    for seed in range(3):
        for name, changes in sizes.items():
            for key in ("sign", "design2d"):
                asked = f"binarizer=dorefa {changes}"
                yield _short_job(f"bits-{name}-{key}", ARMS[key].activation, seed, asked)


def _bases() -> Iterator[Job]:
    """ABC-Net of K weight bases and M shifted activations, with and without a kernel beside."""
    for seed in range(3):
        for weights, activations in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 3)):
            counts = {"weight_bases": weights, "activation_bases": activations}
            asked = " ".join(f"{key}={count}" for key, count in counts.items() if count > 1)
            for key in ("sign", "design2d"):
                name = f"abc-k{weights}m{activations}-{key}"
                yield _short_job(name, ARMS[key].activation, seed, f"binarizer=abc {asked}")


def _full_binary() -> Iterator[Job]:
    """First and last layer binary too, γ and β fixed: integer thresholds are all that is left."""
    changes = "first=binary last=binary affine=false"
    for seed in range(3):
        for key in ("sign", "design2d", "uniform"):
            yield _short_job(f"full-{key}", ARMS[key].activation, seed, changes)


def _residual() -> Iterator[Job]:
    """ResNet-20 at half its width, 8-16-32, by its own recipe but for batches and epochs."""
    changes = ("affine=true", "width=8", "epochs=4", "warmup_epochs=1", "batch_size=128")
    for seed in range(3):
        for key in ("sign", "design2d", "uniform"):
            yield Job(
                name=f"resnet20-{key}-s{seed}",
                recipe="resnet20",
                data="cifar10",
                changes=(f"activation={ARMS[key].activation}", *changes),
                seed=seed,
            )


def _surrogates() -> Iterator[Job]:
    """Gradients other than clip; polynomial is triangular under another name."""
    for seed in range(3):
        for surrogate in ("triangular", "swish"):
            for key in ("sign", "design2d"):
                name, asked = f"surrogate-{surrogate}-{key}", f"surrogate={surrogate}"
                yield _short_job(name, ARMS[key].activation, seed, asked)


def _ablation() -> Iterator[Job]:
    """Size and pattern, scaling, strength: the cells about [1 1; 3 3] and Bayer 4×4."""
    for seed in range(3):
        for kernel in ABLATION:
            name = kernel.replace("@", "-")
            yield _short_job(f"ablation-{name}", f"design:{kernel}", seed)
        for kernel in ("2x2-v2", "bayer-4"):
            for strength in _STRENGTHS:
                yield _short_job(
                    f"ablation-{kernel}-x{strength:g}",
                    f"design:code={ablation_strength(kernel, strength)}",
                    seed,
                )


def _pixels() -> Iterator[Job]:
    """A class for every pixel: hidden maps are large, and neighbours alike."""
    for seed in range(3):
        for key in ("sign", "design2d", "uniform", "hardtanh"):
            yield _job("camvid", key, True, seed, data="camvid", recipe="camvid")
