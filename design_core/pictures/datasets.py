"""Data sets of labelled pictures: torchvision's, downloaded only when asked, and class folders.

Files lie as torchvision lays them out, so that a root filled by either serves both. A download is
built in a hidden folder beside its target and moved into place, whole and checked, by one rename:
whenever it is stopped, killed or raced by another, the target is either absent or complete. What a
kill leaves is that hidden folder, which nothing reads and anybody may delete.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray

from design_core.paths import DATA
from design_core.pictures import Picture, is_clutter, is_picture_file, load_file
from design_core.progress import Progress, no_progress

__all__ = [
    "CIFAR10_CLASSES",
    "CIFAR100_CLASSES",
    "DATASETS",
    "SPLITS",
    "DatasetCard",
    "DatasetError",
    "PictureSet",
    "class_folder_sets",
    "class_folders_of",
    "dataset_picture",
    "download_dataset",
    "open_dataset",
    "open_folder",
    "open_set",
    "open_split",
    "split_classes",
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

SPLITS = ("train", "test")

_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 2**20


class DatasetError(ValueError):
    """A data set that cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class DatasetCard:
    """What there is to know before a data set is downloaded.

    Parameters
    ----------
    name, title
        The key in `DATASETS`, and the name for people.
    class_names
        In the order of the labels.
    megabytes
        Size of the download, in 10⁶ bytes.
    reference
        Whom to cite.
    folder
        Its place below the root.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    megabytes: int
    reference: str
    folder: str


_CARDS = (
    DatasetCard(
        name="cifar10",
        title="CIFAR-10",
        class_names=CIFAR10_CLASSES,
        megabytes=171,
        reference="A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.",
        folder="cifar-10-batches-py",
    ),
    DatasetCard(
        name="cifar100",
        title="CIFAR-100",
        class_names=CIFAR100_CLASSES,
        megabytes=169,
        reference="A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.",
        folder="cifar-100-python",
    ),
    DatasetCard(
        name="stl10",
        title="STL-10",
        class_names=(
            *("airplane", "bird", "car", "cat", "deer"),
            *("dog", "horse", "monkey", "ship", "truck"),
        ),
        megabytes=2640,
        reference="A. Coates, H. Lee, A. Y. Ng, An Analysis of Single-Layer Networks in "
        "Unsupervised Feature Learning, AISTATS 2011.",
        folder="stl10_binary",
    ),
    DatasetCard(
        name="fashion-mnist",
        title="Fashion-MNIST",
        class_names=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        megabytes=31,
        reference="H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for "
        "Benchmarking Machine Learning Algorithms, arXiv 1708.07747, 2017.",
        folder="FashionMNIST",
    ),
)

#: The data sets that can be downloaded, by name.
DATASETS: Mapping[str, DatasetCard] = MappingProxyType({card.name: card for card in _CARDS})


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Labelled pictures, read one by one.

    Parameters
    ----------
    name, title
        For links, and for people.
    class_names
        In the order of the labels.
    labels
        int64, shape (N,), read-only: the class of each picture.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    labels: NDArray[np.int64]
    _read: Callable[[int], Picture] = field(repr=False)

    def __post_init__(self) -> None:
        """Hold the labels through a read-only view."""
        view = self.labels.view()
        view.flags.writeable = False
        object.__setattr__(self, "labels", view)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.labels)

    def picture(self, index: int) -> Picture:
        """Return the picture at an index from 0 to N − 1.

        Raises
        ------
        IndexError
            There is no such index.
        PictureError
            The picture's file cannot be read; only in a class-folder tree.
        """
        return self._read(self._checked(index))

    def label(self, index: int) -> int:
        """Return the class of the picture at an index from 0 to N − 1.

        Raises
        ------
        IndexError
            There is no such index.
        """
        return int(self.labels[self._checked(index)])

    def _checked(self, index: int) -> int:
        """Refuse an index outside the set, negative ones too."""
        if not 0 <= index < len(self):
            raise IndexError(f"{self.title} has pictures 0 to {len(self) - 1}, not {index}.")
        return index


def open_dataset(name: str, root: Path | str, *, split: str = "test") -> PictureSet:
    """Return a data set that is already on disk; nothing is downloaded.

    Parameters
    ----------
    name
        A key of `DATASETS`.
    root
        The folder that `download_dataset`, or torchvision, filled.
    split
        ``train`` or ``test``.

    Raises
    ------
    DatasetError
        An unknown name or split; or the files are absent or damaged.
    """
    card = _card(name)
    if split not in SPLITS:
        raise DatasetError(f"{card.title} has the splits {', '.join(SPLITS)}, not {split!r}.")
    folder = Path(root, card.folder)
    if not folder.is_dir():
        raise DatasetError(
            f"{card.title} is not in {root}: there is no folder {card.folder}. Download it "
            f"({card.megabytes} MB) with download_dataset({name!r}, root)."
        )
    try:
        loaded = _load(card, Path(root), split)
        labels = np.asarray(loaded.labels if name == "stl10" else loaded.targets, dtype=np.int64)
    except Exception as error:  # unpickling and reshaping damaged files raise almost anything
        raise DatasetError(
            f"{card.title} in {folder} is incomplete or damaged: {error}. Delete the folder and "
            "download it again."
        ) from error

    def read(index: int) -> Picture:
        image, _ = loaded[index]
        return Picture.from_pixels(np.asarray(image), name=f"{name}-{split}-{index:05d}")

    return PictureSet(f"{name}-{split}", f"{card.title} {split}", card.class_names, labels, read)


def open_split(name: str, root: Path | str = DATA, *, split: str = "test") -> PictureSet | None:
    """A split of a data set in a root folder, as training finds it; None where it is not there.

    Parameters
    ----------
    name
        A key of `DATASETS`: as class folders ``root/NAME/train`` and ``root/NAME/test`` if there
        are such, else as torchvision stores it. Or ``folder:NAME`` for class folders alone.

    Raises
    ------
    DatasetError
        It is there, but incomplete or damaged.
    """
    kind, _, folder = name.rpartition(":")
    base = Path(root, folder)
    if kind in ("", "folder") and Path(folder).name == folder and (base / split).is_dir():
        title = DATASETS[name].title if name in DATASETS else folder
        return replace(
            open_folder(base / split), name=f"{folder}-{split}", title=f"{title} {split}"
        )
    if name in DATASETS and Path(root, DATASETS[name].folder).is_dir():
        return open_dataset(name, root, split=split)
    return None


def split_classes(
    name: str, root: Path | str = DATA, *, split: str = "test"
) -> tuple[str, ...] | None:
    """The classes of `open_split`, without reading any picture; None where it is not there."""
    folder = Path(root, name.rpartition(":")[2], split)
    if folder.is_dir():
        found = sorted(path.name for path in folder.iterdir() if path.is_dir())
        return tuple(label for label in found if not is_clutter(label))
    if name in DATASETS and Path(root, DATASETS[name].folder).is_dir():
        return DATASETS[name].class_names
    return None


def class_folder_sets(root: Path | str = DATA) -> dict[str, str]:
    """Folders of class folders in a root folder, but for known data sets: the set of each.

    That is its test pictures, ``pets-test``, where it has ``train`` and ``test`` as training wants
    it, else all of it, ``pets``; see `open_set`.
    """
    known = {*DATASETS, *(card.folder for card in DATASETS.values())}
    folders = sorted(Path(root).iterdir()) if Path(root).is_dir() else []
    return {
        path.name: f"{path.name}-test" if _has_splits(path) else path.name
        for path in folders
        if path.is_dir() and path.name not in known and not is_clutter(path.name)
    }


def open_set(name: str, root: Path | str = DATA) -> PictureSet:
    """A set by its own name: ``cifar10-test``, ``pets-test``, or ``pets`` for class folders.

    Raises
    ------
    DatasetError
        There is no such set in the root folder, or it is damaged.
    """
    base, _, split = name.rpartition("-")
    if split in SPLITS:
        source = base if base in DATASETS else f"folder:{base}"
        if (found := open_split(source, root, split=split)) is not None:
            return found
        if base in DATASETS:
            return open_dataset(base, root, split=split)  # which says what to do
    return open_folder(Path(root, name))


def dataset_picture(name: str, index: int, root: Path | str = DATA) -> Picture:
    """Return one picture of a set, by the set's name; see `open_set`.

    Raises
    ------
    DatasetError
        There is no such set in the root folder, or no such picture in it.
    """
    pictures = open_set(name, root)
    if not 0 <= index < len(pictures):
        raise DatasetError(f"{name} has pictures 0 to {len(pictures) - 1}, not {index}.")
    return pictures.picture(index)


def class_folders_of(source: str, root: Path | str) -> Path | None:
    """The folder with ``train`` and ``test`` that a source of training data names, if any.

    Parameters
    ----------
    source
        ``folder:DIR``, a path or a name in the root folder; or a key of `DATASETS`.
    """
    kind, _, folder = source.rpartition(":")
    if kind == "folder" and folder:
        inside = Path(root, folder)
        return inside if not Path(folder).exists() and inside.is_dir() else Path(folder)
    inside = Path(root, source)
    return inside if source in DATASETS and (inside / "train").is_dir() else None


def _has_splits(folder: Path) -> bool:
    return all((folder / split).is_dir() for split in SPLITS)


def open_folder(path: Path | str) -> PictureSet:
    """Return a tree of class folders, ``path/CLASS/picture.png``, in `ImageFolder`'s order.

    Classes and pictures are sorted by name; every class must hold a picture. What programs leave
    among pictures (`is_clutter`) is neither, and a picture may have any ending.

    Raises
    ------
    DatasetError
        The folder is missing or unreadable, has no class folder, or one without pictures.
    """
    folder = Path(path)
    try:
        tree = _class_tree(folder)
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be read as class folders: {error.strerror or error}. Give a folder "
            "that holds one folder per class, each with pictures."
        ) from error

    def read(index: int) -> Picture:
        return load_file(Path(tree.samples[index][0]))

    labels = np.asarray(tree.targets, dtype=np.int64)
    return PictureSet(folder.name, folder.name, tuple(tree.classes), labels, read)


def _class_tree(folder: Path) -> Any:
    """torchvision's `ImageFolder` of the folder, but for clutter. Raises OSError."""
    from torchvision.datasets import ImageFolder

    class ClassFolders(ImageFolder):  # type: ignore[misc]
        """Hidden folders are no classes."""

        def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
            found, _ = super().find_classes(directory)
            classes = [name for name in found if not is_clutter(name)]
            return classes, {name: number for number, name in enumerate(classes)}

    def is_valid(file: str) -> bool:
        path = Path(file)
        return not is_clutter(path.relative_to(folder)) and is_picture_file(path)

    return ClassFolders(folder, is_valid_file=is_valid)


def download_dataset(name: str, root: Path | str, *, progress: Progress = no_progress) -> None:
    """Download a data set into a root folder; do nothing when it is there already.

    Parameters
    ----------
    name
        A key of `DATASETS`.
    root
        Made when missing; needs room for the archive and its contents.
    progress
        Called about once per MiB. Whatever it raises stops the download and is passed on.

    Raises
    ------
    DatasetError
        An unknown name, no connection, a damaged download, or no room. Nothing is left behind.
    """
    card = _card(name)
    root = Path(root)
    if _is_complete(card, root):
        return
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root) as temporary:
            built = Path(temporary)
            _fetch_all(card, built, progress)
            progress(None, "Checking")
            if not _is_complete(card, built):
                raise DatasetError(f"{card.title} arrived, but its contents are not as published.")
            _move_into_place(card, built, root)
    except (OSError, HTTPException) as error:
        raise DatasetError(
            f"{card.title} could not be downloaded to {root}: {error}. Check the connection and "
            "the free space, then try again."
        ) from error
    progress(1.0, "Done")


def _card(name: str) -> DatasetCard:
    """Look a data set up."""
    if name not in DATASETS:
        raise DatasetError(f"There is no data set {name!r}. Choose from {', '.join(DATASETS)}.")
    return DATASETS[name]


def _loader(card: DatasetCard) -> Any:
    """Return the torchvision class, which knows addresses, checksums and file formats."""
    from torchvision import datasets

    return {
        "cifar10": datasets.CIFAR10,
        "cifar100": datasets.CIFAR100,
        "stl10": datasets.STL10,
        "fashion-mnist": datasets.FashionMNIST,
    }[card.name]


def _load(card: DatasetCard, root: Path, split: str) -> Any:
    """Let torchvision check and read one split. May raise anything."""
    which = {"split": split} if card.name == "stl10" else {"train": split == "train"}
    return _loader(card)(root, **which)


def _is_complete(card: DatasetCard, root: Path) -> bool:
    """Say whether torchvision accepts what lies below the root."""
    try:
        _load(card, root, "test")
    except Exception:  # unpickling and reshaping damaged files raise almost anything
        return False
    return True


def _archives(card: DatasetCard) -> list[tuple[str, str, str]]:
    """Return address, MD5 and target folder of each file to fetch."""
    loader = _loader(card)
    if card.name == "fashion-mnist":
        mirror, target = loader.mirrors[0], f"{card.folder}/raw"
        return [(mirror + file, md5, target) for file, md5 in loader.resources]
    return [(loader.url, loader.tgz_md5, ".")]


def _fetch_all(card: DatasetCard, root: Path, progress: Progress) -> None:
    """Fetch, check and unpack every archive of a data set."""
    from torchvision.datasets.utils import check_integrity, extract_archive

    archives = _archives(card)
    for done, (url, md5, target) in enumerate(archives):
        folder = root / target
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / PurePosixPath(urlsplit(url).path).name
        for part in _fetch(url, archive):
            fraction = None if part is None else (done + part) / len(archives)
            progress(fraction, f"Downloading {archive.name}")
        if not check_integrity(archive, md5):
            raise DatasetError(
                f"{archive.name} arrived cut short or altered: its MD5 is not {md5}. Try again."
            )
        progress(None, f"Unpacking {archive.name}")
        extract_archive(archive, folder, remove_finished=True)


def _fetch(url: str, path: Path) -> Iterator[float | None]:
    """Write what an address answers to a file; after each chunk yield the share that is there."""
    request = Request(url, headers={"User-Agent": "design-core"})
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as response, path.open("wb") as file:
        total = response.length
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            yield file.tell() / total if total else None


def _move_into_place(card: DatasetCard, built: Path, root: Path) -> None:
    """Rename the finished folder to its place, unless another download filled it first."""
    source, target = built / card.folder, root / card.folder
    for _ in range(3):  # others may be moving theirs in at the same time
        with suppress(OSError):
            source.replace(target)
            return
        if _is_complete(card, root):
            return
        with suppress(FileNotFoundError):
            target.replace(Path(tempfile.mkdtemp(dir=built), "damaged"))
    raise DatasetError(f"{target} is damaged and cannot be replaced. Delete it, then try again.")
