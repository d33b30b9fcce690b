import pytest

from forgetting.config import InputError
from forgetting.data import rows


def test_records_are_rows_cut_to_the_context(tmp_path):
  file = tmp_path / "a.jsonl"
  file.write_text('{"text": "abc"}\n{"text": "äbcdefghi"}\n' * 1500)
  assert rows.measure(str(file), tokenizer="bytes") == rows.Rows(3000, 7.5)
  cut = rows.measure(str(file), tokenizer="bytes", context=6)
  assert cut == rows.Rows(3000, 5.0)


def test_no_rows_and_other_tokenizers_are_one_line(tmp_path):
  file = tmp_path / "a.jsonl"
  file.write_text('{"text": ""}\n')
  with pytest.raises(InputError, match="found no row"):
    rows.measure(str(file), tokenizer="bytes")
  with pytest.raises(InputError, match="sp8192"):
    rows.measure(str(file), tokenizer="sp8192")
