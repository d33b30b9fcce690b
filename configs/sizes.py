"""The paper's five model sizes, and smaller ones for one GPU.

The papers give non-embedding parameters only. Layers, width and heads are our
choice: within 2 % of the stated counts, widths that are multiples of 128, and
numbers of heads that divide over an even number of devices.
"""

import dataclasses

from forgetting.config import Model

PAPER = {
  "41M": Model(layers=13, width=512, heads=8),
  "109M": Model(layers=22, width=640, heads=10),
  "334M": Model(layers=27, width=1024, heads=8),
  "665M": Model(layers=34, width=1280, heads=10),
  "1.27B": Model(layers=25, width=2048, heads=16),
}
ONE_GPU = {
  "10M": Model(layers=8, width=320, heads=5),
  "25M": Model(layers=8, width=512, heads=8),
  "57M": Model(layers=8, width=768, heads=12),
  "125M": Model(layers=10, width=1024, heads=8),
}


def sized(models: dict[str, Model], **fields) -> dict[str, Model]:
  """The same shapes with another context, vocabulary, dtype or the like."""
  return {
    name: dataclasses.replace(model, **fields) for name, model in models.items()
  }
