import json
import os

import pytest
from rich.console import Console
from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import sources
from forgetting.data.documents import Counts


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "cache"))


def documents(source):
  with Progress(console=Console(quiet=True)) as progress:
    return list(sources.find(str(source)).documents(progress, Counts()))


def refusal(source):
  with pytest.raises(InputError) as caught:
    documents(source)
  message = str(caught.value)
  assert "\n" not in message
  return message


@pytest.fixture
def folder(tmp_path):
  place = tmp_path / "my text"
  (place / "deep").mkdir(parents=True)
  (place / "b.txt").write_text("second")
  (place / "deep" / "c.txt").write_bytes(b"caf\xe9")
  (place / "a.jsonl").write_text('{"text": "first"}\n\n{"text": "again"}\n')
  (place / "ignored.pdf").write_text("no text")
  return place


def test_a_folder_is_read_in_the_order_of_its_names(folder):
  assert documents(folder) == ["first", "again", "second", "caf\ufffd"]
  assert sources.find(str(folder)).name == "my_text"


def test_a_glob_and_a_single_file(folder):
  assert documents(folder / "*.txt") == ["second"]
  assert documents(folder / "b.txt") == ["second"]


def test_another_field(folder):
  path = folder / "q.jsonl"
  path.write_text(json.dumps({"question": "why?", "text": "no"}))
  assert documents(f"{path}:question") == ["why?"]
  assert sources.find(f"{path}:question").name == "q"


def test_the_identity_is_the_content_not_the_place(folder, tmp_path):
  before = sources.find(str(folder)).identity
  copy = tmp_path / "elsewhere"
  os.rename(folder, copy)
  assert sources.find(str(copy)).identity == before
  (copy / "b.txt").write_text("SECOND")
  assert sources.find(str(copy)).identity != before


def test_a_catalogue_name_wins_and_a_path_needs_a_sign(folder, monkeypatch):
  monkeypatch.chdir(folder.parent)
  (folder.parent / "kjv").mkdir()
  assert "pythonbible" in sources.find("kjv").about["source"]
  assert sources.find("my text").name == "my_text"
  assert "no such file" in refusal("./kjw")
  assert "unknown corpus 'kjw'" in refusal("kjw")


def test_what_cannot_be_read(folder):
  assert "no such file or folder" in refusal(folder / "absent")
  assert "found 1 .pdf, and none is text as .txt, .md" in refusal(
    folder / "ignored.pdf"
  )
  (folder / "empty").mkdir()
  assert "found 0 files" in refusal(folder / "empty")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(folder):
  (folder / "b.txt").chmod(0)
  assert "cannot be read (Permission denied)" in refusal(folder)


def test_a_file_that_vanishes(folder):
  found = sources.find(str(folder))
  (folder / "b.txt").unlink()
  with pytest.raises(InputError, match=r"b\.txt cannot be read"):
    list(found.documents(None, Counts()))


@pytest.mark.parametrize(
  ("line", "told"),
  [
    ('{"text": 3}', "field 'text' is int, expected text"),
    ('{"body": "x"}', "no field 'text': found body"),
    ("[1]", "no field 'text': found no object"),
    ('{"text": ', "is no JSON"),
  ],
)
def test_a_wrong_line_is_named(folder, line, told):
  (folder / "a.jsonl").write_text('{"text": "fine"}\n' + line + "\n")
  message = refusal(folder)
  assert told in message and "a.jsonl line 2" in message
