"""Data sets of labelled pictures: those with a card (`DATASETS`), and trees of class folders.

Files lie as torchvision lays them out, so that a root filled by either serves both.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from design_core.paths import DATA
from design_core.pictures import Picture, is_clutter, is_picture_file, load_file
from design_core.pictures.dataset_cards import DATASETS, DatasetCard, is_embedded
from design_core.pictures.picture_set import SPLITS, DatasetError, PictureSet

__all__ = [
    "class_folder_sets",
    "class_folders_of",
    "dataset_picture",
    "find_dataset",
    "is_at_hand",
    "is_complete",
    "open_dataset",
    "open_folder",
    "open_set",
    "open_split",
    "split_classes",
]


#: Folders of sets whose pixels have classes, and which have no class folders.
_OF_PIXELS = ("camvid",)


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
    card = find_dataset(name)
    if split not in SPLITS:
        raise DatasetError(f"{card.title} has the splits {', '.join(SPLITS)}, not {split!r}.")
    folder = Path(root, card.folder)
    if card.folder and not folder.is_dir():
        raise DatasetError(
            f"{card.title} is not in {root}: there is no folder {card.folder}. {_help(name, card)}"
        )
    try:
        labels, pixels = card.read(Path(root), split)
    except Exception as error:  # unpickling and reshaping damaged files raise almost anything
        raise DatasetError(
            f"{card.title} in {folder} is incomplete or damaged: {error}. Delete the folder and "
            "download it again."
        ) from error

    def read(index: int) -> Picture:
        return Picture.from_pixels(pixels(index), name=f"{name}-{split}-{index:05d}")

    return PictureSet(f"{name}-{split}", f"{card.title} {split}", card.class_names, labels, read)


def find_dataset(name: str) -> DatasetCard:
    """The card of a data set; DatasetError, which lists all names, if there is none."""
    if name not in DATASETS:
        raise DatasetError(f"There is no data set {name!r}. Choose from {', '.join(DATASETS)}.")
    return DATASETS[name]


def _help(name: str, card: DatasetCard) -> str:
    if card.archives is None:
        return "Put its files there."
    return f"Download it ({card.megabytes} MB) with download_dataset({name!r}, root)."


def is_complete(card: DatasetCard, root: Path) -> bool:
    """Whether the set's own reader accepts what lies below the root."""
    try:
        card.read(root, "test")
    except Exception:  # unpickling and reshaping damaged files raise almost anything
        return False
    return True


def is_at_hand(name: str, root: Path | str = DATA) -> bool:
    """Whether a data set comes along, or has its folder in a root folder."""
    return is_embedded(name) or (name in DATASETS and Path(root, DATASETS[name].folder).is_dir())


def open_split(name: str, root: Path | str = DATA, *, split: str = "test") -> PictureSet | None:
    """A split of a data set in a root folder, as training finds it; None where it is not there.

    Parameters
    ----------
    name
        A key of `DATASETS`: as it comes along, else as class folders ``root/NAME/train`` and
        ``root/NAME/test`` if there are such, else as its card reads it. Or ``folder:NAME`` for
        class folders alone.

    Raises
    ------
    DatasetError
        It is there, but incomplete or damaged.
    """
    kind, _, folder = name.rpartition(":")
    base = Path(root, folder)
    if is_embedded(name):
        return open_dataset(name, root, split=split)
    if kind in ("", "folder") and Path(folder).name == folder and (base / split).is_dir():
        title = DATASETS[name].title if name in DATASETS else folder
        return replace(
            open_folder(base / split), name=f"{folder}-{split}", title=f"{title} {split}"
        )
    return open_dataset(name, root, split=split) if is_at_hand(name, root) else None


def split_classes(
    name: str, root: Path | str = DATA, *, split: str = "test"
) -> tuple[str, ...] | None:
    """The classes of `open_split`, without reading any picture; None where it is not there."""
    folder = Path(root, name.rpartition(":")[2], split)
    if folder.is_dir() and not is_embedded(name):
        found = sorted(path.name for path in folder.iterdir() if path.is_dir())
        return tuple(label for label in found if not is_clutter(label))
    return DATASETS[name].class_names if is_at_hand(name, root) else None


def class_folder_sets(root: Path | str = DATA) -> dict[str, str]:
    """Folders of class folders in a root folder, but for known data sets: the set of each.

    That is its test pictures, ``pets-test``, where it has ``train`` and ``test`` as training wants
    it, else all of it, ``pets``; see `open_set`.
    """
    stored = {name: card.folder for name, card in DATASETS.items() if card.folder}
    known = {*stored, *stored.values(), *_OF_PIXELS}
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
        source = base if base in DATASETS and not is_embedded(base) else f"folder:{base}"
        if (found := open_split(source, root, split=split)) is not None:
            return found
        if base in DATASETS:
            return open_dataset(base, root, split=split)  # or it says what to do
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
    stored = source in DATASETS and not is_embedded(source)
    return inside if stored and (inside / "train").is_dir() else None


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
