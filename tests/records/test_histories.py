"""What trainers log, in the layouts in which they leave it."""

import json

import pandas as pd
import pytest

from forgetting.config import InputError
from forgetting.records import histories

STEPS = (0, 10, 20)


def entries(general=(2.0, 2.2, 2.5), target=(3.0, 2.5, 2.6)) -> list[dict]:
  """Of a Trainer that evaluates two data sets: an entry each, and training."""
  out = []
  for i, step in enumerate(STEPS):
    seen = dict(step=step, epoch=step / 10, num_input_tokens_seen=step * 100)
    out.append(dict(eval_general_loss=general[i], **seen))
    out.append(dict(eval_target_loss=target[i], **seen))
    out.append(dict(loss=target[i] - 0.1, learning_rate=1e-5, **seen))
  return out


def state(folder, **losses) -> None:
  folder.mkdir(parents=True)
  content = dict(global_step=STEPS[-1], log_history=entries(**losses))
  (folder / "trainer_state.json").write_text(json.dumps(content))


def test_a_trainer_s_state_is_a_row_a_step(tmp_path):
  state(tmp_path / "p0")
  state(tmp_path / "p5" / "checkpoint-20")
  earlier = tmp_path / "p5" / "checkpoint-10"
  earlier.mkdir()
  short = dict(global_step=10, log_history=entries()[:3])
  (earlier / "trainer_state.json").write_text(json.dumps(short))
  first, second = histories.read(tmp_path)
  assert (first.name, second.name) == ("p0", "p5")
  for found in (first, second):
    assert found.frame["step"].tolist() == [*STEPS]
    assert found.frame["eval_general_loss"].tolist() == [2.0, 2.2, 2.5]
    assert {"eval_target_loss", "loss", "epoch"} <= {*found.metrics}
  (alone,) = histories.read(tmp_path / "p0" / "trainer_state.json")
  assert alone.name == "p0" and alone.frame.equals(first.frame)


def test_a_chart_s_export_has_a_column_a_run_and_metric(tmp_path):
  file = tmp_path / "wandb.csv"
  columns = {"Step": STEPS}
  for run in ("a-1", "b"):
    for metric in ("eval/general_loss", "eval/target_loss"):
      columns[f"{run} - {metric}"] = (3.0, 2.0, 1.0)
      columns[f"{run} - {metric}__MIN"] = (3.0, 2.0, 1.0)
  pd.DataFrame(columns).to_csv(file, index=False)
  found = histories.read(file)
  assert [history.name for history in found] == ["a-1", "b"]
  assert found[0].metrics == ["eval/general_loss", "eval/target_loss"]
  assert found[1].frame["eval/target_loss"].tolist() == [3.0, 2.0, 1.0]


def test_event_files_beside_a_state_are_the_same_run(tmp_path):
  state(tmp_path / "p0")
  logged = tmp_path / "p0" / "runs" / "Nov28"
  logged.mkdir(parents=True)
  (logged / "events.out.tfevents.1").write_bytes(b"")
  (found,) = histories.read(tmp_path)
  assert found.name == "p0"


def test_rows_of_one_step_are_put_together(tmp_path):
  file = tmp_path / "log.csv"
  file.write_text("run,_step,general,target\na,5,2,\na,5,,3\na,0,1,\na,0,,4\n")
  (found,) = histories.read(file)
  assert found.frame["step"].tolist() == [0, 5]
  assert found.frame["general"].tolist() == [1, 2]
  assert found.frame["target"].tolist() == [4, 3]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_long_table_has_a_column_of_the_run(tmp_path, ending):
  rows = [
    dict(run=run, _step=step, general=2.0 + step, target=3.0 - step)
    for run in ("007", "NA")
    for step in STEPS
  ]
  frame, file = pd.DataFrame(rows), tmp_path / f"log.{ending}"
  if ending == "csv":
    frame.to_csv(file, index=False)
  elif ending == "jsonl":
    frame.to_json(file, orient="records", lines=True)
  else:
    frame.to_parquet(file, index=False)
  found = histories.read(file)
  assert [history.name for history in found] == ["007", "NA"]
  assert found[1].frame["general"].tolist() == [2.0, 12.0, 22.0]


def test_event_files_are_read_by_tensorboard(tmp_path):
  pytest.importorskip("tensorboard")
  from tensorboard.compat.proto import event_pb2, summary_pb2
  from tensorboard.summary.writer.event_file_writer import EventFileWriter

  writer = EventFileWriter(str(tmp_path / "run-1"))
  for step in STEPS:
    for tag in ("eval/general_loss", "eval/target_loss"):
      value = summary_pb2.Summary.Value(tag=tag, simple_value=3.0 - step / 10)
      event = event_pb2.Event(
        step=step, summary=summary_pb2.Summary(value=[value])
      )
      writer.add_event(event)
  writer.close()
  (found,) = histories.read(tmp_path)
  assert found.name == "run-1"
  assert found.frame["step"].tolist() == [*STEPS]
  assert found.frame["eval/target_loss"].tolist() == pytest.approx([3, 2, 1])


@pytest.mark.parametrize(
  ("name", "content", "told"),
  [
    ("none", None, "not there, expected a folder of runs"),
    ("trainer_state.json", "{}", "found no log_history"),
    ("trainer_state.json", "{", "no JSON"),
    ("t.csv", "a,b\n1,2\n", "expected one of the step"),
  ],
)
def test_what_is_no_history_is_one_line(tmp_path, name, content, told):
  if content is not None:
    (tmp_path / name).write_text(content)
  with pytest.raises(InputError, match=told) as error:
    histories.read(tmp_path / name)
  assert "\n" not in str(error.value)
  (tmp_path / "empty").mkdir()
  with pytest.raises(InputError, match="expected the output folders of runs"):
    histories.read(tmp_path / "empty")
