"""Sign against DeSign on the same pre-activations: outputs, scores and one plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core import scores
from design_core.arrays import as_array
from design_core.kernels.kernel import ThresholdKernel, binarize, refuse_nan

__all__ = ["ActivationScores", "compare_activations", "finding"]

Floats = NDArray[np.float64]

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
    """

    output: NDArray[Any]
    tv: Floats
    tv_isotropic: Floats
    density: Floats
    entropy_2x2: Floats
    correlation: Floats

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
    )


def compare_activations(x: ArrayLike, kernel: ThresholdKernel) -> dict[str, ActivationScores]:
    """Apply Sign, DeSign and ReLU to the same maps.

    Parameters
    ----------
    x
        Standardized pre-activations, float32, shape (C, H, W); an array or a torch tensor.

    Returns
    -------
    dict
        Keys ``sign``, ``design``, ``relu``.

    Raises
    ------
    ValueError
        Maps of another shape or type, or that hold NaN.

    Examples
    --------
    >>> from design_core import compare_activations, extract_maps, published_kernel, sample
    >>> maps = extract_maps(sample("camera"), "picture")
    >>> both = compare_activations(maps.x, published_kernel("2x2-v2"))
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
    rectified = np.maximum(x, 0)
    relu = ActivationScores(
        output=rectified,
        tv=scores.total_variation(rectified),
        tv_isotropic=scores.total_variation(rectified, "isotropic"),
        density=scores.activation_density(x > 0),
        entropy_2x2=np.full(x.shape[:-2], np.nan),
        correlation=scores.correlation(rectified, x),
    )
    return {
        "sign": _scores_of_bits(x, _PLAIN_SIGN),
        "design": _scores_of_bits(x, kernel),
        "relu": relu,
    }


def finding(sign: ActivationScores, design: ActivationScores) -> str:
    """One plain sentence: what changed from Sign to DeSign, on the mean over the given maps.

    More edges are not more information: a checkerboard has the most. So where DeSign shows more
    edges but its blocks hold less of x, the sentence says so.
    """
    tv_sign, tv_design = float(sign.tv.mean()), float(design.tv.mean())
    fires = f"fires on {design.density.mean():.0%} of the pixels (Sign {sign.density.mean():.0%})"
    if np.array_equal(sign.output, design.output):
        return f"DeSign and Sign agree in every bit here: it {fires}."
    if tv_design == 0:
        return f"DeSign leaves a flat map, and {fires}."
    if tv_sign == 0:
        return f"Sign leaves a flat map; DeSign shows {tv_design:.2f} edges per pixel, and {fires}."
    ratio = tv_design / tv_sign
    edges = (
        "as many edges as Sign" if 0.95 < ratio < 1.05 else f"{_figure(ratio)} × the edges of Sign"
    )
    kept_sign, kept_design = float(sign.entropy_2x2.mean()), float(design.entropy_2x2.mean())
    if ratio >= 1.05 and round(kept_design, 2) < round(kept_sign, 2):
        return (
            f"DeSign shows {edges} but keeps less of the picture, {kept_design:.2f} against "
            f"{kept_sign:.2f} bits per pixel; it {fires}."
        )
    return f"DeSign shows {edges}, and {fires}."


def _figure(ratio: float) -> str:
    return f"{ratio:.1f}" if 0.1 <= ratio < 100 else f"{ratio:.2g}"
