//! Names and values of fields as people read them.

use super::field::ReportField;

/// What a number measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MeasureUnit {
    Seconds,
    Milliseconds,
    Bytes,
    /// 2^20 bytes.
    Mebibytes,
    /// 10^9 bytes.
    Gigabytes,
}

/// The last word of a name that has a unit, the unit, and the word that a label has instead.
const UNITS: &[(&str, MeasureUnit, &str)] = &[
    ("seconds", MeasureUnit::Seconds, "time"),
    ("milliseconds", MeasureUnit::Milliseconds, "time"),
    ("ms", MeasureUnit::Milliseconds, "time"),
    ("bytes", MeasureUnit::Bytes, "size"),
    ("mb", MeasureUnit::Mebibytes, "size"),
    ("gb", MeasureUnit::Gigabytes, "size"),
];

/// A field's name without its unit.
pub(super) fn label(name: &str) -> String {
    let unit = UNITS.iter().find(|(word, ..)| last_word(name) == *word);
    let label = match unit {
        Some((word, _, instead)) => format!("{}{instead}", name.trim_end_matches(word)),
        None => name.to_owned(),
    };
    label.replace('_', " ")
}

/// A field's value: numbers with their unit, thousands apart, at most four decimals.
pub(super) fn text(name: &str, value: &ReportField, shares: &[&str]) -> String {
    match value {
        ReportField::Null => String::new(),
        ReportField::Flag(flag) => flag.to_string(),
        ReportField::Text(text) => text.clone(),
        ReportField::Whole(whole) => {
            measured(name, *whole as f64, shares).unwrap_or_else(|| thousands(*whole))
        }
        ReportField::Real(real) => measured(name, *real, shares).unwrap_or_else(|| decimals(*real)),
        ReportField::List(items) => {
            let items: Vec<String> = items.iter().map(|item| text(name, item, shares)).collect();
            items.join(", ")
        }
        ReportField::Object(fields) => {
            let field = |(name, value): &(String, ReportField)| {
                format!("{} {}", label(name), text(name, value, shares))
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A number with its unit, if its name has one.
fn measured(name: &str, number: f64, shares: &[&str]) -> Option<String> {
    if shares.contains(&name) {
        return Some(format!("{:.1} %", 100.0 * number));
    }
    let (_, unit, _) = UNITS.iter().find(|(word, ..)| last_word(name) == *word)?;
    Some(match unit {
        MeasureUnit::Seconds => seconds(number),
        MeasureUnit::Milliseconds => format!("{number:.3} ms"),
        MeasureUnit::Bytes => bytes(number),
        MeasureUnit::Mebibytes => bytes(number * f64::from(1 << 20)),
        MeasureUnit::Gigabytes => bytes(number * 1e9),
    })
}

fn last_word(name: &str) -> &str {
    name.rsplit('_').next().unwrap_or(name)
}

fn seconds(seconds: f64) -> String {
    match seconds {
        0.0..10.0 => format!("{seconds:.2} s"),
        10.0..600.0 => format!("{seconds:.1} s"),
        _ => format!("{:.1} min", seconds / 60.0),
    }
}

fn bytes(bytes: f64) -> String {
    match bytes {
        0.0..1e3 => format!("{bytes:.0} B"),
        1e3..1e6 => format!("{:.1} kB", bytes / 1e3),
        1e6..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.2} GB", bytes / 1e9),
    }
}

/// A number that may be whole, such as a rounded rate.
fn decimals(number: f64) -> String {
    if number.fract() == 0.0 && (0.0..1e15).contains(&number) {
        return thousands(number as u64);
    }
    format!("{number:.4}")
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> ReportField {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_are_readable() {
        let check = |json: &str, expected: &str| {
            assert_eq!(text("number", &read(json), &[]), expected);
        };
        check("1234567", "1,234,567");
        check("12", "12");
        check("123456.0", "123,456");
        check("0.123456", "0.1235");
        check("-0.5", "-0.5000");
        check(r#"["a", "b"]"#, "a, b");
        check(r#"{"ami": 1, "peak_bytes": 2500}"#, "ami 1, peak size 2.5 kB");
    }

    #[test]
    fn a_unit_is_the_end_of_a_name() {
        let check = |name: &str, json: &str, expected: [&str; 2]| {
            assert_eq!([label(name), text(name, &read(json), &["on_topic"])], expected);
        };
        check("seconds", "0.25", ["time", "0.25 s"]);
        check("cpu_seconds", "90", ["cpu time", "90.0 s"]);
        check("score_seconds", "3600", ["score time", "60.0 min"]);
        check("p50_ms", "0.25", ["p50 time", "0.250 ms"]);
        check("peak_bytes", "23404544", ["peak size", "23.4 MB"]);
        check("peak_mb", "1024", ["peak size", "1.07 GB"]);
        check("requests_per_cpu_second", "1500", ["requests per cpu second", "1,500"]);
        check("on_topic", "0.955", ["on topic", "95.5 %"]);
    }
}
