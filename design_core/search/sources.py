"""What a search scores on, from a short text: ``random-conv``, ``picture:…``, ``layer:…``, …"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import OMEGA
from design_core.lab.feature_maps import extract_maps
from design_core.pictures import Picture, fit, load_file, picture_files
from design_core.pictures.samples import load_picture, sample, sample_group, sample_names
from design_core.scaling import Scale, fit_scale
from design_core.search.block_tables import BlockTables, estimate_tables, random_convolution_tables

__all__ = ["MAP_SOURCES", "MAX_PICTURES", "MapOptions", "open_tables"]

Maps = NDArray[np.float32]

#: No more pictures of a folder are read.
MAX_PICTURES = 10_000

_SAMPLED = 2000  # values of each picture that a data-driven scale is fitted to


@dataclass(frozen=True)
class MapOptions:
    """How pictures become pre-activations, see `extract_maps`.

    Parameters
    ----------
    features
        A key of `design_core.pictures.feature_maps.SOURCES`, or ``layer:MODEL:BLOCK`` of the zoo.
    maps, seed
        How many random convolutions, and which; how many channels of a layer.
    size
        Longest side of a picture in pixels, at most.
    """

    features: str = "picture"
    maps: int = 16
    seed: int = 0
    size: int = 256

    def of(self, picture: Picture) -> Maps:
        """Pre-activations of one picture, shape (C, H, W)."""
        reduced = fit(picture, self.size)
        x: Maps = extract_maps(reduced, self.features, maps=self.maps, seed=self.seed).x
        return x


def _of_picture(name: str, options: MapOptions) -> Iterator[Maps]:
    yield options.of(load_picture(name))


def _of_folder(name: str, options: MapOptions) -> Iterator[Maps]:
    folder = Path(name)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {name}. Give a folder of picture files.")
    files = picture_files(folder)
    if not files:
        raise ValueError(f"The folder {name} holds no picture.")
    for path in files[:MAX_PICTURES]:
        yield options.of(load_file(path))


def _of_layer(name: str, options: MapOptions) -> Iterator[Maps]:
    """The first channels of a block, on embedded samples, the network's own where there are any."""
    from design_core.zoo.card import find_card  # the zoo is built on much that searches need not

    model, _, block = name.rpartition(":")
    if not model:
        raise ValueError(f"A layer is written layer:MODEL:BLOCK; got layer:{block}.")
    card, _ = find_card(model)
    for sample_name in sample_names(sample_group(card.dataset, card.in_channels)):
        yield extract_maps(sample(sample_name), f"layer:{name}", maps=options.maps).x


#: Where real pre-activations come from: the word before the colon, and what reads the rest. Each
#: yields float32 maps of shape (..., H, W) on the scale of a batch norm, more than once if asked.
MAP_SOURCES: dict[str, Callable[[str, MapOptions], Iterator[Maps]]] = {
    "picture": _of_picture,
    "folder": _of_folder,
    "layer": _of_layer,
}


def open_tables(
    source: str,
    levels: Sequence[int] = OMEGA,
    *,
    form: str = "signed",
    scale: Scale | str | None = None,
    options: MapOptions | None = None,
    window: bool = False,
) -> BlockTables:
    """Tables of a source.

    Parameters
    ----------
    source
        ``random-conv`` for the exact model of random binary convolutions, or a word of
        `MAP_SOURCES`, a colon and a name: ``picture:FILE``, ``picture:sample:NAME``,
        ``folder:DIRECTORY``, ``layer:MODEL:BLOCK`` of the zoo.
    levels, form
        The level set, and one of `FORMS`.
    scale
        How levels become thresholds; a name, ``data`` for one fitted to the source. The model of
        random convolutions compares whole numbers and needs none.
    options
        How pictures become pre-activations.
    window
        Whether to count what the reconstruction PSNR needs too.

    Raises
    ------
    ValueError
        An unknown source, or one that cannot be read.
    """
    if source == "random-conv":
        return random_convolution_tables(levels, form=form)
    kind, _, name = source.partition(":")
    if kind not in MAP_SOURCES or not name:
        known = ", ".join(f"{word}:…" for word in MAP_SOURCES)
        raise ValueError(f"A source is random-conv, {known}; got {source!r}.")
    chosen = options or MapOptions()

    def read() -> Iterator[Maps]:
        return MAP_SOURCES[kind](name, chosen)

    label = source if kind == "layer" else f"{source} ({chosen.features})"
    fitted = _scale(scale, levels, read)
    return estimate_tables(read(), levels, scale=fitted, form=form, source=label, window=window)


def _scale(
    scale: Scale | str | None, levels: Sequence[int], read: Callable[[], Iterator[Maps]]
) -> Scale | None:
    """Look a scale up by name; ``data`` is fitted to a sample of every picture's values."""
    if scale != "data":
        return Scale(scale) if isinstance(scale, str) else scale
    random = np.random.default_rng(0)
    drawn = [random.choice(maps.ravel(), _SAMPLED) for maps in islice(read(), MAX_PICTURES)]
    return fit_scale(np.concatenate(drawn), tuple(levels))
