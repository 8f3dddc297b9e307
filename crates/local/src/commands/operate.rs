//! `borg operate`: the orders of the function `operate`, on this machine.

use anyhow::Result;
use operate::Order;
use serde_json::Value;

use crate::cli::{OperateCommand, OperateKeys, OperateRuns};
use crate::home::Home;
use crate::output::Output;
use crate::server;

/// Carries out what was asked.
pub(crate) async fn operate(
    home: &Home,
    command: &OperateCommand,
    output: Output,
) -> Result<Value> {
    let order = order(command);
    let answer = server::order(home, &order).await?;
    let list = match order {
        Order::ListKeys { .. } => "keys",
        Order::ListAudit {} => "lines",
        _ => return Ok(answer),
    };
    Ok(if output.json { answer } else { listed(&answer[list], output) })
}

/// The order that a command is.
fn order(command: &OperateCommand) -> Order {
    match command {
        OperateCommand::OptOut { account } => Order::OptOut { account: account.clone() },
        OperateCommand::Keys(OperateKeys::Create { account, test }) => {
            Order::CreateKey { account: account.clone(), test: *test }
        }
        OperateCommand::Keys(OperateKeys::List { account }) => {
            Order::ListKeys { account: account.clone() }
        }
        OperateCommand::Keys(OperateKeys::Revoke { id }) => Order::RevokeKey { key: *id },
        OperateCommand::Runs(OperateRuns::Activate { run }) => Order::ActivateRun { run: *run },
        OperateCommand::Retain => Order::Retain {},
        OperateCommand::Audit => Order::ListAudit {},
    }
}

/// Shows objects as the rows of a table.
fn listed(rows: &Value, output: Output) -> Value {
    let rows: Vec<&serde_json::Map<String, Value>> =
        rows.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
    let Some(first) = rows.first() else { return Value::Null };
    let header: Vec<&str> = first.keys().map(String::as_str).collect();
    let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.values().map(cell).collect()).collect();
    output.table(&header, &cells);
    Value::Null
}
