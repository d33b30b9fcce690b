"""Data sets of the hub, and folders of them that the test writes."""

import json

import pytest
import synthetic

from forgetting.config import InputError, domain_name
from forgetting.data import hub_source, sources
from forgetting.data.documents import Counts

datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
  monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
  monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


TEXTS = [synthetic.document(8, seed=seed) for seed in range(6)]


def documents(source):
  found = hub_source.parse(source)
  return list(found.documents(found.fields(), Counts()))


@pytest.fixture
def saved(tmp_path):
  whole = datasets.Dataset.from_dict({"text": TEXTS, "id": list(range(6))})
  parts = {"train": whole, "test": whole.select(range(2))}
  datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved")
  return tmp_path / "saved"


def test_a_folder_that_was_saved_is_read_by_its_path(saved):
  assert documents(str(saved)) == TEXTS
  assert documents(f"hf:{saved}?split=test&field=text") == TEXTS[:2]
  found = sources.find(str(saved))
  assert found.about["read_as"] == "text in 'text'"
  assert found.identity != sources.find(f"hf:{saved}?split=test").identity


def test_a_folder_of_files_as_the_library_reads_it(tmp_path, monkeypatch):
  monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
  said = [dict(role=r, content=r) for r in ("user", "assistant")]
  (tmp_path / "chats").mkdir()
  (tmp_path / "chats" / "train.jsonl").write_text(
    "\n".join(json.dumps({"messages": said}) for _ in range(3))
  )
  found = sources.find(f"hf:{tmp_path}/chats?stream=yes")
  assert found.chat and found.prompted
  assert len(list(found.documents(None, Counts()))) == 3


def test_what_is_not_there_says_what_to_do(saved, tmp_path):
  for source, line in (
    (f"hf:{saved}?split=dev", "no such split.*'train', 'test'.*split=NAME"),
    (f"hf:{saved}?field=body", "no field 'body': found text, id; name it as"),
    (f"hf:{saved}?part=1", "found 'part=1', expected split, field, stream"),
    ("hf:some/name", "offline mode is on"),
  ):
    with pytest.raises(InputError, match=line) as told:
      sources.find(source)
    assert "\n" not in str(told.value)


class GatedRepoError(Exception):
  """As huggingface_hub calls it."""


@pytest.mark.parametrize(
  ("error", "line"),
  [
    (GatedRepoError("403 Client Error"), "ask for access.*hf auth login"),
    (ConnectionError("no route"), "cannot be reached; .*HF_HUB_OFFLINE=1"),
    (ValueError("Config name is missing"), "hf:org/name:CONFIG"),
  ],
)
def test_what_the_hub_answers(monkeypatch, error, line):
  def ask(*args, **named):
    raise error

  monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", ask)
  with pytest.raises(InputError, match=line):
    sources.find("hf:some/name")


def test_its_parts_and_its_name():
  found = hub_source.parse("hf:org/name@v1:en?split=train[:5%]&field=q->a")
  assert (found.path, found.revision, found.config) == ("org/name", "v1", "en")
  assert (found.split, found.field) == ("train[:5%]", "q->a")
  assert domain_name(found.source) == "name"
