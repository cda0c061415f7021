"""Curated scenes: views worth opening, each with one sentence that a test holds to the scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import rescaled
from design_core.lab.feature_maps import extract_maps
from design_core.pictures import Picture, fit
from design_core.pictures.samples import sample
from design_core.scaling import fit_scale
from design_core.scores.comparison import ActivationScores, compare_activations
from ui.compute import Scene
from ui.explore.address import EXPLORE, start_of
from ui.rail import keys as rail_keys
from ui.rail.fields import PATTERN_SIZE
from ui.rail.layers import LAYER, layer_source

__all__ = ["SCENES", "Curated", "View", "view_of"]


@dataclass(frozen=True)
class Curated:
    """A scene.

    Parameters
    ----------
    title
        A few words.
    sentence
        What is to be seen, with its numbers.
    link
        Page and parameters, for `open_link`.
    """

    title: str
    sentence: str
    link: str


@dataclass(frozen=True, eq=False)
class View:
    """What a link to Explore shows, made without the page.

    Attributes
    ----------
    scene, kernel, channel
        Picture and feature maps, the kernel on screen, and the map on screen.
    x
        That map, float32, shape (H, W).
    """

    scene: Scene
    kernel: ThresholdKernel
    channel: int
    x: NDArray[np.float32]

    def bits(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Sign's and DeSign's bits, shape (H, W)."""
        return self.x >= 0, binarize(self.x, self.kernel.for_channel(self.channel))

    def scores(self) -> dict[str, ActivationScores]:
        """Sign, DeSign and ReLU with their scores, as on the page."""
        return compare_activations(self.x[None], self.kernel.for_channel(self.channel))


def view_of(link: str, *, at_hand: tuple[str, Picture] | None = None) -> View:
    """The view behind a link to Explore.

    Parameters
    ----------
    at_hand
        A picture that is no sample, after the code that stands for it in links.

    Raises
    ------
    ValueError
        Another page, a picture that is neither a sample nor at hand, or parameters that Explore
        would ignore.
    """
    page, _, query = link.partition("?")
    parameters = dict(parse_qsl(query))
    reading = EXPLORE.reading(parameters)
    state = reading.entries
    held = at_hand is not None and parameters.get("picture") == at_hand[0]
    known = held or state[rail_keys.PICTURE_WAY] == "Sample"
    if page != EXPLORE.page:
        raise ValueError(f"A view is of Explore, not of the page {page[:20]!r}.")
    if reading.ignored:
        raise ValueError(f"This view cannot be shown here: {reading.ignored[0]}.")
    if not known:
        raise ValueError(
            "The picture of this view is not here. Open the view on Explore, with the picture, and "
            "come back."
        )
    scene = Scene(
        at_hand[1] if at_hand and held else sample(state[rail_keys.SAMPLE]),
        state[rail_keys.LONGEST],
        layer_source(state) if state[rail_keys.SOURCE] == LAYER else state[rail_keys.SOURCE],
        state[rail_keys.MAPS],
        state[rail_keys.SEED],
    )
    picture = fit(scene.picture, scene.longest)
    x = extract_maps(picture, scene.source, maps=scene.maps, seed=scene.seed).x
    chosen, fitted = kernel_of(state)
    if fitted:
        chosen = chosen.with_scale(fit_scale(x, chosen.level_set))
    shown = start_of(state, scene, chosen, x.shape)
    return View(scene, shown.kernel, shown.selected, x[shown.selected])


def kernel_of(state: Mapping[str, Any]) -> tuple[ThresholdKernel, bool]:
    """The kernel that the rail's entries speak of, and whether its scale is fitted to maps."""
    if state[rail_keys.KERNEL_WAY] == "Own":
        return state[rail_keys.OWN_KERNEL], False
    if state[rail_keys.KERNEL_WAY] == "Pattern":
        chosen = PATTERNS[state[rail_keys.PATTERN]](state[PATTERN_SIZE + state[rail_keys.PATTERN]])
    else:
        chosen = PUBLISHED[state[rail_keys.PUBLISHED]]
    name = state[rail_keys.SCALING]
    is_plain = name in ("published", "data")
    return (chosen if is_plain else rescaled(chosen, name)), name == "data"


#: By name, in the order of the gallery.
SCENES: Mapping[str, Curated] = MappingProxyType(
    {
        "first-look": Curated(
            "Sign and DeSign, side by side",
            "On a random binary convolution, DeSign shows 3.0 × the edges of Sign, and keeps "
            "0.50 against 0.44 bits per pixel.",
            "explore",
        ),
        "relief": Curated(
            "Relief on old coins",
            "Sign keeps outlines; DeSign shows 2.4 × the edges, and keeps 0.50 against 0.43 bits "
            "per pixel.",
            "explore?picture=coins&source=picture&kernel=2x2-v1&view=wipe",
        ),
        "grey-ramp": Curated(
            "A grey ramp in black and white",
            "Sign cuts the ramp once, in the middle; a Bayer kernel at half strength dithers it, "
            "and keeps 0.44 instead of 0.26 bits per pixel.",
            "explore?picture=ramp&source=picture&kernel=bayer-8&strength=0.5",
        ),
        "strength": Curated(
            "How strong should it be?",
            "At three quarters of its strength the kernel keeps more, 0.55 bits per pixel, than "
            "at full strength, 0.50, though it shows fewer edges.",
            "explore?strength=0.75&view=flicker",
        ),
        "slices": Curated(
            "A kernel with four slices",
            "Four neighbouring maps, four slices: DeSign fires on 36 %, 23 %, 9 % and 3 % of the "
            "pixels.",
            "explore?maps=4&kernel=2x2x4-shifted-v1&map=3",
        ),
        "one-threshold": Curated(
            "One threshold for all pixels",
            "A uniform kernel only moves the cut: DeSign fires on 34 % instead of 56 %, and shows "
            "0.7 × the edges of Sign.",
            "explore?source=picture&kernel=uniform-1&view=wipe",
        ),
        "pattern-wins": Curated(
            "Most edges, least picture",
            "Levels 0 and 9 in turn give 6.3 × the edges of Sign but keep less of the picture, "
            "0.37 against 0.49 bits per pixel: the edges are the kernel's own.",
            "explore?source=picture&kernel=90_09",
        ),
        "grass": Curated(
            "Where it does not help: grass",
            "Grass is texture all over: DeSign shows 0.7 × the edges of Sign, and keeps 0.67 "
            "instead of 0.89 bits per pixel.",
            "explore?picture=grass&source=picture&view=wipe",
        ),
        "small": Curated(
            "Where it does not help: 32 pixels",
            "A test picture of CIFAR-10 has no flat ground to fill: DeSign shows 0.6 × the edges "
            "of Sign.",
            "explore?picture=cifar10-06&source=picture",
        ),
        "lines": Curated(
            "Nothing to gain: black and white lines",
            "Lines of one pixel are bits already: Sign and DeSign agree in every one of them.",
            "explore?picture=one-pixel-lines&size=256&source=picture&view=difference",
        ),
        "landscape": Curated(
            "All 1,296 kernels of 2×2",
            "By total variation after ReLU the authors' second kernel ranks 692nd of 1,296, and "
            "keeps 0.91 bits per pixel.",
            "design",
        ),
        "degenerate": Curated(
            "The best by total variation",
            "The winner ignores the picture: it keeps 0.01 bits per pixel.",
            "design?kernel=09_90",
        ),
    }
)
