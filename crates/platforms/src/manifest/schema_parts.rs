//! Parts of the JSON Schema of manifests: of types that `model` defines.

use model::platform::{HandleForm, Listing};
use model::profile_text::ProfileText;
use model::{Direction, Layer};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Map;

use super::raw_request::SelectorTexts;

fn words<T: Serialize>(words: &[T]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

pub(super) fn layer(_: &mut SchemaGenerator) -> Schema {
    words(&Layer::ALL.map(Layer::slug))
}

pub(super) fn direction(_: &mut SchemaGenerator) -> Schema {
    words(&[Direction::Out, Direction::In].map(Direction::slug))
}

pub(super) fn listing(_: &mut SchemaGenerator) -> Schema {
    words(&[Listing::OptIn, Listing::OptOut])
}

pub(super) fn handle_form(_: &mut SchemaGenerator) -> Schema {
    words(&[HandleForm::Address, HandleForm::Domain, HandleForm::Word, HandleForm::Native])
}

/// The texts of a profile, beside its other fields.
pub(super) fn profile_texts(generator: &mut SchemaGenerator) -> Schema {
    let mut fields = Map::new();
    for text in ProfileText::ALL {
        let mut field = generator.subschema_for::<SelectorTexts>();
        field.insert("description".to_owned(), text.meaning().into());
        fields.insert(text.slug().to_owned(), field.to_value());
    }
    json_schema!({ "type": "object", "properties": fields })
}
