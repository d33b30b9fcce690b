"""Advice tried: cells off the quickstart's grid, trained at the p advised.

Sizes between and four times those of the quickstart, target text between its
amounts, at half and at twice, four domains more. The injection of each cell is
what `forgetting advise` said of the quickstart's own runs, before any of these
was trained; half and twice as much tell where the tolerance really lies. The
table of what was promised and what was measured is in docs/advice.md.
"""

from quickstart import PRETRAINING, finetuning, pretrained

from forgetting.config import Model, Study

MODELS = {  # to the steps of their pretraining
  Model(layers=2, width=64, heads=2): 900,
  Model(layers=2, width=160, heads=4): 800,
}
EPOCHS = {1_024: 52, 6_400: 42, 8_192: 41, 12_800: 39, 20_480: 37}
CELLS = (  # domain, width, target tokens, tolerance in nats, injection advised
  ("kjv", 64, 1_024, 0.3, 0.12),
  ("kjv", 64, 6_400, 0.3, 0.137),
  ("kjv", 64, 20_480, 0.3, 0.108),
  ("kjv", 160, 1_024, 0.3, 0.0759),
  ("kjv", 160, 6_400, 0.3, 0.15),
  ("kjv", 160, 20_480, 0.3, 0.0859),
  ("wiki_fr", 64, 1_024, 0.4, 0.283),
  ("wiki_fr", 64, 6_400, 0.4, 0.152),
  ("wiki_fr", 64, 20_480, 0.4, 0.131),
  ("wiki_fr", 160, 1_024, 0.4, 0.345),
  ("wiki_fr", 160, 6_400, 0.4, 0.152),
  ("wiki_fr", 160, 20_480, 0.4, 0.179),
  ("recipes", 64, 1_024, 0.4, 0.164),
  ("recipes", 64, 6_400, 0.4, 0.138),
  ("recipes", 64, 20_480, 0.4, 0.108),
  ("recipes", 160, 1_024, 0.4, 0.164),
  ("recipes", 160, 6_400, 0.4, 0.159),
  ("recipes", 160, 20_480, 0.4, 0.108),
  ("py_sympy", 64, 8_192, 0.15, 0.191),
  ("py_sympy", 64, 12_800, 0.2, 0.151),
  ("py_sympy", 64, 20_480, 0.3, 0.0784),
  ("py_sympy", 160, 8_192, 0.15, 0.172),
  ("py_sympy", 160, 12_800, 0.2, 0.139),
  ("py_sympy", 160, 20_480, 0.3, 0.114),
  ("abc_music", 64, 1_024, 0.5, 0.115),
  ("abc_music", 64, 6_400, 0.5, 0.172),
  ("abc_music", 64, 20_480, 0.5, 0.122),
  ("abc_music", 160, 1_024, 0.5, 0.34),
  ("abc_music", 160, 6_400, 0.5, 0.225),
  ("abc_music", 160, 20_480, 0.5, 0.157),
  ("licences", 64, 6_400, 0.3, 0.0318),
  ("licences", 64, 12_800, 0.3, 0.104),
  ("licences", 64, 20_480, 0.3, 0.114),
  ("licences", 160, 6_400, 0.3, 0.0318),
  ("licences", 160, 12_800, 0.3, 0.104),
  ("licences", 160, 20_480, 0.3, 0.114),
)
AROUND = (1, 0.5, 2)  # times the injection advised
MOST = 0.9  # of an injection


def study() -> Study:
  parents = {
    model.width: pretrained(model, PRETRAINING, steps=steps)
    for model, steps in MODELS.items()
  }
  return Study(
    name="advice",
    runs=tuple(
      finetuning(
        parents[width],
        domain,
        target_tokens,
        round(min(times * injection, MOST), 4),
        epochs=EPOCHS[target_tokens],
      )
      for times in AROUND
      for domain, width, target_tokens, _, injection in CELLS
    ),
  )
