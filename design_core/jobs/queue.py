"""Training jobs of one server: each in a process of its own, one at a time, the others in a queue.

A job belongs to whoever brought it, and lives as long as that one is there: the queue asks, and
ends the jobs of those that have gone. Nothing is written to the disk. Nobody waits for a process
here but threads of this module.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any

import numpy as np
from numpy.typing import NDArray

import design_core
from design_core.jobs.frames import FAST, STOP, TAKE, Frame, read_frame, write_frame
from design_core.training.snapshot import Snapshot

__all__ = ["Asked", "Job", "JobQueue", "Look", "Made"]

_TICK = 0.5  # seconds between two looks after those who may have gone
_GRACE = 20.0  # seconds for one whose connection is lost to come back
_MOST_WAITING = 8
_SPARE_SECONDS = 180.0  # that a process waits for a job
_OVER = 30.0  # seconds beyond its limit after which a process is killed
_MOST_WORDS = 500  # letters of what a process says when it fails


@dataclass(frozen=True, eq=False)
class Asked:
    """What a job trains.

    Parameters
    ----------
    name, class_names
        Of the data.
    arrays
        ``train_x``, ``train_y``, ``test_x``, ``test_y`` as in `TrainingData`.
    recipes
        `Recipe.to_dict` of each network.
    seed
        Of all of them.
    shown
        The test picture whose maps are shown.
    seconds, megabytes
        Bounds of its time, waiting apart, and of its memory.
    """

    name: str
    class_names: tuple[str, ...]
    arrays: dict[str, NDArray[Any]]
    recipes: Sequence[dict[str, Any]]
    seed: int = 0
    shown: int = 0
    seconds: float = 600.0
    megabytes: int = 4096

    def told(self) -> dict[str, Any]:
        """All but the arrays."""
        return {key: value for key, value in vars(self).items() if key != "arrays"}


@dataclass(frozen=True, eq=False)
class Look:
    """All networks as they were seen last, after `done` of `steps` steps and so many seconds."""

    done: int
    steps: int
    steps_per_epoch: int
    seconds: float
    sides: tuple[Snapshot, ...]

    @property
    def seconds_left(self) -> float | None:
        """At the speed so far; None before the first step."""
        return self.seconds / self.done * (self.steps - self.done) if self.done else None


@dataclass(frozen=True, eq=False)
class Made:
    """Networks that a job handed over.

    Parameters
    ----------
    files
        Checkpoints, as `design_core.zoo.checkpoint` writes them.
    predicted, true
        What each answers on the test set, and what is right.
    measured
        Of each ``loss`` on the test set, and ``density`` by block.
    done, steps
        Steps that were done, and planned.
    """

    files: tuple[bytes, ...]
    predicted: tuple[NDArray[np.int64], ...]
    true: NDArray[np.int64]
    measured: tuple[dict[str, Any], ...]
    done: int
    steps: int


@dataclass(eq=False)
class Job:
    """A training that waits, computes, or has ended.

    Attributes
    ----------
    state
        ``waiting``, ``running``, ``done``, ``stopped`` or ``failed``.
    look
        What was seen last; None before the first step.
    made
        The networks handed over, the last ones last.
    speed
        The last letter that was sent about it.
    reason
        Why it failed, or ended before its time, in a sentence.
    """

    asked: Asked
    here: Callable[[], bool] = lambda: True
    state: str = "waiting"
    look: Look | None = None
    made: list[Made] = field(default_factory=list)
    speed: bytes = FAST
    reason: str = ""
    process: subprocess.Popen[bytes] | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def over(self) -> bool:
        """Whether it waits and computes no more."""
        return self.state not in ("waiting", "running")

    def set_speed(self, speed: bytes) -> None:
        """`FAST`, `SLOW` or `PAUSE`."""
        self.speed = speed
        self._send(speed)

    def take(self) -> None:
        """Have the networks handed over as they are; it goes on."""
        self._send(TAKE)

    def stop(self) -> None:
        """Have the networks handed over, and end."""
        if self.state == "waiting":
            self.state, self.reason = "stopped", "It was taken from the queue before its turn."
        self._send(STOP)

    def kill(self, reason: str) -> None:
        """End it at once; nothing is handed over."""
        self.reason = self.reason or reason
        if self.state == "waiting":
            self.state = "stopped"
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def _send(self, letter: bytes) -> None:
        process = self.process
        if process is None or process.stdin is None:
            return
        with self._lock:
            try:
                process.stdin.write(letter)
                process.stdin.flush()
            except (OSError, ValueError):  # it has just ended
                return


class JobQueue:
    """The jobs of a server.

    Parameters
    ----------
    at_once
        How many compute at the same time.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self._waiting: list[Job] = []
        self._running: list[Job] = []
        self._spare: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._watcher: Thread | None = None

    def prepare(self) -> None:
        """Have a process load PyTorch, so that the next job begins at once.

        It ends unused after a while.
        """
        with self._lock:
            if self._spare is not None and self._spare.poll() is None:
                return
            try:
                self._spare = _process()
            except OSError:  # the job will say so
                return
            timer = Timer(_SPARE_SECONDS, self._drop, args=(self._spare,))
            timer.daemon = True
            timer.start()

    def _drop(self, process: subprocess.Popen[bytes]) -> None:
        """End a spare process unless a job has it."""
        with self._lock:
            if self._spare is not process:
                return
            self._spare = None
        _end(process)

    def _start(self) -> subprocess.Popen[bytes]:
        """A process for a job: the one that is ready, or a new one."""
        with self._lock:
            process, self._spare = self._spare, None
        return process if process is not None and process.poll() is None else _process()

    def submit(self, job: Job) -> None:
        """Queue a job; it begins when its turn comes.

        Raises
        ------
        ValueError
            As many are waiting as may.
        """
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                raise ValueError(
                    f"{_MOST_WAITING} trainings are waiting on this server already. Try again in a "
                    "few minutes."
                )
            self._waiting.append(job)
            if self._watcher is None or not self._watcher.is_alive():
                self._watcher = Thread(target=self._watch, name="training jobs", daemon=True)
                self._watcher.start()
        self._advance()

    def before(self, job: Job) -> int:
        """How many jobs compute or wait before it; 0 where it computes or has ended."""
        with self._lock:
            if job not in self._waiting:
                return 0
            return len(self._running) + self._waiting.index(job)

    def _advance(self) -> None:
        """Begin what may begin."""
        with self._lock:
            self._waiting = [job for job in self._waiting if job.state == "waiting"]
            while self._waiting and len(self._running) < self.at_once:
                job = self._waiting.pop(0)
                job.state = "running"
                self._running.append(job)
                Thread(target=self._run, args=(job,), name="training", daemon=True).start()

    def _run(self, job: Job) -> None:
        try:
            _compute(job, self._start())
        except OSError as error:
            job.state, job.reason = "failed", f"No process can be started here: {error.strerror}."
        finally:
            with self._lock:
                self._running.remove(job)
            self._advance()

    def _watch(self) -> None:
        """End the jobs of those who have gone, until there are none."""
        gone: dict[int, float] = {}
        while True:
            with self._lock:
                jobs = [*self._waiting, *self._running]
                if not jobs:
                    self._watcher = None
                    return
            now = time.monotonic()
            for job in jobs:
                if job.here():
                    gone.pop(id(job), None)
                elif now - gone.setdefault(id(job), now) > _GRACE:
                    job.kill("Its window was closed.")
            self._advance()
            time.sleep(_TICK)


def _process() -> subprocess.Popen[bytes]:
    """A process that waits for what to train."""
    return subprocess.Popen(
        [sys.executable, "-m", "design_core.jobs.process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(design_core.__file__).parents[1],
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that nobody listens to."""
    process.kill()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    process.wait()


def _compute(job: Job, process: subprocess.Popen[bytes]) -> None:
    """Run a job in its process, to the end, and keep what it says."""
    job.process = process
    if job.reason:  # ended between its turn and now
        process.kill()
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    words: list[bytes] = []
    errors = process.stderr
    listener = Thread(target=lambda: words.extend(errors.read().splitlines()), daemon=True)
    listener.start()
    guard = Thread(target=_guard, args=(job, process), daemon=True)
    guard.start()
    try:
        with process.stdin, process.stdout, process.stderr:
            try:
                write_frame(process.stdin, job.asked.told(), job.asked.arrays)
                if job.speed != FAST:
                    job.set_speed(job.speed)
                while frame := read_frame(process.stdout):
                    _take_in(job, frame)
            except OSError:  # it ended before it had read all
                pass
            listener.join(timeout=1)
    finally:
        if process.poll() is None:
            process.kill()
        code = process.wait()
    if not job.over:
        _explain(job, code, words)


def _guard(job: Job, process: subprocess.Popen[bytes]) -> None:
    """Kill a process that does not end by itself when its time is over."""
    try:
        process.wait(timeout=job.asked.seconds + _OVER)
    except subprocess.TimeoutExpired:
        job.kill("It did not end when its time was over.")


def _take_in(job: Job, frame: Frame) -> None:
    told, arrays = frame
    if told["kind"] == "failed":
        job.state, job.reason = "failed", str(told["reason"])
    elif told["kind"] == "look":
        sides = tuple(_snapshot(side, arrays, f"{k}.") for k, side in enumerate(told["sides"]))
        numbers = {key: told[key] for key in ("done", "steps", "steps_per_epoch", "seconds")}
        job.look = Look(**numbers, sides=sides)
    else:
        count = len(told["measured"])
        made = Made(
            tuple(arrays[f"{k}.file"].tobytes() for k in range(count)),
            tuple(arrays[f"{k}.predicted"] for k in range(count)),
            arrays["true"],
            tuple(told["measured"]),
            told["done"],
            told["steps"],
        )
        job.made.append(made)
        if told["ended"]:
            job.state = "done" if told["whole"] else "stopped"
            if job.state == "stopped" and not job.reason:
                job.reason = f"It ended after {made.done:,} of {made.steps:,} steps."


def _snapshot(told: dict[str, Any], arrays: dict[str, NDArray[Any]], prefix: str) -> Snapshot:
    own = {name: arrays[name] for name in arrays if name.startswith(prefix)}
    return Snapshot(**{**told, **{name.removeprefix(prefix): one for name, one in own.items()}})


def _explain(job: Job, code: int, words: Sequence[bytes]) -> None:
    """Why a process ended without having handed its networks over."""
    if job.reason:  # it was killed by us
        job.state = "stopped"
        return
    job.state = "failed"
    if code < 0:
        job.reason = (
            f"The process of this training was ended from outside (signal {-code}), perhaps for "
            "want of memory. Nothing of it is left; start again, with a smaller network."
        )
        return
    last = words[-1].decode("utf-8", "replace")[:_MOST_WORDS] if words else "it gave no reason"
    job.reason = f"The process of this training failed: {last}. Start again."
