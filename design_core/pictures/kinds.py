"""What a file is: by its first bytes, never by its name; and what is clutter among pictures."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from PIL import features

__all__ = [
    "HEAD_BYTES",
    "READ",
    "SUFFIXES",
    "is_clutter",
    "is_picture_file",
    "kind_of",
    "looks_like_picture",
    "picture_files",
]

#: Usual endings of the formats that are read. No ending is asked for; one of these says that a file
#: is meant to be a picture even where its content says nothing any more.
SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"),
    *(".gif", ".tif", ".tiff", ".bmp", ".avif"),
)

# A Pillow that was not built by its makers may lack the decoder.
_AVIF = "AVIF" if features.check("avif") else "an AVIF picture"

#: Formats that are read, by Pillow's names.
READ = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")

#: As much of a file as says what it is.
HEAD_BYTES = 1024

_HEIC = "a HEIC picture"
_NOT_READ = (
    _HEIC,
    "an AVIF picture",
    "a JPEG XL picture",
    "a JPEG 2000 picture",
    "a Photoshop picture",
)

# What a file begins with, and what it then is: a format that is read, or a thing that people take
# for a picture.
_SIGNATURES = (
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"RIFF....WEBP", "WEBP"),
    (rb"GIF8[79]a", "GIF"),
    (rb"II[*+]\0|MM\0[*+]", "TIFF"),
    (rb"BM", "BMP"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (rb"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (rb"8BPS", "a Photoshop picture"),
    (rb"....ftyp", "a video"),
    (rb"%PDF", "a PDF document"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"\s*<(?:.{0,500}<)?svg", "an SVG drawing"),
    (rb"[\t\n\r -~][\t\n\r -~\x80-\xff]*\Z", "text"),
)

# Brands of the ISO base media format: the first that is found says which pictures are inside.
_BRANDS = ((rb"avi[fs]", _AVIF), (rb"he[iv].", _HEIC), (rb"m[is]f1", _HEIC))

_CLUTTER = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "icon\r", "__pycache__"),
    *("$recycle.bin", "#recycle", "#snapshot", "system volume information", "lost+found"),
}
_LOCK, _BACKUP = "~$", "~"  # of office programs and of editors, before and behind a name


def kind_of(head: bytes) -> str:
    """Pillow's name of a format that is read, or a phrase for anything else.

    Parameters
    ----------
    head
        The first `HEAD_BYTES` of a file, or all of it.
    """
    head = head[:HEAD_BYTES]
    for signature, kind in _SIGNATURES:
        if re.match(signature, head, re.DOTALL):
            return _media_kind(head) if kind == "a video" else kind
    return "of an unknown kind"


def _media_kind(head: bytes) -> str:
    """What an ISO media file holds, by the brands in its first box."""
    box = head[8 : int.from_bytes(head[:4])]
    brands = [box[at : at + 4] for at in range(0, len(box), 4) if at != 4]  # 4: a version
    for pattern, kind in _BRANDS:
        if any(re.fullmatch(pattern, brand, re.DOTALL) for brand in brands):
            return kind
    return "a video"


def is_clutter(path: str | PurePath) -> bool:
    """Whether a name is one that programs leave among pictures.

    Hidden files, caches of thumbnails, bins of deleted files, and copies of editors. A folder of
    that kind makes everything below it clutter. Give paths relative to the folder that was asked
    for, which itself may be hidden.

    Examples
    --------
    >>> is_clutter("cats/._00.png"), is_clutter(".ipynb_checkpoints/a.png"), is_clutter("a.png")
    (True, True, False)
    """
    return any(
        part.startswith((".", _LOCK))
        or part.lower() in _CLUTTER
        or (part.endswith(_BACKUP) and "." in part)
        for part in PurePath(path).parts
        if part not in (".", "..")
    )


def looks_like_picture(name: str, head: bytes) -> bool:
    """Whether a file is meant to be a picture, so that it is worth a message if it is not read.

    Parameters
    ----------
    name
        Of the file; a usual ending is enough.
    head
        Its first `HEAD_BYTES`, which are enough too.
    """
    return name.lower().endswith(SUFFIXES) or kind_of(head) in (*READ, *_NOT_READ)


def picture_files(folder: Path) -> list[Path]:
    """The files below a folder that are meant to be pictures, sorted; clutter is passed over.

    Raises
    ------
    OSError
        The folder cannot be listed.
    """
    return sorted(
        path
        for path in folder.rglob("*")
        if not is_clutter(path.relative_to(folder)) and is_picture_file(path)
    )


def is_picture_file(path: Path) -> bool:
    """Whether a regular file is meant to be a picture, see `looks_like_picture`."""
    try:
        if not path.is_file():  # to open a pipe would wait for ever
            return False
        if path.name.lower().endswith(SUFFIXES):
            return True
        with path.open("rb") as file:
            return looks_like_picture(path.name, file.read(HEAD_BYTES))
    except OSError:
        return False
