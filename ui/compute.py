"""Cached calls into design_core. Keys are content hashes and settings, never sampled arrays."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Semaphore

import streamlit as st

from design_core.comparison import ActivationScores, compare_activations
from design_core.feature_maps import FeatureMaps, extract_maps
from design_core.kernels.kernel import ThresholdKernel
from design_core.pictures import Picture, decode, fit
from design_core.scaling import Scale, fit_scale

__all__ = ["Scene", "compared", "decode_alone", "decoded", "fitted_scale", "is_fitted", "maps_of"]


@dataclass(frozen=True)
class Scene:
    """What is looked at: a picture, and how it is turned into feature maps."""

    picture: Picture
    longest: int
    source: str
    maps: int
    seed: int

    @property
    def content(self) -> tuple[object, ...]:
        """What the maps depend on, and nothing else."""
        return self.picture.sha256, self.longest, self.source, self.maps, self.seed


# What is made of an upload must not outlive its session, so nothing here is shared between users.
_by_content = st.cache_resource(
    scope="session",
    max_entries=16,
    show_spinner=False,
    hash_funcs={
        Scene: lambda scene: scene.content,
        ThresholdKernel: lambda kernel: str(kernel.to_dict()),
    },
)


# The largest picture that is read takes 0.9 GB while it is decoded, so one at a time.
_decoder = Semaphore(1)


def decode_alone(data: bytes, name: str) -> Picture:
    """Decode an upload while no other is decoded; raises PictureError."""
    with _decoder:
        return decode(data, name=name)


@_by_content
def decoded(data: bytes, name: str) -> Picture:
    """Decode an upload, or take it from the last time; raises PictureError."""
    return decode_alone(data, name)


@_by_content
def maps_of(scene: Scene) -> FeatureMaps:
    """Standardized pre-activations."""
    picture = fit(scene.picture, scene.longest)
    return extract_maps(picture, scene.source, maps=scene.maps, seed=scene.seed)


@_by_content
def compared(scene: Scene, channel: int, kernel: ThresholdKernel) -> dict[str, ActivationScores]:
    """Sign, DeSign and ReLU on one map of the scene, with their scores."""
    x = maps_of(scene).x[channel : channel + 1]
    return compare_activations(x, kernel.for_channel(channel))


@_by_content
def fitted_scale(scene: Scene, level_set: tuple[int, ...]) -> Scale:
    """Thresholds fitted to these very maps."""
    return fit_scale(maps_of(scene).x, level_set)


def is_fitted(scene: Scene, kernel: ThresholdKernel) -> bool:
    """Whether a kernel's thresholds were fitted to these very maps."""
    if kernel.scale.name != "data":
        return False
    try:
        return kernel.scale.values == fitted_scale(scene, kernel.level_set).values
    except ValueError:
        return False
