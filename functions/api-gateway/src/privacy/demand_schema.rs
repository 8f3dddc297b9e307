//! The document of a demand: one form for what is carried out once it is proven, and one for what a person answers.

use std::borrow::Cow;

use model::PrivacyRequestKind;
use model::privacy_request::ABOUT_CHARS_MAX;
use utoipa::ToSchema;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, Object, ObjectBuilder, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};

use super::ACCOUNT_CHARS_MAX;
use crate::docs::account_pattern;

const KIND: &str = "`opt_out` and `erasure`: all that is held is erased, and the account is never crawled again. \
    `access`: what is held can be read for a week. `objection`: the operator looks at a label or a rank again. \
    `correction`: the operator corrects what is wrong.";

/// What is demanded, as the document has it.
pub(super) struct DemandForms;

impl ToSchema for DemandForms {
    fn name() -> Cow<'static, str> {
        "PrivacyDemand".into()
    }
}

impl utoipa::PartialSchema for DemandForms {
    fn schema() -> RefOr<Schema> {
        let any = AnyOfBuilder::new().item(form(false)).item(form(true));
        Schema::AnyOf(any.build()).into()
    }
}

/// A demand, of those kinds that a person answers or of the others.
fn form(is_answered: bool) -> Object {
    let kinds =
        PrivacyRequestKind::ALL.into_iter().filter(|kind| kind.is_answered() == is_answered);
    let kinds: Vec<&str> = kinds.map(PrivacyRequestKind::slug).collect();
    let example = kinds.last().copied();
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let account = text()
        .description(Some("The account: `platform:handle`; the handle may also be a native id."))
        .examples(["bluesky:ada.example.org"])
        .pattern(Some(account_pattern()))
        .max_length(Some(ACCOUNT_CHARS_MAX));
    let kind = text().description(Some(KIND)).enum_values(Some(kinds)).examples(example);
    let form = ObjectBuilder::new()
        .property("account", account)
        .property("kind", kind)
        .property("about", about(is_answered))
        .required("account")
        .required("kind")
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    if is_answered { form.required("about").build() } else { form.build() }
}

fn about(is_needed: bool) -> ObjectBuilder {
    let about = ObjectBuilder::new().max_length(Some(ABOUT_CHARS_MAX));
    if is_needed {
        let what = "To which label or rank the objection is, or what is to be corrected, and why.";
        return about.schema_type(Type::String).description(Some(what)).pattern(Some("\\S"));
    }
    let text_or_null = SchemaType::from_iter([Type::String, Type::Null]);
    about.schema_type(text_or_null).description(Some("What the operator may want to know."))
}
