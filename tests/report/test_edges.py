"""The page of studies that are not whole, and what it says of weak advice."""

import itertools
import shutil

import numpy as np
import pandas as pd
from planted_study import SIZES, TOKENS, Page, page_of, plant
import pytest

from forgetting import laws, records, report
from forgetting.config import InputError
from forgetting.records import RunDirectory
from forgetting.report import fitted, words
from forgetting.report.fitted import Counsel


@pytest.fixture
def small(tmp_path):
  """Two cells of one domain: too few for any law, quick to report."""
  return plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:2])


def advice_of(**values):
  known = dict(
    domain="kjv",
    model_params=1e6,
    target_tokens=1e5,
    tolerance=0.1,
    level=0.95,
    injection=0.05,
    low=0.04,
    high=0.06,
    feasible=1.0,
    without=0.3,
    without_low=0.2,
    without_high=0.4,
    reached=0.1,
    target_loss=None,
    beyond={},
    cautions=(),
  )
  return laws.Advice(**known | values)


@pytest.mark.parametrize(
  ("values", "flag"),
  [
    (dict(injection=np.inf, low=np.inf, high=np.inf), "infeasible"),
    (dict(beyond={"model_params": 3.0}), "model params 3 × beyond the runs"),
    (dict(feasible=0.6), "feasible in 60 %"),
  ],
)
def test_flags_of_an_advice(values, flag):
  counsel = Counsel("kjv", 1e6, 1e5, advice_of(**values), 0.05, 0.09, False)
  assert [flag in told for told in words.flags(counsel)] == [True]


@pytest.mark.parametrize(
  ("injection", "forgetting", "clashes"),
  [
    (0.2, 0.15, True),  # the advice calls 20 % enough, it is not
    (0.2, 0.104, False),  # within the noise
    (0.01, 0.05, True),  # 1 % is enough, the advice asks for more
    (0.05, 0.15, False),  # inside the interval of the advice
  ],
)
def test_a_run_that_contradicts_the_advice(injection, forgetting, clashes):
  runs = pd.DataFrame(
    dict(injection=[injection], forgetting=[forgetting], pretrain_loss=[3.0])
  )
  found = fitted.contradicts(runs, advice_of(), noise=0.002)
  assert found == clashes


def test_too_few_levels_say_so_in_the_place_of_a_fit(small):
  page = page_of(small)
  with pytest.raises(InputError) as told:
    laws.fit(records.load(small), "forgetting")
  assert str(told.value) in page.text
  assert "no law: measured only" in page.text
  assert not (small / "figures" / "predicted.csv").exists()


def test_half_done_study(small):
  done = sorted(small.glob("*kjv*"))
  for directory in done[:3]:
    (directory / "result.json").unlink()
  (done[3] / "result.json").unlink()
  (done[3] / "records.jsonl").unlink()
  page = page_of(small)
  assert "4 done, 4 unfinished fine-tunings" in page.text
  assert sum(row[-1] == "unfinished" for row in page.rows) == 4


def test_diverged_run_is_told_and_left_out(small):
  directory = RunDirectory(sorted(small.glob("*kjv*"))[0])
  directory.write_result(
    dict(
      status="diverged",
      stop_reason="found pretrain_loss nan",
      steps=3,
      tokens=9,
    )
  )
  page = page_of(small)
  assert "found pretrain_loss nan" in page.text
  table = pd.read_csv(small / "figures" / "injection.csv")
  assert (table["kind"] == "measured").sum() == 7


def test_only_pretrainings(small):
  for directory in small.glob("*kjv*"):
    shutil.rmtree(directory)
  page = page_of(small)
  assert "No fine-tuning has finished (pretrainings finished: 1, " in page.text
  assert 'xmlns="http://www.w3.org/2000/svg"' not in page.source


def test_study_that_does_not_identify_the_law(tmp_path):
  # an injection of 1 % that does nothing leaves B open below
  study = plant(tmp_path, domains=("kjv",), injections=(0, 0.01), strength=0.5)
  page = page_of(study)
  missing = laws.fit(records.load(study), "forgetting").unidentified
  assert "B" in missing
  row = next(row for row in page.rows if row[0] == "B")
  assert row[1:] == ["not identified", "", missing["B"]]
  # the panel warns, and the worth of an injected token has no figure
  assert "the data do not identify" in page.source
  assert "not identified: B" in page.text
  assert not (study / "figures" / "halving.csv").exists()


def test_table_of_a_user(tmp_path):
  generator = np.random.default_rng(0)
  rows = [
    dict(
      model_params=n,
      target_tokens=d,
      injection=p,
      domain=7,
      status="done",
      base_pretrain_loss=3.0 - 0.1 * np.log10(n),
      target_loss=2.0,
      pretrain_loss=3.0
      - 0.1 * np.log10(n)
      + 0.01 * generator.normal()
      + d**0.5 / (1e3 * (1 + 50 * p)),
    )
    for n, d, p in itertools.product((1e6, 4e6), (1e5, 2e5), (0.01, 0.1))
  ]
  rows[0]["pretrain_loss"] = np.nan
  rows[1] |= dict(status="diverged", pretrain_loss=40.0)
  file = tmp_path / "mine.csv"
  pd.DataFrame(rows).to_csv(file, index=False)
  written = report.write(file, title="A <b> & c")
  assert written == tmp_path / "mine-report" / "report.html"
  page = Page(written.read_text())
  assert "A <b> & c" in page.text
  assert "no run went without injection" in page.text
  assert not (written.parent / "curves.csv").exists()
  drawn = pd.read_csv(written.parent / "figures" / "injection.csv")
  assert len(drawn) == 6


def test_nothing_there_is_one_line(tmp_path):
  with pytest.raises(InputError, match="no such study"):
    report.write(tmp_path / "none")
  with pytest.raises(InputError, match="tolerance"):
    report.write(tmp_path, tolerance=float("nan"))


def test_the_exact_text_is_shown(small):
  directory = RunDirectory(sorted(small.glob("*kjv*"))[0])
  about = dict.fromkeys(
    ("documents", "dropped", "split_rule", "tokenizer", "context"), "12 of it"
  )
  about |= dict(name="kjv", licence="public domain", source="a==1 sha256:abc")
  about |= dict(train_sha256="12" * 32, validation_sha256="34" * 32)
  directory.write_result(directory.result() | {"data": {"kjv": about}})
  shown = page_of(small).text
  for told in ("a==1 sha256:abc", "public domain", "12" * 8, "34" * 8):
    assert told in shown
  assert pd.read_csv(small / "data.csv")["source"].tolist() == [about["source"]]
