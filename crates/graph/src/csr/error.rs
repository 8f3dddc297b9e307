//! Why arrays are not a graph.

/// Why arrays are not a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// Parallel arrays differ in length.
    #[error(
        "read arcs: {sources} sources, {targets} targets and {weights} weights must be equally many"
    )]
    Lengths {
        /// Number of sources.
        sources: usize,
        /// Number of targets.
        targets: usize,
        /// Number of weights.
        weights: usize,
    },
    /// An arc names a person outside of the graph.
    #[error("read arc {arc}: person {person} is not below {nodes}")]
    PersonOutside {
        /// Position of the arc.
        arc: usize,
        /// The person that it names.
        person: u32,
        /// Number of people.
        nodes: usize,
    },
    /// A weight is not a positive finite number.
    #[error("read arc {arc}: weight {weight} must be finite and above 0")]
    Weight {
        /// Position of the arc.
        arc: usize,
        /// The weight, as text because floats have no equality.
        weight: String,
    },
    /// Row offsets do not start at 0, fall, or do not end at the number of arcs.
    #[error("read row offsets: row {row} does not continue the one before")]
    Offsets {
        /// The first wrong row.
        row: usize,
    },
    /// A row is not strictly ascending.
    #[error("read row {row}: targets must ascend without repeats")]
    Order {
        /// The row.
        row: usize,
    },
}
