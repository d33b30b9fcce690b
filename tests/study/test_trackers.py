"""What each client is told, and what it leaves where there is no network."""

from collections.abc import Iterator
import itertools
import json
import pathlib
import sqlite3
import struct
import subprocess
import sys
import time
import types

import pytest

from forgetting.config import InputError
from forgetting.records import histories
from forgetting.study import trackers

CURVE = {0: dict(pretrain_loss=2.0), 5: dict(pretrain_loss=2.5, tokens=640.0)}


def about(folder) -> trackers.About:
  return trackers.About(
    id="n1k-0a1b",
    study="toy",
    run="n1k",
    folder=folder,
    axes=dict(domain="law", injection=0.25, seed=0, method=None),
    config=dict(steps=10, model=dict(width=16)),
  )


def filled(curve: trackers.Curve) -> None:
  for step, values in CURVE.items():
    curve.log(step, values)
  curve.end(5, dict(kl_pretrain=0.5))
  curve.close()


def test_a_name_of_no_tracker_is_one_line():
  with pytest.raises(InputError, match="'w-and-b', expected tensorboard, wand"):
    trackers.check("w-and-b")
  trackers.check(None)


def test_no_client_is_imported_before_a_curve_is_opened():
  code = (
    "import sys, forgetting.study.tracking, forgetting.study.single\n"
    "print({'tensorboard', 'wandb', 'trackio'} & {*sys.modules})"
  )
  done = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, check=True
  )
  assert done.stdout.strip() == "set()"


def test_an_event_file_reads_back(tmp_path, monkeypatch):
  pytest.importorskip("tensorboard")
  # its readers would import TensorFlow, which takes seconds
  without = "tensorboard.compat.notf"
  monkeypatch.setitem(sys.modules, without, types.ModuleType(without))
  filled(trackers.TensorBoard(about(tmp_path)))
  (history,) = histories.read(tmp_path)
  frame = history.frame.set_index("step")
  assert frame.pretrain_loss.to_dict() == {0: 2.0, 5: 2.5}
  assert frame.kl_pretrain[5] == 0.5 and frame.tokens[5] == 640
  from tensorboard.backend.event_processing import event_accumulator

  events = event_accumulator.EventAccumulator(str(tmp_path))
  events.Reload()
  (config,) = events.Tensors("config")
  text = config.tensor_proto.string_val[0].decode()
  assert json.loads(text)["model"] == {"width": 16}
  metadata = events.summary_metadata["_hparams_/session_start_info"]
  assert b"injection" in metadata.plugin_data.content


def test_a_file_in_a_bucket_is_written_whole(tmp_path, monkeypatch):
  pytest.importorskip("tensorboard")
  monkeypatch.setattr(trackers.places, "is_remote", lambda _: True)
  written = []
  monkeypatch.setattr(
    trackers.places, "write", lambda _, content: written.append(content)
  )
  filled(trackers.TensorBoard(about(tmp_path)))
  assert len(written) == 4
  for before, after in itertools.pairwise(written):
    assert after.startswith(before)


def test_weights_and_biases_offline(tmp_path, monkeypatch):
  pytest.importorskip("wandb")
  from wandb.proto import wandb_internal_pb2

  monkeypatch.setenv("WANDB_MODE", "offline")
  monkeypatch.setenv("WANDB_SILENT", "true")
  (tmp_path / "n1k").mkdir()
  filled(trackers.Wandb(about(tmp_path / "n1k")))
  (file,) = tmp_path.glob("wandb/offline-run-*/run-n1k-0a1b.wandb")
  size = 0
  while size < len(file.read_bytes()) or size <= 7:  # it is written behind
    size = len(file.read_bytes())
    time.sleep(0.5)
  rows, run = [], None
  for data in written(file):
    record = wandb_internal_pb2.Record.FromString(data)
    if record.WhichOneof("record_type") == "history":
      rows.append(values(record.history.item))
    elif record.WhichOneof("record_type") == "run":
      run = record.run
  assert [row["_step"] for row in rows] == [0, 5]
  assert [row["pretrain_loss"] for row in rows] == [2.0, 2.5]
  assert run.run_group == "toy" and run.display_name == "n1k"
  assert values(run.config.update)["config"]["model"] == {"width": 16}


def values(items) -> dict:
  return {
    ".".join(item.nested_key) or item.key: json.loads(item.value_json)
    for item in items
  }


def written(file: pathlib.Path) -> Iterator[bytes]:
  """The records of a W&B file, LevelDB's log: crc, length, type, content."""
  content, at = file.read_bytes(), 7
  assert len(content) < 1 << 15, "one block"
  while at < len(content):
    _, length, _ = struct.unpack_from("<IHB", content, at)
    yield content[at + 7 : at + 7 + length]
    at += 7 + length


def test_trackio_keeps_curves_on_this_machine(tmp_path, monkeypatch):
  monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
  pytest.importorskip("trackio")
  filled(trackers.Trackio(about(tmp_path)))
  with sqlite3.connect(tmp_path / "forgetting.db") as base:
    rows = base.execute(
      "SELECT run_name, step, metrics FROM metrics"
    ).fetchall()
  assert {row[0] for row in rows} == {"n1k-0a1b"}
  assert json.loads(rows[1][2]) == CURVE[5]


def test_clients_are_told_study_and_config(tmp_path, monkeypatch):
  """Of a stand-in: what no installed client is needed for."""
  told, summary = [], {}

  class Client:
    def __init__(self):
      self.summary = summary

    def log(self, values, **more):
      told.append((values, more))

    def finish(self):
      told.append("finished")

  def init(**options):
    told.append(options)
    return Client()

  for name, client in (
    ("wandb", types.SimpleNamespace(init=init, Settings=dict)),
    ("trackio", types.SimpleNamespace(init=init)),
  ):
    monkeypatch.setitem(sys.modules, name, client)
    told.clear()
    filled(trackers.TRACKERS[name](about(tmp_path)))
    opened, first, *_, last = told
    assert opened["group"] == "toy" and opened["resume"] == "allow"
    assert opened["config"]["config"]["steps"] == 10
    assert opened["config"]["injection"] == 0.25
    assert first[0] == CURVE[0] and first[1]["step"] == 0
    assert last == "finished"
  assert summary["kl_pretrain"] == 0.5
