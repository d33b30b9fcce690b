"""Variables and parameters that several laws share."""

from forgetting.laws.law import Parameter, Variable

MODEL_PARAMS = Variable(("model_params",), unit="non-embedding parameters")
TARGET_TOKENS = Variable(("target_tokens",), unit="unique target tokens")
TOKENS = Variable(("tokens",), unit="training tokens")
INJECTION = Variable(("injection",), "fraction", "fraction of tokens", levels=2)
BASE_LOSS = Variable(
  ("base_pretrain_loss",), "loss", "nats per token", levels=0
)
AFTER_LOSS = Variable(("pretrain_loss",), "loss", "nats per token")
TARGET_LOSS = Variable(("target_loss", "loss"), "loss", "nats per token")
ANY_LOSS = Variable(("loss", "pretrain_loss"), "loss", "nats per token")
CELL = ("domain", "model_params", "target_tokens")


def exponent_of(name, axes, *, search=(0.02, 1.5), low=1e-3, high=5.0):
  """Makes the parameter of a positive power: no unit, linear scale.

  Args:
    name: the parameter's.
    axes: symbols of the variables that it is a power of.
    search: the range of the global stage.
    low, high: bounds.
  """
  meaning = f"power of {', '.join(axes)}"
  return Parameter(name, meaning, low, high, search, axes=axes)


def floor(name="E", *, default=None, low=0.0):
  """Makes the parameter of an additive constant of the loss, in nats.

  Args:
    name: the parameter's.
    default: held at this value unless it is freed; None is always fitted.
    low: its lower bound.
  """
  return Parameter(name, "constant term, nats", low, default=default)


INJECTION_B = Parameter(
  "B",
  "effect of injection: a model acts 1 + B p times its size",
  1e-2,
  1e9,
  (3.0, 3e5),
  "log",
  axes=("p",),
)


def times(factor: float) -> str:
  """A factor in words: `0.5 ×`, `1,200 ×`."""
  return f"{factor:.2g} ×" if factor < 100 else f"{factor:,.0f} ×"
