"""All that Live needs in one file of bytes: module, networks, a film, kernels to choose from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from design_core import browser
from design_core.browser.kernels import plain_kernel
from design_core.engine.wasm import wasm_bytes
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.pictures import Picture
from design_core.pictures.samples import SAMPLES, sample, sample_names
from design_core.zoo.naming import say_class
from design_core.zoo.network_file import PictureForm

__all__ = [
    "SCRIPTS",
    "Film",
    "bundle",
    "bundle_hash",
    "live_markup",
    "live_style",
    "pictures_film",
    "samples_film",
]

#: The modules of Live in the order in which they are joined, without what mounts it.
SCRIPTS = (
    *("reports", "sha256", "safetensors", "packed", "math", "limits", "paint", "kernel_drawing"),
    *("kernel_panel", "engine", "network", "resample", "sources", "live_state", "mosaic"),
    *("kernel_control", "probe", "side", "walk", "live", "live_open"),
)

_PATTERN_SIZES = (("bayer", 2), ("bayer", 4), ("bayer", 8))


@dataclass(frozen=True, eq=False)
class Film:
    """Pictures that are shown one after the other.

    Parameters
    ----------
    pixels
        uint8, shape (N, side, side, C), as networks take them.
    titles
        For people, one for each picture.
    labels
        Their true classes, "" where nobody knows.
    credits
        Who made them, and under which licence they are used.
    """

    pixels: NDArray[np.uint8]
    titles: Sequence[str]
    labels: Sequence[str]
    credits: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not len(self.pixels) == len(self.titles) == len(self.labels) > 0:
            raise ValueError(
                f"A film has as many titles and labels as pictures, one at least; got "
                f"{len(self.pixels)}, {len(self.titles)} and {len(self.labels)}."
            )


def samples_film(form: PictureForm, group: str) -> Film:
    """The samples of a group as a film, prepared as networks of this form take them."""
    names = sample_names(group)
    return Film(
        np.concatenate([form.square(sample(name))[None] for name in names]),
        [SAMPLES[name].title for name in names],
        [say_class(SAMPLES[name].label or "") for name in names],
        list(dict.fromkeys(SAMPLES[name].attribution for name in names)),
    )


def pictures_film(form: PictureForm, pictures: Sequence[Picture], labels: Sequence[str]) -> Film:
    """Any pictures as a film; their labels as data sets write them."""
    return Film(
        np.concatenate([form.square(picture)[None] for picture in pictures]),
        [picture.name for picture in pictures],
        [say_class(label) for label in labels],
    )


def bundle(networks: Sequence[bytes], film: Film, *, key: str) -> bytes:
    """The file that live_open.js opens.

    Parameters
    ----------
    networks
        Files of `design_core.browser.network.live_network`.
    key
        By which the page knows this Live.
    """
    arrays: dict[str, NDArray[Any]] = {
        "engine": np.frombuffer(wasm_bytes(), np.uint8),
        "film": np.ascontiguousarray(film.pixels),
    }
    for number, network in enumerate(networks):
        arrays[f"network.{number}"] = np.frombuffer(network, np.uint8)
    about = {
        "key": key,
        "networks": len(networks),
        "film": {
            "side": film.pixels.shape[1],
            "channels": film.pixels.shape[3],
            "titles": list(film.titles),
            "labels": list(film.labels),
        },
        "offered": _offered(),
    }
    digest = hashlib.sha256(json.dumps(about).encode())
    for name in sorted(arrays):
        digest.update(arrays[name].tobytes())
    header = json.dumps({**about, "hash": digest.hexdigest()[:32]})
    return save(arrays, {"bundle": header})


def bundle_hash(data: bytes) -> str:
    """The hash of a bundle's contents, from its header."""
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + size])["__metadata__"]["bundle"]
    digest: str = json.loads(entry)["hash"]
    return digest


def live_markup() -> str:
    """The markup of Live, both sides filled in."""
    side = browser.with_kernel_panel(browser.text("side.html"))
    return browser.text("live.html").replace("{side}", side)


def live_style() -> str:
    """The style of Live."""
    return browser.text("instrument.css") + browser.text("live.css")


def _offered() -> list[dict[str, Any]]:
    """Kernels to choose from: Sign, published ones, the best known patterns."""
    patterns = [PATTERNS[name](size) for name, size in _PATTERN_SIZES]
    sign = ThresholdKernel.from_thresholds([[0.0]], name="Sign")
    return [plain_kernel(kernel) for kernel in [sign, *PUBLISHED.values(), *patterns]]
