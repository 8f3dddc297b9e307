//! Where people and communities lie on a map: near means attending to each other.
//!
//! Every community of every level has a disc of its own, which contains those of its parts and of its
//! people and no others. Sizes follow from the inside out: people are discs by attention, a community is
//! the disc around what it contains, and the world the disc around all. Directions follow from the outside
//! in: what a community contains is turned, or turned over, so that what attends to the outside lies towards
//! it.
//!
//! Within one community, what it contains starts from the two directions in which its ties differ most, is then drawn
//! by its ties while everything repels everything, and then moved apart until no two overlap. People without a
//! community, and those who are not shown in theirs, lie in a ring around the rest of what they are in.
//! With positions of an earlier run, everything starts from there and moves as little as it must.
//!
//! Time O(arcs + 256 · n); memory 36 B/person and that of the ties of one community per thread.

mod arrange;
mod collide;
mod draw;
mod enclose;
mod home;
mod input;
mod inside;
mod known;
mod place;
mod point;
mod relation;
mod relax;
mod ring;
mod stage;
mod ties;
mod turn;

pub use home::{HomeDepth, visible_depths};
pub use input::{Layout, LayoutInput, PreviousLayout};
pub use stage::layout_stage;
