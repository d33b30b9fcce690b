"""Features of a study's proxies, from its text and its base losses."""

import dataclasses

from small import options_in

from forgetting.config import OtherText
from forgetting.runs import run as run_lib
from forgetting.runs.likeness import features


def test_other_text_has_features_and_the_corpus_is_nearer(
  finetuning, with_parent, text
):
  proxy = OtherText(sources=(text["poems"],))
  run = dataclasses.replace(finetuning, replay_source=proxy, steps=2)
  own = dataclasses.replace(finetuning, steps=2)
  options = options_in(with_parent)
  for one in (run, own):
    run_lib.do_run(one, options)
  found = features(with_parent / "toy")
  assert [*found] == ["poems"]
  values = found["poems"]
  assert {*values} == {"base_loss", "likeness", "missing"}
  assert 0 < values["likeness"] < 1 and 0 <= values["missing"] < 1
  assert values["base_loss"] > 0
