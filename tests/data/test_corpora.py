import re

import pytest

from forgetting.config import InputError
from forgetting.data import corpora
from forgetting.data.corpora import CATALOGUE


def test_every_entry_is_complete():
  for name, entry in CATALOGUE.items():
    assert re.fullmatch(r"\w+", name) and name == entry.name
    assert entry.role in ("pretraining", "target")
    assert entry.licence and entry.description
    for pin in entry.archives:
      assert re.fullmatch(r"[0-9a-f]{64}", pin.sha256)
      assert pin.version in pin.filename and pin.size > 100_000


def test_an_unknown_name_lists_the_close_ones_first():
  with pytest.raises(InputError, match="unknown corpus 'wiki_end'") as caught:
    corpora.find("wiki_end")
  listed = str(caught.value).split("one of ")[1].split(", ")
  assert listed[0] == "wiki_en"
  assert sorted(listed) == sorted(CATALOGUE)


def test_the_default_mix_is_licence_clean():
  clean, full = corpora.expand(["mix"]), corpora.expand(["mix_full"])
  assert set(full) - set(clean) == {"news", "usenet", "tweets"}
  assert all(CATALOGUE[name].role == "pretraining" for name in full)
  assert corpora.expand(["kjv", "mix", "kjv", "./x"]) == ["kjv", *clean, "./x"]
  assert len(corpora.expand(["targets"])) == 8
