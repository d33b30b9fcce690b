"""What a light install does without is one line where it is needed."""

import importlib.util
import io

import pytest

from forgetting.config import InputError
from forgetting.records import table_file
from forgetting.storage import arrow, packing


@pytest.fixture
def missing(monkeypatch):
  """Hides pyarrow from whoever looks for it."""
  found = importlib.util.find_spec

  def find(name, *more):
    return None if name == "pyarrow" else found(name, *more)

  monkeypatch.setattr(importlib.util, "find_spec", find)


def test_nothing_is_said_where_it_is():
  arrow.need("mine.parquet")


def test_what_needs_it_is_refused_in_one_line(missing, tmp_path):
  (tmp_path / "mine.parquet").write_bytes(b"PAR1")
  (tmp_path / "mine.csv.zst").write_bytes(b"")
  for name in ("mine.parquet", "mine.csv.zst"):
    with pytest.raises(InputError, match="no pyarrow.*forgetting.parquet") as e:
      table_file.read(tmp_path / name)
    assert "\n" not in str(e.value)
  with (
    pytest.raises(InputError, match="pip install"),
    packing.unpacked(io.BytesIO(), ".zst"),
  ):
    pass


def test_other_tables_need_none(missing, tmp_path):
  (tmp_path / "mine.csv").write_text("loss,domain\n1.5,law\n")
  (tmp_path / "mine.json").write_text('[{"loss": 1.5, "domain": "law"}]')
  for name in ("mine.csv", "mine.json"):
    assert table_file.read(tmp_path / name)["loss"].tolist() == [1.5]
