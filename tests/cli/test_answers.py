import json
import pathlib

from command import called
import numpy as np
import pytest

from forgetting.cli.answers import find, find_model, named, tell, write_json
from forgetting.config import InputError
from forgetting.storage import places


def test_what_is_not_finite_is_null(capsys):
  answer = {"a": [float("inf"), 1.5], 2: np.float64("nan"), "c": np.arange(2)}
  assert write_json(answer, "-")
  told = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
  assert told == {"a": [None, 1.5], "2": None, "c": [0, 1]}


def test_an_answer_is_words_and_json_as_asked(capsys, tmp_path):
  file = tmp_path / "answer.json"
  tell("words", {"a": 1}, json=None)
  assert capsys.readouterr().out == "words\n"
  tell("words", {"a": 1}, json=str(file))
  assert capsys.readouterr().out == "words\n"
  assert json.loads(file.read_text()) == {"a": 1}
  tell("words", {"a": 1}, json="-")
  assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_text_of_the_same_name_does_not_hide_a_study(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "letters").mkdir()
  (tmp_path / "letters" / "a.txt").write_text("Dear Sir")
  assert find("letters") == pathlib.Path("letters")
  (tmp_path / "runs" / "letters").mkdir(parents=True)
  assert find("letters") == pathlib.Path("runs/letters")
  (tmp_path / "letters" / "run").mkdir()
  (tmp_path / "letters" / "run" / "config.json").write_text("{}")
  assert find("letters") == pathlib.Path("letters")


def test_a_study_may_lie_under_another_root(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  for root in ("runs", "kept"):
    run = tmp_path / root / "letters" / "run"
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
  assert find("letters") == pathlib.Path("runs/letters")
  assert find("letters", "kept") == pathlib.Path("kept/letters")
  # what is nowhere is looked for where it was said to be
  assert find("absent", "kept") == pathlib.Path("kept/absent")
  assert find("absent") == pathlib.Path("absent")
  # one of the same name in this folder is not the one that was asked for
  (tmp_path / "letters").mkdir()
  (tmp_path / "letters" / "run").mkdir()
  (tmp_path / "letters" / "run" / "config.json").write_text("{}")
  assert find("letters") == pathlib.Path("letters")
  assert find("letters", "kept") == pathlib.Path("kept/letters")
  # a path is a path wherever studies are
  (tmp_path / "table.csv").write_text("a,b")
  assert find("table.csv", "kept") == pathlib.Path("table.csv")


def test_a_run_is_a_model_by_its_name(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  run = tmp_path / "runs" / "letters" / "one"
  run.mkdir(parents=True)
  assert find_model("letters/one") == "letters/one"  # an id of the hub
  (run / "config.json").write_text("{}")
  assert find_model("letters/one") == "runs/letters/one"
  assert find_model("letters/one", "kept") == "letters/one"
  assert find_model("./absent") == "./absent"
  (tmp_path / "letters" / "one").mkdir(parents=True)
  assert find_model("letters/one") == "letters/one"


def test_an_answer_is_told_even_where_its_file_cannot_be_written(
  tmp_path, capsys
):
  with pytest.raises(InputError, match="gone/fit.json: cannot be written"):
    tell("the words", {}, json=str(tmp_path / "gone" / "fit.json"))
  assert capsys.readouterr().out == "the words\n"


def test_a_bucket_that_cannot_be_reached_is_one_line(monkeypatch):
  def unreachable():
    raise OSError("no such host\nand more")

  pytest.importorskip("gcsfs")
  monkeypatch.setattr(places, "file_system", unreachable)
  with pytest.raises(InputError, match="cannot be reached") as error:
    find("gs://bucket/quickstart")
  assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_not_the_folder_of_studies(tmp_path, name):
  for look in (find, find_model, named):
    with pytest.raises(InputError, match=f"found '{name}', expected the name"):
      look(name)
  for verb in (("fit", name), ("predict", tmp_path, name), ("sample", name)):
    done = called(*verb)
    assert done.returncode == 2
    assert "variable of the shell empty?" in done.stderr
