"""The page's words of statistics, each explained where it is read."""

from collections.abc import Mapping
from html import escape
import re

TERMS: Mapping[str, str] = {
  "base": (
    "the pretrained model before the first step of fine-tuning, measured on the"
    " same text by the same code"
  ),
  "best": (
    "the evaluation with the lowest target loss, the bottom of the U-curve,"
    " where a run is judged"
  ),
  "bootstrap": (
    "the law is fitted again to runs drawn anew from the study, a thousand"
    " times; an interval holds 95 of 100 of the answers"
  ),
  "cell": (
    "the runs of one target domain, one model size and one amount of target"
    " text; they differ in injection and seed"
  ),
  "certificate": (
    "evidence that the search for a law's parameters ended at the best there"
    " is: a minimum that several starts agree on"
  ),
  "component": (
    "a pattern of the forgetting matrix: tasks and examples that are forgotten"
    " together"
  ),
  "extrapolated": (
    "asked beyond the sizes, amounts or injections that were run; less sure"
    " the further it is"
  ),
  "forgetting": (
    "the rise of the pretraining loss from the base to the best, in nats per"
    " token; below 0 it has fallen"
  ),
  "injection": (
    "the share of the tokens of the fine-tuning batches that comes from the"
    " pretraining text"
  ),
  "nats": "the unit of a loss by natural logarithms; 1 nat is 1.44 bits",
  "not identified": (
    "the runs fit as well with very different values of this parameter: they do"
    " not tell it"
  ),
  "progress lost": (
    "how far back along its own pretraining curve the model has slid, in"
    " percent of its training"
  ),
  "resamples": "the sets of runs that a bootstrap has drawn",
  "target tokens": (
    "unique tokens of the target text, repeated as often as the run lasts"
  ),
}
_WORDS = re.compile(
  rf"\b({'|'.join(sorted(TERMS, key=len, reverse=True))})\b", re.IGNORECASE
)
# what is no sentence: code, drawings, links, heads of sections, and tags
_ASIDE = re.compile(
  r"(<(script|style|svg|code|pre|a|h2|h3|summary|option|select|label|b|button|sub|th|dt)"
  r"\b.*?</\2>|<[^>]*>)",
  re.DOTALL,
)


def explain(html: str) -> str:
  """Marks each word of statistics where it is first read.

  Args:
    html: a section's content.

  Returns:
    the same, with the words' meanings as what a pointer shows.
  """
  seen: set[str] = set()

  def mark(found: re.Match) -> str:
    word = found[0].lower()
    if word in seen:
      return found[0]
    seen.add(word)
    return f'<abbr tabindex="0" title="{escape(TERMS[word])}">{found[0]}</abbr>'

  parts = _ASIDE.split(html)
  # text, then what is aside, the name of its tag, text again
  parts[::3] = [_WORDS.sub(mark, part) for part in parts[::3]]
  del parts[2::3]
  return "".join(parts)


def section() -> str:
  """Lists all words with their meanings, as HTML."""
  items = (
    f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>"
    for word, meaning in TERMS.items()
  )
  return f'<dl class="words">{"".join(items)}</dl>'
