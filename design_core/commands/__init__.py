"""Commands of ``python -m design_core``, one module each.

A command module has ``add_parser(subparsers)``, which returns its parser, and ``run(args)``, which
returns the exit status. Heavy imports belong inside ``run``, so that ``--help`` stays quick.
"""

from __future__ import annotations

from design_core.commands import (
    batch,
    bench,
    diagnose,
    evaluate,
    export,
    kernels,
    maps,
    models,
    predict,
    score,
    search,
    segment,
    summary,
    train,
    zoo,
)

__all__ = ["COMMANDS"]

COMMANDS = (
    *(maps, batch, kernels, search, score),
    *(models, predict, segment, summary, evaluate, diagnose, train, zoo),
    *(export, bench),
)
