"""A corpus as a seqio task: documents in, fixed-length chunks of tokens out.

Seqio tasks are plain objects here and enter no registry: registries are global
and refuse a second study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import functools
import pathlib

import numpy as np

from forgetting.data import (
  cache,
  chat_encoding,
  document_store,
  silence,
  tokenizers,
)
from forgetting.data.documents import RESPONSE, Split
from forgetting.data.tensorflow import seqio, tf, tfds
from forgetting.data.tokenizers import Kind, Tokenizer

Preprocessor = Callable[[tf.data.Dataset], tf.data.Dataset]

_TFDS_VERSION = "1.0.0"
_TEXT = {"targets": "text"}
_DOCUMENTS_AT_ONCE = 256
_CHUNK_BYTES_AT_ONCE = 1 << 22


def vocabulary(tokenizer: Tokenizer) -> seqio.Vocabulary:
  """What seqio knows of a tokenizer; a Hugging Face one only by its ids.

  Args:
    tokenizer: of `tokenizers`.
  """
  if tokenizer.kind is Kind.BYTES:
    return seqio.ByteVocabulary()
  if tokenizer.kind is Kind.SENTENCEPIECE:
    return seqio.SentencePieceVocabulary(tokenizer.path)
  return seqio.PassThroughVocabulary(tokenizer.vocab_size, tokenizer.end_id)


def corpus_task(
  name: str,
  documents: seqio.DataSource,
  *,
  context: int,
  tokenizer: Tokenizer,
  chat: bool = False,
  after: Sequence[Preprocessor] = (),
  shuffle_buffer: int | None = None,
) -> seqio.Task:
  """Documents as chunks: a seqio task.

  Its records are {"targets", "bytes", "weights"}, each [context + 1] int32:
  token ids, the UTF-8 bytes that each stands for (they add up to the text's),
  and 0 for the tokens of a prompt, else 1. Documents follow each
  other with an end-of-text token after each, and are cut with stride
  `context`: the last token of a chunk is the first of the next, so that every
  token is a target exactly once. What does not fill a last chunk is dropped.

  Args:
    name: of the seqio task.
    documents: records with "text", as of `stored`.
    context: L, tokens a sequence.
    tokenizer: of the chunks.
    chat: whether the documents are chats.
    after: preprocessors of chunks.
    shuffle_buffer: chunks that seqio may hold to shuffle; None: its default.
  """
  return seqio.Task(
    name,
    source=documents,
    preprocessors=[
      functools.partial(seqio.preprocessors.rekey, key_map=_TEXT),
      Encode(tokenizer, chat=chat),
      Chunks(context, begin=tokenizer.begin_id),
      *after,
    ],
    output_features={
      "targets": seqio.Feature(vocabulary(tokenizer), add_eos=True)
    },
    shuffle_buffer_size=shuffle_buffer,
  )


def stored(folder: pathlib.Path, span: range | None = None) -> seqio.DataSource:
  """Kept documents as a source of seqio, in key order.

  Args:
    folder: of `document_store.ensure`.
    span: bytes of a split's file, of `document_store.spans`; None: all.
  """

  def dataset(split: str, shuffle_files: bool, seed: int | None = None):
    del shuffle_files, seed  # key order is the shuffle
    batches = tf.data.Dataset.from_generator(
      lambda: _text_batches(folder, Split(split), span),
      output_signature=tf.TensorSpec([None], tf.string),
    )
    return batches.unbatch().map(lambda text: {"text": text})

  splits = [split.value for split in Split]
  return seqio.FunctionDataSource(dataset, splits=splits)


def as_tfds(name: str, folder: pathlib.Path) -> tuple[str, str]:
  """Kept documents as a TFDS data set, written at the first call.

  It can be read with no code of ours, by `tfds.builder_from_directory` or
  `tfds.load`.

  Args:
    name: of the data set; it is put in lower case.
    folder: of `document_store.ensure`.

  Returns:
    its name with its version, and its data_dir.
  """
  name, place = name.lower(), cache.root() / "tfds" / folder.name
  if not place.exists():
    tfds.disable_progress_bar()
    with cache.placing(place) as work, silence.standard_error():
      tfds.dataset_builders.store_as_tfds_dataset(
        name,
        _TFDS_VERSION,
        tfds.features.FeaturesDict({"text": tfds.features.Text()}),
        {s.value: stored(folder).get_dataset(s.value, False) for s in Split},
        data_dir=work,
        disable_shuffling=True,
      )
  return f"{name}:{_TFDS_VERSION}", str(place)


def _text_batches(
  folder: pathlib.Path, split: Split, span: range | None
) -> Iterator[np.ndarray]:
  """Documents in groups: one crossing from Python serves many."""
  held: list[bytes] = []
  for text in document_store.read(folder, split, span):
    held.append(text)
    if len(held) == _DOCUMENTS_AT_ONCE:
      yield np.array(held, object)
      held = []
  if held:
    yield np.array(held, object)


class Encode:
  """Preprocessor: a document as tokens, their bytes and their weights.

  Args:
    tokenizer: of the chunks.
    chat: whether the documents are chats.
  """

  def __init__(self, tokenizer: Tokenizer, *, chat: bool = False):
    self._tokenizer = tokenizer
    self._chat = chat_encoding.encoder(tokenizer) if chat else None
    self._vocabulary = vocabulary(tokenizer)
    if tokenizer.kind is Kind.SENTENCEPIECE:
      with silence.standard_error():
        self._pieces = self._vocabulary.tf_tokenizer
    if tokenizer.kind is Kind.HUGGING_FACE:
      self._encode = tokenizers.hugging_face_encoder(tokenizer.path)

  def __call__(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
    return dataset.map(
      lambda document: self._document(document["targets"]),
      num_parallel_calls=tf.data.AUTOTUNE,
    )

  def _document(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
    """A document's features, int32 [n + 1]; its end stands for no bytes."""
    if self._chat is not None:
      return self._of_chat(text)
    parts = tf.strings.split(text, RESPONSE, maxsplit=1)
    response, response_bytes = self._tokens(parts[-1])
    # What comes before the mark; without a mark nothing does.
    prompt, prompt_bytes = self._tokens(tf.strings.reduce_join(parts[:-1]))
    end = tf.constant([self._tokenizer.end_id], tf.int32)
    return {
      "targets": tf.concat([prompt, response, end], 0),
      "bytes": tf.concat([prompt_bytes, response_bytes, [0]], 0),
      "weights": tf.concat(
        [tf.zeros_like(prompt), tf.ones_like(response), [1]], 0
      ),
    }

  def _of_chat(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
    found = tf.numpy_function(
      self._chat, [text], [tf.int32, tf.int32, tf.int32], stateful=False
    )
    end = ([self._tokenizer.end_id], [0], [1])
    return {
      name: tf.concat([tf.ensure_shape(part, [None]), last], 0)
      for name, part, last in zip(
        ("targets", "bytes", "weights"), found, end, strict=True
      )
    }

  def _tokens(self, text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Ids and the bytes of each, int32 [n]; the bytes add up to the text's."""
    if self._tokenizer.kind is Kind.BYTES:
      tokens = self._vocabulary.encode_tf(text)
      return tokens, tf.ones_like(tokens)
    if self._tokenizer.kind is Kind.SENTENCEPIECE:
      tokens, starts, _ = self._pieces.tokenize_with_offsets(text)
      starts = tf.cast(starts, tf.int32)
    else:
      tokens, starts = tf.numpy_function(
        # stateless: an iterator over it can be saved
        self._encode,
        [text],
        [tf.int32, tf.int32],
        stateful=False,
      )
      tokens = tf.ensure_shape(tokens, [None])
      starts = tf.ensure_shape(starts, [None])
    size = tf.strings.length(text)[tf.newaxis][: tf.size(tokens)]
    ends = tf.concat([starts[1:], size], 0)
    # What a tokenizer drops before its first token belongs to that token.
    starts = tf.concat([tf.zeros_like(starts[:1]), starts[1:]], 0)
    return tokens, ends - starts


class Chunks:
  """Preprocessor: joins documents and cuts them, with one token of overlap.

  Args:
    context: L, tokens a sequence; a chunk has one more.
    begin: what a model's sequences begin with; it takes the place of a chunk's
      first token, which is never a target.
  """

  def __init__(self, context: int, *, begin: int | None = None):
    self._context = context
    self._begin = begin

  def __call__(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
    joined = dataset.ragged_batch(_DOCUMENTS_AT_ONCE).map(
      lambda features: {k: v.values for k, v in features.items()}
    )
    nothing = {k: tf.zeros([0], tf.int32) for k in joined.element_spec}
    return joined.scan(nothing, self._cut).unbatch()

  def _cut(self, carried: dict, more: dict) -> tuple[dict, dict]:
    """What is left over of each feature, and its chunks [n, L+1]."""
    left, chunks = {}, {}
    for name in more:
      stream = tf.concat([carried[name], more[name]], 0)
      left[name], chunks[name] = self._cut_stream(stream)
    if self._begin is not None:
      rest = chunks["targets"][:, 1:]
      begin = tf.fill([tf.shape(rest)[0], 1], self._begin)
      chunks["targets"] = tf.concat([begin, rest], 1)
    return left, chunks

  def _cut_stream(self, stream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    length = self._context
    used = tf.maximum((tf.size(stream) - 1) // length, 0) * length
    body = tf.reshape(stream[:used], [-1, length])
    overlap = tf.reshape(stream[length : used + 1 : length], [-1, 1])
    return stream[used:], tf.concat([body, overlap], 1)


def chunk_batches(
  task: seqio.Task, split: Split
) -> Iterator[dict[str, np.ndarray]]:
  """All chunks of a split, in order.

  Args:
    task: of `corpus_task`.
    split: which.

  Yields:
    the seqio task's features, each int32 [n, L+1], of about 4 MiB.
  """
  dataset = task.get_dataset(split=split.value, shuffle=False, num_epochs=1)
  [length] = dataset.element_spec["targets"].shape
  at_once = max(1, _CHUNK_BYTES_AT_ONCE // (4 * length))
  yield from dataset.batch(at_once).as_numpy_iterator()
