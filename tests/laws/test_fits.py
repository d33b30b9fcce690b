"""Fits of several groups, and fits read from files."""

import json

import planted_tables
import pytest

from forgetting.config import InputError
from forgetting.laws import fits

FITTED = planted_tables.fitted()


def test_fits_come_back_from_a_file_by_law_and_group(tmp_path):
  both = fits.Fits("domain", {"kjv": FITTED})
  file = tmp_path / "fit.json"
  file.write_text(json.dumps({"forgetting": both.as_dict(), "target": None}))
  again = fits.read(file)
  assert again.by == "domain"
  assert again["kjv"].params == pytest.approx(FITTED.params)
  assert fits.Fits.from_json(both.to_json())["kjv"].n == FITTED.n
  file.write_text(FITTED.to_json())
  assert fits.read(str(file)).params == pytest.approx(FITTED.params)
  assert fits.read(FITTED) is FITTED
  assert fits.read("runs.csv") == "runs.csv"


def test_what_is_no_fit_is_one_line(tmp_path):
  file = tmp_path / "fit.json"
  with pytest.raises(InputError, match="cannot read the fit"):
    fits.read(file)
  file.write_text("{")
  with pytest.raises(InputError, match="cannot read the fit"):
    fits.read(file)
  file.write_text('{"law": "forgetting"}')
  with pytest.raises(InputError, match="not the JSON of a fit"):
    fits.read(file)
