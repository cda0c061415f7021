"""Where the files that come with the library lie, and those that its user keeps beside it.

`RESOURCES` is part of every installation. Trained networks and data sets are not: they are looked
for in a **folder of their own**, which is

1. the one that an environment variable names, ``DESIGN_CHECKPOINTS`` or ``DESIGN_DATA``;
2. else, in a checkout of the project, its ``assets/checkpoints`` or its ``data``;
3. else ``checkpoints`` or ``data`` in the folder where the program was started.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

__all__ = ["CHECKPOINTS", "DATA", "RESOURCES", "ROOT", "user_folder"]

#: The folder that holds the package: the checkout, or the environment it is installed in.
ROOT = Path(__file__).resolve().parents[1]

#: Sample pictures and measured figures, installed with the library.
RESOURCES = Path(str(files("design_core"))) / "resources"


def user_folder(
    name: str,
    in_checkout: str,
    *,
    root: Path = ROOT,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """The folder for files that are not installed, whether it exists or not.

    Parameters
    ----------
    name
        As below the folder of the start, and in the variable ``DESIGN_NAME``.
    in_checkout
        Its place in a checkout of the project, which `root` is if it has a ``pyproject.toml``.
    """
    named = environment.get(f"DESIGN_{name.upper()}")
    if named:
        return Path(named).expanduser()
    if (root / "pyproject.toml").is_file():
        return root / in_checkout
    return Path(name).absolute()


#: Trained networks with their cards; see `design_core.zoo.card`.
CHECKPOINTS = user_folder("checkpoints", "assets/checkpoints")

#: Data sets that the user downloads or puts there.
DATA = user_folder("data", "data")
