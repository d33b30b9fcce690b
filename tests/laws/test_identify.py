"""What the data do not identify is said, and how a fit prints."""

import planted_tables
from planted_tables import planted

from forgetting import laws

FITTED = planted_tables.fitted()


def test_unidentified_parameter_is_said_and_not_printed():
  fitted = laws.fit(planted(forgetting=0.2, noise=0.01), "forgetting")
  assert "B" in fitted.unidentified
  line = next(r for r in str(fitted).splitlines() if r.startswith("  B "))
  assert "not identified" in line
  assert f"{fitted.params['B']:.5g}" not in line


def test_a_fit_prints_itself_in_a_notebook():
  text = FITTED._repr_html_()
  assert text.count("<tr>") == 4
  assert "certificate holds" in text
  fits = laws.fit(planted(), by="domain")
  assert "kjv" in fits._repr_html_()
