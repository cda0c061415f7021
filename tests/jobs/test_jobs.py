"""Training jobs: what they learn is what a run learns; they end, in words, whatever happens."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load as load_tensors

from design_core.jobs.contest import LENGTHS, binned, contest_finding, contest_recipes
from design_core.jobs.frames import PAUSE, SLOW, read_frame, write_frame
from design_core.jobs.pictures import asked
from design_core.jobs.queue import Job, JobQueue
from design_core.training.data import TrainingData, load_data
from design_core.training.recipe import Recipe
from design_core.training.run import load_run, train_run
from design_core.training.side_by_side import SideBySide
from design_core.zoo.checkpoint import checkpoint_bytes, read_checkpoint

SIDES = ("sign", "design:2x2-v2")


def few_digits() -> TrainingData:
    data = load_data("digits")
    return TrainingData(
        data.name,
        data.class_names,
        data.train_x[:256],
        data.train_y[:256],
        *(data.test_x[:50], data.test_y[:50]),
    )


def recipes(data: TrainingData, epochs: int = 4) -> list[Recipe]:
    made = contest_recipes(data, "tiny", "activation", SIDES, "Short")
    return [replace(one, epochs=epochs) for one in made]


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_side_by_side_is_as_alone(tmp_path: Path) -> None:
    """Looks in between change nothing: each network ends as `train` by its recipe leaves it."""
    torch.set_num_threads(1)
    data = few_digits()
    both = SideBySide(recipes(data), data, seed=3)
    while not both.finished:
        both.step()
        if both.done % 5 == 0:
            both.snapshots()
    for k, learner in enumerate(both.learners):
        result = train_run(recipes(data)[k], data, tmp_path / f"{k}", seed=3)
        _, alone = load_run(tmp_path / f"{k}")
        state = learner.model.state_dict()
        for name, tensor in alone.state_dict().items():
            assert torch.equal(state[name], tensor), name
        snapshot = both.snapshots()[k]
        assert snapshot.tested[-1] == (both.steps, result["accuracy"])
        assert snapshot.confusion.tolist() == result["confusion"]
        assert len(snapshot.losses) == both.steps
        assert len(snapshot.flips) == result["recipe"]["epochs"]
        latent = dict(learner.model.named_parameters())["blocks.block2.conv.weight"]
        assert np.array_equal(snapshot.weights, latent.detach()[:6, 0].numpy())
        assert set(snapshot.density) == {"block1", "block2", "block3", "block4"}


def test_networks_that_are_the_same_are_no_contest() -> None:
    data = few_digits()
    with pytest.raises(ValueError, match="Both networks are the same"):
        contest_recipes(data, "tiny", "activation", ("sign", "sign"), "Short")
    made = contest_recipes(data, "vgg_small 8", "picture", ("sign", "real"), "Medium")
    steps = made[0].epochs * (256 // made[0].batch_size)
    assert steps >= LENGTHS["Medium"]
    with pytest.raises(ValueError, match="trained alike"):
        SideBySide([made[0], recipes(data)[1]], data)


def test_bins_do_not_move_while_a_curve_grows() -> None:
    values = list(np.linspace(3, 1, 500))
    early, late = binned(values[:300], 1000), binned(values, 1000)
    assert late[: len(early) - 1] == early[:-1]
    assert len(binned(list(range(1000)), 1000)) <= 120


def test_a_job_hands_over_what_a_run_gives(tmp_path: Path) -> None:
    data = few_digits()
    queue, job = JobQueue(), Job(asked(data, recipes(data), seed=1))
    queue.prepare()
    queue.submit(job)
    other = Job(asked(data, recipes(data), seed=1))
    queue.submit(other)
    assert other.state == "waiting"
    assert queue.before(other) == 1
    other.stop()
    until(lambda: job.over)
    assert job.state == "done", job.reason
    assert other.state == "stopped"
    assert other.reason == "It was taken from the queue before its turn."
    assert job.look is not None
    assert job.look.done == job.look.steps
    assert contest_finding(job.look, ("A", "B")).count("%") == 2
    (made,) = job.made
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    for k, file in enumerate(made.files):
        checkpoint = read_checkpoint(file)
        x = data.input(data.test_x)
        answers = checkpoint.model(x).argmax(1).numpy()
        assert np.array_equal(answers, made.predicted[k])
        result = train_run(recipes(data)[k], data, tmp_path / f"{k}", seed=1)
        _, alone = load_run(tmp_path / f"{k}")
        expected = checkpoint_bytes(alone, checkpoint.spec, data.form)
        assert load_tensors(expected).keys() == load_tensors(file).keys()
        assert float((made.predicted[k] == made.true).mean()) == result["accuracy"]
    until(lambda: ended(job), 20)
    assert other.process is None


def ended(job: Job) -> bool:
    """Whether nothing runs for a job any more."""
    return job.process is None or job.process.poll() is not None


def test_pause_slow_take_stop_and_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("design_core.jobs.queue._GRACE", 0.5)
    data = few_digits()
    queue = JobQueue()
    job = Job(asked(data, recipes(data, 1000), seed=0))
    queue.submit(job)
    until(lambda: job.look is not None and job.look.done > 0)
    job.set_speed(PAUSE)
    time.sleep(1)
    look = job.look
    time.sleep(1.5)
    assert job.look is look
    job.take()
    until(lambda: len(job.made) == 1)
    assert not job.over
    job.set_speed(SLOW)
    until(lambda: job.look is not look)
    job.stop()
    until(lambda: job.over)
    assert job.state == "stopped"
    assert "It ended after" in job.reason
    assert len(job.made) == 2

    killed = Job(asked(data, recipes(data, 1000), seed=0))
    gone = Job(asked(data, recipes(data, 1000), seed=0), here=lambda: False)
    queue.submit(killed)
    queue.submit(gone)
    until(lambda: killed.look is not None)
    assert killed.process is not None
    os.kill(killed.process.pid, signal.SIGKILL)
    until(lambda: killed.over)
    assert killed.state == "failed"
    assert "ended from outside (signal 9)" in killed.reason
    until(lambda: gone.over)  # whose window is closed
    assert gone.reason == "Its window was closed."
    until(lambda: ended(killed) and ended(gone), 20)


def test_a_training_that_fails_says_why() -> None:
    data = few_digits()
    wild = [{**one.to_dict(), "learning_rate": 1e30} for one in recipes(data)]
    sound = asked(data, recipes(data), seed=0)
    queue = JobQueue(at_once=2)
    lost, full = Job(replace(sound, recipes=wild)), Job(replace(sound, megabytes=1))
    for job in (lost, full):
        queue.submit(job)
    until(lambda: lost.over and full.over)
    assert lost.state == full.state == "failed"
    assert "learning" in lost.reason
    assert full.reason
    assert not full.made


def test_frames_come_back_and_a_cut_one_is_none() -> None:
    stream = io.BytesIO()
    write_frame(stream, {"a": [1, "ä"]}, {"x": np.arange(6).reshape(2, 3)})
    data = stream.getvalue()
    told, arrays = read_frame(io.BytesIO(data)) or ({}, {})
    assert told == {"a": [1, "ä"]}
    assert arrays["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    for cut in (0, 4, 8, len(data) - 1):
        assert read_frame(io.BytesIO(data[:cut])) is None
