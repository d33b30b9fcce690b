import json

import numpy as np
import pytest
import synthetic

from forgetting.config import InputError
from forgetting.data import document_store, sources, store, tokenizers
from forgetting.data.documents import Split

CONTEXT = 16
pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
  """A prepared corpus, and the name and folder of its documents."""
  place = tmp_path_factory.mktemp("text") / "made_up"
  path = synthetic.folder(place, documents=100, seed=1)
  found = store.prepare(path, context=CONTEXT)
  source = sources.find(path)
  return found, (source.name, document_store.folder_of(source))


def drained(task, split):
  from forgetting.data import tasks

  batches = list(tasks.chunk_batches(task, split))
  return np.concatenate([batch["targets"] for batch in batches])


def test_a_task_of_the_corpus_is_plain_seqio(prepared):
  import seqio

  from forgetting.data import tasks

  found, (name, folder) = prepared
  task = tasks.corpus_task(
    name,
    tasks.stored(folder),
    context=CONTEXT,
    tokenizer=tokenizers.find("bytes"),
  )
  assert isinstance(task, seqio.Task) and set(task.splits) == set(Split)
  assert name not in seqio.TaskRegistry.names()
  for split in Split:
    assert (drained(task, split) == getattr(found, split)).all()
  [example] = task.get_dataset(split="train", shuffle=False).take(1)
  assert example["targets"].shape == (CONTEXT + 1,)
  text = task.output_features["targets"].vocabulary.decode(
    example["targets"].numpy().tolist()
  )
  first = next(document_store.read(folder, Split.TRAIN)).decode()
  assert text == first[: CONTEXT + 1]


def test_kept_documents_are_a_tfds_data_set_and_one_task_serves_both(prepared):
  import tensorflow_datasets as tfds

  from forgetting.data import tasks, tensorflow

  found, (name, folder) = prepared
  full_name, data_dir = tasks.as_tfds(name, folder)
  assert tasks.as_tfds(name, folder) == (full_name, data_dir)
  builder = tfds.builder_from_directory(f"{data_dir}/{name}/1.0.0")
  kept = found.meta["documents"]
  for split in Split:
    assert builder.info.splits[split].num_examples == kept[split]
  task = tasks.corpus_task(
    "by_tfds",
    tensorflow.tfds_set(full_name, data_dir),
    context=CONTEXT,
    tokenizer=tokenizers.find("bytes"),
  )
  for split in Split:
    assert (drained(task, split) == getattr(found, split)).all()


def test_a_tfds_data_set_as_a_source(prepared, tmp_path):
  import tensorflow_datasets as tfds

  texts = [synthetic.document(60, seed=500 + i) for i in range(80)]
  tfds.dataset_builders.store_as_tfds_dataset(
    "little",
    "1.2.0",
    tfds.features.FeaturesDict({"body": tfds.features.Text()}),
    {"test": [(i, {"body": text}) for i, text in enumerate(texts)]},
    data_dir=tmp_path,
  )
  (tmp_path / "same.jsonl").write_text(
    "\n".join(json.dumps({"text": text}) for text in texts)
  )
  same = store.prepare(str(tmp_path / "same.jsonl"), context=CONTEXT)
  for name in ("tfds:little:1.2.0", "tfds:little"):
    source = f"{name}?data_dir={tmp_path}&field=body&split=test"
    found = store.prepare(source, context=CONTEXT)
    assert found.name == "little"
    assert (found.train == same.train).all()
    assert "little:1.2.0" in found.meta["source"]
  for change, told in (
    ("field=bodies", "no field 'bodies': found body"),
    ("split=train", "no split 'train': found test"),
    ("colour=red", "found colour, expected data_dir, split, field"),
  ):
    source = f"tfds:little:1.2.0?data_dir={tmp_path}&field=body&split=test"
    with pytest.raises(InputError, match=told):
      store.prepare(f"{source}&{change}", context=CONTEXT)
  with pytest.raises(InputError, match=r"no data set .absent"):
    sources.find(f"tfds:absent:1.0.0?data_dir={tmp_path}")


def test_prompts_of_a_tfds_data_set(tmp_path):
  import tensorflow_datasets as tfds

  words = synthetic.words
  pairs = [
    {
      "question": f"What of {i}: {' '.join(words(6, seed=i))}?",
      "answer": " ".join(words(20, seed=900 + i)),
      "score": i,
    }
    for i in range(90)
  ]
  text = tfds.features.Text()
  features = dict(
    question=text, answer=text, score=tfds.features.Scalar(np.int64)
  )
  tfds.dataset_builders.store_as_tfds_dataset(
    "pairs",
    "1.0.0",
    tfds.features.FeaturesDict(features),
    {"train": list(enumerate(pairs))},
    data_dir=tmp_path,
  )
  (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)))
  same = f"{tmp_path}/pairs.jsonl:question->answer"
  source = f"tfds:pairs?data_dir={tmp_path}&field="
  found, expected = (
    store.prepare(s, context=CONTEXT)
    for s in (f"{source}question->answer", same)
  )
  assert (found.train == expected.train).all()
  assert (found.train_weights == expected.train_weights).all()
  assert 0 < found.train_weights.mean() < 1
  with pytest.raises(
    InputError, match="field 'score' is Scalar, expected Text"
  ):
    store.prepare(f"{source}score", context=CONTEXT)
  with pytest.raises(InputError, match="prompts are prepared, write tfds:"):
    stream = source.replace("tfds:", "stream:") + "question->answer"
    store.prepare(
      f"{stream}&split=train[:50%]&validation=train[50%:]", context=CONTEXT
    )
