//! How well partitions and scores agree with a truth.

mod agreement;
mod overlap;
mod order;

pub use agreement::{Agreement, agreement};
pub use order::{auc, ndcg, spearman};
pub use overlap::onmi;
