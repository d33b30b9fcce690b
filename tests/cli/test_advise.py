"""The options of advise: what it takes for another trainer's fields."""

import pytest

from forgetting.cli import advise
from forgetting.cli.main import app
from forgetting.config import InputError
from forgetting.laws.answers import Report

ASKED = (
  "advise", "table.csv", "--domain", "kjv", "--model-params", "1e6",
  "--target-tokens", "1e6", "--tolerance", "0.1",
)  # fmt: skip
FOUND = dict(injection=0.1, target_tokens=1e6, passes=2.2)


@pytest.fixture
def found(monkeypatch):
  """What the laws would answer."""

  class Laws:
    def advise(self, table, **asked):
      return Report("inject 10 %", dict(FOUND))

  monkeypatch.setattr(advise, "laws", Laws)


@pytest.mark.usefixtures("found")
def test_an_answer_has_the_fields_of_a_trainer_below_it(capsys):
  app.parse([*ASKED, "--for", "trl", "--row-tokens", "500,1000"],
            description="")()  # fmt: skip
  told = capsys.readouterr().out
  assert told.startswith("inject 10 %\n\n# trl: 10 % of the tokens")
  assert "split: train[:111]\nnum_train_epochs: 2" in told


@pytest.mark.usefixtures("found")
def test_rows_are_counted_in_texts(capsys, tmp_path):
  for name, length, count in (("target", 99, 40), ("general", 199, 5000)):
    row = '{"text": "' + "x" * length + '"}\n'
    (tmp_path / f"{name}.jsonl").write_text(row * count)
  app.parse([*ASKED, "--for", "axolotl", "--row-context", "150",
             "--general-rows", "50000",
             "--target-text", f"{tmp_path}/target.jsonl",
             "--general-text", f"{tmp_path}/general.jsonl"],
            description="")()  # fmt: skip
  told = capsys.readouterr().out
  assert "6.9 % of the rows" in told  # of 100 and of 150 tokens
  assert "weight: 0.01482" in told  # 741 of 50,000


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
  ("more", "line"),
  [
    (("--row-tokens", "5,6"), "expected it with --for"),
    (("--for", "trl", "--row-tokens", "5"), "expected two means"),
    (("--for", "trl", "--target-text", "x"), "expected both"),
    (("--for", "keras"), "expected one of axolotl, llamafactory"),
    (("--for", "trl"), "--row-tokens 800,1200"),
  ],
)
def test_what_cannot_be_is_one_line(more, line):
  with pytest.raises(InputError, match=line):
    app.parse([*ASKED, *more], description="")()
