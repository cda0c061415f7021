"""Files that are there whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["try_to_write", "whole_file", "write_atomically"]


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that, killed at any moment, it is there whole: the old one or the new."""
    with whole_file(path) as file:
        file.write(data)


def try_to_write(path: Path) -> None:
    """Raise, before long work, the OSError that writing the file would end in; nothing changes."""
    path = path.resolve()
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Name a file in it.")
    if path.exists() and not path.is_file():
        return  # a device or a pipe, which may take only one opening
    part = path.with_name(f".{path.name}.part")
    part.open("wb").close()
    part.unlink()


def _name(error: BaseException, path: Path) -> None:
    """Say in an error of writing, as on a full disk, which file it was; Python names none."""
    if isinstance(error, OSError) and error.strerror and error.filename is None:
        error.filename = str(path)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A seekable file to write to, which takes its place when the context ends without an error.

    A process that is killed leaves ``.NAME.part`` behind, which nothing reads and the next writer
    overwrites. A link stays one, and its file is written. What is no file, such as ``/dev/null``
    or a pipe, is written to at the end and never replaced.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with io.BytesIO() as buffer:
            yield buffer
            try:
                with path.open("wb") as target:
                    target.write(buffer.getvalue())
            except OSError as error:
                _name(error, path)
                raise
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        _name(error, path)
        raise
