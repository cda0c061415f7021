"""Coverage-guided inputs for the readers of strangers' files, by Atheris (libFuzzer for Python).

    pip install atheris
    python stress/guided.py [--target "kernel json"] [--seconds 60] [--keep FOLDER]

Atheris watches which branches of `design_core` an input reaches, and goes on from those that reach
new ones. It is no part of the tests: it installs on Linux with few versions of Python. An input
that a reader neither reads nor refuses ends the run, is named, and belongs among the tests.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

__all__ = ["checked", "main"]


def checked(read: Callable[[bytes], object], errors: tuple[type[Exception], ...]) -> Any:
    """A reader that swallows its own errors, and no others."""

    def one_input(data: bytes) -> None:
        try:
            read(data)
        except Exception as error:
            if type(error) not in errors:
                raise

    return one_input


def main() -> int:
    """Run; libFuzzer itself ends the process, with 0 if nothing was found."""
    try:
        import atheris
    except ModuleNotFoundError:
        print("Atheris is not installed, so nothing was tried: pip install atheris")
        return 0
    with atheris.instrument_imports(include=["design_core"]):
        from stress.targets import TARGETS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", choices=TARGETS, default="kernel json")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    target = TARGETS[args.target]
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(target.seeds()):
            Path(folder, str(number)).write_bytes(data)
        options = [f"-max_total_time={args.seconds}", "-rss_limit_mb=4096", "-timeout=20"]
        options += [f"-artifact_prefix={args.keep}/", "-verbosity=0", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, folder], checked(target.read, target.errors))
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
