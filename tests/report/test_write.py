"""A study or a table in, the page and its tables out."""

import itertools
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
from planted_study import Page
import pytest

from forgetting import records, report
from forgetting.config import InputError


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


@pytest.mark.slow
def test_same_study_gives_the_same_bytes(small):
  first = report.write(small, pdf=True).read_bytes()
  figure = (small / "figures" / "u_curves.pdf").read_bytes()
  assert report.write(small, pdf=True).read_bytes() == first
  assert (small / "figures" / "u_curves.pdf").read_bytes() == figure


def test_import_takes_neither_jax_nor_tensorflow():
  code = (
    "import sys, json, forgetting.report;"
    "print(json.dumps([m for m in sys.modules if m in"
    " ('jax', 'tensorflow', 'matplotlib.pyplot', 'scipy')]))"
  )
  out = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, check=True
  )
  assert json.loads(out.stdout) == []


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
  assert (drawn["kind"] == "measured").sum() == 6
  # two sizes and amounts are too few for the published form, not for tokens
  assert {*drawn["kind"]} == {"measured", "law"}


def test_nothing_there_is_one_line(tmp_path):
  with pytest.raises(InputError, match="no such study"):
    report.write(tmp_path / "none")
  with pytest.raises(InputError, match="tolerance"):
    report.write(tmp_path, tolerance=float("nan"))
