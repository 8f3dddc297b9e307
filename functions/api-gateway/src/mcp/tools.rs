//! The tools: one table, and what the OpenAPI document and the price list say of each.

use std::collections::HashMap;

use model::PriceUnit;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::schema;
use crate::charging::price_list::RoutePrice;
use crate::charging::route_price;

/// The name of the tool that says what another one would cost.
pub(super) const ESTIMATE: &str = "estimate";

/// One tool: its name, the operation that it is, and what a model needs to know to choose it.
struct ToolRow {
    name: &'static str,
    operation: &'static str,
    about: &'static str,
}

const fn tool(name: &'static str, operation: &'static str, about: &'static str) -> ToolRow {
    ToolRow { name, operation, about }
}

const TABLE: &[ToolRow] = &[
    tool(
        "search",
        "search_people",
        "Find people, organisations, bots and communities by words: names, handles, bios, labels. Begin here when you \
         have no id.",
    ),
    tool(
        "suggest",
        "suggest",
        "Complete a name as it is typed: people and communities whose names begin so. Cheaper than `search`, and it \
         reads no bios.",
    ),
    tool(
        "resolve_account",
        "resolve_account",
        "The person behind one account, given as platform:handle, such as bluesky:alice.example.org: its id, and its \
         accounts on other platforms as far as they are proven.",
    ),
    tool(
        "get_person",
        "get_person",
        "One person: its accounts, names and bios, and how known it is in the whole graph.",
    ),
    tool(
        "list_person_ranks",
        "list_ranks",
        "In which communities a person is heard, and its rank in each.",
    ),
    tool(
        "get_evidence",
        "get_evidence",
        "Why a person has its rank in a community: whose attention makes it up, at least 80 % of it.",
    ),
    tool(
        "person_history",
        "list_rank_history",
        "How a person's rank in a community changed over time, the newest first, with the people who caused it.",
    ),
    tool(
        "find_path",
        "get_path",
        "How attention leads from one person to another: the strongest path of at most six steps. Give `from` or `to`.",
    ),
    tool(
        "personal_rank",
        "list_people",
        "People as some others see the world: ranked by attention that starts at the seeds. Good for recommendations: \
         `exclude_known` leaves out those that the seeds attend to already.",
    ),
    tool(
        "list_communities",
        "list_communities",
        "Find communities by the words of their labels, or walk through them from coarse to fine, the largest first.",
    ),
    tool(
        "get_community",
        "get_community",
        "One community: its labels, size, level, and what it is a part of.",
    ),
    tool(
        "list_community_people",
        "list_community_people",
        "Who is heard in a community, best first: all, or people or organisations alone; by attention or by how much \
         they are insiders.",
    ),
    tool(
        "community_lineage",
        "get_community_lineage",
        "Where a community comes from and what became of it: born, grew, shrank, split, merged, died.",
    ),
    tool(
        "list_changes",
        "list_changes",
        "What changed since a cursor: ranks, memberships, communities, profiles. Keep `next_cursor` and ask again with \
         it later. Forget the profiles that events `gone` name.",
    ),
    tool(
        "get_prices",
        "get_prices",
        "What everything costs now, what costs nothing, and the prices of the next minute.",
    ),
    tool(
        "get_balance",
        "get_balance",
        "How many credits the account has, and what this key may still spend today.",
    ),
];

/// What `estimate` does.
const ABOUT_ESTIMATE: &str = "What a call of another tool with these arguments would cost, in credits: at least, \
    probably, and at most. The arguments are checked, nothing is answered. Free.";

/// A tool as it is called.
pub(super) struct BookedTool {
    /// As it is listed.
    pub(super) shown: Tool,
    /// Which route answers it; `None` for `estimate`.
    pub(super) route: Option<ToolRoute>,
}

/// The route of a tool.
#[derive(Debug)]
pub(super) struct ToolRoute {
    /// As in the document.
    pub(super) path: String,
    /// The parameters that the tool sends by itself: those that have one value only.
    pub(super) fixed: Vec<(String, String)>,
    /// The names of those that it needs.
    pub(super) required: Vec<String>,
    /// The most rows that a page may have; `None` where there are no pages.
    pub(super) limit_max: Option<u64>,
    /// Whether it needs a key.
    pub(super) has_key: bool,
}

/// All tools.
pub(super) struct ToolBook {
    /// In the order of the table, `estimate` last.
    tools: Vec<BookedTool>,
    places: HashMap<String, usize>,
}

impl ToolBook {
    /// The tools over the routes of a document. What is not in the document is no tool.
    pub(super) fn of(document: &Value) -> ToolBook {
        let mut tools: Vec<BookedTool> =
            TABLE.iter().filter_map(|row| booked(row, document)).collect();
        tools.push(estimate(&tools));
        let places = (0..).zip(&tools).map(|(at, tool)| (tool.shown.name.to_string(), at));
        ToolBook { places: places.collect(), tools }
    }

    /// All, as they are listed.
    pub(super) fn all(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter().map(|tool| &tool.shown)
    }

    /// The one with this name.
    pub(super) fn get(&self, name: &str) -> Option<&BookedTool> {
        self.places.get(name).map(|&at| &self.tools[at])
    }
}

fn booked(row: &ToolRow, document: &Value) -> Option<BookedTool> {
    let (path, operation) = operation(document, row.operation)?;
    let inputs = schema::inputs(operation, document);
    let has_key = operation.get("security").is_none();
    let about = format!("{} {}", row.about, price(route_price(path)));
    let route = ToolRoute {
        path: path.to_owned(),
        fixed: inputs.fixed,
        required: inputs.required,
        limit_max: inputs.limit_max,
        has_key,
    };
    Some(BookedTool { shown: shown(row.name, about, inputs.schema), route: Some(route) })
}

fn estimate(others: &[BookedTool]) -> BookedTool {
    let with_key = |tool: &&BookedTool| tool.route.as_ref().is_some_and(|route| route.has_key);
    let names: Vec<&str> = others.iter().filter(with_key).map(|one| &*one.shown.name).collect();
    let schema = json!({
        "type": "object",
        "properties": {
            "tool": {"type": "string", "enum": names, "description": "The tool."},
            "arguments": {"type": "object", "description": "What it would be called with."},
        },
        "required": ["tool"],
        "additionalProperties": false,
    });
    BookedTool { shown: shown(ESTIMATE, ABOUT_ESTIMATE.to_owned(), schema), route: None }
}

fn shown(name: &'static str, about: String, schema: Value) -> Tool {
    let schema: JsonObject = serde_json::from_value(schema).unwrap_or_default();
    // It reads, and knows nothing but what Borg stores.
    let reads = ToolAnnotations::new().read_only(true).idempotent(true).open_world(false);
    Tool::new(name, about, schema).with_annotations(reads)
}

/// The path and the description of an operation that reads.
fn operation<'a>(document: &'a Value, id: &str) -> Option<(&'a str, &'a Value)> {
    let paths = document["paths"].as_object()?;
    let reads = paths.iter().map(|(path, methods)| (path.as_str(), &methods["get"]));
    reads.into_iter().find(|(_, operation)| operation["operationId"] == id)
}

/// What an answer costs at least, in words. Prices rise from here with demand.
fn price(price: Option<&RoutePrice>) -> String {
    let Some(price) = price else { return "Free.".to_owned() };
    let row = price.row.floor();
    if price.row.unit() == PriceUnit::Call {
        return format!("Floor price: {row} credits. Nothing if the answer is empty.");
    }
    let (call, unit) = (model::PriceItem::ReadCall.floor(), price.row.unit().slug());
    format!(
        "Floor price: {call} credits and {row} for each {unit}. Nothing if the answer is empty."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> ToolBook {
        let document = include_str!("../../openapi.json");
        ToolBook::of(&serde_json::from_str(document).unwrap())
    }

    #[test]
    fn every_row_is_a_tool() {
        let book = book();
        assert_eq!(book.all().count(), TABLE.len() + 1);
        assert!(TABLE.iter().all(|row| book.get(row.name).is_some()));
        assert!(book.get("revoke_key").is_none());
    }

    #[test]
    fn a_description_states_the_floor_of_the_price_list() {
        let book = book();
        let about = |name: &str| book.get(name).unwrap().shown.description.clone().unwrap();
        let (call, row) = (model::PriceItem::ReadCall.floor(), model::PriceItem::PersonRow.floor());
        let said = format!("Floor price: {call} credits and {row} for each row.");
        assert!(about("search").contains(&said), "{}", about("search"));
        let suggestion = model::PriceItem::SuggestCall.floor();
        assert!(about("suggest").contains(&format!("Floor price: {suggestion} credits. ")));
        assert!(about("list_changes").contains("for each event"));
        assert!(about("get_balance").ends_with("Free."));
    }

    #[test]
    fn what_is_estimated_is_any_tool_that_takes_a_key() {
        let book = book();
        let schema = &book.get(ESTIMATE).unwrap().shown.input_schema;
        let names = schema["properties"]["tool"]["enum"].as_array().unwrap();
        assert_eq!(names.len(), TABLE.len() - 1, "all but get_prices: {names:?}");
    }

    #[test]
    fn the_list_is_small_enough_to_be_read_by_a_model() {
        let list: Vec<_> = book().all().cloned().collect();
        let bytes = serde_json::to_vec(&list).unwrap().len();
        assert!(bytes < 32 << 10, "{bytes}");
    }
}
