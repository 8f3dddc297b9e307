//! How well partitions and scores agree with a truth, and partitions with the graph.

mod agreement;
mod modularity;
mod order;
mod overlap;

pub use agreement::{PartitionAgreement, agreement};
pub use modularity::modularity;
pub use order::{auc, ndcg, spearman};
pub use overlap::onmi;
