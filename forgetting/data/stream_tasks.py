"""A streamed data set as iterators of chunks whose position can be saved."""

from __future__ import annotations

from collections.abc import Sequence
import functools

import numpy as np

from forgetting.data.documents import RESPONSE
from forgetting.data.tasks import Chunks, Encode, vocabulary
from forgetting.data.tensorflow import seqio, tf, tfds, tfds_set
from forgetting.data.tfds_source import TfdsSource
from forgetting.data.tokenizers import Tokenizer

# One document in so many is kept from pretraining, for fine-tunings to inject.
RESERVED_EVERY = 16
_SHUFFLE_CHUNKS = 256  # of each lane; a checkpoint holds them

# files may come in any order, also of a data set that was written in one
seqio.utils.set_tfds_read_config_override(
  tfds.ReadConfig(enable_ordering_guard=False)
)


def lane(
  source: TfdsSource,
  *,
  index: int,
  lanes: int,
  reserved: bool,
  seed: int,
  context: int,
  tokenizer: Tokenizer,
):
  """A part of the training text, as an iterator of chunks [L+1], each once.

  Args:
    source: of the text.
    index, lanes: which part, of how many that share nothing.
    reserved: whether to read the documents that pretrainings do not read, or
      those that they do; a document's own hash says which it is.
    seed: of the order of files and of chunks.
    context: L.
    tokenizer: of the chunks.

  Returns:
    an iterator of tensors of uint16 or int32 token ids.
  """
  # in as few bytes as ids need: they fill the shuffle's buffer
  small = tf.uint16 if tokenizer.dtype == np.uint16 else tf.int32
  feature = seqio.Feature(vocabulary(tokenizer), add_eos=True, dtype=small)
  task = seqio.Task(
    "stream",
    source=tfds_set(source.full_name, source.data_dir, train=source.split),
    preprocessors=[
      functools.partial(
        seqio.preprocessors.rekey, key_map={"targets": source.field}
      ),
      functools.partial(_share, reserved=reserved),
      _plain,
      Encode(tokenizer),
      Chunks(context, begin=tokenizer.begin_id),
      functools.partial(_tokens, dtype=small),
    ],
    output_features={"targets": feature},
    shuffle_buffer_size=_SHUFFLE_CHUNKS,
  )
  dataset = task.get_dataset(
    split="train",
    shuffle=True,
    seed=seed,
    shard_info=seqio.ShardInfo(index, lanes),
    num_epochs=1,
  )
  options = tf.data.Options()
  # its thread holds up the end of an iterator, of sixteen by minutes
  options.autotune.enabled = False
  chunks = dataset.map(lambda chunk: chunk["targets"])
  return iter(chunks.with_options(options))


def save(iterators: Sequence, path: str) -> None:
  """Writes the positions of iterators, what they hold in memory included.

  Args:
    iterators: of `lane`.
    path: the beginning of the names of the files that are written.
  """
  tf.train.Checkpoint(**_named(iterators)).write(path)


def load(iterators: Sequence, path: str) -> None:
  """Puts iterators where they were when they were saved.

  Args:
    iterators: of `lane`, made with the same arguments.
    path: that `save` was given.
  """
  tf.train.Checkpoint(**_named(iterators)).read(path).assert_consumed()


def _named(iterators: Sequence) -> dict:
  return {f"lane{i}": iterator for i, iterator in enumerate(iterators)}


def _share(dataset: tf.data.Dataset, *, reserved: bool) -> tf.data.Dataset:
  """Preprocessor: keeps the documents that are reserved, or all others."""

  def mine(document):
    text = document["targets"]
    bucket = tf.strings.to_hash_bucket_fast(text, RESERVED_EVERY)
    return tf.equal(tf.equal(bucket, 0), reserved)

  return dataset.filter(mine)


def _plain(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """Preprocessor: replaces the mark that separates prompts from responses."""

  def plain(document):
    text = tf.strings.regex_replace(document["targets"], RESPONSE, " ")
    return {"targets": text}

  return dataset.map(plain)


def _tokens(dataset: tf.data.Dataset, *, dtype: tf.DType) -> tf.data.Dataset:
  """Preprocessor: keeps token ids alone, in few bytes."""
  return dataset.map(
    lambda chunk: {"targets": tf.cast(chunk["targets"], dtype)}
  )
