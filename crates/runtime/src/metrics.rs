//! Metrics in CloudWatch's embedded metric format: a JSON line among the logs is all is needed, so
//! metrics cost no call and no SDK.

use serde_json::{Map, Value, json};

/// The namespace of all of our metrics.
const NAMESPACE: &str = "Borg";

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl MetricUnit {
    const fn name(self) -> &'static str {
        match self {
            MetricUnit::Count => "Count",
            MetricUnit::Milliseconds => "Milliseconds",
            MetricUnit::Seconds => "Seconds",
        }
    }
}

/// One number of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionMetric<'a> {
    /// Its name in CloudWatch.
    pub name: &'a str,
    /// What it counts.
    pub unit: MetricUnit,
    /// The number.
    pub value: u64,
}

/// The line that reports these metrics of a function at a time in milliseconds since 1970.
///
/// ```
/// use runtime::metrics::{FunctionMetric, MetricUnit, line};
///
/// let done = FunctionMetric { name: "Done", unit: MetricUnit::Count, value: 3 };
/// let line = line("platform-fetch", 1_793_491_200_000, &[done]);
/// assert!(line.contains(r#""Done":3"#) && line.contains(r#""Function":"platform-fetch""#));
/// ```
pub fn line(function: &str, at_ms: u64, metrics: &[FunctionMetric<'_>]) -> String {
    let describe =
        |metric: &FunctionMetric<'_>| json!({"Name": metric.name, "Unit": metric.unit.name()});
    let described: Vec<Value> = metrics.iter().map(describe).collect();
    let mut line = Map::new();
    let directive = json!({
        "Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": described,
    });
    line.insert("_aws".into(), json!({"Timestamp": at_ms, "CloudWatchMetrics": [directive]}));
    line.insert("Function".into(), function.into());
    for metric in metrics {
        line.insert(metric.name.to_owned(), metric.value.into());
    }
    Value::Object(line).to_string()
}

/// Reports these metrics of a function now, on standard output.
#[cfg(feature = "lambda")]
pub fn report(function: &str, metrics: &[FunctionMetric<'_>]) {
    println!("{}", line(function, crate::clock::now_ms(), metrics));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_describes_each_of_its_numbers() {
        let metric = |name, unit, value| FunctionMetric { name, unit, value };
        let done = metric("Done", MetricUnit::Count, 3);
        let time = metric("Time", MetricUnit::Milliseconds, 9);
        let text = line("fetch", 5, &[done, time, metric("Lag", MetricUnit::Seconds, 2)]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["Done"], 3);
        assert_eq!(value["Function"], "fetch");
        let directive = &value["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(value["_aws"]["Timestamp"], 5);
        assert_eq!(directive["Metrics"][1], json!({"Name": "Time", "Unit": "Milliseconds"}));
        assert_eq!(directive["Metrics"][2], json!({"Name": "Lag", "Unit": "Seconds"}));
        assert_eq!(directive["Dimensions"], json!([["Function"]]));
    }
}
