"""`forgetting data`: which of its commands takes which names and options."""

from command import CONFIGS, called
import pytest

from forgetting.data import commands, corpora, shared


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    (("list", "kjv"), "data list: found a name, expected none; see data prep"),
    (("list", "--size", "9"), "--size: found it with data list"),
    (("show", "kjv", "--at", "x"), "expected it with data push or pull"),
    (("show", "kjv", "--domain", "x"), "--domain: found it with data show"),
    (("tokenizer", "a", "--context", "9"), "--context: found it with data tok"),
    (("show",), "data show: found no name"),
    (("push", "kjv"), "data push: --at is missing"),
    (("pull", "--at", "x"), "data pull: found no name"),
    (("push", "kjw", "--at", "x"), "kjw"),
  ],
)
def test_bad_input_is_one_line(arguments, line, tmp_path):
  done = called("data", *arguments, cwd=tmp_path)
  assert done.returncode == 2
  assert line in done.stderr
  assert len(done.stderr.splitlines()) == 1


def test_prepare_without_a_name_takes_the_mix(monkeypatch):
  asked = []
  monkeypatch.setattr(
    commands, "prepare_text", lambda names, **how: asked.append((names, how))
  )
  assert called("data", "prepare", "--context", "64").returncode == 0
  assert asked == [(("mix",), dict(context=64, tokenizer="bytes"))]


def test_push_takes_sources_and_all_text_of_a_study(monkeypatch):
  pushed = []
  monkeypatch.setattr(
    shared, "push", lambda wanted, at: pushed.extend(wanted) or at
  )
  smoke = CONFIGS / "smoke.py"
  done = called(
    "data", "push", smoke, "mix", "kjv", "--at", "there", "--domain", "wiki_fr"
  )
  assert (done.returncode, done.stdout) == (0, "there\n"), done.stderr
  names = [one.source for one in pushed]
  assert len(names) == len({*names})  # smoke's sources are of the mix too
  mix = corpora.expand(["mix"])
  assert {*names} == {*mix, "kjv", "wiki_fr"} | {"wiki_en", "py_django"}


def test_the_catalogue_is_listed(tmp_path, monkeypatch):
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path))
  done = called("data", "list")
  assert done.returncode == 0
  assert all(name in done.stdout for name in ("kjv", "wiki_fr", "wiki_en"))
