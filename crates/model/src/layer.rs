//! The layers of attention, and the two sides that an arc can be seen from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One kind of attention. The numbers are stored and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Layer {
    /// Subscribed to everything that the other publishes.
    Follow = 1,
    /// Named the other in a post.
    Mention = 2,
    /// Answered a post of the other.
    Reply = 3,
    /// Passed a post of the other on, with or without words of its own.
    Repost = 4,
    /// Liked a post of the other.
    Like = 5,
    /// Put the other on a public list.
    List = 6,
    /// Belongs to the other, which is a group.
    Member = 7,
    /// Shut the other out: negative evidence, never propagated.
    Block = 8,
    /// Silenced the other: negative evidence, never propagated.
    Mute = 9,
}

impl Layer {
    /// Every layer, by number.
    pub const ALL: [Layer; 9] = [
        Layer::Follow,
        Layer::Mention,
        Layer::Reply,
        Layer::Repost,
        Layer::Like,
        Layer::List,
        Layer::Member,
        Layer::Block,
        Layer::Mute,
    ];

    /// The layer with this stored number.
    pub fn from_number(number: u8) -> Option<Layer> {
        Layer::ALL.into_iter().find(|&layer| layer as u8 == number)
    }

    /// The lower-case name used in files, URLs and logs.
    pub const fn slug(self) -> &'static str {
        match self {
            Layer::Follow => "follow",
            Layer::Mention => "mention",
            Layer::Reply => "reply",
            Layer::Repost => "repost",
            Layer::Like => "like",
            Layer::List => "list",
            Layer::Member => "member",
            Layer::Block => "block",
            Layer::Mute => "mute",
        }
    }

    /// Whether arcs of this layer repeat, so that they carry a count and a last day.
    pub const fn is_interaction(self) -> bool {
        matches!(self, Layer::Mention | Layer::Reply | Layer::Repost | Layer::Like)
    }

    /// Whether the layer is evidence against the other.
    pub const fn is_negative(self) -> bool {
        matches!(self, Layer::Block | Layer::Mute)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// The text names no layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown layer `{0}`: take follow, mention, reply, repost, like, list, member, block or mute"
)]
pub struct LayerError(String);

impl FromStr for Layer {
    type Err = LayerError;

    fn from_str(text: &str) -> Result<Layer, LayerError> {
        Layer::ALL
            .into_iter()
            .find(|layer| layer.slug() == text)
            .ok_or_else(|| LayerError(text.to_owned()))
    }
}

/// Whose list showed the arcs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Direction {
    /// A person's own list: whom it attends to.
    Out = 0,
    /// A list of those who attend to it: followers, likers.
    In = 1,
}

impl Direction {
    /// The direction with this stored number.
    pub fn from_number(number: u8) -> Option<Direction> {
        match number {
            0 => Some(Direction::Out),
            1 => Some(Direction::In),
            _ => None,
        }
    }

    /// The lower-case name used in files, URLs and logs.
    pub const fn slug(self) -> &'static str {
        match self {
            Direction::Out => "out",
            Direction::In => "in",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_read_back_by_number_and_name() {
        for layer in Layer::ALL {
            assert_eq!(Layer::from_number(layer as u8), Some(layer));
            assert_eq!(layer.slug().parse(), Ok(layer));
        }
        assert!("follows".parse::<Layer>().is_err());
        assert_eq!(Direction::from_number(Direction::In as u8), Some(Direction::In));
    }
}
