"""The page, its figures and its tables, on a synthetic study."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
from planted_study import INJECTIONS, SIZES, TOKENS, page_of, plant
import pytest

from forgetting import laws, records, report
from forgetting.report import style

FIGURES = (
  "u_curves", "injection", "sizes", "progress", "halving", "predicted",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  """A finished study and its page; tests only read it."""
  study = plant(tmp_path_factory.mktemp("runs"))
  return study, page_of(study, tolerance=0.1)


@pytest.fixture
def small(tmp_path):
  """Two cells of one domain: too few for any law, quick to report."""
  return plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:2])


def test_runs_csv_has_the_columns_of_the_design(whole):
  study, _ = whole
  table = pd.read_csv(study / "runs.csv")
  assert tuple(table.columns) == records.COLUMNS
  assert len(table) == 3 + 2 * 3 * 3 * 4
  curves = pd.read_csv(study / "curves.csv")
  assert len(curves) == len(records.curves(study))


def test_page_needs_nothing_but_itself(whole):
  study, page = whole
  for link in page.links:
    if link.startswith("#"):
      assert link[1:] in page.ids
    else:
      assert (study / link).exists(), link
  assert len(page.ids) == len(set(page.ids))
  references = re.findall(r"url\(#([^)]+)\)", page.source)
  assert references and set(references) <= set(page.ids)
  for other in ("<script src", "@import", "<iframe", "fetch(", "import("):
    assert other not in page.source


def test_page_has_no_color_that_dark_cannot_change(whole):
  _, page = whole
  svg = "".join(re.findall(r"<svg.*?</svg>", page.source, flags=re.S))
  assert set(re.findall(r"(?:fill|stroke): (#\w+)", svg)) == set()
  assert "var(--domain0)" in svg and "var(--ink)" in svg


def test_every_figure_has_its_table_and_files(whole):
  study, page = whole
  for name in FIGURES:
    files = {f.suffix for f in (study / "figures").glob(f"{name}.*")}
    assert files == {".png", ".pdf", ".svg", ".csv"}
    assert f"figures/{name}.csv" in page.links
  table = pd.read_csv(study / "figures" / "injection.csv")
  measured = table[table["kind"] == "measured"]
  runs = pd.read_csv(study / "runs.csv").dropna(subset="domain")
  assert sorted(measured["pretrain_loss"]) == sorted(runs["pretrain_loss"])


def test_stars_are_at_the_lowest_target_loss(whole):
  study, _ = whole
  table = pd.read_csv(study / "figures" / "u_curves.csv")
  assert table.groupby("run")["best"].sum().eq(1).all()
  lowest = table.loc[table.groupby("run")["target_loss"].idxmin()]
  assert lowest["best"].all()
  assert table["injection"].nunique() == len(INJECTIONS)


def test_law_through_the_runs_is_the_fit(whole):
  study, _ = whole
  table = pd.read_csv(study / "figures" / "injection.csv")
  runs = records.load(study)
  for domain in ("kjv", "wiki_fr"):
    lines = table[table["domain"] == domain].groupby("kind")
    # where another form fits best, the published one is drawn beside it
    kind = "published" if "published" in lines.groups else "law"
    line = lines.get_group(kind)
    fit = laws.fit(runs[runs["domain"] == domain], "forgetting")
    expected = fit.predict(line)["prediction"].to_numpy()
    np.testing.assert_allclose(line["pretrain_loss"], expected, rtol=1e-6)


def test_advice_is_that_of_advise(whole):
  study, page = whole
  row = next(
    row for row in page.rows if row[:3] == ["wiki_fr", "197k", "51.2k"]
  )
  asked = laws.advise(
    records.load(study),
    domain="wiki_fr",
    model_params=197184,
    target_tokens=51200,
    tolerance=0.1,
  )
  assert row[5] == style.percent(asked.injection, 2)
  limits = (style.percent(p, 2) for p in (asked.low, asked.high))
  assert row[6] == "[{}, {}]".format(*limits)
  runs = records.load(study).query(
    "domain == 'wiki_fr' and model_params == 197184 and target_tokens == 51200"
  )
  left = runs.set_index("injection").eval("pretrain_loss - base_pretrain_loss")
  # measured: forgetting at 5 % is under the tolerance, at 1 % it is not
  assert left[0.05] <= 0.1 < left[0.01]
  assert row[4] == f"{left[0.0]:.3f}"
  assert row[7] == f"5 % (leaves {left[0.05]:.3f})"
  assert f"wiki_fr: inject {row[5]}" in page.text


def test_forgetting_in_the_table_is_the_difference(whole):
  study, page = whole
  runs = records.load(study)
  one = runs[(runs["domain"] == "kjv") & (runs["injection"] == 0.05)].iloc[0]
  forgetting = one["pretrain_loss"] - one["base_pretrain_loss"]
  assert f"{forgetting:.3f} ± 0.006" in page.text


def test_same_study_gives_the_same_bytes(small):
  first = report.write(small).read_bytes()
  figure = (small / "figures" / "u_curves.pdf").read_bytes()
  assert report.write(small).read_bytes() == first
  assert (small / "figures" / "u_curves.pdf").read_bytes() == figure


def test_import_takes_neither_jax_nor_tensorflow():
  code = (
    "import sys, json, forgetting.report;"
    "print(json.dumps([m for m in ('jax', 'tensorflow', 'matplotlib.pyplot')"
    " if m in sys.modules]))"
  )
  out = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, check=True
  )
  assert json.loads(out.stdout) == []


@pytest.mark.parametrize(
  ("number", "text"),
  [(512, "512"), (12800, "12.8k"), (999_900, "1M"), (1.27e9, "1.27B")],
)
def test_counts(number, text):
  assert style.count(number) == text


@pytest.mark.parametrize(
  ("fraction", "text"),
  [(0.996, "100 %"), (0.0004321, "0.043 %"), (np.inf, "none suffices")],
)
def test_percents(fraction, text):
  assert style.percent(fraction, 2) == text
