import numpy as np
import pytest
import synthetic

from forgetting.data import document_store, sources, store, tokenizers
from forgetting.data.mixture import Epochs, Mixture
from forgetting.data.pool import Pool
from forgetting.data.store import chunk_ids

CONTEXT = 16
BATCH = 20
pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
  """A target domain and two pretraining corpora of different sizes."""
  place = tmp_path_factory.mktemp("text")
  sizes = {"target": 120, "zebra": 200, "alpha": 100}
  made = {
    name: synthetic.folder(place / name, documents=size, seed=seed)
    for seed, (name, size) in enumerate(sizes.items())
  }
  return {
    name: (store.prepare(path, context=CONTEXT), documents_of(path))
    for name, path in made.items()
  }


def documents_of(path):
  source = sources.find(path)
  return source.name, document_store.folder_of(source)


def draw_of(prepared, *, injection, target_chunks=50, parent_chunks=300):
  pool = Pool(tuple(prepared[name][0].train for name in ("zebra", "alpha")))
  domain = Pool((prepared["target"][0].train,))
  return Mixture(
    pretraining=pool,
    target=Epochs(domain, target_chunks, seed=3) if injection < 1 else None,
    injection=injection,
    batch_size=BATCH,
    seed=3,
    parent_seed=0,
    parent_chunks=parent_chunks,
  )


def streamed(prepared, draw, chunks, seed=3):
  """The first so many chunks of the run, through seqio.get_dataset."""
  import seqio
  import seqio_mixture

  mixture = seqio_mixture.run_mixture(
    draw,
    prepared["target"][1] if draw.target is not None else None,
    [prepared["zebra"][1], prepared["alpha"][1]],
    context=CONTEXT,
    tokenizer=tokenizers.find("bytes"),
  )
  dataset = seqio.get_dataset(
    mixture,
    {"targets": CONTEXT + 1},
    seqio.PassThroughFeatureConverter(),
    shuffle=True,
    num_epochs=None,
    seed=seed,
    batch_size=chunks,
  )
  return next(dataset.as_numpy_iterator())["targets"]


def stored(draw, chunks):
  batches = list(draw.batches(0, chunks // BATCH))
  tokens = np.concatenate([b["tokens_BxL"] for b in batches])
  last = np.concatenate([b["targets_BxL"] for b in batches])[:, -1:]
  return np.concatenate([tokens, last], 1)


def ids_by_source(prepared, chunks):
  ids = chunk_ids(chunks)
  return {
    name: np.isin(ids, chunk_ids(found.train))
    for name, (found, _) in prepared.items()
  }


@pytest.mark.parametrize("injection", [0.0, 0.05, 0.25])
def test_seqio_draws_the_same_fractions_and_the_same_target(
  prepared, injection
):
  draw = draw_of(prepared, injection=injection)
  one, other = streamed(prepared, draw, 400), stored(draw, 400)
  from_seqio, from_store = (
    ids_by_source(prepared, one),
    ids_by_source(prepared, other),
  )
  for name in prepared:  # chunk by chunk, so after any n of them
    assert (from_seqio[name] == from_store[name]).all()
  assert from_seqio["target"].sum() == 400 - round(400 * injection)
  unique = set(chunk_ids(one[from_seqio["target"]]))
  assert unique == set(chunk_ids(other[from_store["target"]]))
  assert len(unique) == draw.target.chunks


def test_every_epoch_of_the_target_is_whole_and_in_another_order(prepared):
  draw = draw_of(prepared, injection=0.0)
  epochs = chunk_ids(streamed(prepared, draw, 200)).reshape(4, 50)
  assert len({tuple(epoch) for epoch in epochs}) == 4
  assert len({tuple(sorted(epoch)) for epoch in epochs}) == 1
  again = chunk_ids(streamed(prepared, draw, 200)).reshape(4, 50)
  assert (again == epochs).all()


def test_injected_chunks_are_fresh_and_never_repeated(prepared):
  draw = draw_of(prepared, injection=0.5)
  chunks = streamed(prepared, draw, 400)
  injected = chunk_ids(chunks[~ids_by_source(prepared, chunks)["target"]])
  assert len(injected) == len(set(injected)) == 200
  parent = draw_of(prepared, injection=1.0, parent_chunks=0)
  drawn = chunk_ids(stored(parent, 300))
  assert not set(injected) & set(drawn[:300])


def test_a_pretraining_streams_too_and_ends_with_its_text(prepared):
  import seqio
  import seqio_mixture

  draw = draw_of(prepared, injection=1.0, parent_chunks=0)
  mixture = seqio_mixture.run_mixture(
    draw,
    None,
    [prepared["zebra"][1], prepared["alpha"][1]],
    context=CONTEXT,
    tokenizer=tokenizers.find("bytes"),
  )
  dataset = seqio.get_dataset(
    mixture,
    {"targets": CONTEXT + 1},
    seqio.PassThroughFeatureConverter(),
    shuffle=True,
    num_epochs=None,
    seed=1,
  )
  chunks = np.array([x["targets"] for x in dataset.as_numpy_iterator()])
  assert len(chunks) == len(draw.pretraining)
  everything = np.concatenate(
    [prepared[n][0].train for n in ("zebra", "alpha")]
  )
  assert set(chunk_ids(chunks)) == set(chunk_ids(everything))
