"""Synthetic text for the tests: no network, no third-party words."""

import random

_SYLLABLES = "ka lo mi ren sta vu del tor hin pax bre nu".split()


def words(count: int, *, seed: int) -> list[str]:
  """Made-up words, a function of the seed."""
  draw = random.Random(seed)
  return [
    "".join(draw.choices(_SYLLABLES, k=draw.randint(1, 4)))
    for _ in range(count)
  ]


def document(count: int, *, seed: int) -> str:
  """A document of so many words, in sentences and paragraphs."""
  lines = []
  rest = words(count, seed=seed)
  while rest:
    line, rest = rest[:12], rest[12:]
    lines.append(" ".join(line).capitalize() + ".")
  return "\n\n".join(
    "\n".join(lines[i : i + 6]) for i in range(0, len(lines), 6)
  )


def folder(path, *, documents: int, seed: int, count: int = 60) -> str:
  """Writes documents as .txt files; returns the path as a source."""
  path.mkdir(parents=True, exist_ok=True)
  for i in range(documents):
    text = document(count, seed=seed * 100_000 + i)
    (path / f"{i:05d}.txt").write_text(text)
  return str(path)


def odd_folder(path, *, documents: int, seed: int) -> str:
  """The same with every width of UTF-8 and odd blanks in each."""
  source = folder(path, documents=documents, seed=seed)
  for i, file in enumerate(sorted(path.iterdir())):
    text = file.read_text()
    file.write_text(f"é {text}\n\n  naïve 日本{i} 𝄞\t{text[:50]} ")
  return source
