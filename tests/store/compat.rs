//! What the release before asks of the database, on the schema of this one: a release that is rolled back
//! over its migrations finds all that it knew.
//!
//! `statements.json` holds every statement that v0.1.0 ran in its own tests, with the types of its
//! values and columns as PostgreSQL reported them on v0.1.0's schema.

use std::path::Path;

use testkit::database;
use tokio_postgres::types::Type;

const FOLDER: &str = "compat/v0.1.0";

#[derive(serde::Deserialize)]
struct Recorded {
    sql: String,
    params: Vec<String>,
    columns: Vec<(String, String)>,
}

fn recorded() -> Vec<Recorded> {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("statements.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A built-in type by its name in `pg_type`.
fn named(name: &str) -> Type {
    let oid = |oid| Type::from_oid(oid).filter(|known| known.name() == name);
    (1..4_000).find_map(oid).unwrap_or_else(|| panic!("no type {name}"))
}

#[tokio::test]
async fn every_statement_of_the_release_before_means_what_it_meant() {
    let db = database().await;
    let client = db.client().await;
    let parts = "select open_platform(1::smallint), open_day(20779), open_run(1)";
    client.batch_execute(parts).await.unwrap();
    let statements = recorded();
    assert!(statements.len() > 100, "{}", statements.len());
    for Recorded { sql, params, columns } in statements {
        let types: Vec<Type> = params.iter().map(|name| named(name)).collect();
        let prepared = client.prepare_typed(&sql, &types).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(prepared.params(), types, "{sql}");
        let now = prepared.columns().iter();
        let now: Vec<(String, String)> =
            now.map(|one| (one.name().to_owned(), one.type_().name().to_owned())).collect();
        assert_eq!(now, columns, "{sql}");
    }
}
