"""The section on the fitted laws."""

from planted_study import page_of, plant
import pytest

from forgetting import laws, records
from forgetting.config import InputError


@pytest.mark.usefixtures("few_draws")
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
  # "not identified" has a tooltip: the text is in two parts
  assert "not identified : B" in page.text
  assert not (study / "figures" / "halving.csv").exists()


def test_too_few_levels_say_so_in_the_place_of_a_fit(small):
  page = page_of(small)
  with pytest.raises(InputError) as told:
    laws.fit(records.load(small), "forgetting")
  assert str(told.value) in page.text
  # a law of tokens is identified by less, and answers
  assert "The law that advises" in page.text
