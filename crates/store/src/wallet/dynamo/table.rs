//! The table itself, where no template of a deployment makes it: for tests and benchmarks.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use model::port::PortError;

use super::DynamoWallet;
use super::page::INDEX;
use crate::aws_error::explain;

/// The attributes by which items are found: those of the table, and those of the index.
const KEYS: [&str; 2] = ["pk", "sk"];
const INDEX_KEYS: [&str; 2] = ["due_list", "due_place"];

impl DynamoWallet {
    /// Makes the table, with its index.
    ///
    /// # Errors
    /// [`PortError::Refused`] if there is one of this name.
    pub async fn create_table(&self) -> Result<(), PortError> {
        let incomplete = |error: BuildError| PortError::Refused(error.to_string());
        let request = self
            .client
            .create_table()
            .table_name(&self.table)
            .set_key_schema(Some(keys(KEYS).map_err(incomplete)?))
            .set_attribute_definitions(Some(attributes().map_err(incomplete)?))
            .global_secondary_indexes(index().map_err(incomplete)?)
            .billing_mode(BillingMode::PayPerRequest);
        let made = request.send().await;
        made.map(|_| ()).map_err(|error| explain("create a table of wallets", error))
    }
}

fn keys([hash, range]: [&str; 2]) -> Result<Vec<KeySchemaElement>, BuildError> {
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind);
    [key(hash, KeyType::Hash), key(range, KeyType::Range)]
        .map(|key| key.build())
        .into_iter()
        .collect()
}

fn attributes() -> Result<Vec<AttributeDefinition>, BuildError> {
    let text = |name| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build()
    };
    KEYS.into_iter().chain(INDEX_KEYS).map(text).collect()
}

fn index() -> Result<GlobalSecondaryIndex, BuildError> {
    let projection = Projection::builder()
        .projection_type(ProjectionType::Include)
        .non_key_attributes("due_ms")
        .non_key_attributes("charge_attempt");
    let index = GlobalSecondaryIndex::builder().index_name(INDEX);
    index.set_key_schema(Some(keys(INDEX_KEYS)?)).projection(projection.build()).build()
}
