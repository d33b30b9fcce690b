"""Arguments of the command that are lists of pairs."""

from forgetting.config import InputError


def parse_columns(text: str) -> dict[str, str]:
  """Reads `loss=val_loss,N=params`: our names of columns -> the table's.

  Raises:
    InputError: a part that is no pair.
  """
  return pairs(text, "columns", "OURS=THEIRS, as in loss=val_loss")


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
