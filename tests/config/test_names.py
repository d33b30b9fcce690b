import pytest

from forgetting.config.names import domain_name, short


@pytest.mark.parametrize(
  ("source", "word"),
  [
    (None, None),
    ("kjv", "kjv"),
    ("./my letters.txt", "my_letters"),
    ("a/b/", "b"),
    ("tfds:wikipedia/20230601.fr:1.0.0", "wikipedia_20230601_fr"),
    ("stream:c4/en:3.1.0", "c4_en"),
    ("...", "text"),
  ],
)
def test_a_source_is_a_word(source, word):
  assert domain_name(source) == word


@pytest.mark.parametrize(
  ("count", "word"),
  [
    (512, "512"), (12_800, "12.8k"), (25_000, "25k"), (1_272_832, "1.27m"),
    (2 * 10**9, "2b"),
  ],
)  # fmt: skip
def test_a_count_is_short(count, word):
  assert short(count) == word
