import numpy as np
import planted_study
import pytest

from forgetting import records
from forgetting.config import InputError
from forgetting.records.by_source import by_source


def test_the_losses_of_each_source(tmp_path):
  study = planted_study.plant(tmp_path, domains=("kjv",))
  generator = np.random.default_rng(0)
  for directory, run in records.run_directories(study):
    if run.domain is not None:
      base, best = generator.normal(3, 1, (2, 6))
      source = np.array(["wiki_en", "shakespeare"] * 3)
      file = directory.path / "examples.npz"
      np.savez(file, base=base, best=best, source=source)
  found = by_source(study)
  whole = records.load(study).set_index("run")
  for name, rows in found.items():
    assert len(rows) == whole["domain"].notna().sum()
    for directory, run in records.run_directories(study):
      if run.domain is None:
        continue
      with np.load(directory.path / "examples.npz") as arrays:
        of = arrays["source"].astype(str) == name
        best = arrays["best"][of].mean()
      told = rows.set_index("run").loc[run.name, "pretrain_loss"]
      assert told == pytest.approx(best)
  assert [*found] == ["shakespeare", "wiki_en"]
  (every,) = by_source(study, together=True).values()
  names = ["pretrain_loss", "base_pretrain_loss"]  # as many of each
  np.testing.assert_allclose(
    every[names], sum(rows[names].to_numpy() for rows in found.values()) / 2
  )


def test_without_runs_it_is_one_line(tmp_path):
  with pytest.raises(InputError, match="found no run"):
    by_source(tmp_path)
  with pytest.raises(InputError, match="the table: found no losses by source"):
    by_source({"loss": [1.0]})


def test_what_was_measured_beside_is_a_table_of_its_own(tmp_path):
  study = planted_study.plant(tmp_path, domains=("kjv",))
  assert by_source(study, beside=True) == {}
  for directory, run in records.run_directories(study):
    if run.domain is not None:
      np.savez(
        directory.path / "examples.npz",
        base=np.ones(2),
        best=np.ones(2),
        source=np.array(["wiki_en"] * 2),
        beside_base=np.array([1.0, 3.0, 5.0]),
        beside_best=np.array([2.0, 4.0, 9.0]),
        beside_source=np.array(["self", "self", "poems"]),
      )
  found = by_source(study, beside=True)
  assert [*found] == ["poems", "self"]
  rows = found["self"]
  assert (rows["base_pretrain_loss"] == 2).all()
  assert (rows["pretrain_loss"] == 3).all()
