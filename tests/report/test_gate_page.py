import pytest

from forgetting.config import InputError
from forgetting.laws.gate import Tolerance, Verdict
from forgetting.laws.gate_changes import SourceChange
from forgetting.report import gate_page


def test_a_page_and_a_summary_are_written(tmp_path):
  change = SourceChange(
    "wiki", 64, 4096, 16384, 2.5, 2.6, 0.1, 0.01, 1.0, 1.04, 0.04, 0.004,
    0.001, 1e-7,
  )  # fmt: skip
  texts = (("wiki", 0.7, "<b>bold</b>"),)
  told = Verdict("base", "tuned", 128, (change,), Tolerance(), texts, texts)
  page = gate_page.write(told, tmp_path / "out")
  html = page.read_text()
  assert "FORGOT TOO MUCH: the mean of all" in html
  assert "&lt;b&gt;bold" in html and "<b>bold" not in html
  assert (tmp_path / "out" / "check.md").read_text() == told.markdown


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
  (tmp_path / "file").write_text("")
  with pytest.raises(InputError, match="--out .*/in: cannot be written .Not a"):
    gate_page.folder_of(tmp_path / "file" / "in")
  assert [*gate_page.folder_of(tmp_path / "new" / "one").iterdir()] == []
