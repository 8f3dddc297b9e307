//! Running a task with the widest instructions of the processor.

/// A task for one block.
pub(super) trait BlockTask {
    /// Its result.
    type Output;

    /// Runs it. Must be `#[inline(always)]`: otherwise it is compiled without the wider instructions.
    fn run(self) -> Self::Output;
}

/// Runs a task with the widest instructions that this processor has. The bits are the same.
pub(super) fn with_simd<T: BlockTask>(task: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "a function with a target feature is unsafe to call")]
        // SAFETY: the processor has AVX2.
        return unsafe { with_avx2(task) };
    }
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<T: BlockTask>(task: T) -> T::Output {
    task.run()
}
