//! `borg operate` and `borg key`: the orders of the function `operate`, on this machine.

use anyhow::Result;
use model::privacy_request::PrivacyOutcome;
use operate::{Order, OrderOutcome, RequestAnswer};

use crate::cli::{
    KeyCommand, OperateCommand, OperateCredits, OperateKeys, OperateRequests, OperateRuns,
};
use crate::home::BorgHome;
use crate::output::CommandReport;
use crate::server;

impl CommandReport for OrderOutcome {}

/// Carries out an operator's order.
pub(crate) async fn operate(home: &BorgHome, command: &OperateCommand) -> Result<OrderOutcome> {
    server::order(home, &order_of(command)).await
}

/// Creates or revokes an API key.
pub(crate) async fn key(home: &BorgHome, command: &KeyCommand) -> Result<OrderOutcome> {
    let order = match command {
        KeyCommand::Create(new) => Order::CreateKey(new.key()),
        KeyCommand::Revoke { id } => Order::RevokeKey { key: *id },
    };
    server::order(home, &order).await
}

fn order_of(command: &OperateCommand) -> Order {
    match command {
        OperateCommand::OptOut { account } => Order::OptOut { account: account.clone() },
        OperateCommand::Keys(OperateKeys::Create(new)) => Order::CreateKey(new.key()),
        OperateCommand::Keys(OperateKeys::List { account }) => {
            Order::ListKeys { account: account.clone() }
        }
        OperateCommand::Keys(OperateKeys::Revoke { id }) => Order::RevokeKey { key: *id },
        OperateCommand::Credits(command) => order_about_credits(command),
        OperateCommand::Runs(OperateRuns::Activate { run }) => Order::ActivateRun { run: *run },
        OperateCommand::Requests(command) => order_about_requests(command),
        OperateCommand::Retain => Order::Retain {},
        OperateCommand::Audit => Order::ListAudit {},
    }
}

fn order_about_credits(command: &OperateCredits) -> Order {
    match command {
        OperateCredits::Add(add) => Order::AddCredits(add.credits()),
        OperateCredits::Show { account } => Order::ShowCredits { account: account.clone() },
        OperateCredits::Refund { charge, account, payer } => {
            Order::Refund { account: account.clone(), payer: *payer, charge: *charge }
        }
        OperateCredits::Freeze { account } => Order::Freeze { account: account.clone() },
        OperateCredits::Unfreeze { account } => Order::Unfreeze { account: account.clone() },
    }
}

fn order_about_requests(command: &OperateRequests) -> Order {
    match command {
        OperateRequests::List => Order::ListRequests {},
        OperateRequests::Show { id } => Order::ShowRequest { request: *id },
        OperateRequests::Answer { id, refuse, text } => Order::AnswerRequest(RequestAnswer {
            request: *id,
            outcome: if *refuse { PrivacyOutcome::Refused } else { PrivacyOutcome::Done },
            text: text.clone(),
        }),
    }
}
