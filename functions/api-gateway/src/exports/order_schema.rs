//! The document of an order: one form for each kind of rows, since each has another filter.

use std::borrow::Cow;

use model::{ExportFormat, ExportSubject, Platform};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, Object, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// What is ordered, as the document has it.
pub(super) struct OrderForms;

impl ToSchema for OrderForms {
    fn name() -> Cow<'static, str> {
        "ExportOrder".into()
    }
}

impl utoipa::PartialSchema for OrderForms {
    fn schema() -> RefOr<Schema> {
        let forms = ExportSubject::ALL.iter().map(|&what| form(what));
        let any = forms.fold(AnyOfBuilder::new(), |any, form| any.item(form));
        Schema::AnyOf(any.build()).into()
    }
}

/// An order of these rows.
fn form(what: ExportSubject) -> Object {
    let formats = ExportFormat::ALL.iter().map(|format| format.slug());
    let order = ObjectBuilder::new()
        .property("what", text().enum_values(Some([what.slug()])))
        .property("format", text().enum_values(Some(formats)))
        .property("filter", filter(what));
    let order = match what {
        ExportSubject::Changes => order,
        _ => order.property("run", example("run_1")),
    };
    closed(order.required("what").required("format"))
}

/// What may be said about which rows are wanted.
fn filter(what: ExportSubject) -> Object {
    let filter = ObjectBuilder::new();
    let filter = match what {
        ExportSubject::People => filter,
        ExportSubject::Profiles => {
            let platforms: Vec<&str> = Platform::all().map(Platform::slug).collect();
            filter.property("platform", text().enum_values(Some(platforms)))
        }
        ExportSubject::Communities => {
            let level = ObjectBuilder::new().schema_type(Type::Integer);
            filter.property("level", level.minimum(Some(0)).maximum(Some(255)))
        }
        ExportSubject::Memberships => filter.property("community", example("com_1")),
        ExportSubject::Changes => filter.property("from", cursor()).property("to", cursor()),
    };
    closed(filter)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A text of the form that the document gives to all texts with such an example.
fn example(example: &str) -> ObjectBuilder {
    text().examples([serde_json::json!(example)]).pattern(crate::docs::pattern_of(example))
}

fn cursor() -> ObjectBuilder {
    text().pattern(Some("^[A-Za-z0-9_-]+$")).max_length(Some(crate::cursor::CURSOR_LENGTH_MAX))
}

fn closed(object: ObjectBuilder) -> Object {
    object.additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false))).build()
}
