"""From another trainer's outputs to a table that fit reads."""

import json

import pandas as pd
import pytest
from records.test_histories import state

from forgetting.cli.main import app
from forgetting.config import InputError


def do(*arguments: str) -> int:
  return app.parse(["import", *arguments], description="")()


def test_two_calls_make_a_table(tmp_path, monkeypatch, capsys):
  monkeypatch.chdir(tmp_path)
  state(tmp_path / "outputs" / "p0")
  state(tmp_path / "outputs" / "p5", general=(2.0, 2.1, 2.2))
  with pytest.raises(InputError, match=r"^t.json: fill in domain"):
    do("outputs", "--out", "t.csv")
  assert "2 runs; wrote what their words mean to t.json" in (
    capsys.readouterr().out
  )
  mapping = json.loads((tmp_path / "t.json").read_text())
  mapping["all"] = dict(domain="law", model_params=1e6, target_tokens=5000)
  mapping["runs"] = dict(p0=dict(injection=0), p5=dict(injection=0.05))
  (tmp_path / "t.json").write_text(json.dumps(mapping))
  assert do("outputs", "--out", "t.csv") == 0
  table = pd.read_csv(tmp_path / "t.csv")
  assert table["pretrain_loss"].tolist() == [2.2, 2.1]
  assert "next: forgetting fit t.csv" in capsys.readouterr().out


def test_out_is_a_csv(tmp_path):
  with pytest.raises(InputError, match=r"expected a name that ends in .csv"):
    do(str(tmp_path), "--out", "t.parquet")
