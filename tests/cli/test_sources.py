"""The verb that tells what replay sources are worth."""

import dataclasses
import json

import numpy as np
from planted_sources import planted
import planted_study

from forgetting import records
from forgetting.cli.main import app
from forgetting.config import OtherText
from forgetting.records import RunDirectory


def said(*arguments) -> int:
  return app.parse([*map(str, arguments)], description="")()


def test_rates_of_a_table_and_advice_by_one(tmp_path, capsys):
  table, out = tmp_path / "runs.csv", tmp_path / "out.json"
  planted({"wiki": 0.2}).to_csv(table, index=False)
  assert said("sources", table, "--domain", "law", "--json", out) == 0
  assert "wiki" in capsys.readouterr().out
  (rate,) = json.loads(out.read_text())["sources"]
  assert rate["low"] < 0.2 < rate["high"]


def test_of_a_study_s_folder(tmp_path, capsys):
  study = planted_study.plant(tmp_path, domains=("kjv",), tokens=(12800,))
  for directory, run in [*records.run_directories(study)]:
    if run.domain is None:
      continue
    forgetting = np.float32([0.5, 0.4, 0.3]) * (1 - run.injection)
    examples = dict(
      id=np.arange(3),
      source=np.array(["far", "near", "near"]),
      base=np.full(3, 2, np.float32),
      best=2 + forgetting,
    )
    directory.write_examples(**examples)
    if not run.injection:
      continue
    other = dataclasses.replace(
      run, replay_source=OtherText(sources=("wiki_fr",))
    )
    copied = RunDirectory.of(tmp_path, "toy", other)
    copied.create(other)
    known = dict(run=other.name, replay_source=other.replay_source_word)
    copied.write_result(directory.result() | known)
    copied.write_examples(**examples)
  assert said("sources", study) == 0
  told = capsys.readouterr().out
  assert "wiki_fr" in told and " 1.0" in told  # the same forgetting
  assert "of replay removes" in told and "+0.000 ± 0.000" in told
  assert (study / "figures" / "protection.csv").exists()
