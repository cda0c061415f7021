"""Training data: the whole set in memory as uint8, batches cut and augmented from it.

Everything random in an epoch is drawn at its start from a generator seeded by (seed, epoch), so
an epoch can be repeated exactly, whatever happened before it.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional as F

from design_core.pictures import is_clutter
from design_core.pictures.dataset_cards import DATASETS
from design_core.pictures.datasets import class_folders_of, open_dataset, open_folder
from design_core.pictures.download import download_dataset
from design_core.pictures.form import PictureForm, normalized
from design_core.pictures.picture_set import SPLITS, PictureSet
from design_core.pictures.samples import sample
from design_core.pictures.squares import square_pixels
from design_core.segmentation.camvid import CAMVID, CLASSES, open_scenes
from design_core.segmentation.scores import UNLABELLED
from design_core.training.class_zip import ClassPictures, read_class_zip

__all__ = [
    "TEXTURES",
    "TrainingData",
    "load_data",
    "normalized",
    "picture_size",
    "split_classes_evenly",
    "textures",
    "training_batches",
]

Arrays = dict[str, NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """A labelled data set in memory.

    Parameters
    ----------
    name
        As in ``--data``, without machine paths.
    train_x, test_x
        uint8, shape (N, H, W, C).
    train_y, test_y
        Class numbers: of each picture, int64 (N,); or of each pixel, int8 (N, H, W), with
        `design_core.segmentation.scores.UNLABELLED` where there is none.
    """

    name: str
    class_names: tuple[str, ...]
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    @classmethod
    def of(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        *,
        class_names: Sequence[str] | None = None,
        test: float = 0.2,
        seed: int = 0,
        name: str = "own",
    ) -> TrainingData:
        """A set of pictures and classes, shuffled and split.

        Parameters
        ----------
        x
            uint8 (N, H, W, C), or (N, H, W) for grey.
        y
            Class numbers from 0, (N,).
        class_names
            Of each class; the numbers themselves if left out.
        test
            The share that is kept for testing.
        seed
            Of the order.

        Raises
        ------
        ValueError
            Pictures of another shape or type; classes that do not fit; nothing left on one side.
        """
        pictures, labels = np.asarray(x), np.asarray(y)
        if pictures.dtype != np.uint8 or pictures.ndim not in (3, 4):
            raise ValueError(
                "Pictures are uint8 of shape (N, H, W, C), or (N, H, W) for grey; got "
                f"{pictures.dtype} of shape {pictures.shape}."
            )
        if labels.shape != pictures.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"Classes are whole numbers of shape ({len(pictures)},); got {labels.dtype} of "
                f"shape {labels.shape}."
            )
        names = tuple(class_names or map(str, range(int(labels.max(initial=0)) + 1)))
        if labels.size and not 0 <= labels.min() <= labels.max() < len(names):
            raise ValueError(
                f"Classes count from 0 to {len(names) - 1}; got {labels.min()} to {labels.max()}."
            )
        kept = round((1 - test) * len(pictures))
        if not 0 < kept < len(pictures):
            raise ValueError(
                f"Of {len(pictures)} pictures, {kept} would be for training. Give more, or another "
                "share for testing."
            )
        order = np.random.default_rng(seed).permutation(len(pictures))
        maps = torch.from_numpy(pictures[order].reshape(*pictures.shape[:3], -1))
        classes = torch.from_numpy(labels[order].astype(np.int64))
        return cls(name, names, maps[:kept], classes[:kept], maps[kept:], classes[kept:])

    @property
    def per_pixel(self) -> bool:
        """Whether every pixel has a class of its own: data for segmentation."""
        return self.train_y.ndim == 3

    @property
    def form(self) -> PictureForm:
        """What networks trained on it take and give: for `pack` and `export_onnx`."""
        mean, deviation = self.mean_and_deviation()
        _, height, width, channels = self.train_x.shape
        shape = channels, height, width
        return PictureForm(shape, tuple(mean.tolist()), tuple(deviation.tolist()), self.class_names)

    def input(self, pictures: Tensor) -> Tensor:
        """What networks take of pictures, uint8 (N, H, W, C): float32 (N, C, H, W)."""
        return normalized(pictures, *self.mean_and_deviation())

    def grey_counts(self) -> Tensor:
        """How often each of the 256 grey values occurs in training, int64, shape (C, 256)."""
        channels = self.train_x.reshape(-1, self.train_x.shape[-1])
        return torch.stack([torch.bincount(c, minlength=256) for c in channels.unbind(1)])

    def mean_and_deviation(self) -> tuple[Tensor, Tensor]:
        """Per channel over the training set, for pixels scaled to [0, 1]; float32, shape (C,).

        A channel of one value says nothing and has no deviation; it gets 1, so that it becomes 0
        throughout rather than NaN.
        """
        # By counts of the grey values: exact, and without a float copy of the set.
        values = torch.arange(256, dtype=torch.float64) / 255
        counts = self.grey_counts()
        shares = counts.double() / counts.sum(1, keepdim=True)
        mean = (shares * values).sum(1)
        variance = (shares * values**2).sum(1) - mean**2
        is_flat = (counts > 0).sum(1) < 2
        return mean.float(), torch.where(is_flat, 1.0, variance.clamp_min(0).sqrt()).float()

    def sha256(self) -> str:
        """Fingerprint of pictures and labels of both splits, in their order."""
        digest = hashlib.sha256()
        for part in (self.train_x, self.train_y, self.test_x, self.test_y):
            digest.update(part.cpu().numpy().tobytes())
        return digest.hexdigest()

    def to(self, device: torch.device) -> TrainingData:
        """The same set in the memory of a device."""
        return replace(
            self,
            train_x=self.train_x.to(device),
            train_y=self.train_y.to(device),
            test_x=self.test_x.to(device),
            test_y=self.test_y.to(device),
        )


def training_batches(
    x: Tensor,
    y: Tensor,
    *,
    batch_size: int,
    crop_padding: int,
    flip: bool,
    seed: int,
    epoch: int,
    rank: int = 0,
    world: int = 1,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of shuffled, augmented batches; an incomplete last batch is left out.

    Classes of pixels move with their pixels; what a crop adds beyond the border has none.

    Parameters
    ----------
    x, y
        uint8 pictures (N, H, W, C), and their classes (N,) or those of their pixels (N, H, W).
    batch_size
        Over all processes; a multiple of `world`.
    rank, world
        This process and the number of processes: each gets its part of every batch.

    Yields
    ------
    uint8 pictures (batch_size / world, H, W, C) and their classes, or those of their pixels.
    """
    count, height, width = x.shape[:3]
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(count, generator=generator)
    offsets = torch.randint(0, 2 * crop_padding + 1, (count, 2), generator=generator)
    mirrored = torch.rand(count, generator=generator) < (0.5 if flip else 0.0)
    # Drawn on the processor, so that every device sees the same; all else stays where pictures are.
    order, offsets, mirrored = (one.to(x.device) for one in (order, offsets, mirrored))
    padded = F.pad(x, (0, 0, *(crop_padding,) * 4))
    per_pixel = y.ndim == 3
    labels = F.pad(y, (crop_padding,) * 4, value=UNLABELLED) if per_pixel else y
    rows, columns = (torch.arange(side, device=x.device) for side in (height, width))
    for start in range(0, count - batch_size + 1, batch_size):
        part = slice(start + rank, start + batch_size, world)
        picked = order[part]
        i = offsets[part, :1] + rows  # (batch, H): rows of each crop
        j = torch.where(mirrored[part, None], width - 1 - columns, columns) + offsets[part, 1:]
        place = (picked[:, None, None], i[:, :, None], j[:, None, :])
        yield padded[place], labels[place if per_pixel else picked]


def picture_size(network: Mapping[str, object]) -> tuple[int, int]:
    """(channels, side) to load data with for a network's options; 3 and 32 for those without.

    Raises
    ------
    ValueError
        A number of channels other than 1 and 3, or a side below 1.
    """
    channels, side = network.get("in_channels", 3), network.get("image_size", 32)
    if channels not in (1, 3):
        raise ValueError(f"Pictures have 1 channel (grey) or 3 (RGB); in_channels is {channels!r}.")
    if not isinstance(side, int) or side < 1:
        raise ValueError(f"image_size is a number of pixels from 1; got {side!r}.")
    return (1 if channels == 1 else 3), side


def load_data(
    source: str,
    *,
    root: Path = Path("data"),
    channels: int = 3,
    image_size: int = 32,
    download: bool = False,
) -> TrainingData:
    """Load a data set by name.

    Parameters
    ----------
    source
        A key of `design_core.pictures.dataset_cards.DATASETS` such as ``cifar10``, or ``digits``,
        which need no files; ``textures``, small pieces of the embedded samples grass and gravel,
        which need none either; ``zip:FILE``, a ZIP file of class folders, a fifth of each class
        kept for testing; or ``folder:DIR``, pictures DIR/train/CLASS/* and DIR/test/CLASS/*, where
        DIR may also be a name in `root`. Or ``camvid``, pictures whose pixels have classes, see
        `design_core.segmentation.camvid`.
    root
        Where the former lie: as torchvision stores them, or as class folders in ``root/cifar10``.
    channels
        3, or 1 for the luminance.
    image_size
        Pictures are brought to image_size × image_size, cropped in the middle. Sets that have a
        `form` of their own, as the digits, come in that, and so does ``camvid``; textures are cut
        to it.
    download
        Fetch a data set that is not in `root`.

    Raises
    ------
    ValueError
        Unknown source, files that are missing, or pictures that cannot be read.
    """
    size = channels, image_size
    if source == "textures":
        return textures(channels=channels, side=image_size)
    if source == CAMVID:
        return _scenes(root)
    if source.startswith("zip:"):
        return _from_zip(Path(source.removeprefix("zip:")), size)
    if folder := class_folders_of(source, root):
        name = source if source in DATASETS else f"folder:{folder.resolve().name}"
        return _class_folders(name, folder, size)
    if source not in DATASETS:
        raise ValueError(
            f"Unknown data {source!r}; write {', '.join(DATASETS)}, {CAMVID}, textures, "
            "zip:FILE or folder:DIRECTORY."
        )
    card = DATASETS[source]
    if download:
        download_dataset(source, root)
    splits = {split: open_dataset(source, root, split=split) for split in SPLITS}
    folder = root / card.folder if card.folder else None
    return _in_memory(source, splits, folder, card.form or size)


#: The embedded samples of `textures`, in the order of the classes.
TEXTURES = ("grass", "gravel")


def textures(*, channels: int = 1, side: int = 16, each: int = 400) -> TrainingData:
    """Two classes to begin with: pieces of a picture of grass and of one of gravel.

    Four fifths of the pieces come from the upper part of each picture, for training, the rest from
    below it: no pixel is in both. Pieces are drawn at random places by a fixed seed.

    Parameters
    ----------
    each
        Pieces of each class for training; for testing a quarter of that.
    """
    generator = np.random.default_rng(0)
    x: dict[str, list[NDArray[np.uint8]]] = {split: [] for split in SPLITS}
    for name in TEXTURES:
        picture = sample(name)
        whole = square_pixels(picture, channels, min(picture.pixels.shape[:2]))
        border = round(0.8 * len(whole))
        for split, (top, bottom), count in (
            ("train", (0, border), each),
            ("test", (border, len(whole)), each // 4),
        ):
            rows = generator.integers(top, bottom - side + 1, count)
            columns = generator.integers(0, len(whole) - side + 1, count)
            pieces = [whole[i : i + side, j : j + side] for i, j in zip(rows, columns, strict=True)]
            x[split].append(np.stack(pieces))
    labels = {split: np.repeat([0, 1], len(parts[0])) for split, parts in x.items()}
    return TrainingData(
        "textures",
        TEXTURES,
        *(
            torch.from_numpy(part)
            for split in SPLITS
            for part in (np.concatenate(x[split]), labels[split].astype(np.int64))
        ),
    )


def split_classes_evenly(pictures: ClassPictures) -> TrainingData:
    """A fifth of each class, drawn by a fixed seed, is for testing; the rest is for training."""
    generator = np.random.default_rng(0)
    kept, tested = [], []
    for label in range(len(pictures.class_names)):
        own = generator.permutation(np.flatnonzero(pictures.y == label))
        held = max(1, round(len(own) / 5))
        tested.append(own[:held])
        kept.append(own[held:])
    train, test = np.sort(np.concatenate(kept)), np.sort(np.concatenate(tested))
    x, y = torch.from_numpy(pictures.x), torch.from_numpy(pictures.y)
    name = pictures.name
    if name in DATASETS:  # whose pictures these need not be
        name = f"{name} (own)"
    return TrainingData(name, pictures.class_names, x[train], y[train], x[test], y[test])


def _from_zip(path: Path, size: tuple[int, int]) -> TrainingData:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    channels, side = size
    return split_classes_evenly(read_class_zip(data, path.name, channels=channels, side=side))


def _scenes(root: Path) -> TrainingData:
    """Train and test of CamVid; the pictures of its third split choose recipes, not results."""
    parts = [part for split in SPLITS for part in open_scenes(root, split=split).arrays()]
    if parts[0].shape[1:] != parts[2].shape[1:]:
        raise ValueError(
            f"CamVid's training pictures are {parts[0].shape[1:3]}, its test pictures "
            f"{parts[2].shape[1:3]} rows and columns; both must have one size."
        )
    return TrainingData(CAMVID, CLASSES, *map(torch.from_numpy, parts))


def _class_folders(name: str, folder: Path, size: tuple[int, int]) -> TrainingData:
    splits = {split: open_folder(folder / split) for split in SPLITS}
    if splits["train"].class_names != splits["test"].class_names:
        raise ValueError(f"{folder}/train and {folder}/test must have the same class folders.")
    return _in_memory(name, splits, folder, size)


def _in_memory(
    name: str, splits: Mapping[str, PictureSet], folder: Path | None, size: tuple[int, int]
) -> TrainingData:
    """Decode all pictures, or take them from the cache as long as no file in `folder` changed."""

    def decode() -> Arrays:
        return {
            split: np.stack([square_pixels(part.picture(k), *size) for k in range(len(part))])
            for split, part in splits.items()
        }

    channels, side = size
    shapes = {split: (len(part), side, side, channels) for split, part in splits.items()}
    x = _cached(_fingerprint(folder, size), shapes, decode) if folder else decode()
    return TrainingData(
        name,
        splits["train"].class_names,
        torch.from_numpy(x["train"]),
        torch.tensor(splits["train"].labels),
        torch.from_numpy(x["test"]),
        torch.tensor(splits["test"].labels),
    )


def _fingerprint(folder: Path, size: tuple[int, int]) -> str:
    """Another one as soon as a file in the folder changed, or the size that is wanted."""
    channels, side = size
    grey = " grey" if channels == 1 else ""
    key = hashlib.sha256(f"1 {side}{grey}".encode())  # 1: version of what is stored
    for path in sorted(folder.rglob("*")):
        if is_clutter(path.relative_to(folder)) or not path.is_file():
            continue
        status = path.stat()
        # A name need not be UTF-8.
        place = os.fsencode(path.resolve())
        key.update(place + f" {status.st_size} {status.st_mtime_ns}\n".encode())
    return key.hexdigest()


def _cached(key: str, shapes: Mapping[str, tuple[int, ...]], make: Callable[[], Arrays]) -> Arrays:
    """Arrays kept uncompressed under the user's cache folder, which can only save time.

    What is damaged is made anew; where nothing can be kept, a warning says so, and work goes on.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "design")
    except RuntimeError:  # a user without a home
        return make()
    path = home / f"{key}.npz"
    with suppress(Exception):  # damaged archives raise almost anything
        with np.load(path, allow_pickle=False) as stored:
            kept = {name: stored[name] for name in shapes}
        if all(kept[name].shape == shapes[name] for name in shapes) and all(
            one.dtype == np.uint8 for one in kept.values()
        ):
            return kept
    made = make()
    part = home / f"{key}.{os.getpid()}.npz"
    try:
        home.mkdir(parents=True, exist_ok=True)
        np.savez(part, **made)  # type: ignore[arg-type]
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        warnings.warn(
            f"Decoded pictures cannot be kept in {home} ({error.strerror}); they will be decoded "
            "again each time.",
            stacklevel=2,
        )
    return made
