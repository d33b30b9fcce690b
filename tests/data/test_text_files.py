import csv
import gzip
import io
import json
import zipfile

from etils import epath
from hypothesis import given, settings
from hypothesis import strategies as st
import pyarrow
from pyarrow import parquet
import pytest

from forgetting.config import InputError
from forgetting.data import chats, file_search, text_files
from forgetting.data.documents import RESPONSE, Counts
from forgetting.data.fields import Fields
from forgetting.data.text_files import split_source

TEXTS = ["first words", "d\u00e9j\u00e0 vu", "third\nof three"]


def json_lines(texts=TEXTS):
  return "".join(json.dumps({"text": t}) + "\n" for t in texts).encode()


def parquet_bytes(**columns):
  file = io.BytesIO()
  parquet.write_table(pyarrow.table(columns), file)
  return file.getvalue()


def zst(data):
  return pyarrow.Codec("zstd").compress(data, asbytes=True)


def read(path, fields=None, counts=None):
  found = file_search.find(str(path), str(path)).files
  counts = counts or Counts()
  return [
    document
    for file in found
    for document in text_files.read("src", file, fields or Fields(), counts)
  ]


def refusal(path, **kwargs):
  with pytest.raises(InputError) as caught:
    read(path, **kwargs)
  assert "\n" not in str(caught.value)
  return str(caught.value)


def zipped(data):
  packed = io.BytesIO()
  with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("deep/inside.jsonl", data)
    archive.writestr("__MACOSX/._inside.jsonl", b"litter")
  return packed.getvalue()


def contents(texts):
  """Texts as each kind of file of records has them."""
  rows = io.StringIO(newline="")
  writer = csv.writer(rows)
  writer.writerows([["text", "id"], *([t, i] for i, t in enumerate(texts))])
  records = [{"text": t, "id": i} for i, t in enumerate(texts)]
  return {
    ".jsonl": "\n".join(map(json.dumps, records)),
    ".json": json.dumps({"data": records}),
    ".csv": rows.getvalue(),
  }


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", [".txt", ".MD", *contents(()), ".parquet"])
def test_every_kind_in_every_packing(tmp_path, kind, packing):
  data = {
    ".txt": "\r\n".join(TEXTS).encode(),
    ".MD": "\r\n".join(TEXTS).encode(),
    ".parquet": parquet_bytes(text=TEXTS, other=[1, 2, 3]),
    **{kind: text.encode() for kind, text in contents(TEXTS).items()},
  }[kind]
  pack = {"": bytes, ".gz": gzip.compress, ".zst": zst}[packing]
  path = tmp_path / f"some.name{kind}{packing}"
  path.write_bytes(pack(data))
  plain = kind in (".txt", ".MD")
  expected = ["\n".join(TEXTS)] if plain else TEXTS
  assert read(path) == expected
  assert read(tmp_path) == expected
  assert read(tmp_path / "*") == expected


@pytest.mark.parametrize(
  ("source", "path", "fields"),
  [
    ("a/b.jsonl", "a/b.jsonl", ""),
    ("a/b.jsonl:body", "a/b.jsonl", "body"),
    ("a/b.jsonl.zst:q->a", "a/b.jsonl.zst", "q->a"),
    ("a/*.parquet:q->a:Q: {prompt}/A", "a/*.parquet", "q->a:Q: {prompt}/A"),
    ("gs://bucket/a.jsonl", "gs://bucket/a.jsonl", ""),
    ("gs://bucket/a/:body", "gs://bucket/a/", "body"),
    ("a/b.txt", "a/b.txt", ""),
  ],
)
def test_a_source_is_a_path_and_fields(source, path, fields):
  assert split_source(source) == (path, fields)


def test_prompts_and_responses(tmp_path):
  path = tmp_path / "qa.jsonl"
  path.write_text(json.dumps({"q": "why?", "a": f"so{RESPONSE}!"}))
  plain = read(path, Fields.parse("q->a"))
  assert plain == [f"why?\n{RESPONSE}so !"]
  dressed = Fields.parse(r"q->a:Q: {prompt}\nA: {response}\n\n")
  assert read(path, dressed) == [f"Q: why?\nA: {RESPONSE}so !\n\n"]
  for wrong in ("{prompt}", "{response}{prompt}", "{prompt}{prompt}{response}"):
    with pytest.raises(InputError, match="template"):
      Fields.parse(f"q->a:{wrong}")


def test_a_long_text_file_comes_in_blocks_that_end_at_blank_lines(
  tmp_path, monkeypatch
):
  monkeypatch.setattr(text_files, "_BLOCK_CHARACTERS", 100)
  paragraphs = [f"paragraph {i} " + "x" * (i % 37) for i in range(60)]
  whole = "\n\n".join(paragraphs) + " " + "y" * 450
  (tmp_path / "long.txt").write_text(whole)
  documents = read(tmp_path)
  assert "".join(documents) == whole
  assert all(d.endswith("\n\n") for d in documents[:10])
  assert max(map(len, documents)) <= 200


def test_an_enormous_json_line_is_skipped_and_counted(tmp_path, monkeypatch):
  monkeypatch.setattr(text_files, "_LONGEST_LINE", 64)
  lines = json_lines(["before", "x" * 500, "after"])
  (tmp_path / "a.jsonl").write_bytes(lines)
  counts = Counts()
  assert read(tmp_path, counts=counts) == ["before", "after"]
  assert counts.lines_skipped == 1


def test_a_byte_order_mark_is_no_text(tmp_path):
  (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfwords \xff")
  assert read(tmp_path) == ["words \ufffd"]


def test_missing_rows_are_counted(tmp_path):
  data = parquet_bytes(text=["one", None, "three"])
  (tmp_path / "a.parquet").write_bytes(data)
  counts = Counts()
  assert read(tmp_path, counts=counts) == ["one", "three"]
  assert counts.empty == 1


def test_damaged_files_are_named(tmp_path):
  cut = tmp_path / "a.jsonl.gz"
  cut.write_bytes(gzip.compress(json_lines() * 50)[:-20])
  assert "a.jsonl.gz is damaged" in refusal(cut)
  cut.write_bytes(b"no gzip")
  assert "a.jsonl.gz" in refusal(cut)
  other = tmp_path / "b.txt.zst"
  other.write_bytes(b"not zstandard at all")
  assert "b.txt.zst" in refusal(other)
  table = tmp_path / "c.parquet"
  table.write_bytes(b"PAR1 no table")
  assert "c.parquet is no parquet file" in refusal(table)


def test_a_parquet_field_of_another_kind(tmp_path):
  (tmp_path / "a.parquet").write_bytes(parquet_bytes(text=[1, 2]))
  assert "row 1: field 'text' is int, expected text" in refusal(tmp_path)
  assert "no field 'body': found text" in refusal(
    tmp_path, fields=Fields("body")
  )


class Bucket(epath.backend._OsPathBackend):
  """What etils.epath asks of gs://, answered by a folder."""

  def __init__(self, root):
    self._root = f"{root}/"

  def _local(self, path):
    return str(path).replace("gs://", self._root)

  def exists(self, path):
    return super().exists(self._local(path))

  def isdir(self, path):
    return super().isdir(self._local(path))

  def listdir(self, path):
    return super().listdir(self._local(path))

  def open(self, path, mode):
    return super().open(self._local(path), mode)

  def glob(self, path):
    found = super().glob(self._local(path))
    return [p.replace(self._root, "gs://") for p in found]


def test_a_bucket(tmp_path, monkeypatch):
  (tmp_path / "bucket" / "deep").mkdir(parents=True)
  (tmp_path / "bucket" / "deep" / "a.jsonl").write_bytes(json_lines())
  (tmp_path / "bucket" / "b.txt").write_text("plain")
  monkeypatch.setattr(epath.gpath, "_is_tf_installed", lambda: False)
  backends = epath.gpath._PREFIX_TO_BACKEND
  monkeypatch.setitem(backends, "gs", Bucket(tmp_path))
  assert read("gs://bucket/deep/*.jsonl") == TEXTS
  assert read("gs://bucket/b.txt") == ["plain"]
  assert read("gs://bucket") == ["plain", *TEXTS]
  assert "no such file" in refusal("gs://bucket/absent")


def test_a_bucket_that_cannot_be_reached(tmp_path, monkeypatch):
  class Unreachable(Bucket):
    def exists(self, path):
      raise RuntimeError("no credentials\nfor this")

    isdir = exists

  monkeypatch.setattr(epath.gpath, "_is_tf_installed", lambda: False)
  backends = epath.gpath._PREFIX_TO_BACKEND
  monkeypatch.setitem(backends, "gs", Unreachable(tmp_path))
  assert "cannot be read (no credentials for this)" in refusal("gs://b/x")


def test_a_zip_is_looked_into(tmp_path):
  (tmp_path / "all.zip").write_bytes(zipped(json_lines()))
  assert read(tmp_path) == TEXTS


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))


@settings(deadline=None, max_examples=40)
@given(
  st.lists(WORDS.map(str.strip).filter(bool), min_size=1, max_size=4),
  st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_any_text_is_the_same_through_each_kind_and_encoding(
  tmp_path_factory, texts, code
):
  folder = tmp_path_factory.mktemp("any")
  for kind, content in contents(texts).items():
    (folder / f"a{kind}").write_bytes(content.encode(code))
    assert read(folder / f"a{kind}") == texts, kind
  (folder / "a.txt").write_bytes("\n".join(texts).encode(code))
  assert read(folder / "a.txt") == ["\n".join(texts)]
  (folder / "a.parquet").write_bytes(parquet_bytes(text=texts))
  assert read(folder / "a.parquet") == texts


def test_null_is_empty_and_a_list_is_records(tmp_path):
  (tmp_path / "a.jsonl").write_text('[{"text": "one"}, {"text": null}]')
  counts = Counts()
  assert read(tmp_path, counts=counts) == ["one"]
  assert counts.empty == 1


def test_chats_with_tools_are_left_out_and_counted(tmp_path):
  said = [dict(role=r, content=r) for r in ("user", "assistant")]
  tools = [*said, dict(role="tool", content="42")]
  lines = [json.dumps({"messages": turns}) for turns in (said, tools)]
  (tmp_path / "a.jsonl").write_text("\n".join(lines))
  counts = Counts()
  found = read(tmp_path, Fields(chat="messages"), counts)
  assert [chats.parse(document) for document in found] == [
    [("user", "user"), ("assistant", "assistant")]
  ]
  assert counts.not_chats == 1
