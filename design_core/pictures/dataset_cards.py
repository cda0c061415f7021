"""The data sets that are known by name: one card each, with all that is particular to it.

A set of your own is one more card, ``DATASETS.add(name, DatasetCard(…))``; command line, training,
zoo and app then take it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from design_core.pictures.digits import DIGIT_NAMES, TEST_DIGITS, load_digits
from design_core.registry import Registry

__all__ = [
    "CIFAR10_CLASSES",
    "CIFAR100_CLASSES",
    "DATASETS",
    "Archive",
    "DatasetCard",
    "Labelled",
    "is_embedded",
]

#: Official names in official order, which is alphabetical.
CIFAR10_CLASSES: tuple[str, ...] = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)

#: The fine labels; official names in official order, which is alphabetical.
CIFAR100_CLASSES: tuple[str, ...] = (
    *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle"),
    *("bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle"),
    *("caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch"),
    *("crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox"),
    *("girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion"),
    *("lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom"),
    *("oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree"),
    *("plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road"),
    *("rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake"),
    *("spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank"),
    *("telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle"),
    *("wardrobe", "whale", "willow_tree", "wolf", "woman", "worm"),
)


#: Class numbers, whole, shape (N,), and what gives the picture at an index: uint8, (H, W) or
#: (H, W, 3).
Labelled = tuple[NDArray[np.int64], Callable[[int], NDArray[np.uint8]]]


class Archive(NamedTuple):
    """A file to fetch: its address, its MD5, and the folder below the root to unpack it in."""

    url: str
    md5: str
    target: str


@dataclass(frozen=True)
class DatasetCard:
    """All there is to know of a data set.

    Parameters
    ----------
    title
        The name for people, as within a sentence.
    class_names
        In the order of the labels.
    reference
        Whom to cite.
    read
        Reads a split, ``train`` or ``test``, below a root folder; may raise anything where files
        are absent or damaged.
    folder
        Its place below the root; empty for a set that comes along with code and needs no files.
    megabytes
        Size of the download, in 10⁶ bytes.
    archives
        What a download fetches; None where you have to bring the files yourself.
    form
        Channels and side of the pictures, where every network gets them as they are; None where
        they are brought to the size that a network asks for.
    """

    title: str
    class_names: tuple[str, ...]
    reference: str
    read: Callable[[Path, str], Labelled]
    folder: str = ""
    megabytes: int = 0
    archives: Callable[[], Sequence[Archive]] | None = None
    form: tuple[int, int] | None = None


def _torchvision(
    loader: str, *, labels: str = "targets", by_name: bool = False
) -> Callable[[Path, str], Labelled]:
    """How torchvision's class of that name, which knows the format and checksums, reads a split."""

    def read(root: Path, split: str) -> Labelled:
        from torchvision import datasets

        which = {"split": split} if by_name else {"train": split == "train"}
        loaded = getattr(datasets, loader)(root, **which)
        numbers = np.asarray(getattr(loaded, labels), dtype=np.int64)
        return numbers, lambda index: np.asarray(loaded[index][0])

    return read


def _one_archive(loader: str) -> Callable[[], Sequence[Archive]]:
    def archives() -> Sequence[Archive]:
        from torchvision import datasets

        known = getattr(datasets, loader)
        return [Archive(known.url, known.tgz_md5, ".")]

    return archives


def _fashion_archives() -> Sequence[Archive]:
    from torchvision.datasets import FashionMNIST as Known

    target = f"{Known.__name__}/raw"
    return [Archive(Known.mirrors[0] + file, md5, target) for file, md5 in Known.resources]


def _as_class_folders(name: str) -> Callable[[Path, str], Labelled]:
    """For a set that is kept as class folders alone; where there are some, nobody asks its card."""

    def read(root: Path, split: str) -> Labelled:
        raise FileNotFoundError(f"no pictures lie in {root / name / split}/CLASS")

    return read


def _digits(_: Path, split: str) -> Labelled:
    pictures, labels = load_digits()
    part = slice(None, -TEST_DIGITS) if split == "train" else slice(-TEST_DIGITS, None)
    return labels[part], pictures[part].__getitem__


_TINY_IMAGES = "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009."

#: The data sets, by name; those that tell most of a network first.
DATASETS: Registry[DatasetCard] = Registry(
    "data set",
    {
        "cifar10": DatasetCard(
            title="CIFAR-10",
            class_names=CIFAR10_CLASSES,
            reference=_TINY_IMAGES,
            read=_torchvision("CIFAR10"),
            folder="cifar-10-batches-py",
            megabytes=171,
            archives=_one_archive("CIFAR10"),
        ),
        "cifar100": DatasetCard(
            title="CIFAR-100",
            class_names=CIFAR100_CLASSES,
            reference=_TINY_IMAGES,
            read=_torchvision("CIFAR100"),
            folder="cifar-100-python",
            megabytes=169,
            archives=_one_archive("CIFAR100"),
        ),
        "stl10": DatasetCard(
            title="STL-10",
            class_names=(
                *("airplane", "bird", "car", "cat", "deer"),
                *("dog", "horse", "monkey", "ship", "truck"),
            ),
            reference="A. Coates, H. Lee, A. Y. Ng, An Analysis of Single-Layer Networks in "
            "Unsupervised Feature Learning, AISTATS 2011.",
            read=_torchvision("STL10", labels="labels", by_name=True),
            folder="stl10_binary",
            megabytes=2640,
            archives=_one_archive("STL10"),
        ),
        "fashion-mnist": DatasetCard(
            title="Fashion-MNIST",
            class_names=(
                *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
                *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            ),
            reference="H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for "
            "Benchmarking Machine Learning Algorithms, arXiv 1708.07747, 2017.",
            read=_torchvision("FashionMNIST"),
            folder="FashionMNIST",
            megabytes=31,
            archives=_fashion_archives,
        ),
        "imagenette": DatasetCard(
            title="Imagenette",
            class_names=(
                *("English springer", "French horn", "cassette player", "chain saw", "church"),
                *("garbage truck", "gas pump", "golf ball", "parachute", "tench"),
            ),
            reference="J. Howard, Imagenette: a subset of 10 classes of ImageNet, 2019.",
            read=_as_class_folders("imagenette"),
            folder="imagenette",
        ),
        "digits": DatasetCard(
            title="digits",
            class_names=DIGIT_NAMES,
            reference="E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, 1998, "
            "UCI Machine Learning Repository.",
            read=_digits,
            form=(1, 8),
        ),
    },
)


def is_embedded(name: str) -> bool:
    """Whether a data set comes along and needs no files, as small ones do; told of last."""
    return name in DATASETS and not DATASETS[name].folder
