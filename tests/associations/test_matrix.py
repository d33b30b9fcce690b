"""The forgetting matrix: what it refuses, where it is read from, its noise."""

import dataclasses

from matrix_studies import plant_study, runs_of_a_study
import numpy as np
import pandas as pd
import pytest

from forgetting.associations import load, noise
from forgetting.associations.matrix import build, fill
from forgetting.config import InputError
from forgetting.records import RunDirectory


@pytest.fixture
def planted():
  generator = np.random.default_rng(0)
  return np.abs(generator.normal(0.1, 0.05, (4, 30)))


def test_a_study_gives_back_its_rows(tmp_path, planted):
  runs = runs_of_a_study()
  study = plant_study(tmp_path, runs, planted)
  found = load.load(study)
  order = np.argsort([run.name for run in runs])
  np.testing.assert_allclose(found.values, planted[order], atol=1e-6)
  assert found.families.tolist() == [runs[i].domain for i in order]
  assert set(found.sources) == {"wiki_en", "factbook"}
  assert found.examples[3] == f"{3:016x}"
  assert all(name.startswith("n6") for name in found.tasks), found.tasks
  np.testing.assert_allclose(found.base[0], np.linspace(2, 3, 30), rtol=1e-6)


def test_columns_are_matched_by_content_and_may_be_missing(tmp_path, planted):
  planted[1, :7] = np.nan
  runs = runs_of_a_study()
  found = load.load(plant_study(tmp_path, runs, planted))
  row = sorted(runs, key=lambda run: run.name).index(runs[1])
  at = np.argsort(found.examples)
  np.testing.assert_allclose(found.values[row, at], planted[1], atol=1e-6)
  assert np.isnan(found.values).sum() == 7


def test_unfinished_and_diverged_runs_have_no_row(tmp_path, planted):
  runs = runs_of_a_study()
  study = plant_study(tmp_path, runs, planted)
  plant_study(tmp_path, runs[:1], planted[:1], status="diverged")
  (RunDirectory.of(tmp_path, "toy", runs[1]).path / "result.json").unlink()
  assert load.load(study).shape == (2, 30)


def test_a_study_without_fine_tunings_is_told(tmp_path):
  run = runs_of_a_study()[0]
  RunDirectory.of(tmp_path, "toy", run.parent).create(run.parent)
  with pytest.raises(InputError, match="no finished fine-tuning"):
    load.load(tmp_path / "toy")


@pytest.mark.parametrize("ending", ["npz", "csv", "parquet"])
def test_files_give_the_matrix_they_hold(tmp_path, planted, ending):
  file = tmp_path / f"z.{ending}"
  tasks = [f"a/{i}" for i in range(4)]
  examples = [f"e{j}" for j in range(30)]
  if ending == "npz":
    np.savez(file, Z=planted, tasks=tasks, upstream=examples)
  else:
    table = pd.DataFrame(planted, columns=examples)
    table.insert(0, "task", tasks)
    write = table.to_csv if ending == "csv" else table.to_parquet
    write(file, index=False)
  found = load.load(file)
  np.testing.assert_allclose(found.values, planted)
  assert found.tasks.tolist() == tasks and found.families[0] == "a"
  assert found.examples.tolist() == examples


def test_an_npz_needs_nothing_but_z(tmp_path, planted):
  np.savez(tmp_path / "z.npz", Z=planted)
  assert load.load(tmp_path / "z.npz").tasks[3] == "task 3"


def test_rows_and_columns_of_nan_are_left_out(tmp_path, planted):
  planted[2] = np.nan
  planted[:, 5] = np.nan
  np.savez(tmp_path / "z.npz", Z=planted)
  found = load.load(tmp_path / "z.npz")
  assert found.shape == (3, 29) and "example 5" not in found.examples


@pytest.mark.parametrize(
  ("arrays", "told"),
  [
    ({"values": np.ones((2, 2))}, "expected `Z`"),
    ({"Z": np.ones(3)}, "expected tasks"),
    ({"Z": np.ones((0, 3))}, "one or more of each"),
    ({"Z": np.array([["a"]])}, "no numbers"),
    ({"Z": np.full((2, 2), np.nan)}, "NaN only"),
    ({"Z": np.array([[1, np.inf]])}, "1 infinite"),
    ({"Z": np.ones((2, 2)), "tasks": ["a", "a"]}, "tasks: found a name twice"),
    ({"Z": np.ones((2, 2)), "tasks": ["a"]}, "found 1 names, expected 2"),
  ],
)
def test_bad_arrays_are_told_in_one_line(tmp_path, arrays, told):
  np.savez(tmp_path / "z.npz", **arrays)
  with pytest.raises(InputError, match=told) as error:
    load.load(tmp_path / "z.npz")
  assert "\n" not in str(error.value)


def test_bad_files_are_told_in_one_line(tmp_path):
  (tmp_path / "z.npz").write_text("no archive")
  (tmp_path / "z.csv").write_text("task,e0,e1\na,1,x\n")
  (tmp_path / "z.txt").write_text("1 2 3")
  for name, told in (
    ("z.npz", "cannot be read as npz"),
    ("z.csv", "no numbers in column 'e1'"),
    ("z.txt", "found '.txt'"),
    ("none.npz", "no such file"),
  ):
    with pytest.raises(InputError, match=told) as error:
      load.load(tmp_path / name)
    assert "\n" not in str(error.value)


def test_noise_is_that_of_the_seeds():
  generator = np.random.default_rng(0)
  task = generator.normal(0, 0.3, (12, 400))
  values = np.repeat(task, 3, axis=0) + generator.normal(0, 0.1, (36, 400))
  repeats = np.repeat([f"t{i}" for i in range(12)], 3)
  found = noise.measure(build(values, repeats=repeats))
  assert found.tasks == 12
  assert found.variance == pytest.approx(0.01, rel=0.05)
  assert found.share == pytest.approx(0.1, rel=0.05)
  assert found.correlation == pytest.approx(0.9, rel=0.02)


def test_noise_of_a_study_pairs_its_seeds(tmp_path):
  runs = runs_of_a_study()
  values = np.zeros((4, 30))
  values[[1, 3]] = 0.2  # the second seed of both domains
  found = noise.measure(load.load(plant_study(tmp_path, runs, values)))
  assert found.tasks == 2
  assert found.variance == pytest.approx(0.02, rel=1e-4)


def test_noise_is_unknown_without_repeats(planted):
  assert noise.measure(build(planted)) is None


def test_fill_is_exact_for_an_additive_matrix():
  generator = np.random.default_rng(1)
  whole = generator.normal(size=(9, 1)) + generator.normal(size=40)
  holes = np.where(generator.random(whole.shape) < 0.2, np.nan, whole)
  np.testing.assert_allclose(fill(holes), whole, atol=1e-6)
  assert fill(whole) is whole


def test_a_matrix_is_binary_only_with_both_values():
  assert build([[0, 1], [1, np.nan]]).binary
  assert not build([[0.0, 0.5], [1, 1]]).binary
  assert not build([[0, 0], [0, 0]]).binary


def test_take_keeps_names_with_values(planted):
  found = build(planted, sources=["s"] * 30, base=planted + 1)
  part = found.take([2, 0], [5, 1, 7])
  np.testing.assert_array_equal(part.values, planted[[2, 0]][:, [5, 1, 7]])
  np.testing.assert_array_equal(part.base, part.values + 1)
  assert part.tasks.tolist() == ["task 2", "task 0"]
  assert dataclasses.asdict(part)["examples"].tolist()[0] == "example 5"
