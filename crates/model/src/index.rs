//! The spaces that dense numbers of 32 bits belong to, a type for each, so that none is mistaken
//! for another.
//!
//! A list with one value for each number of a space is a `TiSlice` (crate `typed_index_collections`)
//! of that type. Kernels keep raw integers inside; their public signatures have these types.
//!
//! ```
//! use model::index::PersonIndex;
//! use typed_index_collections::TiVec;
//!
//! let trust: TiVec<PersonIndex, f32> = vec![0.2, 0.9].into();
//! assert_eq!(trust[PersonIndex::new(1)], 0.9);
//! ```

/// Defines one space of dense numbers.
macro_rules! dense_index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        #[repr(transparent)]
        pub struct $name(u32);

        impl $name {
            /// The index with this number, from 0.
            pub const fn new(number: u32) -> $name {
                $name(number)
            }

            /// Its number.
            pub const fn number(self) -> u32 {
                self.0
            }

            /// Its number, as slices are indexed.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        // `TiSlice` and `TiVec` require these.
        impl From<usize> for $name {
            fn from(index: usize) -> $name {
                $name(u32::try_from(index).expect("a dense number has 32 bits"))
            }
        }

        impl From<$name> for usize {
            fn from(index: $name) -> usize {
                index.index()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

dense_index! {
    /// A profile's place among the profiles of one snapshot; vacant numbers are left out.
    ProfileIndex
}
dense_index! {
    /// A person's number in the graph of one run, in which arcs, scores and levels are listed.
    PersonIndex
}
dense_index! {
    /// A person's number among the results of one run, by trust, best first: the number that the
    /// served tables know it by.
    RunPerson
}
dense_index! {
    /// A community's number within its level.
    CommunityIndex
}
dense_index! {
    /// A person's number within a list of the members and outsiders of one community.
    MemberIndex
}
dense_index! {
    /// A position in a ranking, from 0, best first. What is shown is one more.
    RankPosition
}
