import numpy as np

from forgetting.training.models import adapters


def test_it_is_the_product_over_all_axes_that_are_read():
  draw = np.random.default_rng(0)
  x, a, b = (
    draw.normal(size=shape).astype(np.float32)
    for shape in ((2, 5, 3, 4), (3, 4, 2), (2, 3, 7))
  )
  expected = np.einsum("blhk,hkr,rcd->blcd", x, a, b)
  np.testing.assert_allclose(adapters.product(x, a, b), expected, rtol=1e-5)
  assert adapters.product(x.astype(np.float16), a, b).dtype == np.float16
