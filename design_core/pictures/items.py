"""Pictures to come: by reference, from folders, data sets and ZIP files; opened one at a time."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from design_core.pictures import (
    HEAD_BYTES,
    MAX_BYTES,
    Picture,
    PictureError,
    decode,
    is_clutter,
    looks_like_picture,
    picture_files,
)
from design_core.pictures.samples import load_picture

__all__ = ["MAX_PICTURES", "Item", "archive_items", "file_items", "is_archive"]

#: No more pictures are taken at once, unless the caller says so.
MAX_PICTURES = 500

_MAX_DIRECTORY = 2**20  # bytes of a ZIP file's list of contents; thousands of entries fit
_ENTRY, _LISTED, _END, _LOCATOR_64 = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\7"
_END_BYTES = 22
_IS_ENCRYPTED = 1  # of an entry's flags
_UTF8_ENTRY, _UTF8_LISTED, _IS_UTF8 = 7, 9, 8  # byte and bit, in the entry and in the list

Decoder: TypeAlias = Callable[[bytes, str], Picture]


@dataclass(frozen=True)
class Item:
    """A picture to come: its name, and what opens it (PictureError or ValueError, in words)."""

    name: str
    open: Callable[[], Picture]


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
        packed = _opened(data)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, OSError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{name} is a damaged ZIP file, or none: {error}.") from error
    found = [entry for entry in packed.infolist() if _is_picture(packed, entry)]
    if not found:
        raise PictureError(f"{name} holds no picture.")
    return [_packed_item(packed, entry, decoder) for entry in found]


def _opened(data: bytes) -> zipfile.ZipFile:
    """The archive; names that say that they are UTF-8 and are not are read as of old programs."""
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except UnicodeDecodeError:
        mended = bytearray(data)
        place = mended.find(_LISTED)
        while place >= 0:
            mended[place + _UTF8_LISTED] &= ~_IS_UTF8
            place = mended.find(_LISTED, place + len(_LISTED))
        for entry in zipfile.ZipFile(io.BytesIO(mended)).infolist():  # which say so themselves too
            if entry.header_offset + _UTF8_ENTRY < len(mended):
                mended[entry.header_offset + _UTF8_ENTRY] &= ~_IS_UTF8
        return zipfile.ZipFile(io.BytesIO(mended))


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
        if entry.flag_bits & _IS_ENCRYPTED:
            raise PictureError(
                f"{entry.filename} is encrypted. Unpack the archive, and pack it again without a "
                "password."
            )
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
