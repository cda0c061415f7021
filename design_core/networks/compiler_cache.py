"""The folder in which PyTorch keeps compiled code, and asks for even where nothing is compiled."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from pathlib import Path

__all__ = ["FOLDER", "own_folder", "see_to_cache"]

#: Where PyTorch looks for the name of the folder.
FOLDER = "TORCHINDUCTOR_CACHE_DIR"


def see_to_cache() -> None:
    """Have PyTorch keep compiled code elsewhere if its folder cannot be made; a warning says so.

    Its optimizers, and whatever is marked for its compiler, fail without that folder.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        os.environ[FOLDER] = own_folder()
        warnings.warn(
            f"PyTorch's folder for compiled code, {folder}, cannot be made ({error.strerror}).",
            stacklevel=2,
        )


def own_folder() -> str:
    """An empty folder that goes with this process."""
    folder = tempfile.mkdtemp(prefix="compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
