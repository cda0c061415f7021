"""Kernels from files and to files: JSON, NPY, NPZ, MATLAB, CSV and ImageMagick's thresholds.xml.

Files come from strangers. Whatever the bytes, reading gives a kernel or one `KernelFileError` that
says what is wrong; nothing is allocated or inflated before its declared size is checked.

======  ====================================================  ===============================
format  holds                                                 loses
======  ====================================================  ===============================
json    everything                                            nothing
npy     levels, or the thresholds of a ``custom`` scale       level set, scale, name
npz     the same, as array ``kernel``                         level set, scale, name
mat     the same, as variable ``kernel`` (d1 × d2 × s)        level set, scale, name
csv     the same, slices parted by a blank line               level set, scale, name
xml     levels of one slice, none negative                    level set, scale
======  ====================================================  ===============================

What is lost is guessed on reading as `ThresholdKernel.from_numbers` does, which gives every
published kernel back. A name lost is replaced by that of the file.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import MAX_NAME, MAX_SIDE, ThresholdKernel
from design_core.kernels.matlab import read_matrix, write_matrix

__all__ = [
    "FORMATS",
    "MAX_FILE_BYTES",
    "Format",
    "KernelFileError",
    "load_kernel",
    "read_kernel",
    "write_kernel",
]

#: Larger files are refused unread.
MAX_FILE_BYTES = 4 * 2**20

# The authors' MATLAB files call it so; NPZ follows.
_VARIABLE = "kernel"
_MAX_ARRAY_BYTES = MAX_SIDE**3 * 16 + 10_000
_NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_XML_DEPTH = 8
_MAX_REASON = 300


class KernelFileError(ValueError):
    """A file that is no kernel, or a kernel that a format cannot hold; the message says why."""


@dataclass(frozen=True)
class Format:
    """A file format: its title for people, its media type, and how it is read and written."""

    title: str
    media_type: str
    read: Callable[[bytes, str], ThresholdKernel]
    write: Callable[[ThresholdKernel], bytes]


def read_kernel(data: bytes, *, name: str) -> ThresholdKernel:
    """Read a kernel from the bytes of a file.

    Parameters
    ----------
    data
        The whole file, at most `MAX_FILE_BYTES`.
    name
        The file's name; its suffix says the format, and it names a kernel without a name.

    Raises
    ------
    KernelFileError
        Unknown suffix, or bytes that are no kernel in that format.

    Examples
    --------
    >>> print(read_kernel(b"1,1\\n3,3", name="mine.csv"))
    1 1;3 3
    """
    form = FORMATS.get(PurePath(name).suffix.lower().removeprefix("."))
    if form is None:
        suffixes = ", ".join(f".{suffix}" for suffix in FORMATS)
        raise KernelFileError(f"{name!r} should end in one of {suffixes}.")
    if not data:
        raise KernelFileError(f"{name!r} is empty.")
    if len(data) > MAX_FILE_BYTES:
        raise KernelFileError(
            f"{name!r} has more than {MAX_FILE_BYTES // 2**20} MiB; a kernel is a small table."
        )
    try:
        return form.read(data, PurePath(name).stem[:MAX_NAME])
    except ValueError as error:
        reason = str(error)[:_MAX_REASON]  # it may quote the file
        raise KernelFileError(f"{name!r} is no kernel in {form.title}: {reason}") from error


def load_kernel(path: str | Path) -> ThresholdKernel:
    """Read a kernel from disk.

    Raises
    ------
    KernelFileError
        As `read_kernel`, or a file that cannot be opened.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise KernelFileError(f"{str(path)!r} cannot be opened: {error.strerror}.") from error
    return read_kernel(data, name=path.name)


def write_kernel(kernel: ThresholdKernel, format: str) -> bytes:  # noqa: A002
    """The bytes of a file that `read_kernel` reads.

    Parameters
    ----------
    kernel
        Any kernel.
    format
        One of `FORMATS`. All but ``json`` lose something; see the table above.

    Raises
    ------
    KernelFileError
        Unknown format, or a kernel that would not come back with the same levels (thresholds, for
        a ``custom`` scale).
    """
    if format not in FORMATS:
        raise KernelFileError(f"Unknown format {format!r}; choose one of {', '.join(FORMATS)}.")
    data = FORMATS[format].write(kernel)
    if len(data) > MAX_FILE_BYTES:
        raise KernelFileError(
            f"This kernel takes more than {MAX_FILE_BYTES // 2**20} MiB as {format}; use npy."
        )
    return data


@contextmanager
def _parsing(what: str) -> Iterator[None]:
    """Around parsers that are not ours: of hostile bytes they raise many things."""
    try:
        yield
    except KernelFileError:
        raise
    except Exception as error:
        raise KernelFileError(f"it is damaged, or no {what} ({error}).") from error


# JSON: ours, and didder's {"matrix": [[…]], "max": 16}, whose entries are ranks.


def _read_json(data: bytes, name: str) -> ThresholdKernel:
    with _parsing("JSON"):
        plain = json.loads(data)
    if isinstance(plain, dict) and "matrix" in plain:
        return ThresholdKernel.from_numbers(plain["matrix"], name=name)
    if not isinstance(plain, dict):
        raise ValueError("expected an object with the entry 'levels', or 'matrix'.")
    return ThresholdKernel.from_dict({"name": name, **plain})


def _write_json(kernel: ThresholdKernel) -> bytes:
    return (json.dumps(kernel.to_dict(), allow_nan=False) + "\n").encode()


# Arrays: NPY, and NPZ, a zip archive of them.


def _read_npy(data: bytes, name: str) -> ThresholdKernel:
    return ThresholdKernel.from_numbers(_array(data), name=name)


def _write_npy(kernel: ThresholdKernel) -> bytes:
    stream = io.BytesIO()
    np.save(stream, _numbers(kernel), allow_pickle=False)
    return stream.getvalue()


def _read_npz(data: bytes, name: str) -> ThresholdKernel:
    with _parsing("zip archive"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {member.filename: member for member in archive.infolist()}
        wanted = members.get(f"{_VARIABLE}.npy")
        if wanted is None:
            found = ", ".join(list(members)[:10]) or "nothing"
            raise KernelFileError(f"it has no array {_VARIABLE!r}, but {found}.")
        # NumPy writes these two only, and the others inflate without a bound.
        if wanted.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise KernelFileError("its array is packed in a way that NumPy does not use.")
        with archive.open(wanted) as member:
            unpacked = member.read(_MAX_ARRAY_BYTES + 1)
    if len(unpacked) > _MAX_ARRAY_BYTES:
        raise ValueError(f"its array unpacks to more than {MAX_SIDE}×{MAX_SIDE}×{MAX_SIDE}.")
    return _read_npy(unpacked, name)


def _write_npz(kernel: ThresholdKernel) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **{_VARIABLE: _numbers(kernel)})
    return stream.getvalue()


def _array(data: bytes) -> NDArray[Any]:
    """The array of an NPY file; its header is checked before anything is made of it."""
    stream = io.BytesIO(data)
    with _parsing("NPY file of version 1 or 2"):
        version = np.lib.format.read_magic(stream)
        shape, by_columns, dtype = _NPY_HEADERS[version](stream)
    if dtype.kind not in "biuf":
        raise ValueError(f"its entries are of type {dtype}; expected numbers.")
    if len(shape) not in (2, 3) or not all(1 <= side <= MAX_SIDE for side in shape):
        raise ValueError(
            f"its shape is {shape}; expected (slices, rows, columns) or (rows, columns), "
            f"each from 1 to {MAX_SIDE}."
        )
    if len(data) - stream.tell() < math.prod(shape) * dtype.itemsize:
        raise ValueError("it ends before its last entry.")
    flat = np.frombuffer(data, dtype, count=math.prod(shape), offset=stream.tell())
    return flat.reshape(shape, order="F" if by_columns else "C")


def _numbers(kernel: ThresholdKernel) -> NDArray[Any]:
    """What formats without a scale hold: the thresholds of a custom scale, else the levels."""
    if kernel.scale.name != "custom":
        return kernel.levels
    thresholds = kernel.thresholds
    if (thresholds == np.rint(thresholds)).all():
        raise KernelFileError(
            "All thresholds of this kernel are whole numbers, which would be read as levels; "
            "use json."
        )
    return thresholds


# MATLAB keeps slices in the third dimension.


def _read_mat(data: bytes, name: str) -> ThresholdKernel:
    matrix = read_matrix(data, _VARIABLE, max_side=MAX_SIDE)
    slices = matrix if matrix.ndim == 2 else np.moveaxis(matrix, 2, 0)
    return ThresholdKernel.from_numbers(slices, name=name)


def _write_mat(kernel: ThresholdKernel) -> bytes:
    matrix = np.moveaxis(_numbers(kernel).astype(np.float64), 0, 2)
    return write_matrix(matrix, _VARIABLE)


# CSV: numbers by commas, slices by a blank line.


def _read_csv(data: bytes, name: str) -> ThresholdKernel:
    with _parsing("text in UTF-8"):
        lines = data.decode("utf-8-sig").splitlines()
    if len(lines) > 2 * MAX_SIDE**2:
        raise ValueError(f"it has {len(lines)} lines, too many for a kernel.")
    slices: list[list[list[float]]] = [[]]
    for number, line in enumerate(lines, start=1):
        if line.strip(", \t"):
            slices[-1].append(_csv_row(line, number))
        elif slices[-1]:
            slices.append([])
    return ThresholdKernel.from_numbers([rows for rows in slices if rows], name=name)


def _csv_row(line: str, number: int) -> list[float]:
    if line.count(",") >= MAX_SIDE:
        raise ValueError(f"line {number} has more than {MAX_SIDE} entries.")
    try:
        return [float(cell) for cell in line.split(",")]
    except ValueError as error:
        raise ValueError(
            f"line {number} is {line[:40]!r}; expected numbers parted by commas."
        ) from error


def _write_csv(kernel: ThresholdKernel) -> bytes:
    numbers = _numbers(kernel).tolist()
    slices = ("".join(",".join(map(repr, row)) + "\n" for row in rows) for rows in numbers)
    return "\n".join(slices).encode()


# ImageMagick's threshold maps: <threshold map="…"><levels width="…" height="…" divisor="…">.


def _read_xml(data: bytes, name: str) -> ThresholdKernel:
    maps = list(_parsed(data).iter("threshold"))
    if len(maps) != 1:
        names = ", ".join(str(element.get("map")) for element in maps[:10])
        raise ValueError(f"it has {len(maps)} threshold maps; leave one: {names}.")
    levels = maps[0].find("levels")
    if levels is None:
        raise ValueError("its threshold map has no <levels>.")
    try:
        width, height = int(levels.get("width", "")), int(levels.get("height", ""))
        numbers = [int(number) for number in (levels.text or "").split()]
    except ValueError as error:
        raise ValueError("<levels> needs a width, a height and integers.") from error
    if min(width, height) < 1 or len(numbers) != width * height:
        raise ValueError(f"<levels> is {width}×{height} but holds {len(numbers)} integers.")
    rows = [numbers[at : at + width] for at in range(0, len(numbers), width)]
    return ThresholdKernel.from_numbers(rows, name=(maps[0].get("map") or name)[:MAX_NAME])


def _write_xml(kernel: ThresholdKernel) -> bytes:
    slices, rows, columns = kernel.shape
    if slices > 1 or kernel.levels.min() < 0 or kernel.scale.name == "custom":
        raise KernelFileError(
            "ImageMagick's maps hold one slice of levels from 0 up, without a custom scale; this "
            f"kernel has {slices} slice(s), levels from {kernel.levels.min()} and the scale "
            f"{kernel.scale.name!r}. Use json."
        )
    # XML has no control characters, not even as entities.
    name = "".join(character if character.isprintable() else " " for character in kernel.name)
    root = ElementTree.Element("thresholds")
    threshold = ElementTree.SubElement(root, "threshold", map=name or "kernel")
    ElementTree.SubElement(threshold, "description").text = f"Threshold kernel {name}".strip()
    levels = ElementTree.SubElement(
        threshold,
        "levels",
        width=str(columns),
        height=str(rows),
        divisor=str(max(kernel.level_set) + 1),
    )
    levels.text = "\n" + "\n".join(" ".join(map(str, row)) for row in kernel.levels[0]) + "\n"
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _parsed(data: bytes) -> ElementTree.Element:
    """Parse XML without a document type, hence without entities, and without deep nesting."""
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _XML_DEPTH:
            raise KernelFileError(f"its elements are nested deeper than {_XML_DEPTH}.")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise KernelFileError("it declares a document type; take out the <!DOCTYPE …> part.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    with _parsing("XML"):
        parser.Parse(data, True)
    return builder.close()


#: Every format by its suffix.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": Format("JSON", "application/json", _read_json, _write_json),
        "npy": Format("NumPy's NPY", "application/octet-stream", _read_npy, _write_npy),
        "npz": Format("NumPy's NPZ", "application/zip", _read_npz, _write_npz),
        "mat": Format("MATLAB's MAT", "application/octet-stream", _read_mat, _write_mat),
        "csv": Format("CSV", "text/csv", _read_csv, _write_csv),
        "xml": Format("ImageMagick's XML", "application/xml", _read_xml, _write_xml),
    }
)
