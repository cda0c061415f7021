"""Many pictures at once: a table of scores, and the maps in a ZIP file.

Pictures are opened, cut and written one after another, so that memory holds one at a time. One
that cannot be read is a row with its message; the others go on.
"""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path, PurePosixPath
from statistics import median
from typing import IO, TypeAlias

from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.feature_maps import extract_maps
from design_core.output.drawing import bits_png
from design_core.pictures import (
    HEAD_BYTES,
    MAX_BYTES,
    Picture,
    PictureError,
    decode,
    fit,
    is_clutter,
    looks_like_picture,
    picture_files,
)
from design_core.pictures.feature_maps import FeatureMaps
from design_core.pictures.samples import load_picture
from design_core.scaling import fit_scale
from design_core.scores.comparison import ActivationScores, compare_activations
from design_core.scores.registry import batch_scores
from design_core.text import csv_cell, printable

__all__ = [
    "MAX_ARCHIVE",
    "MAX_PICTURES",
    "Item",
    "Row",
    "Settings",
    "archive_items",
    "batch_finding",
    "batch_rows",
    "file_items",
    "is_archive",
    "scores_csv",
]

#: No more pictures are taken at once, unless the caller says so.
MAX_PICTURES = 500

#: When the ZIP file has this many bytes, no further maps are written into it.
MAX_ARCHIVE = 100 * 2**20

_MAX_DIRECTORY = 2**20  # bytes of a ZIP file's list of contents; thousands of entries fit
_ENTRY, _END, _LOCATOR_64, _END_BYTES = b"PK\3\4", b"PK\5\6", b"PK\6\7", 22


Rows: TypeAlias = Generator["Row", None, None]
Decoder: TypeAlias = Callable[[bytes, str], Picture]


@dataclass(frozen=True)
class Item:
    """A picture to come: its name, and what opens it (PictureError or ValueError, in words)."""

    name: str
    open: Callable[[], Picture]


@dataclass(frozen=True)
class Settings:
    """What is done with every picture.

    Parameters
    ----------
    kernel
        The kernel that cuts the maps.
    fitted
        Whether its scale is fitted to each picture's own maps; strength and offset stay.
    longest, source, maps, seed
        See `fit` and `extract_maps`.
    """

    kernel: ThresholdKernel
    fitted: bool = False
    longest: int = 256
    source: str = "picture"
    maps: int = 16
    seed: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the table: means over a picture's maps, or why there are none.

    Attributes
    ----------
    scores
        Means over the maps by the names of `batch_scores`: ``sign_tv``, ``design_tv``, …; empty
        where there are none.
    notes
        What was converted while the picture was read.
    problem
        Why the picture, or its maps in the ZIP file, are missing; "" where nothing is.
    """

    name: str
    height: int = 0
    width: int = 0
    maps: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)
    notes: str = ""
    problem: str = ""

    @property
    def is_scored(self) -> bool:
        """Whether there are scores."""
        return bool(self.scores)

    def cells(self) -> dict[str, str | float | None]:
        """The line by columns; None for scores that there are not."""
        before = {name: getattr(self, name) for name in ("name", "height", "width", "maps")}
        scores = {name: self.scores.get(name) for name in batch_scores()}
        return {**before, **scores, "notes": self.notes, "problem": self.problem}


def batch_rows(
    items: Sequence[Item],
    settings: Settings,
    archive: IO[bytes] | None = None,
    *,
    most: int | None = MAX_PICTURES,
) -> Rows:
    """Score pictures one by one.

    Parameters
    ----------
    items
        What to open.
    archive
        A seekable file that becomes a ZIP file: a folder per picture with ``sign-00.png`` and
        ``design-00.png``, one bit per pixel; ``scores.csv``; ``settings.json``. It is complete
        when the iteration ends or is closed, with the pictures so far.
    most
        No more pictures than these; None for any number.

    Yields
    ------
    Row
        As soon as a picture is done.

    Raises
    ------
    ValueError
        Too many pictures.
    """
    if most is not None and len(items) > most:
        raise ValueError(f"At most {most} pictures are taken at once; got {len(items)}.")
    return _rows(items, settings, archive)


def _rows(items: Sequence[Item], settings: Settings, archive: IO[bytes] | None) -> Rows:
    done: list[Row] = []
    # Maps are PNG, which a ZIP file would not make smaller.
    packed = zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) if archive else None
    try:
        for number, item in enumerate(items, start=1):
            row = _row(item, f"{number:03}-{_stem(item.name)}", settings, archive, packed)
            done.append(row)
            yield row
    finally:
        if packed:
            packed.writestr("scores.csv", scores_csv(done))
            packed.writestr("settings.json", json.dumps(_plain(settings), indent=2))
            packed.close()


def _row(
    item: Item,
    folder: str,
    settings: Settings,
    archive: IO[bytes] | None,
    packed: zipfile.ZipFile | None,
) -> Row:
    name = printable(item.name)  # a file's name may be no text at all
    try:
        opened = item.open()
        picture = fit(opened, settings.longest)
        maps, compared = _compared(picture, settings)
    except (ValueError, OSError) as error:  # PictureError and DatasetError are ValueErrors
        return Row(name, problem=printable(str(error)))
    problem = ""
    if packed and archive:
        if archive.tell() > MAX_ARCHIVE:
            problem = f"Scored, but the ZIP file is full ({MAX_ARCHIVE >> 20} MB): no maps."
        else:
            _write_maps(packed, folder, compared)
    scores = {
        column: float(score.measure(compared[activation], maps.x).mean())
        for column, (activation, score) in batch_scores().items()
    }
    return Row(
        name,
        picture.height,
        picture.width,
        len(maps.x),
        scores=scores,
        notes=printable("; ".join(opened.notes)),
        problem=problem,
    )


def _compared(
    picture: Picture, settings: Settings
) -> tuple[FeatureMaps, dict[str, ActivationScores]]:
    maps = extract_maps(picture, settings.source, maps=settings.maps, seed=settings.seed)
    kernel = settings.kernel
    if settings.fitted:
        old = kernel.scale
        kernel = kernel.with_scale(fit_scale(maps.x, kernel.level_set))
        kernel = kernel.scaled(strength=old.strength, offset=old.offset)
    return maps, compare_activations(maps.x, kernel)


def _write_maps(
    packed: zipfile.ZipFile, folder: str, compared: dict[str, ActivationScores]
) -> None:
    for name in ("sign", "design"):
        for index, bits in enumerate(compared[name].output):
            packed.writestr(f"{folder}/{name}-{index:02}.png", bits_png(bits))


def _plain(settings: Settings) -> dict[str, object]:
    plain = {one.name: getattr(settings, one.name) for one in fields(settings)}
    return {**plain, "kernel": settings.kernel.to_dict()}


def _stem(name: str) -> str:
    """A file name's stem, safe as the name of a folder everywhere."""
    return re.sub(r"[^\w-]+", "-", PurePosixPath(name).stem)[:60].strip("-") or "picture"


def scores_csv(rows: Iterable[Row]) -> str:
    """The table as CSV, a header and one line a picture."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(Row("").cells())
    for row in rows:
        writer.writerow(map(_cell, row.cells().values()))
    return buffer.getvalue()


def _cell(value: str | float | None) -> str | float:
    if isinstance(value, str):
        return csv_cell(value)
    return "" if value is None else value


def batch_finding(rows: Sequence[Row]) -> str:
    """One sentence over all pictures that could be scored."""
    ratios = [
        row.scores["design_tv"] / row.scores["sign_tv"] for row in rows if row.scores.get("sign_tv")
    ]
    scored = sum(row.is_scored for row in rows)
    unread = f"; {len(rows) - scored} could not be read" if scored < len(rows) else ""
    if not ratios:
        return f"No edges to compare on {scored} pictures{unread}."
    more = sum(ratio > 1 for ratio in ratios)
    return (
        f"DeSign shows more edges than Sign on {more} of {scored} pictures, "
        f"{median(ratios):.1f} × in the median{unread}."
    )


def _decode(data: bytes, name: str) -> Picture:
    return decode(data, name=name)


def file_items(references: Sequence[str]) -> list[Item]:
    """Pictures by reference: files, folders of files, ZIP files, ``sample:NAME``, or of a data set
    ``set:NAME:INDEX``, ``set:NAME`` for all.

    Raises
    ------
    PictureError
        A ZIP file that cannot be read.
    DatasetError
        There is no such set.
    """
    items: list[Item] = []
    for reference in references:
        path = Path(reference)
        if path.is_dir():
            items += [_by_reference(str(file)) for file in picture_files(path)]
        elif path.is_file() and is_archive(_head(path), path.name):
            items += archive_items(path.read_bytes(), path.name)
        elif reference.startswith("set:") and reference.count(":") == 1:
            items += _whole_set(reference)
        else:
            items.append(_by_reference(reference))
    return items


def _whole_set(reference: str) -> list[Item]:
    from design_core.pictures.datasets import open_set  # needs torchvision, files do not

    pictures = open_set(reference.removeprefix("set:"))
    return [
        Item(f"{reference}:{index}", partial(pictures.picture, index))
        for index in range(len(pictures))
    ]


def is_archive(data: bytes, name: str) -> bool:
    """Whether a file is meant to be a ZIP file: by its first bytes, or by its ending."""
    return data.startswith((_ENTRY, _END)) or name.lower().endswith(".zip")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_ENTRY))


def _by_reference(reference: str) -> Item:
    return Item(reference, lambda: load_picture(reference))


def archive_items(data: bytes, name: str, *, decoder: Decoder = _decode) -> list[Item]:
    """Pictures in a ZIP file, whatever their endings; what else is in it is passed over.

    Nothing is unpacked yet. Each picture is, when its turn comes, up to the size that is decoded:
    an archive can ask for no more memory than a single picture.

    Parameters
    ----------
    decoder
        Makes a picture of a file's bytes and name.

    Raises
    ------
    PictureError
        No ZIP file, a damaged one, or one without pictures.
    """
    try:
        if _directory_bytes(data) > _MAX_DIRECTORY:
            raise PictureError(f"{name} has far more files than the {MAX_PICTURES} that are taken.")
        packed = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, OSError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{name} is a damaged ZIP file, or none: {error}.") from error
    found = [entry for entry in packed.infolist() if _is_picture(packed, entry)]
    if not found:
        raise PictureError(f"{name} holds no picture.")
    return [_packed_item(packed, entry, decoder) for entry in found]


def _is_picture(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is meant to be a picture; a usual ending saves to look into it."""
    if entry.is_dir() or is_clutter(entry.filename):
        return False
    if looks_like_picture(entry.filename, b""):
        return True
    try:
        with packed.open(entry) as file:
            return looks_like_picture(entry.filename, file.read(HEAD_BYTES))
    except Exception:  # damaged entries raise almost anything
        return False


def _packed_item(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, decoder: Decoder) -> Item:
    def unpack() -> Picture:
        try:
            with packed.open(entry) as file:
                data = file.read(MAX_BYTES + 1)  # whatever size the archive claims
        except Exception as error:  # damaged entries raise almost anything
            raise PictureError(
                f"{entry.filename} cannot be unpacked: {str(error) or type(error).__name__}."
            ) from error
        return decoder(data, entry.filename)

    return Item(entry.filename, unpack)


def _directory_bytes(data: bytes) -> int:
    """Size that a ZIP file claims for its list of contents, which is read as a whole."""
    end = len(data) - _END_BYTES
    if not (data[end : end + 4] == _END and data[-2:] == b"\0\0"):
        end = data.rfind(_END)
    if end < 0:
        raise zipfile.BadZipFile("it has no list of contents")
    if data[max(0, end - 20) :][:4] == _LOCATOR_64:
        raise zipfile.BadZipFile("its list of contents is in the form for huge archives")
    (size,) = struct.unpack_from("<I", data, end + 12)
    return int(size)
