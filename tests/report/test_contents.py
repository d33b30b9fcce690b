"""Every section of the page is there: shown, or its absence explained."""

import re
import shutil

from planted_study import SIZES, TOKENS, Page, page_of, plant
import pytest

from forgetting import records, report
from forgetting.report import contents

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


def test_study_of_one_domain_shows_all_it_has(one_domain):
  _, page = one_domain
  assert absences(page).keys() == {"matrix", "replay"}
  assert "3 model sizes" in page.text and "1 domain (kjv)" in page.text


def test_study_that_has_just_begun(tmp_path):
  folder = plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:1])
  for run in folder.glob("*kjv*"):
    (run / "result.json").unlink()
  missing = absences(page_of(folder))
  assert missing.keys() == {*NAMES} - {"runs", "provenance"}
  assert missing["whatif"] == contents.NO_RUNS


def test_too_little_for_a_law_is_told_in_every_place(tmp_path):
  # without a second injection nothing is told of the first
  few = dict(domains=("kjv",), sizes=SIZES[:2], injections=(0,))
  folder = plant(tmp_path, tokens=TOKENS[:2], **few)
  missing = absences(page_of(folder))
  assert missing["whatif"] == contents.NO_LAW
  assert missing["predicted"] == contents.NOT_FITTED
  assert "extrapolation" in missing
  assert not {"sizes", "u_curves", "progress"} & missing.keys()


@pytest.mark.slow
@pytest.mark.usefixtures("few_draws")
def test_domain_without_a_law_is_named_in_the_panel(tmp_path):
  folder = plant(tmp_path)
  for run in folder.glob("*wiki_fr*"):
    if "-p0-" not in run.name:  # no second injection: no law at all
      (run / "result.json").unlink()
  page = page_of(folder)
  assert "wiki_fr is not in this panel: it has no law" in page.text
  assert "whatif-data" in page.ids


@pytest.mark.slow
@pytest.mark.usefixtures("few_draws")
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


def test_only_pretrainings(small):
  for directory in small.glob("*kjv*"):
    shutil.rmtree(directory)
  page = page_of(small)
  assert "No fine-tuning has finished (pretrainings finished: 1, " in page.text
  assert 'xmlns="http://www.w3.org/2000/svg"' not in page.source
