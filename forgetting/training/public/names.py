"""Names of a family's tensors, and which parameters of ours each holds."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
import dataclasses
from typing import NamedTuple

import numpy as np

from forgetting.config.transformer import Transformer
from forgetting.training.public.layouts import (
  WHOLE,
  ByHead,
  Layout,
  SideBySide,
)

# what a family's names may have before them in place of the first
PREFIXES = {
  "gpt2": ("transformer.", ""),
  "gptj": ("transformer.", ""),
  "gpt_neox": ("gpt_neox.", ""),
  "opt": ("model.decoder.", "decoder."),
  "gemma3_text": (
    "model.",
    "language_model.model.",
    "model.language_model.",
    "language_model.",
    "",
  ),
}
USUAL_PREFIXES = ("model.", "")


@dataclasses.dataclass(frozen=True)
class Module:
  """A module of a checkpoint: its weight, and its bias if it has one.

  Attributes:
    name: as transformers has it, "{i}" for the layer; without a prefix, or,
      of what lies beside the decoder, after "/".
    paths: of our parameters, without their last part.
    layout: how it holds them.
    linear: whether its weight is [out, in] where our kernel is [in, out].
    each: modules name.0, name.1, ... along an axis of the parameter.
  """

  name: str
  paths: tuple[str, ...]
  layout: Layout = WHOLE
  linear: bool = False
  each: bool = False


_NORMS = {  # after the llamas
  "pre": {
    "attention_norm": "input_layernorm",
    "mlp_norm": "post_attention_layernorm",
  },
  "post": {
    "attention_post_norm": "post_attention_layernorm",
    "mlp_post_norm": "post_feedforward_layernorm",
  },
  "sandwich": {
    "attention_norm": "input_layernorm",
    "attention_post_norm": "post_attention_layernorm",
    "mlp_norm": "pre_feedforward_layernorm",
    "mlp_post_norm": "post_feedforward_layernorm",
  },
  "shared": {"attention_norm": "input_layernorm"},
}
_LAYER = "layers.{i}."


def _llama(c: Transformer) -> Iterator[Module]:
  yield Module("embed_tokens", ("embed",))
  for ours, theirs in _NORMS[c.placement].items():
    yield Module(f"{_LAYER}{theirs}", (f"layers/{ours}",))
  yield from _linear(
    "self_attn.", q="q_proj", k="k_proj", v="v_proj", out="o_proj"
  )
  yield from _linear("mlp.", gate="gate_proj", up="up_proj", down="down_proj")
  for name in ("q_norm", "k_norm"):
    yield Module(f"{_LAYER}self_attn.{name}", (f"layers/{name}",))
  yield Module("norm", ("final_norm",))
  yield Module("/lm_head", ("head",))


def _linear(folder: str, **names: str) -> Iterator[Module]:
  for ours, theirs in names.items():
    name = f"{_LAYER}{folder}{theirs}"
    yield Module(name, (f"layers/{ours}",), linear=True)


def _phi3(c: Transformer) -> Iterator[Module]:
  q, k, v, gate, up = (f"layers/{n}" for n in ("q", "k", "v", "gate", "up"))
  fused = {q, k, v, gate, up}
  yield from (m for m in _llama(c) if not fused & {*m.paths})
  keys = c.kv_heads * c.head_size
  yield Module(
    f"{_LAYER}self_attn.qkv_proj",
    (q, k, v),
    SideBySide((c.heads * c.head_size, keys, keys)),
    linear=True,
  )
  yield Module(
    f"{_LAYER}mlp.gate_up_proj",
    (gate, up),
    SideBySide((c.hidden, c.hidden)),
    linear=True,
  )


def _stablelm(c: Transformer) -> Iterator[Module]:
  norms = ("layers/q_norm", "layers/k_norm")
  yield from (m for m in _llama(c) if m.paths[0] not in norms)
  for n in "qk":
    name = f"{_LAYER}self_attn.{n}_layernorm.norms"
    yield Module(name, (f"layers/{n}_norm",), each=True)


def _phi(c: Transformer) -> Iterator[Module]:
  yield Module("embed_tokens", ("embed",))
  yield Module(f"{_LAYER}input_layernorm", ("layers/attention_norm",))
  yield from _linear(
    "self_attn.", q="q_proj", k="k_proj", v="v_proj", out="dense"
  )
  yield from _linear("mlp.", up="fc1", down="fc2")
  for n in "qk":
    yield Module(f"{_LAYER}self_attn.{n}_layernorm", (f"layers/{n}_norm",))
  yield Module("final_layernorm", ("final_norm",))
  yield Module("/lm_head", ("head",))


def _gpt2(c: Transformer) -> Iterator[Module]:
  yield Module("wte", ("embed",))
  yield Module("wpe", ("positions",))
  yield Module("h.{i}.ln_1", ("layers/attention_norm",))
  yield Module("h.{i}.ln_2", ("layers/mlp_norm",))
  yield Module(
    "h.{i}.attn.c_attn",
    ("layers/q", "layers/k", "layers/v"),
    SideBySide((c.width,) * 3),
  )
  yield Module("h.{i}.attn.c_proj", ("layers/out",))
  yield Module("h.{i}.mlp.c_fc", ("layers/up",))
  yield Module("h.{i}.mlp.c_proj", ("layers/down",))
  yield Module("ln_f", ("final_norm",))
  yield Module("/lm_head", ("head",))


def _gptj(c: Transformer) -> Iterator[Module]:
  del c
  yield Module("wte", ("embed",))
  yield Module("h.{i}.ln_1", ("layers/attention_norm",))
  names = dict(q="q_proj", k="k_proj", v="v_proj", out="out_proj")
  for ours, theirs in names.items():
    yield Module(f"h.{{i}}.attn.{theirs}", (f"layers/{ours}",), linear=True)
  yield Module("h.{i}.mlp.fc_in", ("layers/up",), linear=True)
  yield Module("h.{i}.mlp.fc_out", ("layers/down",), linear=True)
  yield Module("ln_f", ("final_norm",))
  yield Module("/lm_head", ("head",))


def _gpt_neox(c: Transformer) -> Iterator[Module]:
  yield Module("embed_in", ("embed",))
  yield Module(f"{_LAYER}input_layernorm", ("layers/attention_norm",))
  yield Module(f"{_LAYER}post_attention_layernorm", ("layers/mlp_norm",))
  yield Module(
    f"{_LAYER}attention.query_key_value",
    ("layers/q", "layers/k", "layers/v"),
    ByHead(c.heads, c.head_size),
    linear=True,
  )
  yield from _linear("attention.", out="dense")
  yield from _linear("mlp.", up="dense_h_to_4h", down="dense_4h_to_h")
  yield Module("final_layer_norm", ("final_norm",))
  yield Module("/embed_out", ("head",))


def _opt(c: Transformer) -> Iterator[Module]:
  del c
  yield Module("embed_tokens", ("embed",))
  yield Module("embed_positions", ("positions",))
  for name in ("project_in", "project_out"):
    yield Module(name, (name,), linear=True)
  yield Module(f"{_LAYER}self_attn_layer_norm", ("layers/attention_norm",))
  yield Module(f"{_LAYER}final_layer_norm", ("layers/mlp_norm",))
  yield from _linear(
    "self_attn.", q="q_proj", k="k_proj", v="v_proj", out="out_proj"
  )
  yield from _linear("", up="fc1", down="fc2")
  yield Module("final_layer_norm", ("final_norm",))
  yield Module("/lm_head", ("head",))


_FAMILIES: Mapping[str, Callable[[Transformer], Iterator[Module]]] = {
  "phi3": _phi3, "stablelm": _stablelm, "phi": _phi, "gpt2": _gpt2,
  "gptj": _gptj, "gpt_neox": _gpt_neox, "opt": _opt,
}  # fmt: skip


def modules(c: Transformer) -> tuple[Module, ...]:
  """The modules of a checkpoint that hold parameters of this architecture.

  Args:
    c: the architecture, whose family decides the names.
  """
  there = {path.rpartition("/")[0] for path in c.shapes}
  found = _FAMILIES.get(c.family, _llama)(c)
  return tuple(m for m in found if {*m.paths} <= there)


@dataclasses.dataclass(frozen=True)
class Tensor:
  """A tensor of a checkpoint, of all layers at once.

  Attributes:
    module: that it belongs to.
    part: weight or bias.
    paths: of the parameters that it holds.
  """

  module: Module
  part: str
  paths: tuple[str, ...]

  def name(self, prefix: str, layer: int = 0, each: int = 0) -> str:
    """Its name in a file.

    Args:
      prefix: of the decoder's names there.
      layer, each: of one of them.
    """
    name = self.module.name.format(i=layer)
    name = name[1:] if name.startswith("/") else prefix + name
    return ".".join([name, *([str(each)] * self.module.each), self.part])

  def split(self, whole: np.ndarray) -> list[np.ndarray]:
    """Its parameters, of one layer; a view where it can be.

    Args:
      whole: as a file holds it.
    """
    if not self._is_kernel:
      return self.module.layout.split(whole)
    by_output = whole if self.module.linear else whole.T
    return [part.T for part in self.module.layout.split(by_output)]

  def join(self, parts: Sequence[np.ndarray]) -> np.ndarray:
    """The reverse of `split`."""
    if not self._is_kernel:
      return self.module.layout.join(parts)
    by_output = self.module.layout.join([part.T for part in parts])
    return by_output if self.module.linear else by_output.T

  @property
  def _is_kernel(self) -> bool:
    return self.paths[0].endswith("/kernel")


def tensors(c: Transformer) -> tuple[Tensor, ...]:
  """All tensors of a checkpoint that hold parameters of an architecture.

  Args:
    c: the architecture.
  """
  weights, out = ("kernel", "embedding", "scale"), []
  for module in modules(c):
    for part, ours in (("weight", weights), ("bias", ("bias",))):
      for last in ours:
        paths = tuple(f"{path}/{last}" for path in module.paths)
        if paths[0] in c.shapes:
          out.append(Tensor(module, part, paths))
  return tuple(out)


class One(NamedTuple):
  """A tensor in a file: of one layer, and one of several where it is `each`."""

  tensor: Tensor
  layer: int
  each: int

  def of(self, stacked: np.ndarray) -> np.ndarray:
    """The part of a parameter of all layers that it is, a view.

    Args:
      stacked: the parameter, as the decoder has it.
    """
    if not self.tensor.paths[0].startswith("layers/"):
      return stacked
    own = stacked[self.layer]
    return own[self.each] if self.tensor.module.each else own


def by_name(
  c: Transformer, prefix: str, found: Container[str] = ()
) -> dict[str, One]:
  """Name in a file -> what it is.

  Args:
    c: the architecture.
    prefix: of the decoder's names there, of `prefixes`.
    found: names in the file: GPT-NeoX's output layer has two.
  """
  out = {}
  for tensor in tensors(c):
    shape = c.shapes[tensor.paths[0]]
    layers = c.layers if tensor.paths[0].startswith("layers/") else 1
    each = shape[1] if tensor.module.each else 1
    for layer in range(layers):
      for i in range(each):
        name = tensor.name(prefix, layer, i)
        other = name.replace("embed_out.", "lm_head.")
        name = other if other in found else name
        out[name] = One(tensor, layer, i)
  return out


def prefixes(c: Transformer) -> tuple[str, ...]:
  """What a file's names of the decoder may begin with; the usual one first."""
  return PREFIXES.get(c.family, USUAL_PREFIXES)
