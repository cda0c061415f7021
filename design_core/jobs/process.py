"""The process in which a training job computes: ``python -m design_core.jobs.process``.

It reads the pictures and recipes from its standard input, sends what there is to see on its
standard output, and opens no file. It ends when its input does, so with the server that started it,
whatever becomes of that. Its memory and its time are bounded; it is the last to get the processor.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from threading import Thread
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.jobs.frames import (
    FAST,
    PAUSE,
    SLOW,
    STOP,
    TAKE,
    read_frame,
    write_frame,
)
from design_core.pictures.form import PictureForm
from design_core.training.data import TrainingData
from design_core.training.recipe import Recipe
from design_core.training.side_by_side import SideBySide
from design_core.training.snapshot import Snapshot
from design_core.zoo.checkpoint import checkpoint_bytes

__all__ = ["main"]

_SLOW_SECONDS = 0.7  # between steps, for the eye
_LOOK_SECONDS = 0.6  # between two looks, at least
_LOOK_SHARE = 0.25  # of the time, at most, goes into looks
_KINDS = ("train_x", "train_y", "test_x", "test_y")


class _Controls:
    """The last letter of the server."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.speed, self.stop, self.take = FAST, False, False
        Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream: IO[bytes]) -> None:
        while letter := stream.read(1):
            if letter == STOP:
                self.stop = True
            elif letter == TAKE:
                self.take = True
            else:
                self.speed = letter
        os._exit(0)  # the server has gone


def main() -> None:
    """Train as the first frame says, until the end or a letter."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what libraries print is no frame
    frame = read_frame(source)
    if frame is None:
        return
    told, arrays = frame
    _bound(int(told["megabytes"]), float(told["seconds"]))
    try:
        _train(told, arrays, _Controls(source), sink)
    except (ValueError, MemoryError, RuntimeError) as error:
        reason = "It needs more memory than a training may have." if _is_memory(error) else error
        write_frame(sink, {"kind": "failed", "reason": str(reason)}, {})
    os._exit(0)  # at once: a thread still listens, which Python would wait for


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)


def _bound(megabytes: int, seconds: float) -> None:
    """No more memory, no file, little more time than this, and after everybody else."""
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = int(2 * seconds) + 60
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    with suppress(OSError):
        os.nice(15)


def _train(
    told: dict[str, Any], arrays: dict[str, NDArray[Any]], controls: _Controls, sink: IO[bytes]
) -> None:
    parts = (torch.from_numpy(arrays[kind].copy()) for kind in _KINDS)
    data = TrainingData(told["name"], tuple(told["class_names"]), *parts)
    recipes = [Recipe.from_dict(plain) for plain in told["recipes"]]
    both = SideBySide(recipes, data, seed=told["seed"])
    form, shown = data.form, int(told["shown"])
    started, waited = time.monotonic(), 0.0
    looked = cost = 0.0
    _send_look(sink, both, shown, 0.0)
    while not both.finished and not controls.stop:
        if time.monotonic() - started > told["seconds"]:
            break
        if controls.take:
            controls.take = False
            _send_networks(sink, both, form, ended=False)
        if controls.speed == PAUSE:
            time.sleep(0.05)
            waited += 0.05
            continue
        both.step()
        if controls.speed == SLOW:
            time.sleep(_SLOW_SECONDS)
            waited += _SLOW_SECONDS
        since = time.monotonic() - looked
        if since > max(_LOOK_SECONDS, cost / _LOOK_SHARE) and not both.finished:
            begun = time.monotonic()
            _send_look(sink, both, shown, begun - started - waited)
            looked = time.monotonic()
            cost = looked - begun
    _send_look(sink, both, shown, time.monotonic() - started - waited)
    _send_networks(sink, both, form, ended=True)


def _send_look(sink: IO[bytes], both: SideBySide, shown: int, seconds: float) -> None:
    """How far all have come, and how long they have computed."""
    arrays: dict[str, NDArray[Any]] = {}
    sides = [
        _as_frame(snapshot, f"{k}.", arrays) for k, snapshot in enumerate(both.snapshots(shown))
    ]
    told = {
        **{"kind": "look", "done": both.done, "steps": both.steps, "seconds": seconds},
        **{"steps_per_epoch": both.learners[0].trainer.steps, "sides": sides},
    }
    write_frame(sink, told, arrays)


def _as_frame(snapshot: Snapshot, prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    for name, value in vars(snapshot).items():
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}{name}"] = value
    return {
        name: value for name, value in vars(snapshot).items() if f"{prefix}{name}" not in arrays
    }


def _send_networks(sink: IO[bytes], both: SideBySide, form: PictureForm, *, ended: bool) -> None:
    """The networks as they are, each a checkpoint with what it answers on the test set."""
    arrays: dict[str, NDArray[Any]] = {}
    measured = []
    for k, learner in enumerate(both.learners):
        tested = learner.trainer.evaluate()
        file = checkpoint_bytes(learner.model, learner.spec, form)
        arrays[f"{k}.file"] = np.frombuffer(file, np.uint8)
        arrays[f"{k}.predicted"] = tested.predictions.numpy()
        measured.append({"loss": tested.loss, "density": tested.density})
    arrays["true"] = both.data.test_y.numpy()
    told = {"kind": "networks", "ended": ended, "whole": both.finished, "measured": measured}
    write_frame(sink, {**told, "done": both.done, "steps": both.steps}, arrays)


if __name__ == "__main__":
    main()
