"""Arguments of the command that are lists of pairs."""

from forgetting.config import InputError, amounts


def parse_columns(text: str) -> dict[str, str]:
  """Reads `loss=val_loss,N=params`: our names of columns -> the table's.

  Raises:
    InputError: a part that is no pair.
  """
  return pairs(text, "columns", "OURS=THEIRS, as in loss=val_loss")


def parse_fixed(text: str) -> dict[str, float]:
  """Reads `alpha=0,c=0.5`: parameters and the values that they are held at.

  Raises:
    InputError: a part that is no pair, or a value that is no number.
  """
  out = {}
  for name, value in pairs(text, "fix", "NAME=VALUE, as in alpha=0").items():
    number = amounts.number(value)
    if number is None:
      raise InputError(f"fix {name}={value}: expected {amounts.EXPECTED}")
    out[name] = float(number)
  return out


def pairs(text: str, what: str, how: str) -> dict[str, str]:
  """Reads `a=b,c=d`.

  Args:
    text: the pairs; "" is none.
    what: what the error calls them.
    how: what to write instead.

  Returns:
    left -> right, without the blanks around them.

  Raises:
    InputError: a part that is no pair.
  """
  out = {}
  for part in filter(None, (p.strip() for p in text.split(","))):
    left, equals, right = part.partition("=")
    if not (left and equals and right):
      raise InputError(f"{what} {part!r}: write {how}")
    out[left.strip()] = right.strip()
  return out
