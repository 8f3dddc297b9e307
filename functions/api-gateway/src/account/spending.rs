//! What an account spent, by key, route and day.

use model::time::Day;
use model::{KeyId, MicroCredits};
use serde::{Deserialize, Serialize};
use store::pg::spending::{self, UsageGrouping, UsageRow};
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::error::Problem;
use crate::extract::{ApiCall, Query};

/// The longest period, in days.
const DAYS_MAX: u16 = 366;
/// The period unless another one is given: the last 30 days.
const DAYS: u16 = 30;

/// What was charged and posted, of one group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Spending)]
pub(crate) struct SpendingView {
    /// The key, if grouped by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "key_1")]
    key: Option<KeyId>,
    /// The route, if grouped by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/people/{id}")]
    route: Option<String>,
    /// The UTC day, if grouped by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-22")]
    day: Option<String>,
    /// How many answers.
    charges: u64,
    /// What they cost, in credits.
    #[schema(value_type = String, example = "4.05")]
    cost: CreditText,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// Any of `key`, `route` and `day`, with commas between; `day` unless given.
    #[param(value_type = Option<String>, example = "key,route", pattern = "^(key|route|day)(,(key|route|day))*$")]
    group_by: Option<GroupingParam>,
    /// The first UTC day; 30 days before the last, unless given; none more than 366 days before it is looked at.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    from: Option<DayParam>,
    /// The last UTC day; today, unless given.
    #[param(value_type = Option<String>, example = "2026-11-30")]
    until: Option<DayParam>,
}

/// A day as a parameter.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct DayParam(Day);

impl TryFrom<String> for DayParam {
    type Error = model::time::DayError;

    fn try_from(text: String) -> Result<DayParam, Self::Error> {
        text.parse().map(DayParam)
    }
}

/// What is grouped by.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct GroupingParam(UsageGrouping);

impl TryFrom<String> for GroupingParam {
    type Error = String;

    fn try_from(text: String) -> Result<GroupingParam, String> {
        let names: Vec<&str> = text.split(',').map(str::trim).collect();
        let known = ["key", "route", "day"];
        if let Some(other) = names.iter().find(|name| !known.contains(name)) {
            return Err(format!("`{other}` is none of key, route and day"));
        }
        let has = |name: &str| names.contains(&name);
        let (by_key, by_route, by_day) = (has("key"), has("route"), has("day"));
        Ok(GroupingParam(UsageGrouping { by_key, by_route, by_day }))
    }
}

/// What was spent, the largest first. A charge is counted when it is posted, within seconds.
#[utoipa::path(
    get,
    path = "/v1/usage",
    operation_id = "list_usage",
    tag = "account",
    params(UsageParams),
    responses((status = 200, body = Envelope<Vec<SpendingView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<UsageParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<SpendingView>>, Problem> {
    let today = Day::of(call.gateway.now());
    let until = query.until.map_or(today, |day| day.0);
    let from = query.from.map_or(Day(until.0.saturating_sub(DAYS - 1)), |day| day.0);
    let from = from.max(Day(until.0.saturating_sub(DAYS_MAX - 1)));
    let by_day = UsageGrouping { by_key: false, by_route: false, by_day: true };
    let grouping = query.group_by.map_or(by_day, |grouping| grouping.0);
    let rows =
        spending::usage(call.gateway.pg(), call.caller().payer, from, until, grouping).await?;
    Ok(ApiAnswer::page(rows.into_iter().map(SpendingView::of).collect()))
}

impl SpendingView {
    fn of(row: UsageRow) -> SpendingView {
        let UsageRow { key, route, day, charges, amount } = row;
        let cost = CreditText(amount.max(MicroCredits::ZERO));
        SpendingView { key, route, day: day.map(|day| day.to_string()), charges, cost }
    }
}
