"""Cached calls into design_core. Keys are content hashes and settings, never sampled arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.feature_maps import extract_maps
from design_core.pictures import Picture, PictureError, decode, fit
from design_core.pictures.feature_maps import FeatureMaps
from design_core.pictures.samples import SAMPLES, sample
from design_core.scaling import Scale, fit_scale
from design_core.scores.comparison import ActivationScores, compare_activations
from ui.upload_bounds import FullError, hold

__all__ = [
    "Scene",
    "compared",
    "decode_alone",
    "decoded",
    "fitted_scale",
    "is_fitted",
    "is_sample",
    "maps_of",
]


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


_HASHES: dict[str | type[Any], Callable[[Any], Any]] = {
    Scene: lambda scene: scene.content,
    ThresholdKernel: lambda kernel: str(kernel.to_dict()),
}

# What is made of an upload must not outlive its session, so it is not shared between users. Nor may
# a session hold much of it: a picture takes up to 120 MB, its maps up to 67 MB.
_of_session_large = st.cache_resource(
    scope="session", max_entries=2, show_spinner=False, hash_funcs=_HASHES
)
_of_session = st.cache_resource(
    scope="session", max_entries=16, show_spinner=False, hash_funcs=_HASHES
)
_shared = st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=_HASHES)


# The largest picture that is read takes 0.9 GB while it is decoded, so one at a time.
_decoder = Semaphore(1)


def decode_alone(data: bytes, name: str) -> Picture:
    """Decode an upload while no other is decoded; raises PictureError."""
    with _decoder:
        return decode(data, name=name)


@_of_session_large
def decoded(data: bytes, name: str) -> Picture:
    """Decode an upload, or take it from the last time; raises PictureError."""
    picture = decode_alone(data, name)
    try:
        return hold(picture, picture.pixels.nbytes)
    except FullError as error:
        raise PictureError(str(error)) from error


def is_sample(picture: Picture) -> bool:
    """Whether the picture is an embedded sample, to the byte: one that is nobody's own."""
    return picture.name in SAMPLES and sample(picture.name).sha256 == picture.sha256


def maps_of(scene: Scene) -> FeatureMaps:
    """Standardized pre-activations."""
    return (_maps_of_sample if is_sample(scene.picture) else _maps_of_picture)(scene)


@_shared
def _maps_of_sample(scene: Scene) -> FeatureMaps:
    return _extracted(scene)


@_of_session_large
def _maps_of_picture(scene: Scene) -> FeatureMaps:
    return _extracted(scene)


def _extracted(scene: Scene) -> FeatureMaps:
    picture = fit(scene.picture, scene.longest)
    return extract_maps(picture, scene.source, maps=scene.maps, seed=scene.seed)


@_of_session
def compared(scene: Scene, channel: int, kernel: ThresholdKernel) -> dict[str, ActivationScores]:
    """Sign, DeSign and ReLU on one map of the scene, with their scores."""
    x = maps_of(scene).x[channel : channel + 1]
    return compare_activations(x, kernel.for_channel(channel))


@_of_session
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
