"""Where injected text comes from: names, and what does not go together."""

import dataclasses
import json

import pytest
from small import small_finetuning

from forgetting.config import (
  InputError,
  OtherText,
  Repeated,
  Replay,
  Run,
  SelfText,
  canonical,
)

TEXT = {name: f"/text/{name}.txt" for name in ("news", "letters", "law")}
SOURCES = {
  "wiki_fr": OtherText(sources=("wiki_fr",)),
  "self-t0.7-top0.9": SelfText(chunks=8, temperature=0.7, top_p=0.9),
  "self-t1-wiki_fr": SelfText(chunks=8, prompts=("wiki_fr",)),
  "pool4": Repeated(chunks=4),
}


def run_with(**changes) -> Run:
  return dataclasses.replace(small_finetuning(TEXT), **changes)


@pytest.mark.parametrize("word", SOURCES)
def test_a_source_is_in_the_name_and_comes_back_from_json(word):
  run = run_with(replay_source=SOURCES[word], beside=("self",))
  assert f"-from-{word}-s0-" in run.name
  assert run.replay_source_word == word
  assert canonical.from_dict(Run, json.loads(canonical.to_json(run))) == run


def test_without_a_source_nothing_is_said_of_it():
  run = run_with()
  assert "replay_source" not in canonical.to_json(run)
  assert run.replay_source_word == "own"
  assert run.parent.replay_source_word is None
  assert run_with(injection=0.0).replay_source_word is None


@pytest.mark.parametrize(
  ("changes", "told"),
  [
    (dict(injection=0.0, replay_source=Repeated(chunks=1)), "nothing is"),
    (dict(replay=Replay(pool=4), replay_source=Repeated(chunks=1)), "pool"),
    (dict(replay_source=OtherText(sources=(TEXT["law"],))), "target domain"),
    (dict(pretraining=("self",)), "the parent's"),
  ],
)
def test_what_does_not_go_together_is_refused(changes, told):
  with pytest.raises(InputError, match=told):
    run_with(**changes)


def test_a_proxy_is_text_that_is_there():
  with pytest.raises(InputError, match="SelfText"):
    OtherText(sources=("self",))
