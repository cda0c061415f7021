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
csv     the same, slices separated by a blank line            level set, scale, name
xml     levels of one slice, none negative                    level set, scale
======  ====================================================  ===============================

What is lost is guessed on reading as `ThresholdKernel.from_numbers` does, which gives every
published kernel back. A name lost is replaced by that of the file.

Read is more than is written: lists and didder's matrices in JSON; an array or a variable of another
name, where it is the only one; tables separated by semicolons, tabs or spaces; ``txt`` and ``tsv``
files of them, and of what `read_numbers` takes; ImageMagick's own file of maps. Where a file holds
several kernels, one of its `kernel_parts` is chosen.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.kernels.kernel import MAX_NAME, MAX_SIDE, MAX_SLICES, ThresholdKernel
from design_core.kernels.matlab import matrix_names, read_matrix, write_matrix
from design_core.kernels.notation import read_table
from design_core.kernels.threshold_maps import map_names, read_map, threshold_maps
from design_core.scaling import Scale

__all__ = [
    "FORMATS",
    "MAX_FILE_BYTES",
    "READABLE",
    "Format",
    "KernelFileError",
    "kernel_parts",
    "load_kernel",
    "read_kernel",
    "write_kernel",
]

#: Larger files are refused unread.
MAX_FILE_BYTES = 4 * 2**20

# Ours call it so; the authors' MATLAB files, one or the other.
_VARIABLE = "kernel"
_USUAL = (_VARIABLE, "threshold")

# didder's matrices count to a number below this; no scale is made for more levels.
_MOST_RANKS = 4096

_MAX_ENTRIES = 2**19  # of eight bytes in `MAX_FILE_BYTES`
_MAX_ARRAY_BYTES = _MAX_ENTRIES * 16 + 10_000
_NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_ARRAY_SUFFIX = ".npy"
_MAX_REASON = 300


class KernelFileError(ValueError):
    """A file that is no kernel, or a kernel that a format cannot hold; the message says why."""


@dataclass(frozen=True)
class Format:
    """A file format.

    Parameters
    ----------
    title, media_type
        For people, and for browsers.
    read
        Makes a kernel of a file's bytes, a name for it, and the part that was chosen.
    write
        Makes a file's bytes of a kernel; None for what is only read.
    parts
        Names the kernels in a file, if it may hold several and does not say which one counts.
    """

    title: str
    media_type: str
    read: Callable[[bytes, str, str], ThresholdKernel]
    write: Callable[[ThresholdKernel], bytes] | None
    parts: Callable[[bytes], Sequence[str]] = lambda _data: ()


def read_kernel(data: bytes, *, name: str, part: str = "") -> ThresholdKernel:
    """Read a kernel from the bytes of a file.

    Parameters
    ----------
    data
        The whole file, at most `MAX_FILE_BYTES`.
    name
        The file's name; its suffix says the format, and it names a kernel without a name.
    part
        Which one, where there are several: an array, a variable, a threshold map (or its alias).

    Raises
    ------
    KernelFileError
        Unknown suffix, bytes that are no kernel in that format, or several kernels of which none
        is chosen; then the message names them.

    Examples
    --------
    >>> print(read_kernel(b"1,1\\n3,3", name="mine.csv"))
    1 1;3 3
    """
    with _telling(data, name) as form:
        return form.read(data, PurePath(name).stem[:MAX_NAME], part)


def kernel_parts(data: bytes, *, name: str) -> tuple[str, ...]:
    """The kernels in a file, to choose one; empty where the file itself says which one it is.

    Parameters, errors
        As of `read_kernel`; nothing but names is looked at.
    """
    with _telling(data, name) as form:
        return tuple(form.parts(data))


def load_kernel(path: str | Path, *, part: str = "") -> ThresholdKernel:
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
    return read_kernel(data, name=path.name, part=part)


@contextmanager
def _telling(data: bytes, name: str) -> Iterator[Format]:
    """The format of a file that may be read; what goes wrong in it is told with its name."""
    form = READABLE.get(PurePath(name).suffix.lower().removeprefix("."))
    if form is None:
        suffixes = ", ".join(f".{suffix}" for suffix in READABLE)
        raise KernelFileError(f"{name!r} should end in one of {suffixes}.")
    if not data:
        raise KernelFileError(f"{name!r} is empty.")
    if len(data) > MAX_FILE_BYTES:
        raise KernelFileError(
            f"{name!r} has more than {MAX_FILE_BYTES // 2**20} MiB; a kernel is a small table."
        )
    try:
        yield form
    except ValueError as error:
        reason = str(error)[:_MAX_REASON]  # it may quote the file
        raise KernelFileError(f"{name!r} is no kernel in {form.title}: {reason}") from error


def write_kernel(kernel: ThresholdKernel | ArrayLike | str, format: str) -> bytes:  # noqa: A002
    """The bytes of a file that `read_kernel` reads.

    Parameters
    ----------
    kernel
        Any kernel, or its name: what `ThresholdKernel.of` takes.
    format
        One of `FORMATS`. All but ``json`` lose something; see the table above.

    Raises
    ------
    KernelFileError
        Unknown format, or a kernel that would not come back with the same levels (thresholds, for
        a ``custom`` scale).
    """
    write = FORMATS[format].write if format in FORMATS else None
    if write is None:
        raise KernelFileError(f"Unknown format {format!r}; choose one of {', '.join(FORMATS)}.")
    kernel = ThresholdKernel.of(kernel)
    if kernel.levels.size > _MAX_ENTRIES:
        raise KernelFileError(
            f"This kernel has {kernel.levels.size:,} entries; files hold {_MAX_ENTRIES:,} at most."
        )
    data = write(kernel)
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


def _chosen(names: Sequence[str], part: str, what: str, *, usual: Sequence[str] = _USUAL) -> str:
    """One of several names: the part that was asked for, the usual one, or the only one."""
    if part in names:
        return part
    shown = ", ".join(name[:20] for name in names[:20]) or "nothing"
    if part:
        raise KernelFileError(f"it has no {what} {part[:40]!r}, but {shown}.")
    if not names:
        raise KernelFileError(f"it has no {what}.")
    if _parts_of(names, usual):
        raise KernelFileError(
            f"it has {len(names)} {what}s; choose one, on a command line by #NAME behind the name "
            f"of the file: {shown}."
        )
    return next((name for name in usual if name in names), names[0])


def _parts_of(names: Sequence[str], usual: Sequence[str] = _USUAL) -> Sequence[str]:
    """The names to choose from; none where the choice is plain."""
    return () if len(names) < 2 or set(names) & set(usual) else names


# JSON: ours; a list of rows; and didder's {"matrix": [[…]], "max": 16}, which counts from 0 to 15.


def _read_json(data: bytes, name: str, _part: str) -> ThresholdKernel:
    with _parsing("JSON"):
        plain = json.loads(data)
    if isinstance(plain, list):
        return ThresholdKernel.from_numbers(plain, name=name)
    if isinstance(plain, dict) and "matrix" in plain:
        return _of_ranks(ThresholdKernel.from_numbers(plain["matrix"], name=name), plain)
    if not isinstance(plain, dict):
        raise ValueError("expected a list of rows, or an object with 'levels' or 'matrix'.")
    return ThresholdKernel.from_dict({"name": name, **plain})


def _of_ranks(kernel: ThresholdKernel, plain: Mapping[str, Any]) -> ThresholdKernel:
    """Levels of didder's matrix as ranks of 0 … max − 1, whichever of these occur."""
    most = plain.get("max")
    if most is None or kernel.scale.name == "custom" or kernel.levels.min() < 0:
        return kernel
    highest = int(kernel.levels.max())
    if not isinstance(most, int) or not max(highest, 1) <= most <= _MOST_RANKS:
        raise ValueError(
            f"'max' is a whole number from {max(highest, 1)}, its largest level, to {_MOST_RANKS}; "
            f"it is {str(most)[:40]}."
        )
    ranks = tuple(range(max(most, highest + 1)))
    return ThresholdKernel(kernel.levels, ranks, Scale.fitting(ranks), kernel.name)


def _write_json(kernel: ThresholdKernel) -> bytes:
    return (json.dumps(kernel.to_dict(), allow_nan=False) + "\n").encode()


# Arrays: NPY, and NPZ, a zip archive of them.


def _read_npy(data: bytes, name: str, _part: str) -> ThresholdKernel:
    return ThresholdKernel.from_numbers(_array(data), name=name)


def _write_npy(kernel: ThresholdKernel) -> bytes:
    stream = io.BytesIO()
    np.save(stream, _numbers(kernel), allow_pickle=False)
    return stream.getvalue()


def _read_npz(data: bytes, name: str, part: str) -> ThresholdKernel:
    with _parsing("zip archive"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        wanted = archive.getinfo(_chosen(_arrays(archive), part, "array") + _ARRAY_SUFFIX)
        # NumPy writes these two only, and the others inflate without a bound.
        if wanted.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise KernelFileError("its array is packed in a way that NumPy does not use.")
        with archive.open(wanted) as member:
            unpacked = member.read(_MAX_ARRAY_BYTES + 1)
    if len(unpacked) > _MAX_ARRAY_BYTES:
        raise ValueError(f"its array unpacks to more than {_MAX_ENTRIES:,} entries.")
    return _read_npy(unpacked, name, "")


def _parts_of_npz(data: bytes) -> Sequence[str]:
    with _parsing("zip archive"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _parts_of(_arrays(archive))


def _arrays(archive: zipfile.ZipFile) -> list[str]:
    names = dict.fromkeys(archive.namelist())
    return [name.removesuffix(_ARRAY_SUFFIX) for name in names if name.endswith(_ARRAY_SUFFIX)]


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
    if not _is_shape(shape[:-2], shape[-2:]):
        raise ValueError(
            f"its shape is {shape}; expected (slices, rows, columns) or (rows, columns), "
            f"rows and columns from 1 to {MAX_SIDE}, and {_MAX_ENTRIES:,} entries at most."
        )
    if len(data) - stream.tell() < math.prod(shape) * dtype.itemsize:
        raise ValueError("it ends before its last entry.")
    flat = np.frombuffer(data, dtype, count=math.prod(shape), offset=stream.tell())
    return flat.reshape(shape, order="F" if by_columns else "C")


def _is_shape(slices: Sequence[int], sides: Sequence[int]) -> bool:
    """Whether a kernel may have these slices, none or one number, and rows and columns."""
    return (
        len(slices) < 2
        and len(sides) == 2
        and all(1 <= side <= MAX_SIDE for side in sides)
        and all(1 <= count <= MAX_SLICES for count in slices)
        and math.prod((*slices, *sides)) <= _MAX_ENTRIES
    )


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


def _read_mat(data: bytes, name: str, part: str) -> ThresholdKernel:
    variable = _chosen(matrix_names(data), part, "variable")
    matrix = read_matrix(
        data, variable, fits=lambda shape: _is_shape(shape[2:], shape[:2]), most=_MAX_ENTRIES
    )
    slices = matrix if matrix.ndim == 2 else np.moveaxis(matrix, 2, 0)
    return ThresholdKernel.from_numbers(slices, name=name)


def _parts_of_mat(data: bytes) -> Sequence[str]:
    return _parts_of(matrix_names(data))


def _write_mat(kernel: ThresholdKernel) -> bytes:
    matrix = np.moveaxis(_numbers(kernel).astype(np.float64), 0, 2)
    return write_matrix(matrix, _VARIABLE)


# CSV: numbers by commas, slices by a blank line; read with other separators too.


def _read_csv(data: bytes, name: str, _part: str) -> ThresholdKernel:
    slices = read_table(data, most_lines=2 * MAX_SIDE * MAX_SLICES, most_cells=MAX_SIDE)
    return ThresholdKernel.from_numbers(slices, name=name)


def _read_text(data: bytes, name: str, part: str) -> ThresholdKernel:
    """A table, or a kernel in our notation or another's."""
    text = data.decode("utf-8", errors="replace").strip("\ufeff \n")
    if len(text.splitlines()) < 2 or any(bracket in text for bracket in "[{("):
        return ThresholdKernel.from_text(text, name=name)
    return _read_csv(data, name, part)


def _write_csv(kernel: ThresholdKernel) -> bytes:
    numbers = _numbers(kernel).tolist()
    slices = ("".join(",".join(map(repr, row)) + "\n" for row in rows) for rows in numbers)
    return "\n".join(slices).encode()


# ImageMagick's threshold maps.


def _read_xml(data: bytes, name: str, part: str) -> ThresholdKernel:
    maps = threshold_maps(data)
    asked = map_names(maps).get(part, part)
    chosen = _chosen(list(maps), asked, "threshold map", usual=())
    title = maps[chosen].get("map") or name
    return ThresholdKernel.from_numbers(read_map(maps[chosen]), name=title[:MAX_NAME])


def _parts_of_xml(data: bytes) -> Sequence[str]:
    return _parts_of(list(threshold_maps(data)), usual=())


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


#: Every format that is written, by its suffix.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": Format("JSON", "application/json", _read_json, _write_json),
        "npy": Format("NumPy's NPY", "application/octet-stream", _read_npy, _write_npy),
        "npz": Format("NumPy's NPZ", "application/zip", _read_npz, _write_npz, _parts_of_npz),
        "mat": Format(
            "MATLAB's MAT", "application/octet-stream", _read_mat, _write_mat, _parts_of_mat
        ),
        "csv": Format("CSV", "text/csv", _read_csv, _write_csv),
        "xml": Format("ImageMagick's XML", "application/xml", _read_xml, _write_xml, _parts_of_xml),
    }
)

#: Every format that is read, by its suffix.
READABLE: Mapping[str, Format] = MappingProxyType(
    {
        **FORMATS,
        "tsv": Format("a table", "text/tab-separated-values", _read_csv, None),
        "txt": Format("text", "text/plain", _read_text, None),
    }
)
