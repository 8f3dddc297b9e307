//! How well partitions and scores agree with a truth.

mod agreement;
mod order;
mod overlap;

pub use agreement::{Agreement, agreement};
pub use order::{auc, ndcg, spearman};
pub use overlap::onmi;
