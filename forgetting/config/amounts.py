"""Numbers as people write them: 400k, 1.3B, 5%, 1,000,000, 0,05."""

from decimal import Decimal
import re

# what stands for a power of ten after a number, as in names of models
_POWERS = {"": 0, "k": 3, "m": 6, "b": 9, "g": 9, "t": 12}
_SIGNS = str.maketrans({"−": "-", "\N{EN DASH}": "-", "+": None})
_APART = " _'’\xa0\u2009\u202f"  # what may stand between thousands
_DIGITS = 400  # more are no number that a float holds

EXPECTED = "a number, as 400000, 0.05, 1e6, 400k, 1.3B or 5%"


def _grammar(point: str, comma: str) -> re.Pattern:
  apart = f"[{re.escape(comma + _APART)}]"
  return re.compile(
    rf"(?P<sign>-?)(?P<whole>[1-9]\d{{0,2}}(?:{apart}\d{{3}})+|\d+(?:_\d+)*|)"
    rf"(?:{re.escape(point)}(?P<part>\d*))?(?P<power>[eE][+-]?\d{{1,3}})?"
    r"\s*(?P<unit>[kKmMbBgGtT]?)\s*(?P<percent>%?)"
  )


_GRAMMARS = {".": _grammar(".", ","), ",": _grammar(",", ".")}


def number(text: str, *, point: str = ".") -> int | float | None:
  """The number that a text is.

  Args:
    text: with a unit after it (k, M, B or G, T: thousands, millions, ...), a
      percent sign, or thousands set apart, or none of these.
    point: what stands before the decimals, "." or ",".

  Returns:
    an int where it is whole and says no percent, else the float next to it;
    None: it is no number.
  """
  text = text.strip()
  if len(text) > _DIGITS:
    return None
  match = _GRAMMARS[point].fullmatch(text.translate(_SIGNS))
  if match is None or not (match["whole"] or match["part"]):
    return None
  whole = re.sub(r"\D", "", match["whole"]) or "0"
  power = _POWERS[match["unit"].lower()] + int((match["power"] or "e0")[1:])
  power -= 2 * bool(match["percent"])
  value = Decimal(f"{match['sign']}{whole}.{match['part'] or '0'}e{power}")
  written_whole = match["part"] is None or bool(match["unit"])
  if match["percent"] or match["power"] or not written_whole:
    return float(value)
  return int(value) if value == value.to_integral_value() else float(value)


def points(text: str) -> set[str]:
  """What may stand before the decimals of a text for it to be a number.

  Args:
    text: as "0,05" (","), "1.5" ("."), "1,234" (both) or "12" (both).

  Returns:
    of "." and ",": those that make it one.
  """
  return {point for point in _GRAMMARS if number(text, point=point) is not None}


def is_ambiguous(text: str) -> bool:
  """Whether a text is one number or another, by what its comma means.

  Args:
    text: as "1,234".
  """
  found = [number(text, point=point) for point in _GRAMMARS]
  return None not in found and found[0] != found[1]
