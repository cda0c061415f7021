"""Feature maps by name: those of a picture alone, and those of layers of trained networks."""

from __future__ import annotations

from design_core.pictures import Picture
from design_core.pictures.feature_maps import FeatureMaps, check_count, picture_maps

__all__ = ["extract_maps"]

_LAYER = "layer:"


def extract_maps(picture: Picture, source: str, *, maps: int = 16, seed: int = 0) -> FeatureMaps:
    """Turn a picture into pre-activations.

    Parameters
    ----------
    source
        One of `design_core.pictures.feature_maps.SOURCES`, or ``layer:MODEL:BLOCK``: a later layer
        of a network in the zoo, such as ``layer:digits-tiny-w16-sign-affine_on:block2``; MODEL may
        name a seed, as ``…@3``.
    maps, seed
        How many random convolutions (1 to 64), and which; of a layer, how many of the first
        channels. The other sources have their own count.

    Raises
    ------
    ValueError
        Unknown source, model or block, or a number of maps out of range.

    Notes
    -----
    A layer's maps are not standardized again. Thresholds act on the batch norm's output, whose
    mean and variance are those of the training set: on one picture a map may well lie above or
    below 0 as a whole. That is what the network's own activation meets, and to standardize each
    map would move its values against the thresholds.
    """
    if not source.startswith(_LAYER):
        return picture_maps(picture, source, maps=maps, seed=seed)
    check_count(maps)
    from design_core.zoo.entry import layer_maps  # needs torch, the other sources do not

    model, _, block = source.removeprefix(_LAYER).partition(":")
    x = layer_maps(picture, model, block)[:maps]
    return FeatureMaps(x, tuple(f"{block} channel {index}" for index in range(len(x))), source)
