"""Where a matrix is read from: a study, a file; what is refused."""

import dataclasses

from matrix_studies import plant_study, replay_runs, runs_of_a_study
import numpy as np
import pandas as pd
import pytest

from forgetting.associations import load, noise, protocol
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


@pytest.mark.parametrize("parent_seed", [0, 3])
def test_seeds_of_a_replay_policy_are_one_task(tmp_path, parent_seed):
  """What a run measures in another run has a seed of its own."""
  runs = replay_runs(parent_seed=parent_seed)
  values = np.random.default_rng(0).normal(size=(8, 30))
  found = load.load(plant_study(tmp_path, runs, values))
  tasks = {}
  for run, word in zip(
    sorted(runs, key=lambda r: r.name), found.repeats, strict=True
  ):
    tasks.setdefault((run.domain, run.replay_policy), set()).add(word)
  assert len(tasks) == len(set.union(*tasks.values())) == 4
  assert all(len(words) == 1 for words in tasks.values())
  assert noise.measure(found).tasks == 4
  rows = protocol.split(found)
  seen = {*found.repeats[rows.train]}
  assert not seen & {*found.repeats[rows.test]}


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


def test_a_base_of_every_example_is_that_of_every_task(tmp_path, planted):
  base = np.linspace(2, 3, 30)
  np.savez(tmp_path / "z.npz", Z=planted, base=base)
  found = load.load(tmp_path / "z.npz").base
  assert found.shape == (4, 30) and (found == base).all()


def test_rows_and_columns_of_nan_are_left_out(tmp_path, planted):
  planted[2] = np.nan
  planted[:, 5] = np.nan
  np.savez(tmp_path / "z.npz", Z=planted)
  found = load.load(tmp_path / "z.npz")
  assert found.shape == (3, 29) and "example 5" not in found.examples


def test_row_numbers_are_those_of_the_file(tmp_path, planted):
  planted[1] = np.nan
  np.savez(tmp_path / "z.npz", Z=planted)
  found = load.load(tmp_path / "z.npz")
  rows = protocol.split(found, test=(3, 2))
  assert found.tasks[rows.test].tolist() == ["task 3", "task 2"]
  assert found.tasks[rows.train].tolist() == ["task 0"]
  assert found.numbers[rows.test].tolist() == [3, 2]
  with pytest.raises(InputError, match="row 1: found nothing measured"):
    protocol.split(found, test=(1,))
  with pytest.raises(InputError, match="row 4: expected 0 to 3"):
    protocol.split(found, test=(4,))


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
    ({"Z": np.ones((2, 3)), "base": np.ones(2)}, "base: found shape .2,., exp"),
    ({"Z": np.ones((2, 2)), "base": [["a"] * 2] * 2}, "base: found .* no num"),
  ],
)
def test_bad_arrays_are_told_in_one_line(tmp_path, arrays, told):
  np.savez(tmp_path / "z.npz", **arrays)
  with pytest.raises(InputError, match=told) as error:
    load.load(tmp_path / "z.npz")
  assert "\n" not in str(error.value)
  assert str(error.value).startswith(str(tmp_path / "z.npz"))


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


def test_rows_say_what_they_started_from(tmp_path, planted):
  """A checkpoint before, one after, and what a fine-tuning has left."""
  late = runs_of_a_study(("kjv", "wiki_fr"), seeds=(0,))
  parent = dataclasses.replace(late[0].parent, steps=100)
  early = [dataclasses.replace(run, parent=parent) for run in late]
  after = dataclasses.replace(late[1], parent=late[0], seed=1)
  runs = [*early, *late, after]
  values = np.resize(planted, (5, 30))
  found = load.load(plant_study(tmp_path, runs, values))
  rows = {
    (str(p), str(t)) for p, t in zip(found.parents, found.targets, strict=True)
  }
  kjv, french = (f"{d} 12800 p0 full" for d in ("kjv", "wiki_fr"))
  assert rows == {
    ("100 steps", kjv),
    ("100 steps", french),
    ("200 steps", kjv),
    ("200 steps", french),
    ("200 steps after kjv", french),
  }
  assert len({*found.repeats}) == 5  # not the same task by another seed


def test_parents_that_words_do_not_tell_apart_have_their_names(tmp_path):
  one = runs_of_a_study(("kjv",), seeds=(0,))[0]
  parent = dataclasses.replace(one.parent, batch_size=4)
  other = dataclasses.replace(one, parent=parent)
  study = plant_study(tmp_path, [one, other], np.ones((2, 30)))
  assert {*load.load(study).parents} == {one.parent.name, parent.name}


def test_parents_of_a_file_are_its_own(tmp_path, planted):
  words = dict(parents=[*"aabb"], targets=[*"xyxy"])
  np.savez(tmp_path / "z.npz", Z=planted, **words)
  found = load.load(tmp_path / "z.npz")
  assert found.parents.tolist() == words["parents"]
  assert found.targets.tolist() == words["targets"]
  assert {*load.load(tmp_path / "z.npz").repeats} == {*found.tasks}
