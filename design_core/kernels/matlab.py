"""Numeric matrices in MATLAB's MAT files of level 5 (``save -v6`` and ``-v7``), and no more.

SciPy reads such files too, but it allocates what a file declares and crashes on type codes that it
does not expect; uploads need a reader that cannot. A kernel is one numeric matrix, which takes few
lines. A file is a header of 128 bytes and then elements::

    type (uint32)  size in bytes (uint32)  data, padded to 8 bytes
    size (uint16) and type (uint16) in one uint32, 4 bytes of data        [the short form]

A matrix is an element that holds elements: flags with its class, dimensions, name, values in column
order. With ``-v7`` each matrix is deflated.

References
----------
The MathWorks, "MAT-File Format".
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["matrix_names", "read_matrix", "write_matrix"]

Element = tuple[int, bytes]

_INT8, _INT32, _UINT32, _DOUBLE, _MATRIX, _DEFLATED = 1, 5, 6, 9, 14, 15
_NUMPY_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_DOUBLE_CLASS, _NUMERIC_CLASSES, _COMPLEX_FLAG = 6, range(6, 16), 0x0800
_OTHER_CLASSES = {1: "a cell array", 2: "a structure", 3: "an object", 4: "text", 5: "sparse"}

_HEADER_BYTES = 128
#: Enough of a deflated variable to see what it is called.
_PREVIEW_BYTES = 512
_MAX_VARIABLES = 1000


def matrix_names(data: bytes) -> list[str]:
    """The names of a file's real matrices, or of all its variables if none is one.

    Raises
    ------
    ValueError
        No MAT file of level 5.
    """
    order = _byte_order(data)
    names: dict[str, bool] = {}
    for kind, element in _elements(data[_HEADER_BYTES:], order):
        parts = _parts(kind, element, order, _PREVIEW_BYTES)
        names[_name(parts)] = bool(parts) and not _refusal(parts[0][1], order)
    return [name for name, real in names.items() if real] or list(names)


def read_matrix(
    data: bytes, variable: str, *, fits: Callable[[tuple[int, ...]], bool], most: int
) -> NDArray[Any]:
    """Read one real matrix.

    Parameters
    ----------
    data
        The whole file.
    variable
        Its name in MATLAB.
    fits
        Tells whether a matrix may have such dimensions.
    most
        Entries at most; this bounds what is inflated and allocated.

    Returns
    -------
    Array of MATLAB's own shape.

    Raises
    ------
    ValueError
        No such file, no such variable, or one that is no real matrix of dimensions that fit.
    """
    order = _byte_order(data)
    for kind, element in _elements(data[_HEADER_BYTES:], order):
        if _name(_parts(kind, element, order, _PREVIEW_BYTES)) == variable:
            limit = _PREVIEW_BYTES + 8 * most
            return _values(_parts(kind, element, order, limit), order, fits)
    raise ValueError(f"it has no variable {variable!r}.")


def _byte_order(data: bytes) -> str:
    """``<`` or ``>``; ValueError if it is no MAT file of level 5."""
    order = {b"IM": "<", b"MI": ">"}.get(data[126:_HEADER_BYTES])
    if not data.startswith(b"MATLAB 5") or order is None:
        raise ValueError("it is no MAT file of level 5; use save(FILE, 'kernel', '-v7') for one.")
    return order


def write_matrix(values: NDArray[np.floating[Any]], variable: str) -> bytes:
    """Write one matrix of doubles, not deflated."""
    matrix = b"".join(
        (
            _element(_UINT32, struct.pack("<II", _DOUBLE_CLASS, 0)),
            _element(_INT32, struct.pack(f"<{values.ndim}i", *values.shape)),
            _element(_INT8, variable.encode("ascii")),
            _element(_DOUBLE, values.astype("<f8").tobytes(order="F")),
        )
    )
    header = b"MATLAB 5.0 MAT-file, threshold kernel".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    return header + _element(_MATRIX, matrix)


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def _elements(data: bytes, order: str) -> Iterator[Element]:
    """Type and data of one element after the other; one cut short is given as far as it goes."""
    at = 0
    for _ in range(_MAX_VARIABLES):
        if len(data) - at < 8:
            return
        kind, size = struct.unpack_from(order + "II", data, at)
        if kind >> 16:
            yield kind & 0xFFFF, data[at + 4 : at + 4 + min(kind >> 16, 4)]
            at += 8
        else:
            yield kind, data[at + 8 : at + 8 + size]
            # Only deflated elements follow each other without padding.
            at += 8 + size + (0 if kind == _DEFLATED else -size % 8)
    raise ValueError(f"it has more than {_MAX_VARIABLES} variables.")


def _parts(kind: int, element: bytes, order: str, limit: int) -> list[Element]:
    """Flags, dimensions, name and values of a matrix, inflated up to a limit; [] if it is none."""
    if kind == _DEFLATED:
        try:
            inflated = zlib.decompressobj().decompress(element, limit)
        except zlib.error as error:
            raise ValueError(f"a deflated variable is damaged ({error}).") from error
        kind, element = next(_elements(inflated, order), (0, b""))
    return list(islice(_elements(element, order), 4)) if kind == _MATRIX else []


def _name(parts: list[Element]) -> str:
    return parts[2][1].decode("ascii", errors="replace") if len(parts) > 2 else "something else"


def _refusal(flags: bytes, order: str) -> str:
    """Why a variable of these flags is no real matrix; "" if it is one."""
    if len(flags) < 4:
        return "its variable is damaged."
    (flag,) = struct.unpack_from(order + "I", flags)
    number_class = flag & 0xFF
    if number_class in _NUMERIC_CLASSES and not flag & _COMPLEX_FLAG:
        return ""
    found = _OTHER_CLASSES.get(number_class, "complex or of an unknown class")
    return f"its variable is {found}; a kernel is a real matrix."


def _values(
    parts: list[Element], order: str, fits: Callable[[tuple[int, ...]], bool]
) -> NDArray[Any]:
    """Check what a matrix declares, then take its values."""
    if len(parts) < 4:
        raise ValueError("its variable is damaged.")
    (_, flags), (_, dimensions) = parts[:2]
    if len(dimensions) % 4:
        raise ValueError("its variable is damaged.")
    if refusal := _refusal(flags, order):
        raise ValueError(refusal)
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    if not fits(shape):
        sides = "×".join(map(str, shape[:6])) or "no size"
        raise ValueError(
            f"its variable has {sides}; a kernel has rows, columns and, if wished, slices, not too "
            "many."
        )
    kind, values = parts[3]
    dtype = np.dtype(order + _NUMPY_TYPES.get(kind, "V0"))
    if dtype.itemsize == 0 or len(values) != math.prod(shape) * dtype.itemsize:
        raise ValueError("its variable has another size than it declares, or an unknown type.")
    return np.frombuffer(values, dtype).reshape(shape, order="F")
