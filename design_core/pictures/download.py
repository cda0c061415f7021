"""Download a data set, when somebody asks for it.

A download is built in a hidden folder beside its target and moved into place, whole and checked, by
one rename: whenever it is stopped, killed or raced by another, the target is either absent or
complete. What a kill leaves is that hidden folder, which nothing reads and anybody may delete.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from design_core.pictures.dataset_cards import Archive, DatasetCard
from design_core.pictures.datasets import find_dataset, is_complete
from design_core.pictures.picture_set import DatasetError
from design_core.progress import Progress, no_progress

__all__ = ["download_dataset"]

_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 2**20


def download_dataset(name: str, root: Path | str, *, progress: Progress = no_progress) -> None:
    """Download a data set into a root folder; do nothing when it is there already.

    Parameters
    ----------
    name
        A key of `DATASETS`.
    root
        Made when missing; needs room for the archive and its contents.
    progress
        Called about once per MiB. Whatever it raises stops the download and is passed on.

    Raises
    ------
    DatasetError
        An unknown name, no connection, a damaged download, or no room. Nothing is left behind.
    """
    card = find_dataset(name)
    root = Path(root)
    if is_complete(card, root):
        return
    if card.archives is None:
        raise DatasetError(
            f"{card.title} cannot be downloaded from here. Put its files into {root / card.folder}."
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root) as temporary:
            built = Path(temporary)
            _fetch_all(card.archives(), built, progress)
            progress(None, "Checking")
            if not is_complete(card, built):
                raise DatasetError(f"{card.title} arrived, but its contents are not as published.")
            _move_into_place(card, built, root)
    except (OSError, HTTPException) as error:
        raise DatasetError(
            f"{card.title} could not be downloaded to {root}: {error}. Check the connection and "
            "the free space, then try again."
        ) from error
    progress(1.0, "Done")


def _fetch_all(archives: Sequence[Archive], root: Path, progress: Progress) -> None:
    """Fetch, check and unpack every archive of a data set."""
    from torchvision.datasets.utils import check_integrity, extract_archive

    for done, (url, md5, target) in enumerate(archives):
        folder = root / target
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / PurePosixPath(urlsplit(url).path).name
        for part in _fetch(url, archive):
            fraction = None if part is None else (done + part) / len(archives)
            progress(fraction, f"Downloading {archive.name}")
        if not check_integrity(archive, md5):
            raise DatasetError(
                f"{archive.name} arrived cut short or altered: its MD5 is not {md5}. Try again."
            )
        progress(None, f"Unpacking {archive.name}")
        extract_archive(archive, folder, remove_finished=True)


def _fetch(url: str, path: Path) -> Iterator[float | None]:
    """Write what an address answers to a file; after each chunk yield the share that is there."""
    request = Request(url, headers={"User-Agent": "design-core"})
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as response, path.open("wb") as file:
        total = response.length
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            yield file.tell() / total if total else None


def _move_into_place(card: DatasetCard, built: Path, root: Path) -> None:
    """Rename the finished folder to its place, unless another download filled it first."""
    source, target = built / card.folder, root / card.folder
    for _ in range(3):  # others may be moving theirs in at the same time
        with suppress(OSError):
            source.replace(target)
            return
        if is_complete(card, root):
            return
        with suppress(FileNotFoundError):
            target.replace(Path(tempfile.mkdtemp(dir=built), "damaged"))
    raise DatasetError(f"{target} is damaged and cannot be replaced. Delete it, then try again.")
