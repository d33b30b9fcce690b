import jax
from jax.experimental.compilation_cache import compilation_cache

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
    compilation_cache.reset_cache()


def test_a_folder_that_nobody_can_write_keeps_no_programs(tmp_path):
  (tmp_path / "file").write_text("in the way of a folder")
  assert not compilation._writable(tmp_path / "file" / "compiled")
  assert compilation._writable(tmp_path / "compiled")
