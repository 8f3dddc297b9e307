//! Metrics in CloudWatch's embedded metric format: a JSON line among the logs is all it takes, so
//! counting costs no call and no SDK.

use serde_json::{Map, Value, json};

/// The namespace of all of our metrics.
const NAMESPACE: &str = "Borg";

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Milliseconds => "Milliseconds",
        }
    }
}

/// The line that reports these metrics of a function at a time in milliseconds since 1970.
pub fn line(function: &str, at_ms: u64, metrics: &[(&str, Unit, u64)]) -> String {
    let described =
        metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit.name()}));
    let described: Vec<Value> = described.collect();
    let mut line = Map::new();
    let directive = json!({
        "Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": described,
    });
    line.insert("_aws".into(), json!({"Timestamp": at_ms, "CloudWatchMetrics": [directive]}));
    line.insert("Function".into(), function.into());
    for (name, _, value) in metrics {
        line.insert((*name).to_owned(), (*value).into());
    }
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_describes_each_of_its_numbers() {
        let text = line("fetch", 5, &[("Done", Unit::Count, 3), ("Time", Unit::Milliseconds, 9)]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["Done"], 3);
        assert_eq!(value["Function"], "fetch");
        let directive = &value["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(value["_aws"]["Timestamp"], 5);
        assert_eq!(directive["Metrics"][1], json!({"Name": "Time", "Unit": "Milliseconds"}));
        assert_eq!(directive["Dimensions"], json!([["Function"]]));
    }
}
