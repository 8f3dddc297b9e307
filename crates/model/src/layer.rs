//! The layers of attention, and the two directions in which an arc is seen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the arcs of a layer behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LayerKind {
    /// An arc lasts until it is removed.
    Lasting,
    /// An arc repeats: it has a count and a last day, and its weight decays.
    Interaction,
    /// An arc is evidence against the target, and is never propagated.
    Negative,
}

/// What is known of a layer: one row of the table.
struct LayerRow {
    slug: &'static str,
    kind: LayerKind,
    /// The weight c of docs/scoring.md.
    coefficient: f64,
    /// Whether the API serves its arcs.
    served: bool,
}

/// Defines the layers. Everything else about them is made from this one table.
macro_rules! layers {
    ($($(#[$doc:meta])* $name:ident = $number:literal { $($column:ident: $value:expr),* $(,)? })*) => {
        /// One kind of attention. The numbers are stored and never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[repr(u8)]
        pub enum Layer {
            $($(#[$doc])* $name = $number,)*
        }

        impl Layer {
            /// Every layer, by number.
            pub const ALL: [Layer; [$($number),*].len()] = [$(Layer::$name),*];

            const fn row(self) -> LayerRow {
                use LayerKind::{Interaction, Lasting, Negative};
                match self {
                    $(Layer::$name => LayerRow { $($column: $value),* },)*
                }
            }
        }
    };
}

layers! {
    /// Subscribed to everything that the other publishes.
    Follow = 1 { slug: "follow", kind: Lasting, coefficient: 1.0, served: true }
    /// Named the other in a post.
    Mention = 2 { slug: "mention", kind: Interaction, coefficient: 0.75, served: true }
    /// Answered a post of the other.
    Reply = 3 { slug: "reply", kind: Interaction, coefficient: 1.0, served: true }
    /// Passed a post of the other on, with or without words of its own.
    Repost = 4 { slug: "repost", kind: Interaction, coefficient: 0.5, served: true }
    /// Liked a post of the other.
    Like = 5 { slug: "like", kind: Interaction, coefficient: 0.25, served: true }
    /// Put the other on a public list.
    List = 6 { slug: "list", kind: Lasting, coefficient: 0.5, served: true }
    /// Belongs to the other, which is a group.
    Member = 7 { slug: "member", kind: Lasting, coefficient: 0.25, served: true }
    /// Blocked the other.
    Block = 8 { slug: "block", kind: Negative, coefficient: 0.0, served: false }
    /// Muted the other.
    Mute = 9 { slug: "mute", kind: Negative, coefficient: 0.0, served: false }
}

impl Layer {
    /// The layer with this stored number.
    pub fn from_number(number: u8) -> Option<Layer> {
        Layer::ALL.into_iter().find(|&layer| layer as u8 == number)
    }

    /// The lower-case name used in files, URLs and logs.
    pub const fn slug(self) -> &'static str {
        self.row().slug
    }

    /// Whether arcs of this layer repeat, so that they carry a count and a last day.
    pub const fn is_interaction(self) -> bool {
        matches!(self.row().kind, LayerKind::Interaction)
    }

    /// Whether the layer is evidence against the other.
    pub const fn is_negative(self) -> bool {
        matches!(self.row().kind, LayerKind::Negative)
    }

    /// Whether the API serves the arcs of this layer.
    pub const fn is_served(self) -> bool {
        self.row().served
    }

    /// The weight c of an arc of this layer in docs/scoring.md, relative to a follow.
    pub const fn coefficient(self) -> f64 {
        self.row().coefficient
    }

    /// The names of the layers that are `included`, for a message.
    ///
    /// ```
    /// use model::Layer;
    ///
    /// let names = Layer::choice(Layer::is_negative);
    /// assert_eq!(names, "block or mute");
    /// ```
    pub fn choice(included: impl Fn(Layer) -> bool) -> String {
        let names: Vec<&str> =
            Layer::ALL.into_iter().filter(|&layer| included(layer)).map(Layer::slug).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// The text names no layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown layer `{0}`: take {known}", known = Layer::choice(|_| true))]
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

/// From which end of the arc it was seen: whose list showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Direction {
    /// A person's own list, of those that it attends to.
    Out = 0,
    /// A list of those who attend to the person: followers, likers.
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
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn layers_read_back_by_number_and_name() {
        for layer in Layer::ALL {
            assert_eq!(Layer::from_number(layer as u8), Some(layer));
            assert_eq!(layer.slug().parse(), Ok(layer));
            assert_eq!(serde_json::to_value(layer).unwrap(), layer.slug());
            assert_eq!(layer.to_string(), layer.slug());
        }
        assert_eq!((Layer::from_number(0), Layer::from_number(u8::MAX)), (None, None));
        for direction in [Direction::Out, Direction::In] {
            assert_eq!(Direction::from_number(direction as u8), Some(direction));
            assert_eq!(serde_json::to_value(direction).unwrap(), direction.slug());
        }
        assert_eq!(Direction::from_number(2), None);
    }

    #[test]
    fn the_numbers_of_layers_never_change() {
        let stored = Layer::ALL.map(|layer| (layer as u8, layer.slug()));
        let known = [(1, "follow"), (2, "mention"), (3, "reply"), (4, "repost"), (5, "like")];
        assert_eq!(stored[..5], known);
        assert_eq!(stored[5..9], [(6, "list"), (7, "member"), (8, "block"), (9, "mute")]);
    }

    #[test]
    fn an_unknown_layer_is_refused_with_the_known_ones() {
        assert_eq!(
            "follows".parse::<Layer>().unwrap_err().to_string(),
            "unknown layer `follows`: take follow, mention, reply, repost, like, list, member, \
             block or mute"
        );
        let interactions = Layer::choice(Layer::is_interaction);
        assert_eq!(interactions, "mention, reply, repost or like");
        assert_eq!(Layer::choice(|layer| layer == Layer::List), "list");
        assert_eq!(Layer::choice(|_| false), "");
    }

    #[test]
    fn what_is_evidence_against_the_other_is_neither_served_nor_propagated() {
        for layer in Layer::ALL {
            assert_eq!(layer.is_served(), !layer.is_negative(), "{layer}");
            assert_eq!(layer.coefficient() > 0.0, !layer.is_negative(), "{layer}");
        }
    }

    #[test]
    fn the_documentation_has_the_same_coefficients() {
        let text = include_str!("../../../docs/scoring.md");
        let table = text.split_once("| layer | c |\n|---|---|\n").expect("the table is there").1;
        let mut documented = BTreeMap::new();
        for line in table.lines().take_while(|line| line.starts_with('|')) {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let (layers, c) = (cells.next().unwrap(), cells.next().unwrap().parse().unwrap());
            for layer in layers.split(", ") {
                documented.insert(layer.parse::<Layer>().unwrap(), c);
            }
        }
        let propagated = Layer::ALL.into_iter().filter(|layer| !layer.is_negative());
        let known: BTreeMap<Layer, f64> =
            propagated.map(|layer| (layer, layer.coefficient())).collect();
        assert_eq!(documented, known);
    }
}
