"""The command line: ``design COMMAND …``, or ``python -m design_core COMMAND …``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from design_core import __version__
from design_core.commands import COMMANDS
from design_core.commands.console import finish_output, speak_plainly
from design_core.commands.watching import EXIT_STOPPED
from design_core.extras import missing_extra

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0, 1 after bad input (one line), 2 for usage, 130 after Ctrl-C.
    """
    speak_plainly()
    args = argparse.Namespace(command="")
    try:
        _parser().parse_args(arguments, args)  # which prints, for --help
        status = int(args.run(args))
        sys.stdout.flush()  # what it has no room for is told below
        return status
    except KeyboardInterrupt:
        _refuse(args.command, "stopped")
        return EXIT_STOPPED
    except BrokenPipeError:
        return 0  # the reader (head, less) has seen enough
    except ModuleNotFoundError as error:
        return _refuse(args.command, missing_extra(error))
    except OSError as error:
        return _refuse(args.command, _words(error))
    except ValueError as error:
        return _refuse(args.command, str(error))
    finally:
        finish_output()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="design",
        description="Designed dithering Sign activations for binary neural networks.",
    )
    parser.add_argument("--version", action="version", version=f"design {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers).set_defaults(run=command.run)
    return parser


def _words(error: OSError) -> str:
    """Which file, and what about it; without the number that Python puts before."""
    if error.strerror is None:
        return str(error)
    place = "the output" if error.filename is None else str(error.filename)
    return f"{place}: {error.strerror}"


def _refuse(command: str, reason: str) -> int:
    print(f"{f'design {command}'.strip()}: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
