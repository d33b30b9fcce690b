"""TensorFlow, seqio and TensorFlow Datasets: imported here and nowhere else.

They take seconds to import, so whoever needs this module imports it where it
is used: opening prepared text, and with it a worker, does without. It also
holds what is read with TFDS alone, so that sources need no seqio tasks of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import os

from forgetting.data import silence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with silence.standard_error():
  import absl.logging
  import seqio
  import tensorflow as tf
  import tensorflow_datasets as tfds

  tf.config.set_visible_devices([], "GPU")  # the accelerator is JAX's
absl.logging.set_verbosity(absl.logging.ERROR)

__all__ = ["seqio", "tf", "tfds", "tfds_records", "tfds_set"]


def tfds_set(name: str, data_dir: str, **splits: str) -> seqio.DataSource:
  """A prepared TFDS data set as a source of seqio; it is read, never built.

  Args:
    name: as in "c4/en:3.1.0".
    data_dir: folder of data sets, local or in a bucket.
    **splits: TFDS splits by our names, as in train="train[:10%]"; without any
      the data set's own.
  """
  return seqio.TfdsDataSource(
    name, data_dir, splits=splits or None, read_only=True
  )


def tfds_records(
  name: str, data_dir: str, *, split: str, fields: Sequence[str]
) -> Iterator[dict[str, str]]:
  """Text fields of the records of a TFDS data set, in its stored order.

  Args:
    name: as in "c4/en:3.1.0".
    data_dir: folder of data sets, local or in a bucket.
    split: as TFDS reads it, as in "train[:10%]".
    fields: features of text to keep.

  Yields:
    field -> text; bytes that are no UTF-8 become U+FFFD.
  """
  dataset = tfds_set(name, data_dir, all=split).get_dataset(
    "all", shuffle=False
  )
  chosen = dataset.map(lambda record: {name: record[name] for name in fields})
  for record in chosen.as_numpy_iterator():
    yield {k: text.decode("utf-8", "replace") for k, text in record.items()}
