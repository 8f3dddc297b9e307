//! Where the fields of a YAML text are, so that errors in a manifest's sense name a line too.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// The nodes of a text with their lines.
#[derive(Debug)]
pub(super) struct FieldLines(Option<Spanned<TextNode>>);

/// A node of a YAML text, of which only the shape is kept.
#[derive(Debug)]
enum TextNode {
    Fields(Vec<TextField>),
    Items(Vec<Spanned<TextNode>>),
    Leaf,
}

#[derive(Debug)]
struct TextField {
    name: Spanned<String>,
    node: Spanned<TextNode>,
}

impl FieldLines {
    /// The lines of a text; of one that is no YAML, none.
    pub(super) fn of(yaml: &str) -> FieldLines {
        FieldLines(serde_saphyr::from_str(yaml).ok())
    }

    /// The line, from 1, of the deepest node on the way to a place such as `streams.follows.arcs[1].when`. A name
    /// that is written twice in the path is found where it is written: a node that is used again by an alias has
    /// the line of its use.
    pub(super) fn line(&self, place: &str) -> Option<u64> {
        let mut node = &self.0.as_ref()?.value;
        let mut line = None;
        for step in place.split(['.', '[']).filter(|step| !step.is_empty()) {
            match (node, step.strip_suffix(']')) {
                (TextNode::Items(items), Some(number)) => {
                    let Some(item) = number.parse().ok().and_then(|at: usize| items.get(at)) else {
                        break;
                    };
                    (node, line) = (&item.value, Some(item.referenced.line()));
                }
                (TextNode::Fields(fields), None) => {
                    let Some(field) = fields.iter().find(|field| field.name.value == step) else {
                        break;
                    };
                    (node, line) = (&field.node.value, Some(field.name.referenced.line()));
                }
                _ => break,
            }
        }
        line
    }
}

impl<'de> Deserialize<'de> for TextNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TextNode, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = TextNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TextNode, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key()? {
            fields.push(TextField { name, node: map.next_value()? });
        }
        Ok(TextNode::Fields(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<TextNode, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(TextNode::Items(nodes))
    }

    fn visit_bool<E>(self, _: bool) -> Result<TextNode, E> {
        Ok(TextNode::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<TextNode, E> {
        Ok(TextNode::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<TextNode, E> {
        Ok(TextNode::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<TextNode, E> {
        Ok(TextNode::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<TextNode, E> {
        Ok(TextNode::Leaf)
    }

    fn visit_none<E>(self) -> Result<TextNode, E> {
        Ok(TextNode::Leaf)
    }

    fn visit_unit<E>(self) -> Result<TextNode, E> {
        Ok(TextNode::Leaf)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<TextNode, D::Error> {
        TextNode::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_line_of_the_deepest_field_that_is_there() {
        let lines =
            FieldLines::of("a: 1\nb:\n  c: [1, {d: x}]\n  e:\n    - f: null\n    - g: 2.5\n");
        for (place, line) in [
            ("a", Some(1)),
            ("b.c", Some(3)),
            ("b.c[1].d", Some(3)),
            ("b.e[1].g", Some(6)),
            ("b.e[0].f.nothing", Some(5)),
            ("b.e[7].g", Some(4)),
            ("z", None),
        ] {
            assert_eq!(lines.line(place), line, "{place}");
        }
        assert_eq!(FieldLines::of("a: [").line("a"), None);
    }

    #[test]
    fn what_is_used_again_has_the_line_of_its_use() {
        let lines = FieldLines::of("a: &x\n  b: 1\nc: *x\n");
        assert_eq!(lines.line("c"), Some(3));
        assert_eq!(lines.line("a.b"), Some(2));
    }
}
