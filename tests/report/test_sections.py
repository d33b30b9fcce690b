"""Every section of the page is there: shown, or its absence explained."""

import itertools
import pathlib
import re
import tomllib

import pandas as pd
from planted_study import SIZES, TOKENS, Page, page_of, plant
import pytest

from forgetting import records, report
from forgetting.report import contents, sections, template_files, whatif

NAMES = (
  "whatif", "advice", "u_curves", "injection", "sizes", "progress", "laws",
  "halving", "extrapolation", "predicted", "certificates", "matrix", "replay",
  "runs", "provenance",
)  # fmt: skip
SHOWN = ("<figure>", "<table>", 'id="whatif-form"', "<dl>", ": no fit.")


def absences(page: Page) -> dict[str, str]:
  """Section -> why it is not shown; every section is one or the other."""
  bodies = re.findall(
    r'<section id="(\w+)"><h2>.*?</h2>(.*?)</section>', page.source, re.S
  )
  assert tuple(name for name, _ in bodies) == NAMES
  out = {}
  for name, body in bodies:
    why = re.findall(r'<p class="absent">(.*?)</p>', body, re.S)
    assert why or any(mark in body for mark in SHOWN), f"{name}: {body[:200]}"
    if why and not any(mark in body for mark in SHOWN):
      out[name] = why[0]
  return out


@pytest.fixture(scope="module")
def one_domain(tmp_path_factory):
  """A finished study of one domain, and its page; tests only read it."""
  folder = plant(tmp_path_factory.mktemp("one"), domains=("kjv",))
  return folder, page_of(folder, tolerance=0.1)


def test_study_of_one_domain_shows_all_it_has(one_domain):
  _, page = one_domain
  assert absences(page).keys() == {"matrix", "replay"}
  assert "3 model sizes" in page.text and "1 domain (kjv)" in page.text


def test_the_largest_were_predicted_from_the_rest(one_domain):
  folder, page = one_domain
  table = pd.read_csv(folder / "figures" / "extrapolation.csv")
  assert set(table["loss"]) == {"pretraining", "target"}
  largest = table[table["left_out"].str.startswith("the largest")]
  assert (largest["fitted_runs"] + largest["tested_runs"] == 36).all()
  # the planted law holds everywhere: what is left is the noise of .4 %
  forgetting = largest[largest["loss"] == "pretraining"]
  assert forgetting["error"].max() < 0.02
  assert "the largest model (197k) or target tokens (51.2k)" in page.text


def test_progress_lost_is_read_off_the_pretraining(one_domain):
  folder, _ = one_domain
  table = pd.read_csv(folder / "figures" / "progress.csv")
  curves = records.curves(folder)
  row = table[table["injection"] == 0].iloc[0]
  curve = curves[
    curves["domain"].isna() & (curves["model_params"] == row["model_params"])
  ].sort_values("step")
  losses, steps = curve["pretrain_loss"].to_numpy(), curve["step"].to_numpy()
  wanted = losses[-1] + row["forgetting"]
  after = int((losses > wanted).sum())
  expected = 100 * (1 - steps[[after - 1, after]] / steps[-1])
  assert expected[1] <= row["progress_lost"] <= expected[0]


def test_half_of_the_injected_is_that_of_the_law(one_domain):
  folder, page = one_domain
  table = pd.read_csv(folder / "figures" / "halving.csv")
  params = dict(alpha=0.3, B=300)  # planted
  half = (2 ** (1 / params["alpha"]) - 1) / params["B"]
  assert table["half_low"][0] < half < table["half_high"][0]
  assert table["B_low"][0] < params["B"] < table["B_high"][0]
  assert "holds" in [row[2] for row in page.rows if len(row) == 4]


def test_study_that_has_just_begun(tmp_path):
  folder = plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:1])
  for run in folder.glob("*kjv*"):
    (run / "result.json").unlink()
  missing = absences(page_of(folder))
  assert missing.keys() == {*NAMES} - {"runs", "provenance"}
  assert missing["whatif"] == contents.NO_RUNS


def test_too_little_for_a_law_is_told_in_every_place(tmp_path):
  folder = plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:2])
  missing = absences(page_of(folder))
  assert missing["whatif"] == contents.NO_LAW
  assert missing["predicted"] == contents.NOT_FITTED
  assert "extrapolation" in missing
  assert not {"injection", "sizes", "u_curves", "progress"} & missing.keys()


def test_domain_without_a_law_is_named_in_the_panel(tmp_path):
  folder = plant(tmp_path)
  for run in folder.glob("*wiki_fr*"):
    if "d12.8k" not in run.name:
      (run / "result.json").unlink()
  page = page_of(folder)
  assert "wiki_fr is not in this panel: it has no law" in page.text
  assert "whatif-data" in page.ids


def test_table_of_a_user_has_a_panel(one_domain, tmp_path):
  folder, _ = one_domain
  file = tmp_path / "mine.csv"
  records.load(folder).dropna(subset="domain").to_csv(file, index=False)
  written = report.write(file, out=tmp_path / "there" / "page")
  assert written == tmp_path / "there" / "page" / "report.html"
  page = Page(written.read_text())
  missing = absences(page)
  assert missing.keys() == {"u_curves", "progress", "matrix", "replay"}
  assert missing["u_curves"] == contents.NO_CURVES
  assert '"source": "mine.csv"' in page.source
  assert '"curves": []' in page.source


@pytest.mark.parametrize(
  ("text", "html"),
  [
    ("A / N^alpha - E", "<i>A</i> / <i>N</i><sup>α</sup> − <i>E</i>"),
    ("L0 + log(B)", "<i>L</i><sub>pt,base</sub> + log(<i>B</i>)"),
  ],
)  # fmt: skip
def test_equations(text, html):
  assert sections.equation(text) == html


def test_many_draws_are_thinned(one_domain, monkeypatch):
  folder, _ = one_domain
  monkeypatch.setattr(whatif, "ROOM", 20_000)
  page = page_of(folder)
  packed = re.findall(r'"count": (\d+)', page.source)
  assert {int(n) for n in packed} == {1000 // 3 + 1}
  assert '"every": 3' in page.source


def test_templates_are_in_the_wheel():
  root = pathlib.Path(__file__).parents[2]
  settings = tomllib.loads((root / "pyproject.toml").read_text())
  patterns = settings["tool"]["setuptools"]["package-data"]["forgetting.report"]
  folder = root / "forgetting" / "report"
  packed = set(itertools.chain(*(folder.glob(p) for p in patterns)))
  names = ("page.html", "page.css", "page.js", "whatif.html", *whatif.SCRIPTS)
  for name in names:
    assert folder / "templates" / name in packed
    assert template_files.text(name)
