"""Lists of pairs on the command line."""

import pytest

from forgetting.config import InputError
from forgetting.laws import arguments


def test_pairs_are_read_without_their_blanks():
  found = arguments.parse_columns(" loss=val_loss, N = params ,")
  assert found == {"loss": "val_loss", "N": "params"}
  assert arguments.parse_columns("") == {}


@pytest.mark.parametrize("text", ["loss", "=val", "loss="])
def test_what_is_no_pair_is_one_line(text):
  with pytest.raises(InputError, match="columns '.*': write OURS=THEIRS"):
    arguments.parse_columns(text)
