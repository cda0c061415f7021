"""CamVid: road scenes with a class for every pixel, read from pairs of PNG files.

Below the root of the data sets lie, for the splits ``train``, ``val`` and ``test``::

    camvid/test/pictures/NAME.png       RGB, 8 bits, all of one size
    camvid/test/labels/NAME.png         grey, 8 bits, of that size: class numbers, 11 for unlabelled

References
----------
G. J. Brostow, J. Fauqueur, R. Cipolla, "Semantic Object Classes in Video: A High-Definition Ground
Truth Database", Pattern Recognition Letters 2009; the 11 classes and the splits are those of
V. Badrinarayanan, A. Kendall, R. Cipolla, "SegNet", TPAMI 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from design_core.paths import DATA
from design_core.pictures import Picture, PictureError, is_picture_file, load_file
from design_core.pictures.picture_set import DatasetError
from design_core.segmentation.scores import UNLABELLED

__all__ = ["CAMVID", "CLASSES", "SCENE_SPLITS", "Scenes", "is_at_hand", "open_scenes"]

#: What ``--data`` calls it.
CAMVID = "camvid"

#: In the order of the class numbers.
CLASSES: tuple[str, ...] = (
    *("sky", "building", "pole", "road", "pavement", "tree"),
    *("sign", "fence", "car", "pedestrian", "bicyclist"),
)

#: Networks are trained on the first, recipes chosen on the second, results told of the third.
SCENE_SPLITS = ("train", "val", "test")

_FOLDERS = ("pictures", "labels")
_STORED_UNLABELLED = len(CLASSES)


@dataclass(frozen=True)
class Scenes:
    """The pairs of files of a split; read one by one.

    Parameters
    ----------
    split
        One of `SCENE_SPLITS`.
    pairs
        Picture and labels, in the order of their names.
    """

    split: str
    pairs: tuple[tuple[Path, Path], ...]

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.pairs)

    def picture(self, index: int) -> Picture:
        """The picture at an index; PictureError where its file cannot be read."""
        return load_file(self.pairs[index][0])

    def truth(self, index: int) -> NDArray[np.int8]:
        """Class numbers (H, W), `UNLABELLED` where there is none.

        Raises
        ------
        DatasetError
            A file that cannot be read, or that holds other numbers.
        """
        path = self.pairs[index][1]
        stored = _pixels(path)[..., 0].astype(np.int16)
        if stored.max() > _STORED_UNLABELLED:
            raise DatasetError(
                f"{path} holds the number {stored.max()}; labels are class numbers 0 to "
                f"{_STORED_UNLABELLED - 1}, and {_STORED_UNLABELLED} for pixels without a class."
            )
        return np.where(stored == _STORED_UNLABELLED, UNLABELLED, stored).astype(np.int8)

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
        """All pictures, uint8 (N, H, W, 3), and class maps (N, H, W).

        Raises
        ------
        DatasetError
            As `truth`; or files of several sizes.
        """
        pictures = [_pixels(path) for path, _ in self.pairs]
        labels = [self.truth(index) for index in range(len(self))]
        size = pictures[0].shape[:2]
        for (path, _), picture, label in zip(self.pairs, pictures, labels, strict=True):
            if not picture.shape[:2] == label.shape == size:
                raise DatasetError(
                    f"{path} has {_told(picture.shape)} pixels and its labels {_told(label.shape)}"
                    f"; all of {self.split} must have {_told(size)}, as the first picture has."
                )
        return np.stack(pictures), np.stack(labels)


def _told(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}"


def _pixels(path: Path) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) of a file."""
    try:
        rgb = load_file(path).rgb()
    except PictureError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return np.rint(rgb * 255).astype(np.uint8).transpose(1, 2, 0)


def is_at_hand(root: Path | str = DATA) -> bool:
    """Whether there is a test split in a root folder."""
    return all(Path(root, CAMVID, "test", folder).is_dir() for folder in _FOLDERS)


def open_scenes(root: Path | str = DATA, *, split: str = "test") -> Scenes:
    """A split of the set; nothing is decoded yet.

    Raises
    ------
    DatasetError
        Another split; files that are missing, or pictures without labels.
    """
    if split not in SCENE_SPLITS:
        raise DatasetError(f"CamVid has the splits {', '.join(SCENE_SPLITS)}, not {split!r}.")
    base = Path(root, CAMVID, split)
    pictures, labels = (_files(base / folder) for folder in _FOLDERS)
    if odd := sorted(pictures.keys() ^ labels.keys()):
        raise DatasetError(
            f"{base} has {odd[0]} as a picture or as labels alone; every picture needs labels of "
            "its name."
        )
    if not pictures:
        raise DatasetError(
            f"CamVid's {split} pictures are not in {base}. Put them there, as pictures/NAME.png "
            "and labels/NAME.png."
        )
    return Scenes(split, tuple((pictures[name], labels[name]) for name in sorted(pictures)))


def _files(folder: Path) -> dict[str, Path]:
    """Pictures of a folder by name without ending."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.stem: path for path in found if is_picture_file(path)}
