//! The threads of the pure stages.

use anyhow::Result;

/// Sets the number of threads; all cores if there is none.
pub(crate) fn use_threads(threads: Option<usize>) -> Result<()> {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    Ok(())
}
