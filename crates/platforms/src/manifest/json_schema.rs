//! The JSON Schema of manifests, made from the types that read them: editors complete and check by it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::RawManifest;

/// The JSON Schema (draft 2020-12) of a manifest.
pub fn manifest_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<RawManifest>();
    schema.insert("title".to_owned(), "A platform of Borg".into());
    schema.to_value()
}
