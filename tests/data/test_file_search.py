"""Which files of text a folder has, and what is left out of it."""

import os

import pytest

from forgetting.config import InputError
from forgetting.data import file_search


def found(path):
  return file_search.find(str(path), str(path))


def test_endings_in_capitals_and_litter_left_out(tmp_path):
  for name in (
    *("a.txt", "B.TXT", "c.Md", "d.JSONL.GZ", "e.json", "f.csv"),
    *("._a.txt", ".hidden.txt", "Thumbs.db", "p.png", "q.PNG"),
    *(".git/x.txt", ".ipynb_checkpoints/a.txt", "deep/er/g.tsv", "noend"),
  ):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("words")
  names = [file.name for file in found(tmp_path).files]
  assert names == [
    *("B.TXT", "a.txt", "c.Md", "d.JSONL.GZ", "g.tsv", "e.json", "f.csv")
  ]
  told = found(tmp_path).told
  assert told == "5 hidden, 2 .png, 1 without an ending"


def test_links_are_followed_once(tmp_path):
  (tmp_path / "in").mkdir()
  (tmp_path / "in" / "a.txt").write_text("words")
  (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
  (tmp_path / "in" / "up").symlink_to(tmp_path)
  (tmp_path / "in" / "b.txt").symlink_to(tmp_path / "in" / "a.txt")
  (tmp_path / "in" / "gone.txt").symlink_to(tmp_path / "nowhere")
  (tmp_path / "other.txt").write_text("words")
  (tmp_path / "in" / "c.txt").symlink_to(tmp_path / "other.txt")
  search = found(tmp_path / "in")
  assert {
    os.path.basename(os.path.realpath(file)) for file in search.files
  } == {*("a.txt", "other.txt")}
  assert len(search.files) == 2
  assert "broken link" in search.told


def test_a_folder_of_nothing_to_read_says_what_is_there(tmp_path):
  (tmp_path / "scan.pdf").write_text("words")
  with pytest.raises(InputError, match=r"found 1 \.pdf, and none is text as"):
    found(tmp_path)
