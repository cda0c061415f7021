"""What measures: scores of maps, Sign against DeSign, how x is spread, what Learn tells."""

from __future__ import annotations

from design_core.scores.formulas import (
    TV_VARIANTS,
    activation_density,
    block_entropy,
    correlation,
    likeness,
    neighbour_correlation,
    pooled_block_entropy,
    psnr,
    reconstruct,
    ssim,
    total_variation,
    tv_map,
)

__all__ = [
    "TV_VARIANTS",
    "activation_density",
    "block_entropy",
    "correlation",
    "likeness",
    "neighbour_correlation",
    "pooled_block_entropy",
    "psnr",
    "reconstruct",
    "ssim",
    "total_variation",
    "tv_map",
]
