"""Environments of a few packages, made in a second: those of the running one, linked."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

__all__ = ["Environment", "install"]


class Environment:
    """A virtual environment, entered by its commands only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def run(
        self, *command: object, cwd: Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in a folder, with no variable that could lead elsewhere."""
        program, *arguments = map(str, command)
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "HOME": str(cwd), "OMP_NUM_THREADS": "1"}
            | environment,
            capture_output=True,
            text=True,
        )


def install(wheel: Path, folder: Path, *, extras: Iterable[str] = ()) -> Environment:
    """A new environment with a wheel, and with what it requires and nothing else.

    Requirements are not fetched: they are links to the packages of the running environment.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    made = Environment(folder)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", made.python, "install", "-q", "--no-deps", wheel],
        check=True,
    )
    (own,) = packages.glob("design_core-*.dist-info")
    for entry in _required(Distribution.at(own), set(extras)):
        for top in {path.parts[0] for path in entry.files or () if path.parts[0] != ".."}:
            target = Path(str(entry.locate_file(top)))
            if target.exists() and not (packages / top).exists():
                (packages / top).symlink_to(target)
    return made


def _required(root: Distribution, extras: set[str]) -> Iterator[Distribution]:
    """All that a distribution with some extras requires, and what that requires in turn."""
    waiting, seen = [(root, frozenset(extras))], set()
    while waiting:
        owner, wanted = waiting.pop()
        for line in owner.requires or ():
            needed = Requirement(line)
            if needed.marker and not any(
                needed.marker.evaluate({"extra": extra}) for extra in ("", *wanted)
            ):
                continue
            found = root if needed.name == root.metadata["Name"] else distribution(needed.name)
            if (found.metadata["Name"], key := frozenset(needed.extras)) not in seen:
                seen.add((found.metadata["Name"], key))
                waiting.append((found, key))
                if found is not root:
                    yield found
