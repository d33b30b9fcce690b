import jax

from forgetting.training import compilation


def test_a_program_is_kept_and_found_again(tmp_path):
  before = jax.config.jax_compilation_cache_dir
  try:
    counts = compilation.use_cache(tmp_path)
    jax.jit(lambda x: x * 3 + 1)(1.0).block_until_ready()
    assert counts.compiled >= 1 and counts.seconds > 0
    (folder,) = tmp_path.iterdir()  # of this jaxlib and processor
    assert [*folder.glob("jit_*")]
    with compilation.one_at_a_time("model"):
      assert [*folder.glob(".lock-*")]
  finally:
    jax.config.update("jax_compilation_cache_dir", before)
