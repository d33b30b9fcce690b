"""`forgetting associate`, from run directories or a file to figures."""

import json
import pathlib
import sys

from matrix_studies import plant_study, runs_of_a_study
import numpy as np
import pandas as pd
from planted_matrices import planted
import pytest
import synthetic
import tiny_checkpoint

from forgetting.associations import forecasters, heads, similarity, verbs
from forgetting.associations.matrix import build
from forgetting.cli import main as cli
from forgetting.report import matrix_tables

FIGURES = (
  "forgetting_matrix",
  "forgetting_components",
  "forgetting_singular_values",
  "forgetting_own_patterns",
)
DOMAINS = ("kjv", "wiki_fr", "recipes", "smiles", "medical", "abc_music")


def associate(monkeypatch, *arguments) -> int:
  command = ["forgetting", "associate", *map(str, arguments)]
  monkeypatch.setattr(sys, "argv", command)
  with pytest.raises(SystemExit) as stopped:
    cli.main()
  return stopped.value.code


def test_a_study_is_told_and_drawn(monkeypatch, capsys, tmp_path):
  values = planted(12, 60, noise=0.02)
  study = plant_study(tmp_path, runs_of_a_study(DOMAINS), values)
  out = tmp_path / "out.json"
  options = ["--known", 10, "--seeds", 2, "--json", out]
  assert associate(monkeypatch, study, *options) == 0
  said = capsys.readouterr().out
  assert "12 tasks x 60 examples" in said
  assert "own noise: 6 tasks with several seeds" in said
  assert "sources of its 20 largest" in said
  check_json(json.loads(out.read_text()))
  check_figures(study / "figures", values)


def check_json(data):
  assert data["structure"]["rank_3"]["r2"] > data["structure"]["rank_1"]["r2"]
  assert data["noise"]["tasks"] == 6
  default = data["prediction"]["kriging_t"]
  for name in ("rmse_x100", "rmse_x100_sd", "spearman", "mass_at_5"):
    assert isinstance(default[name], float), name
  assert {*data["choices"]} == {"random", "variance", "greedy", "mixed"}
  # a domain is new as a whole: no other seed of it is trained on
  assert len(data["test_rows"]) == 2 and len(data["train_rows"]) == 10


def check_figures(folder, values):
  for name in FIGURES:
    files = {f.suffix for f in folder.glob(f"{name}.*")}
    assert files == {".png", ".pdf", ".svg", ".csv"}
  cells = pd.read_csv(folder / "forgetting_matrix.csv")
  assert cells["task"].nunique() == 12 and cells["position"].nunique() == 60
  assert set(cells["source"]) == {"wiki_en", "factbook"}
  assert cells["forgetting"].mean() == pytest.approx(values.mean(), abs=1e-6)
  means = cells.groupby(["source", "position"])["forgetting"].mean()
  for _, part in means.groupby("source"):
    assert (part.diff().dropna() <= 1e-9).all()  # by falling forgetting
  ranks = pd.read_csv(folder / "forgetting_singular_values.csv")
  assert ranks["r2"].is_monotonic_increasing
  svg = (folder / "forgetting_matrix.svg").read_text()
  assert "<svg" in svg and "var(--" not in svg  # it stands alone


def test_a_file_with_rows_named(monkeypatch, capsys, tmp_path):
  monkeypatch.chdir(tmp_path)
  np.savez("z.npz", Z=planted(9, 50))
  rows = ["--train-rows", "0-5", "--test-rows", "8,6"]
  options = ["--known", 8, "--seeds", 2, "--choose", "mixed"]
  code = associate(monkeypatch, "z.npz", *rows, *options)
  said = capsys.readouterr().out
  assert code == 0
  assert "2 new tasks from 6 trained ones, 8 examples measured (mixed)" in said
  assert "not known, no task was trained with two seeds" in said
  assert pathlib.Path("z-report/figures/forgetting_matrix.png").exists()


def test_many_examples_are_drawn_in_groups():
  cells = matrix_tables.heat_map(build(planted(6, 1234)))
  assert 200 < cells["position"].nunique() <= 300
  assert cells.drop_duplicates("position")["examples"].sum() == 1234


def test_peers_are_tried_when_asked_for(monkeypatch, capsys, tmp_path):
  monkeypatch.chdir(tmp_path)
  monkeypatch.setattr("forgetting.report.matrix.draw", lambda *_: "figures")
  np.savez("z.npz", Z=planted(6, 20))
  options = ["--known", 5, "--seeds", 1, "--peers"]
  assert associate(monkeypatch, "z.npz", *options) == 0
  assert "authors_mf" in capsys.readouterr().out


def test_forecasters_are_tried_when_asked_for(monkeypatch, capsys, tmp_path):
  monkeypatch.chdir(tmp_path)
  monkeypatch.setattr("forgetting.report.matrix.draw", lambda *_: "figures")
  monkeypatch.setattr(forecasters, "DECAYS", (0.3,))
  monkeypatch.setattr(heads, "STEPS", 3)
  model = tiny_checkpoint.write(tmp_path / "model")
  words = [synthetic.document(9, seed=seed) for seed in range(26)]
  np.savez("z.npz", Z=planted(6, 20), texts=words[:20], task_texts=words[20:])
  options = ["--known", 5, "--seeds", 1, "--forecasters", model]
  assert associate(monkeypatch, "z.npz", *options) == 0
  said = capsys.readouterr().out
  assert "forecast from its text alone, by model;" in said
  assert "lm_pair_prior_cells" in said and "lm_logit" not in said
  assert pathlib.Path("z-report/encoder_states.npz").exists()


@pytest.mark.parametrize("shape", [(1, 20), (4, 1)])
def test_what_cannot_be_predicted_is_still_described(
  monkeypatch, capsys, tmp_path, shape
):
  monkeypatch.chdir(tmp_path)
  np.savez("z.npz", Z=planted(*shape))
  assert associate(monkeypatch, "z.npz") == 0
  said = capsys.readouterr().out
  assert "rank_1" in said and "prediction: needs two tasks" in said


def test_texts_of_a_file_are_compared(tmp_path):
  words = [synthetic.document(40, seed=seed) for seed in range(30)]
  tasks = [synthetic.document(40, seed=100 + seed) for seed in range(6)]
  alike = similarity.text_similarity([[t] for t in tasks], words)
  np.savez(tmp_path / "z.npz", Z=2 * alike + 1, texts=words, task_texts=tasks)
  data = verbs.associate(tmp_path / "z.npz", known=5, seeds=1).data
  found = data["similarity"]["text similarity, TF-IDF"]
  assert found["pearson"] == pytest.approx(1)
  assert found["spearman"] == pytest.approx(1)


@pytest.mark.parametrize(
  ("arguments", "told"),
  [
    (["none.npz"], "no such file"),
    (["z.npz", "--test-rows", "a"], "rows: found 'a'"),
    (["z.npz", "--test-rows", "17"], "row 17: expected 0 to 5"),
    (["z.npz", "--known", "20"], "known: found 20"),
    (["z.npz", "--known", "5", "--seeds", "0"], "seeds: found 0"),
  ],
)
def test_bad_input_is_one_line(monkeypatch, capsys, tmp_path, arguments, told):
  monkeypatch.chdir(tmp_path)
  np.savez("z.npz", Z=planted(6, 20))
  assert associate(monkeypatch, *arguments) == 2
  said = capsys.readouterr()
  assert told in said.err and said.err.count("\n") == 1
  assert said.out == ""
