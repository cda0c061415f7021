"""Many pictures at once: a table of scores, and the maps in a ZIP file.

Pictures are opened, cut and written one after another, so that memory holds one at a time. One
that cannot be read is a row with its message; the others go on.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from statistics import median
from typing import IO, TypeAlias

from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.feature_maps import extract_maps
from design_core.output.drawing import bits_png
from design_core.pictures import (
    Picture,
    fit,
)
from design_core.pictures.feature_maps import FeatureMaps
from design_core.pictures.items import MAX_PICTURES, Item
from design_core.scaling import fit_scale
from design_core.scores.comparison import ActivationScores, compare_activations
from design_core.scores.registry import batch_scores
from design_core.text import csv_cell, printable

__all__ = [
    "MAX_ARCHIVE",
    "Row",
    "Settings",
    "batch_finding",
    "batch_rows",
    "scores_csv",
]

#: When the ZIP file has this many bytes, no further maps are written into it.
MAX_ARCHIVE = 100 * 2**20


Rows: TypeAlias = Generator["Row", None, None]


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
    except OSError:  # of the archive, as on a full disk: those of pictures are rows
        _abandon(packed)
        raise
    finally:
        if packed and packed.fp:
            try:
                packed.writestr("scores.csv", scores_csv(done))
                packed.writestr("settings.json", json.dumps(_plain(settings), indent=2))
                packed.close()
            except OSError:
                _abandon(packed)
                raise


def _abandon(packed: zipfile.ZipFile | None) -> None:
    """Keep an archive that cannot be written from trying once more when it is deleted."""
    if packed:
        packed.fp = None


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
