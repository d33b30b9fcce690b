"""A run directory that another process writes."""

import inspect

import numpy as np

from forgetting.records import RunDirectory
from forgetting.records.following import Followed


def test_it_is_read_and_never_written(tmp_path, finetuning):
  directory = RunDirectory.of(tmp_path, "toy", finetuning)
  directory.create(finetuning)
  for step in (0, 5):
    directory.append(dict(step=step, target_loss=1.0))
  directory.checkpoints.mkdir()
  before = {f: f.read_bytes() for f in directory.path.glob("*.*")}
  followed = Followed(directory.path)
  followed.create(finetuning.parent, text={"law/train": "1"})
  assert followed.begin_attempt() == 0
  followed.append(dict(step=6))
  assert [r["step"] for r in followed.keep_records_before(5)] == [0]
  assert [r["step"] for r in followed.records()] == [0, 5]
  followed.write_examples(base=np.zeros(1))
  followed.write_replay(weights=np.zeros(1))
  followed.remove_checkpoints()
  followed.write_result(dict(status="done"))
  assert {f: f.read_bytes() for f in directory.path.glob("*.*")} == before
  assert directory.checkpoints.exists() and not followed.done


def test_every_method_that_writes_is_another():
  writing = [
    name
    for name, method in inspect.getmembers(RunDirectory, inspect.isfunction)
    if name.startswith(
      ("create", "begin", "append", "keep", "_write", "remove")
    )
    or name == "write_result"
  ]
  assert len(writing) == 7
  assert all(name in vars(Followed) for name in writing)
