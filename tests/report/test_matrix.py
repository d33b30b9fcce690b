"""The section on the forgetting matrix, and its figures."""

import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import structure
from forgetting.associations.matrix import build
from forgetting.config import InputError
from forgetting.report import export, matrix


def test_its_absence_is_explained(tmp_path):
  assert (
    "no losses of single examples" in matrix.section(None, tmp_path).missing
  )
  assert "No matrix yet" in matrix.section(tmp_path, tmp_path).missing
  (tmp_path / "runs.parquet").touch()
  one = build(np.ones((1, 3)))
  (tmp_path / "matrix.npz").write_bytes(export.npz_of(one))
  assert "1 tasks and 3 examples" in matrix.section(tmp_path, tmp_path).missing


def test_figures_lie_beside_their_tables(tmp_path):
  whole = build(planted(rows=5, columns=30))
  line = matrix.draw(whole, structure.analyse(whole), tmp_path / "figures")
  for name in matrix.CAPTIONS:
    assert name in line
    found = {f.suffix for f in (tmp_path / "figures").glob(f"{name}.*")}
    assert found == {".png", ".pdf", ".svg", ".csv"}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
  (tmp_path / "file").touch()
  whole = build(planted(rows=5, columns=30))
  with pytest.raises(InputError, match="the figures cannot be written"):
    matrix.draw(whole, structure.analyse(whole), tmp_path / "file" / "in")
