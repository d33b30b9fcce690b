"""Interruptions: asynchronous saves, damage, no room, kills at any moment."""

import dataclasses
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
from toy_training import same

from forgetting.config import InputError, canonical
from forgetting.records import RunDirectory
from forgetting.storage import places
from forgetting.training import models, sharding
from forgetting.training.checkpoint import Checkpoints
from forgetting.training.models import decoder

SIZE = (300, 300)


def state_at(step: int) -> dict:
  noise = np.random.default_rng(step).normal(size=SIZE).astype(np.float32)
  return jax.device_put(
    dict(params={"a": noise}, optimizer={"m": noise + 1}, step=np.int32(step))
  )


def save(checkpoints, step: int) -> None:
  state = state_at(step)
  best = state["params"]
  checkpoints.save(state, best_params=best, batches=iter(()))


def resume(folder: pathlib.Path):
  where = jax.sharding.SingleDeviceSharding(jax.devices()[0])
  shapes = state_at(0)
  with Checkpoints(folder) as checkpoints:
    return checkpoints.resume(
      shapes=shapes,
      shardings=jax.tree.map(lambda _: where, shapes),
      batches=lambda step: iter(range(step, 99)),
    )


def test_what_is_saved_is_not_what_the_next_step_makes(tmp_path):
  """The save goes on while the step gives the state's memory away."""
  donating = jax.jit(
    lambda state: jax.tree.map(lambda x: x * 2, state), donate_argnums=0
  )
  with Checkpoints(tmp_path) as checkpoints:
    state = state_at(3)
    best = jax.tree.map(np.array, state["params"])
    checkpoints.save(state, best_params=best, batches=iter(()))
    for _ in range(5):
      state = donating(state)
    jax.block_until_ready(state)
  resumed = resume(tmp_path)
  assert resumed.step == 3 and next(resumed.batches) == 3
  expected = state_at(3)
  jax.tree.map(np.testing.assert_array_equal, resumed.state, expected)


def truncate(folder: pathlib.Path) -> None:
  for file in folder.rglob("*"):
    if file.is_file() and file.stat().st_size > 1000:
      os.truncate(file, file.stat().st_size // 2)


def lose_metadata(folder: pathlib.Path) -> None:
  for file in folder.rglob("_METADATA"):
    file.unlink()


def lose_an_item(folder: pathlib.Path) -> None:
  shutil.rmtree(folder / "rest")


def lose_everything(folder: pathlib.Path) -> None:
  for file in folder.rglob("*"):
    if file.is_file():
      file.unlink()


@pytest.mark.parametrize(
  "damage", [truncate, lose_metadata, lose_an_item, lose_everything]
)
def test_the_newest_complete_checkpoint_is_used(tmp_path, damage, capfd):
  folder = tmp_path / "ckpt"
  with Checkpoints(folder) as checkpoints:
    for step in (3, 5):
      save(checkpoints, step)
  damage(folder / "5")
  resumed = resume(folder)
  assert resumed.step == 3
  assert f"forgetting: {folder}/5: cannot be read" in capfd.readouterr().err
  assert (tmp_path / "ckpt-damaged" / "5-0").is_dir()
  # step 5 comes again, and this time it holds
  with Checkpoints(folder) as checkpoints:
    save(checkpoints, 5)
  assert resume(folder).step == 5
  for step in ("3", "5"):
    damage(folder / step)
  assert resume(folder) is None  # from the start then


def test_a_network_that_fails_once_sets_nothing_aside(bucket, monkeypatch):
  folder = places.place(f"{bucket}/ckpt")
  with Checkpoints(folder) as checkpoints:
    save(checkpoints, 3)
  failures, load = [], Checkpoints.load

  def failing(self, **what):
    if not failures:
      failures.append(ConnectionError("reset by peer"))
      raise failures[0]
    return load(self, **what)

  monkeypatch.setattr(Checkpoints, "load", failing)
  assert resume(folder).step == 3
  assert failures and not folder.with_name("ckpt-damaged").exists()

  def gone(folder):
    raise InputError(f"{folder}: cannot be reached")

  failures.clear()
  monkeypatch.setattr(places, "check_reached", gone)
  with pytest.raises(InputError, match="cannot be reached"):
    resume(folder)
  assert not folder.with_name("ckpt-damaged").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
  (tmp_path / "ckpt").write_text("a file")
  with pytest.raises(InputError, match="ckpt: cannot be written") as caught:
    with Checkpoints(tmp_path / "ckpt") as checkpoints:
      save(checkpoints, 1)
  assert len(str(caught.value).splitlines()) == 1


@pytest.fixture
def no_room():
  """As a full disk: no file may grow beyond a kilobyte."""
  before = resource.getrlimit(resource.RLIMIT_FSIZE)
  handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

  def fill():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))

  yield fill
  resource.setrlimit(resource.RLIMIT_FSIZE, before)
  signal.signal(signal.SIGXFSZ, handler)


def test_no_room_is_one_line_and_keeps_what_is_saved(tmp_path, no_room):
  folder = tmp_path / "ckpt"
  with pytest.raises(InputError, match="cannot be written .*make room") as told:
    with Checkpoints(folder) as checkpoints:
      save(checkpoints, 3)
      checkpoints._finish()
      no_room()
      save(checkpoints, 5)
  assert len(str(told.value).splitlines()) == 1
  resource.setrlimit(
    resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
  )
  assert resume(folder).step == 3


RUN = """
import json, pathlib, sys
from forgetting.config import canonical
from forgetting.config import Run
from forgetting.records import StudyDirectory
from forgetting.runs.options import RunOptions
from forgetting.runs.run import do_run
from forgetting.config.saves import Saves
from forgetting.training import compilation
compilation.use_cache(pathlib.Path(sys.argv[3]))
config = json.loads(pathlib.Path(sys.argv[1]).read_text())
run = canonical.from_dict(Run, config)
for each in (run.parent, run):
  do_run(each, RunOptions(study=StudyDirectory.at(sys.argv[2], "toy"),
                          executor="test", saves=Saves(every=1)))
"""


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_as_if_it_had_not_been(
  cache, finetuning, tmp_path
):
  file = tmp_path / "run.json"
  file.write_text(canonical.to_json(finetuning))

  def start(root):
    command = [sys.executable, "-c", RUN, file, tmp_path / root]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(
      [*command, tmp_path / "compiled"],
      env=environment,
      stderr=subprocess.DEVNULL,
    )

  assert start("whole").wait(timeout=300) == 0
  draw, kills = random.Random(0), 0
  folder = tmp_path / "cut" / "toy"

  def saved() -> set[pathlib.Path]:
    return {*folder.glob("*/ckpt/*")}

  for _ in range(40):
    child = start("cut")
    before = saved()
    while child.poll() is None and saved() == before:
      time.sleep(0.002)  # until it begins to save
    time.sleep(draw.uniform(0, 0.5))
    if child.poll() is None and kills < 6:
      child.kill()
      kills += 1
    if child.wait(timeout=300) == 0:
      break
  assert kills >= 4
  for run in (finetuning.parent, finetuning):
    whole, cut = (
      RunDirectory.of(tmp_path / root, "toy", run) for root in ("whole", "cut")
    )
    for name in ("pretrain_loss", "target_loss", "best_step"):
      assert whole.result()[name] == cut.result()[name]
    drop = ("seconds",)
    assert json.dumps(
      [{k: v for k, v in r.items() if k not in drop} for r in whole.records()]
    ) == json.dumps(
      [{k: v for k, v in r.items() if k not in drop} for r in cut.records()]
    )


def test_checkpoint_round_trip(tmp_path, programs, params, monkeypatch):
  monkeypatch.chdir(tmp_path)
  state = programs.init_state(params)
  best = jax.tree.map(lambda x: x + 1, params)
  where = dict(shapes=programs.shapes, shardings=programs.shardings)
  of_params = {name: tree["params"] for name, tree in where.items()}
  with Checkpoints(pathlib.Path("relative/ckpt")) as checkpoints:
    assert checkpoints.latest_step is None
    with pytest.raises(InputError, match="found no checkpoint"):
      checkpoints.load_params(**of_params)
    checkpoints.save(state, best_params=best, batches=iter(()))
    # a resume's first call
    checkpoints.save(state, best_params=best, batches=iter(()))
  with Checkpoints(pathlib.Path("relative/ckpt")) as checkpoints:
    assert checkpoints.latest_step == 0
    loaded, loaded_best = checkpoints.load(**where, batches=iter(()))
    assert same(loaded, state)
    assert same(loaded_best, best)
    assert same(checkpoints.load_params(**of_params), params)


def test_checkpoint_of_another_shape_is_named(
  tmp_path, finetuning, programs, params
):
  with Checkpoints(tmp_path) as checkpoints:
    state = programs.init_state(params)
    checkpoints.save(state, best_params=params, batches=iter(()))
    wider = dataclasses.replace(finetuning.model, width=32)
    shapes = models.shapes(wider)
    placed = sharding.shardings(shapes, sharding.make_mesh(), decoder.RULES)
    with pytest.raises(
      InputError, match=r"embed/embedding: found shape \(259, 16\), expected"
    ):
      checkpoints.load_params(shapes=shapes, shardings=placed)
