"""Prepared text in a bucket: put there once, copied once a host, checked."""

import subprocess
import sys

import pytest
from small import study_file

from forgetting.config import InputError
from forgetting.data import cache as cache_lib
from forgetting.data import shared, store, tokenizers
from forgetting.data.shared import Wanted
from forgetting.storage import places


@pytest.fixture(params=["folder", "bucket"])
def at(request, tmp_path) -> str:
  if request.param == "folder":
    return str(tmp_path / "shared")
  return request.getfixturevalue("bucket")


@pytest.fixture
def other_host(tmp_path, monkeypatch):
  """An empty cache, on which nothing can be prepared."""

  def entered():
    monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(store, "_make", None)

  return entered


def test_text_goes_there_and_back(cache, text, at, other_host):
  wanted = [Wanted(text[name], 32) for name in ("news", "law")]
  before = [store.prepare(w.source, context=32) for w in wanted]
  first = shared.push(wanted, at=at).splitlines()
  assert len(first) == 2 and all(" MB copied to " in line for line in first)
  again = shared.push(wanted, at=at).splitlines()
  assert all(line.endswith(": there already") for line in again)
  other_host()
  assert " MB copied from " in shared.pull(wanted, at=at)
  assert "copied" not in shared.pull(wanted, at=at)
  for one, was in zip(wanted, before, strict=True):
    found = store.prepare(one.source, context=32)
    assert found.meta == was.meta
    assert (found.train == was.train).all()
    assert (found.validation_bytes == was.validation_bytes).all()


def test_a_damaged_copy_is_refused_and_leaves_nothing(
  cache, text, at, other_host
):
  wanted = [Wanted(text["law"], 32)]
  shared.push(wanted, at=at)
  file = next(places.place(at).glob("chunks/*/train.tokens"))
  content = file.read_bytes()
  places.write(file, content[:-1] + bytes([content[-1] ^ 1]))
  other_host()
  with pytest.raises(InputError, match="train.tokens: found sha256 .* damaged"):
    shared.pull(wanted, at=at)
  assert not [*cache_lib.root().glob("chunks/*")]
  places.write(file, content)
  shared.pull(wanted, at=at)


def test_what_is_not_there_is_named_with_the_command(
  cache, text, at, other_host
):
  other_host()
  with pytest.raises(InputError, match=r"found no .*law.* `forgetting data pu"):
    shared.pull([Wanted(text["law"], 32)], at=at)
  # a copy that is under way has no list yet
  places.make_folder(places.place(at))
  assert not [*places.place(at).glob("lists/*")]


def test_a_tokenizer_goes_with_its_text(cache, text, at, other_host):
  name = f"sp300:{text['news']}"
  wanted = [Wanted(text["law"], 16, name)]
  shared.push(wanted, at=at)
  found = tokenizers.find(name)
  other_host()
  with pytest.raises(InputError, match="is not trained"):
    tokenizers.find(name)
  told = shared.pull(wanted, at=at).splitlines()
  assert len(told) == 2 and told[0].startswith("sp300-")
  assert tokenizers.find(name).sha256 == found.sha256


def test_a_worker_copies_a_studys_text_and_needs_no_tensorflow(
  cache, finetuning, bucket, tmp_path, monkeypatch
):
  """Two at once on one host; one of them copies."""
  (tmp_path / "toy.py").write_text(study_file(finetuning))
  command = [sys.executable, "-m", "forgetting", "data"]
  pushed = subprocess.run(
    [*command, "push", "toy.py", "--at", bucket],
    cwd=tmp_path,
    capture_output=True,
    text=True,
    check=True,
  )
  assert pushed.stdout.count(" copied to ") == 3
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "other"))
  code = (
    "import sys; sys.argv = ['forgetting', 'data', 'pull', 'toy.py', '--at',"
    f" {bucket!r}]\n"
    "from forgetting.cli import main as cli\n"
    "try: cli.main()\n"
    "except SystemExit as ended: assert not ended.code, ended.code\n"
    "from forgetting.study import study\n"
    "from forgetting.config.study_file import load_study\n"
    "study.prepare_text(load_study('toy.py').ordered())\n"
    "assert not {'tensorflow', 'seqio'} & {*sys.modules}\n"
  )
  pair = [
    subprocess.Popen(
      [sys.executable, "-c", code],
      cwd=tmp_path,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    for _ in range(2)
  ]
  told = [process.communicate(timeout=200) for process in pair]
  assert [process.returncode for process in pair] == [0, 0], told
  copied = [out.count(" copied from ") for out, _ in told]
  assert sorted(copied) == [0, 3]


@pytest.mark.parametrize(
  ("arguments", "told"),
  [
    (["push", "kjv"], "data push: --at is missing, expected gs://"),
    (["pull", "--at", "x"], "data pull: found no name, expected sources or"),
  ],
)
def test_what_is_missing_is_named(arguments, told):
  done = subprocess.run(
    [sys.executable, "-m", "forgetting", "data", *arguments],
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 2 and told in done.stderr
  assert len(done.stderr.splitlines()) == 1
