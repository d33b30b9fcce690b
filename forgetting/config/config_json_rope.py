"""Windows and rotary positions of a config.json, a kind for each layer.

Since transformers 5 all about rotary positions is in `rope_parameters`, nested
by the type of layer where layers differ; before it is in `rope_theta`,
`rope_scaling` and half a dozen names of families.
"""

from collections.abc import Mapping
import math
from typing import Any

from forgetting.config.checks import check
from forgetting.config.rope import LayerKind, Rope

FULL, WINDOWED = "full_attention", "sliding_attention"
THETAS = {"smollm3": 2e6, "olmo3": 5e5, "gemma3_text": 1e6}  # others: 1e4
WINDOWS = {"mistral": 4096, "gemma2": 4096, "gemma3_text": 4096, "olmo3": 4096}
# families whose heads are turned in part, and the share where none is told
SHARES = {"gpt_neox": 0.25, "phi": 0.5, "stablelm": 0.25, "phi3": 1.0}
UNTURNED = ("gpt2", "opt")
SCALINGS = {
  "default": "none", "linear": "linear", "llama3": "llama3", "yarn": "yarn",
  "longrope": "longrope", "su": "longrope",
  # which has no effect up to the context that the model has
  "dynamic": "none",
}  # fmt: skip


def layer_kinds(
  told: Mapping[str, Any], layers: int, max_context: int
) -> tuple[tuple[LayerKind, ...], tuple[int, ...]]:
  """What layers differ in, and which of it each is.

  Args:
    told: settings of the text decoder.
    layers, max_context: of the model.

  Returns:
    kinds, and for each layer which of them.

  Raises:
    InputError: a type of layer, or of rotary positions, that is unknown.
  """
  family = told["model_type"]
  window = _window(told, family)
  types = _types(told, family, layers, window)
  turned = _turned(told, family, layers)
  by_layer = []
  for kind, turns in zip(types, turned, strict=True):
    rope = _rope(told, family, kind, max_context) if turns else None
    seen = window if kind == WINDOWED else None
    by_layer.append(LayerKind(window=seen, rope=rope))
  kinds = tuple(dict.fromkeys(by_layer))
  return kinds, tuple(kinds.index(kind) for kind in by_layer)


def rotary_share(told: Mapping[str, Any]) -> float:
  """The part of a head's channels that is turned.

  Args:
    told: settings of the text decoder.

  Raises:
    InputError: a part, of a family that turns all of them.
  """
  family = told["model_type"]
  inside = told.get("rope_parameters") or {}
  names = ("partial_rotary_factor", "rotary_pct")
  found = [place[n] for place in (inside, told) for n in names if n in place]
  share = found[0] if found else SHARES.get(family, 1.0)
  check(
    family in SHARES or share == 1,
    "partial_rotary_factor",
    share,
    f"1 in a model of type {family}",
  )
  return share


def _window(told: Mapping[str, Any], family: str) -> int | None:
  if "use_sliding_window" in told and not told["use_sliding_window"]:
    return None
  if family in ("qwen2", "qwen3", "smollm3"):
    uses = told.get("use_sliding_window", False)
    return told.get("sliding_window", 4096) if uses else None
  return told.get("sliding_window", WINDOWS.get(family))


def _types(
  told: Mapping[str, Any], family: str, layers: int, window: int | None
) -> list[str]:
  """FULL or WINDOWED, a layer."""
  if family in ("mistral", "phi3"):
    return [WINDOWED if window else FULL] * layers
  given = told.get("layer_types")
  if given is not None:
    check(
      len(given) == layers and {*given} <= {FULL, WINDOWED},
      "layer_types",
      given,
      f"{FULL} or {WINDOWED} for each of {layers} layers",
    )
    check(
      window is not None or WINDOWED not in given,
      "sliding_window",
      window,
      f"a number, since layer_types has {WINDOWED}",
    )
    return [*given]
  if window is None:
    return [FULL] * layers
  every = {"gemma2": 2, "olmo3": 4}.get(family)
  if family == "gemma3_text":
    every = told.get("sliding_window_pattern", 6)
  if every:
    return [FULL if i % every == 0 else WINDOWED for i in range(1, layers + 1)]
  if family in ("qwen2", "qwen3"):
    first = told.get("max_window_layers", 28)
    return [WINDOWED if i >= first else FULL for i in range(layers)]
  if family == "smollm3":
    turned = _turned(told, family, layers)
    return [FULL if turns else WINDOWED for turns in turned]
  return [FULL] * layers


def _turned(told: Mapping[str, Any], family: str, layers: int) -> list[bool]:
  if family in UNTURNED:
    return [False] * layers
  if family != "smollm3":
    return [True] * layers
  if given := told.get("no_rope_layers"):
    check(
      len(given) == layers, "no_rope_layers", given, f"one of {layers} layers"
    )
    return [bool(turns) for turns in given]  # whatever it is called
  every = told.get("no_rope_layer_interval", 4)
  return [i % every != 0 for i in range(1, layers + 1)]


def _rope(
  told: Mapping[str, Any], family: str, kind: str, max_context: int
) -> Rope:
  said = dict(told.get("rope_parameters") or {})
  if said.keys() & {FULL, WINDOWED}:
    said = dict(said.get(kind) or {})
  elif not said:
    said = _in_old_layout(told, family, kind)
  usual = THETAS.get(family, 10_000.0)
  if family == "gemma3_text" and kind == WINDOWED:
    usual = 10_000.0
  said.setdefault("rope_theta", usual)
  return _scaled(said, told, max_context)


def _in_old_layout(
  told: Mapping[str, Any], family: str, kind: str
) -> dict[str, Any]:
  base = told.get("rope_theta", told.get("rotary_emb_base"))
  theta = {} if base is None else {"rope_theta": base}
  scaling = dict(told.get("rope_scaling") or {})
  if kind == WINDOWED and family in ("gemma3_text", "olmo3"):
    scaling = {}  # of full layers alone
    if family == "gemma3_text":
      theta = {"rope_theta": told.get("rope_local_base_freq", 10_000.0)}
  return scaling | theta


def _scaled(
  said: Mapping[str, Any], told: Mapping[str, Any], max_context: int
) -> Rope:
  name = said.get("rope_type", said.get("type", "default"))
  check(name in SCALINGS, "rope_type", name, f"one of {', '.join(SCALINGS)}")
  scaling, theta = SCALINGS[name], float(said["rope_theta"])
  if scaling == "none":
    return Rope(theta=theta)
  if scaling == "linear":
    return Rope(theta=theta, scaling="linear", factor=float(said["factor"]))
  key = "original_max_position_embeddings"
  original = said.get(key) or told.get(key) or max_context
  factor = said.get("factor") or max_context / original
  of_all: dict[str, Any] = dict(
    theta=theta, scaling=scaling, factor=factor, original_context=original
  )
  if scaling == "llama3":
    return Rope(
      **of_all, low=said["low_freq_factor"], high=said["high_freq_factor"]
    )
  given = said.get("attention_factor")
  if scaling == "yarn":
    return Rope(
      **of_all,
      beta_slow=said.get("beta_slow") or 1.0,
      beta_fast=said.get("beta_fast") or 32.0,
      truncate=said.get("truncate", True),
      attention_factor=given or _yarn_attention(said, factor),
    )
  stretched = math.sqrt(1 + math.log(factor) / math.log(original))
  return Rope(
    **of_all,
    short_factors=tuple(said["short_factor"]),
    long_factors=tuple(said["long_factor"]),
    attention_factor=given or (stretched if factor > 1 else 1.0),
  )


def _yarn_attention(said: Mapping[str, Any], factor: float) -> float:
  """0.1 ln(factor) + 1, or the quotient of two such of DeepSeek's mscale."""

  def of(scale: float) -> float:
    return 0.1 * scale * math.log(factor) + 1 if factor > 1 else 1.0

  scale, of_all = said.get("mscale"), said.get("mscale_all_dim")
  return of(scale) / of(of_all) if scale and of_all else of(1.0)
