"""Streamed text: the same exactness as the prepared, on real TFDS files."""

import dataclasses

import numpy as np
import pytest
from small import options_in
import synthetic

from forgetting.config import InputError
from forgetting.data import store, streamed, tfds_source, tokenizers
from forgetting.data.mixture import Epochs
from forgetting.data.pool import Pool
from forgetting.data.store import chunk_ids
from forgetting.runs import run as run_lib
from forgetting.runs import text as run_text
from forgetting.runs import text_checks

CONTEXT = 32
TARGET = 250  # a token that no text has


@pytest.fixture(scope="module")
def data_set(tmp_path_factory) -> str:
  """A TFDS data set on disk, as a streamed source."""
  import tensorflow as tf
  import tensorflow_datasets as tfds

  place = tmp_path_factory.mktemp("stream")
  sizes = {"train": 1600, "validation": 90}
  texts = {
    split: [synthetic.document(60, seed=10_000 * i + j) for j in range(size)]
    for i, (split, size) in enumerate(sizes.items())
  }
  tfds.disable_progress_bar()
  tfds.dataset_builders.store_as_tfds_dataset(
    "web",
    "1.0.0",
    tfds.features.FeaturesDict({"text": tfds.features.Text()}),
    {
      split: tf.data.Dataset.from_tensor_slices({"text": documents})
      for split, documents in texts.items()
    },
    data_dir=place,
  )
  return f"stream:web:1.0.0?data_dir={place}"


def mixture(data_set, **changes) -> streamed.StreamedMixture:
  domain = Pool((np.full((60, CONTEXT + 1), TARGET, np.uint16),))
  given = dict(
    source=tfds_source.parse(data_set),
    tokenizer=tokenizers.find("bytes"),
    context=CONTEXT,
    target=Epochs(domain, 20, seed=0),
    injection=0.2,
    batch_size=4,
    seed=0,
  )
  return streamed.StreamedMixture(**(given | changes))


def drawn(batches) -> np.ndarray:
  """Chunks [steps, rows, L+1]."""
  return np.array(
    [np.c_[b["tokens_BxL"], b["targets_BxL"][:, -1:]] for b in batches]
  )


def injected(chunks) -> np.ndarray:
  rows = chunks.reshape(-1, chunks.shape[-1])
  return rows[rows[:, 0] != TARGET]


@pytest.mark.parametrize(
  "p",
  [
    pytest.param(0, marks=pytest.mark.slow),
    0.05,
    pytest.param(0.25, marks=pytest.mark.slow),
  ],
)
def test_batches_hold_the_token_fraction(data_set, p):
  chunks = drawn(mixture(data_set, injection=p).batches(0, 50))
  flags = (chunks[..., 0] != TARGET).sum(1)
  assert flags.sum() == p * 200
  counts = np.cumsum(flags) - p * 4 * np.arange(1, 51)
  assert np.abs(counts).max() < 1


@pytest.mark.parametrize("p", [0.01, 0.05, 0.0625, 0.1, 0.25, 0.5])
def test_every_lane_serves_alike(data_set, p):
  """Whatever p is: a period of it must not meet the batch's."""
  m = mixture(data_set, injection=p, batch_size=16)
  counts = np.zeros(16)
  for step in range(1600):
    positions = m.positions(step, np.arange(16))
    assert sorted(positions) == list(range(16))
    n = step * 16 + positions
    injected = m.blocks.injected_before(n + 1) > m.blocks.injected_before(n)
    counts += injected
  assert counts.sum() == round(p * 1600 * 16)
  spread = 4 * np.sqrt(counts.mean()) + 1
  assert np.abs(counts - counts.mean()).max() < spread


@pytest.mark.slow
def test_injected_text_is_never_repeated_nor_the_parents(data_set):
  parent = mixture(data_set, injection=1, target=None)
  of_parent = injected(drawn(parent.batches(0, 300)))
  of_child = injected(drawn(mixture(data_set).batches(0, 200)))
  for chunks, count in ((of_parent, 1200), (of_child, 160)):
    assert len(chunks) == len(set(chunk_ids(chunks))) == count
  # other documents, not only other cuts of the same
  assert not windows(of_parent) & windows(of_child)


def windows(chunks, size: int = 24) -> set[bytes]:
  """All runs of so many tokens."""
  runs = np.lib.stride_tricks.sliding_window_view(chunks, size, axis=1)
  return {run.tobytes() for run in runs.reshape(-1, size)}


@pytest.mark.slow
def test_order_is_a_function_of_the_seed(data_set):
  one, again, other = (
    drawn(mixture(data_set, seed=seed).batches(0, 30)) for seed in (0, 0, 1)
  )
  assert (one == again).all() and not (one == other).all()


@pytest.mark.parametrize("hosts", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_hosts_share_the_same_global_batches(data_set, hosts):
  m = mixture(data_set)
  parts = [
    drawn(m.batches(0, 30, host=host, hosts=hosts)) for host in range(hosts)
  ]
  whole = drawn(m.batches(0, 30))
  np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
  ids = [set(chunk_ids(injected(part))) for part in parts]
  assert sum(map(len, ids)) == len(set.union(*ids))  # hosts are disjoint


def test_hosts_that_share_a_lane_are_refused(data_set):
  with pytest.raises(InputError, match="found 4 on 3 hosts"):
    mixture(data_set).batches(0, 1, host=0, hosts=3)


def test_the_end_of_the_text_is_told(data_set):
  m = mixture(f"{data_set}&split=train[:80]", injection=1, target=None)
  with pytest.raises(InputError, match="web:1.0.0: its text ended at step"):
    for _ in m.batches(0, 100_000):
      pass


@pytest.fixture
def run(cache, data_set, finetuning, monkeypatch):
  """A fine-tuning from a streamed pretraining, both of seconds."""
  parent = dataclasses.replace(finetuning.parent, pretraining=(data_set,))
  store.prepare(data_set, context=CONTEXT)
  return dataclasses.replace(
    finetuning, pretraining=(data_set,), parent=parent, injection=0.5
  )


def test_an_interrupted_run_goes_on_with_exactly_the_next_batch(run, tmp_path):
  from forgetting.training.loop import Interrupted

  do = lambda study, r, **options: run_lib.do_run(  # noqa: E731
    r, options_in(tmp_path, study, **options)
  )
  for study in ("whole", "parts"):
    do(study, run.parent)
  whole = do("whole", run)
  asked = iter([False] * 3 + [True])  # stopped before the fourth step
  with pytest.raises(Interrupted):
    do("parts", run, stop=lambda: next(asked))
  parts = do("parts", run)
  for loss in ("pretrain_loss", "target_loss", "base_pretrain_loss"):
    assert whole[loss] == parts[loss]
  assert whole["data"]["web"]["split_rule"] == store.STREAM_SPLIT


def test_validation_is_the_data_sets_own(run):
  prepared = run_text.open_source(run, run.pretraining[0])
  assert not len(prepared.train) and len(prepared.validation)
  assert prepared.name == "web"
  chunks = drawn(run_text.mixture_of(run.parent).batches(0, 12))
  trained = set(chunk_ids(injected(chunks)))
  assert not trained & set(chunk_ids(prepared.validation))


@pytest.mark.parametrize(
  ("told", "line"),
  [
    ("&split=test", "no split 'test': found train, validation"),
    (
      "&validation=train[90%:]",
      "validation 'train.90%:.' inside split 'train'",
    ),
    ("&split=train[:abc]", "found split 'train.:abc.', expected as in train,"),
    ("&train", "found 'train' after the .*, expected as in split=train"),
    ("&validation=dev", "no split 'dev'"),
    ("&field=body", "no field 'body'"),
    ("&rate=2", "found rate, expected data_dir, split, field, validation"),
  ],
)
def test_what_the_data_set_does_not_have_is_named(cache, data_set, told, line):
  with pytest.raises(InputError, match=line):
    store.prepare(data_set + told, context=CONTEXT)


def test_streams_stand_alone_and_are_no_domains(run, text):
  parent = dataclasses.replace(
    run.parent, pretraining=(*run.pretraining, text["news"])
  )
  with pytest.raises(InputError, match="expected one streamed source alone"):
    text_checks.check_text(parent)
  domain = f"{run.pretraining[0]}&split=train[:99%]"
  store.prepare(domain, context=CONTEXT)
  with pytest.raises(InputError, match="write tfds: in place of stream:"):
    text_checks.check_text(dataclasses.replace(run, domain=domain))
