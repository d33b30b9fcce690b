"""Another trainer's runs as a table of ours."""

import dataclasses
import json
import math

import pandas as pd
import pytest
from records.test_histories import entries

from forgetting.config import InputError
from forgetting.records import importing
from forgetting.records.histories import History


def history(name: str, **losses) -> History:
  rows: dict[int, dict] = {}
  for entry in entries(**losses):
    rows.setdefault(entry["step"], {}).update(entry)
  return History(name, pd.DataFrame([*rows.values()]))


def filled(runs) -> importing.Mapping:
  mapping = importing.Mapping.guessed(runs)
  mapping.all |= dict(domain="law", model_params=1e6, target_tokens=2000)
  for i, run in enumerate(runs):
    mapping.runs[run.name]["injection"] = i * 0.2
  return mapping


def test_a_run_is_read_at_the_bottom_of_its_u(tmp_path):
  runs = [history("p0"), history("p20", general=(2.0, 2.0, 2.1))]
  file = tmp_path / "m.json"
  filled(runs).write(file)
  table = importing.table(runs, importing.Mapping.read(file), "m.json")
  first, second = table.to_dict("records")
  assert first["run"] == "p0" and first["domain"] == "law"
  assert (first["base_pretrain_loss"], first["base_target_loss"]) == (2, 3)
  assert (first["pretrain_loss"], first["target_loss"]) == (2.2, 2.5)
  assert (first["best_step"], first["steps"]) == (10, 20)
  assert first["tokens"] == 2000 and second["injection"] == 0.2
  assert second["pretrain_loss"] == 2.0


def test_without_a_count_tokens_are_epochs_of_the_mixed_text():
  run = history("p20")
  run = dataclasses.replace(
    run, frame=run.frame.drop(columns="num_input_tokens_seen")
  )
  mapping = filled([run])
  mapping.runs["p20"]["injection"] = 0.2
  (row,) = importing.table([run], mapping, "m.json").to_dict("records")
  assert row["tokens"] == pytest.approx(2 * 2000 / 0.8)


def test_what_is_missing_is_asked_for_by_name():
  runs = [history("a"), history("b")]
  mapping = importing.Mapping.guessed(runs)
  assert mapping.metrics == dict(
    pretrain_loss="eval_general_loss", target_loss="eval_target_loss"
  )
  mapping.runs["a"]["injection"] = 0
  mapping.metrics["target_loss"] = "eval_loss"
  with pytest.raises(InputError) as error:
    importing.table(runs, mapping, "m.json")
  told = str(error.value)
  assert told.startswith("m.json: fill in metrics.target_loss (found 'eval_lo")
  assert "model_params (in all, or of each run)" in told
  assert told.endswith("injection of b")


def test_base_is_asked_for_where_nothing_was_evaluated_before_training():
  run = history("a")
  late = dataclasses.replace(run, frame=run.frame.iloc[1:])
  mapping = filled([late])
  with pytest.raises(InputError, match="eval_on_start"):
    importing.table([late], mapping, "m.json")
  mapping.all |= dict(base_pretrain_loss=1.9, base_target_loss=3.1)
  (row,) = importing.table([late], mapping, "m.json").to_dict("records")
  assert (row["base_pretrain_loss"], row["base_target_loss"]) == (1.9, 3.1)


@pytest.mark.parametrize(
  ("column", "value", "told"),
  [
    ("injection", 20, "is it percent"),
    ("model_params", "1M", "expected a number"),
    ("target_tokens", True, "expected a number"),
  ],
)
def test_values_that_cannot_be_are_one_line(column, value, told):
  run = history("a")
  mapping = filled([run])
  mapping.runs["a"][column] = value
  with pytest.raises(InputError, match=told):
    importing.table([run], mapping, "m.json")


def test_a_file_that_is_no_mapping_is_one_line(tmp_path):
  file = tmp_path / "m.json"
  for content in ("[]", "{", json.dumps(dict(metrics={}))):
    file.write_text(content)
    with pytest.raises(InputError, match="found no mapping"):
      importing.Mapping.read(file)


def test_names_that_could_be_either_are_not_guessed():
  frame = pd.DataFrame(dict(step=[0, 1], replay_loss=[1.0, math.nan]))
  frame = frame.assign(pretrain_loss=1.0, eval_loss=2.0)
  mapping = importing.Mapping.guessed([History("a", frame)])
  assert mapping.metrics == dict(pretrain_loss=None, target_loss=None)
