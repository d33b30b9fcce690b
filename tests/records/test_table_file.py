"""The one reader of tables: whatever one verb takes, all of them take."""

import gzip
import io
import warnings
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest

from forgetting.associations import load as associations
from forgetting.config import InputError, TableWarning
from forgetting.laws import table as laws_table
from forgetting.records import load, table_columns, table_file

RUNS = pd.DataFrame(
  {
    "model_params": [1e6, 2e6],
    "target_tokens": [1e4, 1e4],
    "injection": [0.0, 0.1],
    "pretrain_loss": [3.0, 2.9],
    "base_pretrain_loss": [2.8, 2.8],
    "target_loss": [2.0, 2.1],
    "domain": ["law", "law"],
  }
)
WRITERS = {
  ".csv": lambda table, file: table.to_csv(file, index=False),
  ".tsv": lambda table, file: table.to_csv(file, index=False, sep="\t"),
  ".json": lambda table, file: table.to_json(
    file, orient="records", double_precision=15
  ),
  ".parquet": lambda table, file: table.to_parquet(file, index=False),
  ".jsonl": lambda table, file: table.to_json(
    file, orient="records", lines=True, double_precision=15
  ),
}
WRITERS[".ndjson"] = WRITERS[".jsonl"]


# without a time in it: two processes must make the same test of it
CUT = gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9]


@pytest.mark.parametrize("ending", [*WRITERS, ".CSV", ".Parquet", ".TSV"])
def test_laws_report_and_associations_read_the_same_files(tmp_path, ending):
  file = tmp_path / f"ref{ending}"
  WRITERS[ending.lower()](RUNS, file)
  assert table_file.is_table(file)
  pd.testing.assert_frame_equal(table_file.read(file), RUNS, check_dtype=False)
  taken = laws_table.load(file)[[*RUNS]]
  pd.testing.assert_frame_equal(taken, RUNS, check_dtype=False)
  pd.testing.assert_frame_equal(load(file)[[*RUNS]], RUNS, check_dtype=False)
  cells = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=["a", "b", "c"])
  WRITERS[ending.lower()](cells, file)
  np.testing.assert_array_equal(associations.load(file).values, cells)


def test_every_reader_has_a_writer_in_this_test():
  assert {*WRITERS} == {*table_file.READERS}


def test_renamed_columns_serve_whoever_needs_them(tmp_path):
  file = tmp_path / "mine.csv"
  names = {"pretrain_loss": "val_loss", "model_params": "size"}
  theirs = RUNS.rename(columns=names)
  theirs.to_csv(file, index=False)
  table = load(file, columns=names)
  pd.testing.assert_frame_equal(table[[*RUNS]], RUNS)
  assert table["val_loss"].tolist() == RUNS["pretrain_loss"].tolist()


def test_missing_columns_are_named_beside_those_found(tmp_path):
  file = tmp_path / "mine.csv"
  RUNS[["model_params", "domain"]].to_csv(file, index=False)
  with pytest.raises(InputError) as told:
    table_file.read(file, required=("domain", "injection", "target_loss"))
  line = str(told.value)
  assert "['injection', 'target_loss'] are missing" in line
  assert "found (model_params, domain)" in line
  assert "\n" not in line
  with pytest.raises(InputError, match=r"no column 'loss'.*\(model_params, "):
    table_file.read(file, columns={"target_loss": "loss"})


@pytest.mark.parametrize(
  ("name", "content", "line"),
  [
    ("mine.xlsx", b"", r"found '\.xlsx', expected \.csv or \.tsv or"),
    ("absent.csv", None, "no table at .*absent.csv"),
    ("empty.csv", b"", "empty.csv is empty, expected a table"),
    ("cut.csv.gz", CUT, "cannot read the table"),
    ("wide.csv", b"a,b\n1,2\n1,2,3\n", "wide.csv line 3: found 3 values"),
    ("old.csv", b"a,domain\n1,x\n2,\xfcber\n", "old.csv line 3.*0xfc"),
    ("twice.csv", b"Loss,LOSS\n1,2\n", "are both loss"),
    ("odd.jsonl", b'{"a": 1}\n{"a": \n', "odd.jsonl line 2 is no JSON"),
    ("odd.json", b"[1, 2]", "found a list, expected a record a line"),
    ("mine.parquet", b"PAR0", "cannot read the table"),
    (
      "packed.csv",
      CUT,
      r"packed by gzip, expected \.csv: call it packed.csv.gz",
    ),
    (
      "title.csv",
      b"March\n\na,b\n1,2\n",
      "line 3: found 2 values below a line",
    ),
  ],
)
def test_what_is_no_table_is_one_line(tmp_path, name, content, line):
  file = tmp_path / name
  if content is not None:
    file.write_bytes(content)
  with pytest.raises(InputError, match=line) as told:
    table_file.read(file)
  assert "\n" not in str(told.value)


def table_of(tmp_path, content: bytes | str, name: str = "mine.csv"):
  """What is read of a file with this content."""
  file = tmp_path / name
  file.write_bytes(content.encode() if isinstance(content, str) else content)
  return table_file.read(file)


@pytest.mark.parametrize(
  ("separator", "decimal"), [(";", ","), (";", "."), ("\t", ","), ("|", ".")]
)
@pytest.mark.parametrize(
  "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]
)
def test_separator_decimal_comma_and_encoding_are_seen(
  tmp_path, separator, decimal, encoding
):
  text = RUNS.to_csv(index=False, sep=separator, decimal=decimal)
  found = table_of(tmp_path, text.encode(encoding))
  pd.testing.assert_frame_equal(found, RUNS, check_dtype=False)


NUMBER = st.floats(1e-6, 1e12).map(lambda x: float(f"{x:.6g}"))
DOMAIN = st.text("abz 07.NA,;é\u65e5\"'", min_size=1).map(str.strip)
ROWS = st.lists(
  st.tuples(NUMBER, st.integers(1, 10**12), DOMAIN.filter(bool)),
  min_size=2,
  max_size=6,
)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.sampled_from(",;\t|"), st.sampled_from(("utf-8", "utf-16")))
def test_any_table_is_the_same_through_each_separator_and_encoding(
  tmp_path_factory, rows, separator, encoding
):
  asked = pd.DataFrame(rows, columns=["loss", "model_params", "domain"])
  decimal = "." if separator == "," else ","
  text = asked.to_csv(index=False, sep=separator, decimal=decimal, quoting=2)
  text = text.replace('"loss"', "loss", 1)
  folder = tmp_path_factory.mktemp("any")
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", TableWarning)  # names that look alike
    try:
      found = table_of(folder, text.encode(encoding))
    except InputError as error:  # every number may be two: it is said so
      assert "line 2" in str(error)
      return
  assert found["domain"].tolist() == asked["domain"].tolist()
  if found["loss"].dtype == float:
    np.testing.assert_array_equal(found["loss"], asked["loss"])
  assert found["model_params"].tolist() == asked["model_params"].tolist()


def test_numbers_are_what_people_mean(tmp_path):
  found = table_of(
    tmp_path,
    "model_params;target_tokens;injection;loss\n"
    "4M;'1.000.000';5%;3,25\n1.3B;25k;0,5 %;NA\n".replace("'", ""),
  )
  assert found["model_params"].tolist()[0] == 4_000_000
  assert found["target_tokens"].tolist() == [1_000_000, 25_000]
  assert found["injection"].tolist() == [0.05, 0.005]
  assert found["loss"][0] == 3.25 and np.isnan(found["loss"][1])


def test_headers_are_known_in_capitals_and_with_blanks(tmp_path):
  found = table_of(tmp_path, " Model Params,Injection ,My Own\n1,2,3\n")
  assert [*found] == ["model_params", "injection", "My Own"]


@pytest.mark.parametrize("names", [("NA", "nan"), ("007", "7.0"), ("1", "2")])
def test_a_domain_is_text_whatever_it_looks_like(tmp_path, names):
  for ending, write in WRITERS.items():
    if ending.startswith(".json"):  # pandas writes numbers for these itself
      continue
    write(RUNS.assign(domain=names), tmp_path / f"mine{ending}")
    found = table_file.read(tmp_path / f"mine{ending}")
    assert found["domain"].tolist() == [*names], ending


def test_a_pretraining_has_no_domain(tmp_path):
  found = table_of(tmp_path, "model_params,domain\n1,\n2,NA\n")
  assert found["domain"].isna().tolist() == [True, False]


def test_a_row_that_is_cut_off_is_left_out_and_told(tmp_path):
  text = RUNS.to_csv(index=False)
  with pytest.warns(TableWarning, match=r"1 row left out.*\(line 3\): cut off"):
    found = table_of(tmp_path, text[:-10])
  assert len(found) == 1


def test_names_that_are_nearly_one_are_told(tmp_path):
  text = RUNS.assign(domain=["law texts", "Law-Texts"]).to_csv(index=False)
  with pytest.warns(TableWarning, match="'Law-Texts', 'law texts' are nearly"):
    table_of(tmp_path, text)


def test_lines_of_the_file_are_kept_over_blank_ones_and_quotes(tmp_path):
  (tmp_path / "mine.csv").write_text('a,b\n\n1,"x\ny"\n2,z\n\n3,w\n')
  found = table_file.read(tmp_path / "mine.csv", lines=True)
  assert found["file line"].tolist() == [3, 5, 7]
  # a blank line is seen where the last line has no end, too
  (tmp_path / "mine.csv").write_text("a,b\r\n1,x\r\n\r\n2,y")
  found = table_file.read(tmp_path / "mine.csv", lines=True)
  assert found["file line"].tolist() == [2, 4]


def test_a_number_with_noughts_before_it_stands_beside_decimal_commas(tmp_path):
  found = table_of(tmp_path, "n;loss\n007;0,5\n010;1,25\n")
  assert found["n"].tolist() == [7, 10]
  assert found["loss"].tolist() == [0.5, 1.25]


@pytest.mark.parametrize(
  ("above", "left_out"),
  [
    ("# made by hand, in March\n", 1),
    ("# a\n#b, c\n", 2),
    ("#", 0),  # the names themselves, as numpy.savetxt has them
    ("# of March\n# ", 1),
    ("# by hand, in March\r", 1),
  ],
)
def test_comments_on_top_are_left_out_and_told(tmp_path, above, left_out):
  content = above + "N,domain\n1,law\n\n2,kjv\n"
  with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    file = tmp_path / "mine.csv"
    file.write_text(content)
    table = table_file.read(file, lines=True)
  assert table["N"].tolist() == [1, 2] and [*table["domain"]] == ["law", "kjv"]
  first = len(f"{above}N".splitlines()) + 1
  assert table[table_columns.LINE].tolist() == [first, first + 2]
  assert len(said) == bool(left_out)
  if left_out:
    assert f"{left_out} line" in str(said[0].message)


def test_what_a_zip_holds_is_read_but_no_litter(tmp_path):
  packed = io.BytesIO()
  with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("t/mine.csv", RUNS.to_csv(index=False))
    archive.writestr("__MACOSX/t/._mine.csv", "litter")
  found = table_of(tmp_path, packed.getvalue(), "mine.zip")
  pd.testing.assert_frame_equal(found, RUNS, check_dtype=False)


def test_forgetting_gives_the_loss_that_is_not_there(tmp_path):
  forgetting = RUNS["pretrain_loss"] - RUNS["base_pretrain_loss"]
  for lacking in ("pretrain_loss", "base_pretrain_loss"):
    theirs = RUNS.drop(columns=lacking).assign(forgetting=forgetting)
    theirs.to_csv(tmp_path / "mine.csv", index=False)
    found = load(tmp_path / "mine.csv")
    np.testing.assert_allclose(found[lacking], RUNS[lacking])


def test_a_large_table_takes_seconds(tmp_path):
  many = pd.concat([RUNS] * 50_000, ignore_index=True)
  found = table_of(tmp_path, many.to_csv(index=False))
  assert len(found) == 100_000


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_column_that_is_named_as_the_domain_is_text(tmp_path, ending):
  names = ["7", "7.0", "007", "NA"]
  content = {
    "csv": "task,loss\n" + "\n".join(f"{name},1.5" for name in names),
    "jsonl": "\n".join(
      f'{{"task": {name}, "loss": 1.5}}'
      for name in ["7", "7.0", '"007"', '"NA"']
    ),
  }
  file = tmp_path / f"mine.{ending}"
  file.write_text(content[ending])
  for known in ({"columns": {"domain": "task"}}, {"text": ["task"]}):
    read = table_file.read(file, **known)
    assert read["task"].tolist() == names
