//! The ids of a batch request: bounded, and each once.

use std::collections::HashSet;
use std::hash::Hash;

use crate::error::Problem;
use crate::query::LIMIT_MAX;

/// Ids in the order of their first appearance.
#[derive(Debug)]
pub(crate) struct Batch<T>(Vec<T>);

impl<T: Copy + Eq + Hash> Batch<T> {
    /// Refuses none and more than 1,000.
    pub(crate) fn of(mut ids: Vec<T>) -> Result<Batch<T>, Problem> {
        if ids.is_empty() || ids.len() > LIMIT_MAX as usize {
            let why = format!("must be 1 to {LIMIT_MAX} ids, not {}", ids.len());
            return Err(Problem::body("/ids", why));
        }
        let mut seen = HashSet::with_capacity(ids.len());
        ids.retain(|&id| seen.insert(id));
        Ok(Batch(ids))
    }

    pub(crate) fn each_once(&self) -> &[T] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_bounded_and_has_each_id_once() {
        assert_eq!(Batch::of(vec![3, 1, 3]).unwrap().each_once(), [3, 1]);
        assert!(Batch::<u8>::of(vec![]).is_err());
        assert!(Batch::of((0..1001).collect::<Vec<u32>>()).is_err());
    }
}
