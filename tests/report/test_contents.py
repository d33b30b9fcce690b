"""Every section of the page is there, or its absence is explained."""

import re
import shutil

from planted_study import SIZES, TOKENS, Page, page_of, plant
import pytest

from forgetting import records, report
from forgetting.report import contents

ANSWERS = ("u_curves", "injection", "whatif")
DETAILS = (
  "advice", "sizes", "progress", "laws", "bottom", "halving", "extrapolation",
  "predicted", "certificates", "matrix", "replay", "runs", "provenance",
  "words",
)  # fmt: skip


def absences(page: Page) -> dict[str, str]:
  """What is missing, by title -> why; the rest is there, in its order."""
  names = re.findall(r'<section id="(\w+)">', page.source)
  shown = [n for n in (*ANSWERS, *DETAILS) if n in names]
  assert [n for n in names if n != "absent"] == shown
  folded = re.findall(r'<section id="(\w+)"><details>', page.source)
  assert folded == [n for n in names if n not in ANSWERS]
  told = page.source.partition('<section id="absent">')[2]
  pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", told, re.S)
  return {title: re.sub("<.*?>", "", why) for title, why in pairs}


def test_study_of_one_domain_shows_all_it_has(one_domain):
  _, page = one_domain
  assert absences(page).keys() == {
    "The forgetting matrix",
    "Replay policies compared",
  }
  assert "3 model sizes" in page.text and "1 domain (kjv)" in page.text


def test_study_that_has_just_begun(tmp_path):
  folder = plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:1])
  for run in folder.glob("*kjv*"):
    (run / "result.json").unlink()
  missing = absences(page_of(folder))
  assert len(missing) == len(ANSWERS) + len(DETAILS) - 3
  assert missing["What if"] == contents.NO_RUNS


def test_too_little_for_a_law_is_told_in_every_place(tmp_path):
  # without a second injection nothing is told of the first
  few = dict(domains=("kjv",), sizes=SIZES[:2], injections=(0,))
  folder = plant(tmp_path, tokens=TOKENS[:2], **few)
  missing = absences(page_of(folder))
  assert missing["What if"] == contents.NO_LAW
  assert missing["Predicted against measured"] == contents.NOT_FITTED
  assert "Fitted on the small, tested on the large" in missing
  assert "Losses while fine-tuning" not in missing
  assert "Pretraining progress lost" not in missing


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
  assert missing.keys() == {
    "Losses while fine-tuning",
    "Pretraining progress lost",
    "The forgetting matrix",
    "Replay policies compared",
  }
  assert missing["Losses while fine-tuning"] == contents.NO_CURVES
  assert '"source": "mine.csv"' in page.source
  assert '"curves": []' in page.source


def test_only_pretrainings(small):
  for directory in small.glob("*kjv*"):
    shutil.rmtree(directory)
  page = page_of(small)
  assert "No fine-tuning has finished (pretrainings finished: 1, " in page.text
  assert 'xmlns="http://www.w3.org/2000/svg"' not in page.source
