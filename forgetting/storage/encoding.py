"""In which encoding text is: by its mark, by its NULs, else UTF-8."""

import codecs

_MARKS = (  # longest first: the mark of UTF-32 begins like that of UTF-16
  (codecs.BOM_UTF32_LE, "utf-32-le"),
  (codecs.BOM_UTF32_BE, "utf-32-be"),
  (codecs.BOM_UTF8, "utf-8"),
  (codecs.BOM_UTF16_LE, "utf-16-le"),
  (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LOOKED_AT = 4096  # first bytes of a file that decide
_SHARE = 0.4  # of the bytes at even or odd places that are NUL in UTF-16


def of(first: bytes) -> tuple[str, int]:
  """The encoding of a text.

  Without a mark it is UTF-8, but for UTF-16 that shows in the NULs of its
  ASCII letters: no text in UTF-8 has them.

  Args:
    first: its first bytes, `LOOKED_AT` where there are so many.

  Returns:
    the name that Python's codecs have for it, and the length of its mark.
  """
  for mark, name in _MARKS:
    if first.startswith(mark):
      return name, len(mark)
  half = max(len(first) // 2, 1)
  even, odd = first[::2].count(0) / half, first[1::2].count(0) / half
  if odd > _SHARE and even < _SHARE / 4:
    return "utf-16-le", 0
  if even > _SHARE and odd < _SHARE / 4:
    return "utf-16-be", 0
  return "utf-8", 0
