"""Sign against DeSign on the same pre-activations: outputs, scores and one plain sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core import scores
from design_core.arrays import as_array
from design_core.kernels.kernel import ThresholdKernel, binarize, refuse_nan
from design_core.scores.pattern import pattern_variation

__all__ = ["ActivationScores", "compare_activations", "edges_finding", "finding"]

Floats = NDArray[np.float64]

_BLOCK = 2**21  # values that are scored at a time

_PLAIN_SIGN = ThresholdKernel([[0]]).scaled(strength=0)


@dataclass(frozen=True, eq=False)
class ActivationScores:
    """What one activation makes of maps x of shape (C, H, W); every score has shape (C,).

    Attributes
    ----------
    output
        bool bits for Sign and DeSign, float32 values for ReLU; shape (C, H, W).
    tv, tv_isotropic
        Total variation per pixel; bits count 0 and 1.
    density
        P(+1), and P(x > 0) for ReLU.
    entropy_2x2
        Information kept, in bits per pixel; NaN for ReLU, which is no map of bits.
    correlation
        Pearson correlation of the output with x.
    pattern_tv
        The part of `tv` that the kernel's pattern shows on flat fields, see `pattern_variation`;
        0 for Sign and ReLU.
    likeness
        Pearson correlation of the output's local average (5×5 pixels) with x: what the eye sees
        from afar. It ranks as the PSNR of `fidelity` does. NaN where x is flat.
    """

    output: NDArray[Any]
    tv: Floats
    tv_isotropic: Floats
    density: Floats
    entropy_2x2: Floats
    correlation: Floats
    pattern_tv: Floats
    likeness: Floats

    def fidelity(self, x: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """PSNR in dB and SSIM of the output's local average against x; apart, since it is slow."""
        seen = scores.reconstruct(self.output, x)
        return scores.psnr(x, seen), scores.ssim(x, seen)

    def __getitem__(self, index: int | slice) -> ActivationScores:
        """The scores of one map (or a slice of maps) alone."""
        chosen = slice(index, index + 1) if isinstance(index, int) else index
        return ActivationScores(*(value[chosen] for value in vars(self).values()))


def _scores_of_bits(x: NDArray[np.float32], kernel: ThresholdKernel) -> ActivationScores:
    bits = binarize(x, kernel)
    return ActivationScores(
        output=bits,
        tv=scores.total_variation(bits),
        tv_isotropic=scores.total_variation(bits, "isotropic"),
        density=scores.activation_density(bits),
        entropy_2x2=scores.block_entropy(bits, period=kernel.shape[1:]),
        correlation=scores.correlation(bits, x),
        pattern_tv=pattern_variation(x, kernel),
        likeness=scores.likeness(bits, x),
    )


def compare_activations(
    x: ArrayLike, kernel: ThresholdKernel | ArrayLike | str
) -> dict[str, ActivationScores]:
    """Apply Sign, DeSign and ReLU to the same maps.

    Parameters
    ----------
    x
        Standardized pre-activations, float32, shape (C, H, W); an array or a torch tensor.
    kernel
        A kernel, its name, or real thresholds: what `ThresholdKernel.of` takes.

    Returns
    -------
    dict
        Keys ``sign``, ``design``, ``relu``.

    Raises
    ------
    ValueError
        Maps of another shape or type, or that hold NaN; an unknown kernel.

    Examples
    --------
    >>> from design_core import compare_activations, extract_maps, sample
    >>> maps = extract_maps(sample("camera"), "picture")
    >>> both = compare_activations(maps.x, "2x2-v2")
    >>> bool(both["design"].density[0] < both["sign"].density[0])
    True
    """
    x = as_array(x)
    if x.ndim != 3 or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(
            "compare_activations takes floating-point maps of one picture, (C, H, W); "
            f"got {x.dtype} of shape {x.shape}. Of a batch (N, C, H, W) give one, x[0]."
        )
    refuse_nan(x)
    own = ThresholdKernel.of(kernel)
    # Scores need several times the memory of their maps, so that these come a few at a time.
    step = max(1, _BLOCK // max(1, x.shape[1] * x.shape[2]))
    if step >= len(x):
        return _compared(x, own)
    starts = range(0, len(x), step)
    blocks = (_compared(x[at : at + step], _from_channel(own, at)) for at in starts)
    return _joined(x, blocks, step)


def _compared(x: NDArray[Any], kernel: ThresholdKernel) -> dict[str, ActivationScores]:
    return {
        "sign": _scores_of_bits(x, _PLAIN_SIGN),
        "design": _scores_of_bits(x, kernel),
        "relu": _scores_of_relu(x),
    }


def _scores_of_relu(x: NDArray[Any]) -> ActivationScores:
    rectified = np.maximum(x, 0)
    return ActivationScores(
        output=rectified,
        tv=scores.total_variation(rectified),
        tv_isotropic=scores.total_variation(rectified, "isotropic"),
        density=scores.activation_density(x > 0),
        entropy_2x2=np.full(x.shape[:-2], np.nan),
        correlation=scores.correlation(rectified, x),
        pattern_tv=np.zeros(x.shape[:-2]),
        likeness=scores.likeness(rectified, x),
    )


def _from_channel(kernel: ThresholdKernel, first: int) -> ThresholdKernel:
    """The kernel whose slice 0 cuts map `first`."""
    slices = (first + np.arange(kernel.shape[0])) % kernel.shape[0]
    return ThresholdKernel(kernel.levels[slices], kernel.level_set, kernel.scale, kernel.name)


def _joined(
    x: NDArray[Any], blocks: Iterable[dict[str, ActivationScores]], step: int
) -> dict[str, ActivationScores]:
    """Scores of maps that came `step` at a time."""
    outputs: dict[str, NDArray[Any]] = {}
    parts: dict[str, list[ActivationScores]] = {}
    for place, block in enumerate(blocks):
        for name, one in block.items():
            output = outputs.setdefault(name, np.empty(x.shape, one.output.dtype))
            output[place * step : (place + 1) * step] = one.output
            parts.setdefault(name, []).append(replace(one, output=output))
    numbers = [field.name for field in fields(ActivationScores) if field.name != "output"]
    return {
        name: ActivationScores(
            outputs[name],
            *(np.concatenate([getattr(one, each) for one in found]) for each in numbers),
        )
        for name, found in parts.items()
    }


def finding(sign: ActivationScores, design: ActivationScores) -> str:
    """One plain sentence: whether DeSign keeps more than Sign, on the mean over the given maps.

    The measure that speaks is information, in bits per pixel; where the local average says another
    thing, it is named and both are heard. And since more edges are not more picture, the sentence
    ends with the share of them that the pattern would show on flat ground.
    """
    if np.isnan(design.likeness).all():
        return "The picture is flat: every pixel has the same value, and no cut can keep a thing."
    fires = f"fires on {design.density.mean():.0%} of the pixels (Sign {sign.density.mean():.0%})"
    if np.array_equal(sign.output, design.output):
        return f"DeSign and Sign agree in every bit here: it {fires}."
    if not design.tv.any():
        return f"DeSign leaves nothing of the picture: it {fires}."
    if not sign.tv.any():
        return (
            f"Sign leaves nothing of the picture; DeSign keeps {_bits(design)} bits per pixel, and "
            f"{fires}."
        )
    return f"{_kept(sign, design)}; {_pattern_words(design)}."


def edges_finding(sign: ActivationScores, design: ActivationScores) -> str:
    """The second line under `finding`: edges and density, on the mean over the given maps."""
    if not sign.tv.any():
        return f"DeSign shows {design.tv.mean():.2f} edges per pixel, Sign none."
    ratio = design.tv.mean() / sign.tv.mean()
    edges = "as many edges as" if 0.95 < ratio < 1.05 else f"{_figure(ratio)} × the edges of"
    return (
        f"DeSign shows {edges} Sign, and fires on {design.density.mean():.0%} of the pixels "
        f"(Sign {sign.density.mean():.0%})."
    )


_SLIGHT = 0.02  # of bits per pixel and of correlation


def _bits(one: ActivationScores) -> str:
    return f"{one.entropy_2x2.mean():.2f}"


def _kept(sign: ActivationScores, design: ActivationScores) -> str:
    """What is kept by information, and by the local average where that does not say the same."""
    bits = [float(one.entropy_2x2.mean()) for one in (design, sign)]
    alike = [float(np.nanmean(one.likeness)) for one in (design, sign)]
    more, closer = _order(*bits), _order(*alike)
    figures = f"{bits[0]:.2f} against {bits[1]:.2f}"
    if closer in (more, 0):
        kept = {1: "more of the picture than", 0: "as much of the picture as", -1: "less than"}
        return f"DeSign keeps {kept[more]} Sign, {figures} bits per pixel"
    kept = {1: "more bits per pixel than", 0: "as many bits per pixel as", -1: "fewer than"}
    looks = "closer to the picture" if closer > 0 else "less like the picture"
    return (
        f"DeSign keeps {kept[more]} Sign, {figures}{' bits per pixel' * (more < 0)}, but its local "
        f"average is {looks} ({alike[0]:.2f} against {alike[1]:.2f})"
    )


def _order(one: float, other: float) -> int:
    """1, 0 or −1; a difference that no eye would see is none."""
    return int(np.sign(one - other)) if abs(one - other) >= _SLIGHT else 0


def _pattern_words(design: ActivationScores) -> str:
    share = min(1.0, float(design.pattern_tv.mean() / design.tv.mean()))
    if share == 0:
        return "all its edges belong to the picture"
    return f"{share:.0%} of its edges belong to the pattern"


def _figure(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 0.1 else f"{ratio:.2g}"
