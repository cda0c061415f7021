"""Embedded samples: pictures that are there without any upload or download.

Patterns are computed, photos and digits are read from the packages that carry them, and the CIFAR
pictures lie in ``design_core/resources/samples``, whose README tells where they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from design_core.paths import RESOURCES
from design_core.pictures import Picture, PictureError, load_file
from design_core.pictures.dataset_cards import DATASETS, is_embedded
from design_core.pictures.picture_set import PictureSet

__all__ = [
    "GROUPS",
    "SAMPLES",
    "Sample",
    "load_picture",
    "sample",
    "sample_group",
    "sample_names",
    "sample_set",
]

#: The groups, in the order in which they are offered.
GROUPS = ("patterns", "photos", "digits", "cifar10", "cifar100")

_WHITE = 255

Plane: TypeAlias = NDArray[np.floating]


@dataclass(frozen=True)
class Sample:
    """What there is to know of a sample before it is loaded.

    Parameters
    ----------
    name
        Its key in `SAMPLES`, as in ``sample:NAME``.
    title
        A few words for people.
    group
        One of `GROUPS`.
    attribution
        Who made it, and under which licence it is used.
    alt
        One sentence for those who cannot see it.
    label
        Its true class, None where there is none.
    """

    name: str
    title: str
    group: str
    attribution: str
    alt: str
    label: str | None
    _load: Callable[[], Picture] = field(repr=False, compare=False)


@lru_cache(maxsize=16)
def sample(name: str) -> Picture:
    """Return the picture of a sample.

    Raises
    ------
    PictureError
        There is no such sample, or the package that carries it lacks the file.
    """
    if name not in SAMPLES:
        close = get_close_matches(name, SAMPLES, n=3) or sample_names("patterns")
        raise PictureError(f"There is no sample {name!r}. Try {', '.join(close)}.")
    return replace(SAMPLES[name]._load(), name=name)


def sample_names(group: str | None = None) -> tuple[str, ...]:
    """Return the names of all samples, or of those in one group.

    Raises
    ------
    ValueError
        There is no such group.
    """
    if group is not None and group not in GROUPS:
        raise ValueError(f"There is no group {group!r}. Choose from {', '.join(GROUPS)}.")
    return tuple(one.name for one in SAMPLES.values() if group in (None, one.group))


def sample_set(dataset: str) -> PictureSet | None:
    """The embedded test pictures of a data set; None where none come along.

    The ten digits are training pictures, and their whole test set comes along by itself.
    """
    if dataset not in GROUPS or dataset not in DATASETS or is_embedded(dataset):
        return None
    names = sample_names(dataset)
    classes = DATASETS[dataset].class_names
    labels = np.array([classes.index(str(SAMPLES[name].label)) for name in names], np.int64)
    title = f"{len(names)} embedded samples of {DATASETS[dataset].title}"
    return PictureSet(f"{dataset}-samples", title, classes, labels, lambda k: sample(names[k]))


def sample_group(dataset: str, channels: int) -> str:
    """The group of samples for networks of a data set: its own, else one of as many colours."""
    if dataset in GROUPS:
        return dataset
    return "digits" if channels == 1 else "cifar10"


def load_picture(reference: str) -> Picture:
    """Return the picture of a reference.

    Parameters
    ----------
    reference
        ``sample:NAME`` for an embedded one; ``set:NAME:INDEX`` for one of a data set in the folder
        ``data``, as ``set:cifar10-test:7``; else the path of a file.

    Raises
    ------
    PictureError
        There is no such sample or file, or it cannot be read.
    DatasetError
        There is no such data set, or no such picture in it.
    """
    if reference.startswith("sample:"):
        return sample(reference.removeprefix("sample:"))
    kind, _, item = reference.partition(":")
    name, _, index = item.rpartition(":")
    if kind == "set" and name and index.isdecimal():
        from design_core.pictures.datasets import dataset_picture  # needs torchvision, files do not

        return dataset_picture(name, int(index))
    return load_file(Path(reference))


def _grid() -> tuple[Plane, Plane]:
    """Return row index i and column index j, each of shape (256, 256)."""
    rows, columns = np.indices((256, 256), dtype=np.float64)
    return rows, columns


def _ramp() -> Plane:
    """Return I(i, j) = j / 255: every grey level once, from left to right."""
    _, j = _grid()
    return j / 255


def _step_wedge() -> Plane:
    """Return I(i, j) = ⌊j / 16⌋ / 15: sixteen equal steps."""
    _, j = _grid()
    return j // 16 / 15


def _zone_plate() -> Plane:
    """Return I(i, j) = ½ + ½ cos(π r² / 256), r the distance from pixel (128, 128).

    The local frequency r / 256 grows from 0 to ½ cycle a pixel, the finest that pixels can hold,
    at the middle of each edge: all frequencies in all directions.
    """
    i, j = _grid()
    return 0.5 + 0.5 * np.cos(np.pi * ((i - 128) ** 2 + (j - 128) ** 2) / 256)


def _checker() -> Plane:
    """Return I(i, j) = (⌊i / 16⌋ + ⌊j / 16⌋) mod 2."""
    i, j = _grid()
    return (i // 16 + j // 16) % 2


def _one_pixel_lines() -> Plane:
    """Return I(i, j) = j mod 2 in the left half, i mod 2 in the right half."""
    i, j = _grid()
    return np.where(j < 128, j, i) % 2


def _pattern(name: str, title: str, intensity: Callable[[], Plane], alt: str) -> Sample:
    """Describe a pattern: intensities in [0, 1], rounded to 8 bits."""

    def load() -> Picture:
        return Picture.from_pixels(np.rint(_WHITE * intensity()).astype(np.uint8), name=name)

    return Sample(name, title, "patterns", "Computed by DeSign.", alt, None, load)


def _in_package(package: str, file: str) -> Path:
    """Return where an installed package keeps a file, without importing the package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise PictureError(f"The package {package} is not installed. Install this project again.")
    return Path(spec.submodule_search_locations[0], file)


def _photo(name: str, title: str, package: str, file: str, attribution: str, alt: str) -> Sample:
    """Describe a photo that a package carries."""

    def load() -> Picture:
        return load_file(_in_package(package, file))

    return Sample(name, title, "photos", attribution, alt, None, load)


def _digit(digit: int) -> Sample:
    """Describe one of scikit-learn's digits: 8×8 pixels of 17 grey levels, spread over 8 bits."""

    def load() -> Picture:
        # A row holds 64 pixels and the label; the first ten rows are the digits 0 to 9.
        table = _in_package("sklearn", "datasets/data/digits.csv.gz")
        row = np.loadtxt(table, delimiter=",", skiprows=digit, max_rows=1)
        pixels = np.rint(row[:64].reshape(8, 8) * (_WHITE / 16)).astype(np.uint8)
        return Picture.from_pixels(pixels, name=f"digit-{digit}")

    return Sample(
        name=f"digit-{digit}",
        title=f"Digit {digit}",
        group="digits",
        attribution="E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, 1998, "
        "UCI Machine Learning Repository; as contained in scikit-learn. CC BY 4.0.",
        alt=f"The handwritten digit {digit}, bright on black, 8 by 8 pixels.",
        label=str(digit),
        _load=load,
    )


def _cifar(group: str, index: int, label: str, alt: str) -> Sample:
    """Describe one of the first twenty test pictures of CIFAR-10 or CIFAR-100."""
    title = DATASETS[group].title
    return Sample(
        name=f"{group}-{index:02d}",
        title=f"{label.replace('_', ' ').capitalize()} ({title} test picture {index})",
        group=group,
        attribution=f"{title}, A. Krizhevsky, V. Nair and G. Hinton, 2009; as contained in "
        "foolbox 3.3.4, MIT licence.",
        alt=alt,
        label=label,
        _load=partial(load_file, RESOURCES / "samples" / group / f"{index:02d}-{label}.png"),
    )


_CC0 = "CC0; as contained in scikit-image."
_PUBLIC_DOMAIN = "public domain; as contained in scikit-image."

_PATTERNS = (
    _pattern(
        "zone-plate",
        "Zone plate",
        _zone_plate,
        "Concentric rings that grow finer from the centre to the edges.",
    ),
    _pattern("ramp", "Grey ramp", _ramp, "An even grey ramp from black at the left to white."),
    _pattern(
        "step-wedge",
        "Step wedge",
        _step_wedge,
        "Sixteen upright bars in equal grey steps from black at the left to white.",
    ),
    _pattern(
        "checker",
        "Checkerboard",
        _checker,
        "A black and white checkerboard with squares of 16 pixels.",
    ),
    _pattern(
        "one-pixel-lines",
        "One-pixel lines",
        _one_pixel_lines,
        "Black and white lines one pixel wide, upright in the left half, level in the right.",
    ),
)

_PHOTOS = (
    _photo(
        "camera",
        "Cameraman",
        "skimage",
        "data/camera.png",
        f"Photo by Lav Varshney, {_CC0}",
        "A man in a dark coat films with a camera on a tripod in a park, in grey.",
    ),
    _photo(
        "chelsea",
        "Chelsea the cat",
        "skimage",
        "data/chelsea.png",
        f"Photo by Stéfan van der Walt, {_CC0}",
        "The face of a tabby cat with green eyes, close up.",
    ),
    _photo(
        "coffee",
        "Cup of coffee",
        "skimage",
        "data/coffee.png",
        f"Photo by Rachel Michetti, courtesy of Pikolo Espresso Bar, {_CC0}",
        "A cup of espresso on a red saucer with a spoon, on a wooden table.",
    ),
    _photo(
        "astronaut",
        "Astronaut",
        "skimage",
        "data/astronaut.png",
        f"Portrait of Eileen Collins by NASA, {_PUBLIC_DOMAIN}",
        "The astronaut Eileen Collins smiles in an orange space suit before a flag and a model of "
        "the space shuttle.",
    ),
    _photo(
        "rocket",
        "Rocket on its pad",
        "skimage",
        "data/rocket.jpg",
        f"Photo by SpaceX, {_PUBLIC_DOMAIN}",
        "A white rocket stands lit on its launch pad between lattice masts at dusk.",
    ),
    _photo(
        "china",
        "Chinese tower",
        "sklearn",
        "datasets/images/china.jpg",
        "Photo by Daniel Büchele (danielbuechele on Flickr), CC BY 2.0; as contained in "
        "scikit-learn.",
        "A Chinese tower with tiered roofs above trees and a misty lake.",
    ),
    _photo(
        "flower",
        "Dahlia",
        "sklearn",
        "datasets/images/flower.jpg",
        "Photo by vultilion on Flickr, CC BY 2.0; as contained in scikit-learn.",
        "An orange dahlia in full bloom before dark green leaves.",
    ),
    _photo(
        "coins",
        "Greek coins",
        "skimage",
        "data/coins.png",
        "Photo by the Brooklyn Museum, no known copyright restrictions; as contained in "
        "scikit-image.",
        "Twenty-four ancient coins in four rows on a dark ground, in grey.",
    ),
    _photo(
        "text",
        "Handwriting",
        "skimage",
        "data/text.png",
        f"Photo from Wikipedia (File:Corner.png), {_PUBLIC_DOMAIN}",
        "Handwritten symbols in ink on paper, seen at a slant, in grey.",
    ),
    _photo(
        "brick",
        "Brick wall",
        "skimage",
        "data/brick.png",
        f"Texture from CC0Textures, {_CC0}",
        "A wall of upright bricks with light joints, in grey.",
    ),
    _photo(
        "grass",
        "Grass",
        "skimage",
        "data/grass.png",
        f"Texture by linolafett on DeviantArt, {_CC0}",
        "Dense grass and small leaves from above, in grey.",
    ),
    _photo(
        "gravel",
        "Gravel",
        "skimage",
        "data/gravel.png",
        f"Texture from CC0Textures, {_CC0}",
        "Gravel from above, in grey.",
    ),
)

# The first twenty test pictures of each set, in order: true class and what is to be seen.
_CIFAR10 = (
    ("cat", "A grey cat crouches on a blue cloth before an orange wall."),
    ("ship", "A white, blue and red motor ship seen from its bow."),
    ("ship", "A motor boat in a harbour at dusk."),
    ("airplane", "A slender airliner above red lettering, on a printed page."),
    ("frog", "A brown frog sits among green leaves."),
    ("frog", "A brown frog on reddish ground faces the camera."),
    ("automobile", "A small white car with an open door before a red wall."),
    ("frog", "A green tree frog sits upright on a ledge."),
    ("cat", "A light tabby cat with a collar rests on a cushion."),
    ("automobile", "A dark blue off-road car seen from the front."),
    ("airplane", "A light grey fighter jet climbs in a blue sky."),
    ("truck", "A grey lorry before a red brick building."),
    ("dog", "A white and brown dog stands in profile."),
    ("horse", "A white horse stands in profile before dark trees."),
    ("truck", "A blue lorry seen from the front, at an angle."),
    ("ship", "A green and white boat cuts through green water, seen from above."),
    ("dog", "A white and brown puppy rests its chin on its paws."),
    ("horse", "The head of a brown horse in a halter, in profile."),
    ("ship", "A wooden boat full of people on dark water."),
    ("frog", "A yellowish spotted frog sits on dark ground."),
)
_CIFAR100 = (
    ("mountain", "A rocky summit above a snowy ridge and clouds."),
    ("forest", "Two people walk on a path through a green forest."),
    ("seal", "A seal lies on a rock above blue water."),
    ("mushroom", "A pale mushroom grows on the forest floor."),
    ("sea", "A calm dark sea under a red evening sky."),
    ("tulip", "The inside of an open pale yellow flower, close up."),
    ("camel", "A camel with a saddle cloth lies on the ground."),
    ("butterfly", "A dark butterfly with a light border rests on dry leaves."),
    ("cloud", "Pale clouds above a dark line of trees."),
    ("apple", "Two red apples and a green one on a violet cloth."),
    ("sea", "A calm blue sea between dark tree trunks."),
    ("skunk", "A skunk with a white back on dry ground."),
    ("streetcar", "A red and cream streetcar on its rails."),
    ("rocket", "A rocket rises on a plume of white smoke into a blue sky."),
    ("lamp", "A table lamp whose foot is a rooster, on white."),
    ("lion", "A lion with a full mane lies in the grass."),
    ("tulip", "A yellow tulip with red edges on black."),
    ("wolf", "A wolf lowers its head in the snow."),
    ("rose", "A pink rose in full bloom among green leaves."),
    ("orange", "Half an orange, cut open, with pips beside it on a dark ground."),
)

_ALL = (
    *_PATTERNS,
    *_PHOTOS,
    *(_digit(digit) for digit in range(10)),
    *(_cifar("cifar10", i, label, alt) for i, (label, alt) in enumerate(_CIFAR10)),
    *(_cifar("cifar100", i, label, alt) for i, (label, alt) in enumerate(_CIFAR100)),
)

#: Every sample by name, group by group.
SAMPLES: Mapping[str, Sample] = MappingProxyType({one.name: one for one in _ALL})
