//! Links to files: they live for a quarter of an hour, and can be had again while the files are kept.

use std::collections::HashSet;
use std::time::Duration;

use model::export::{ExportPart, part_key};
use model::time::Timestamp;
use model::whole_number::WholeNumber;
use model::{Export, ExportId, ExportState};
use serde::{Deserialize, Serialize};
use store::pg::export;
use utoipa::ToSchema;

use super::{FileView, own};
use crate::answer::{ApiAnswer, Envelope};
use crate::changes::StreamCursors;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId};
use crate::file_signer::FileName;

/// How long a link lives, in seconds.
const LINK_SECONDS: u32 = 900;

/// The most files of one call.
const LINKS_MAX: u32 = 100;

/// How many parts are looked at together.
const PARTS_AT_ONCE: usize = 10;

/// Which files.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object with `parts`")]
pub(crate) struct LinkOrder {
    /// Their numbers, 1 to 100; the first 100 files, unless given.
    #[schema(min_items = 1, max_items = 100, example = json!([0]))]
    parts: Option<Vec<PartNumber>>,
}

/// The number of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "WholeNumber<u64>")]
#[schema(value_type = u32, minimum = 0, maximum = 1999)]
pub(crate) struct PartNumber(u32);

impl TryFrom<WholeNumber<u64>> for PartNumber {
    type Error = String;

    fn try_from(WholeNumber(number): WholeNumber<u64>) -> Result<PartNumber, String> {
        let last = model::export::PARTS_MAX - 1;
        let number = u32::try_from(number).ok().filter(|&number| number <= last);
        number.map(PartNumber).ok_or_else(|| format!("must be from 0 to {last}"))
    }
}

impl JsonInput for LinkOrder {
    fn check(&self) -> Result<(), Problem> {
        let is_right = |parts: &Vec<PartNumber>| (1..=LINKS_MAX as usize).contains(&parts.len());
        if self.parts.as_ref().is_none_or(is_right) {
            return Ok(());
        }
        Err(Problem::body("/parts", format!("must be 1 to {LINKS_MAX} parts")))
    }
}

/// A file, and where to get it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportLink)]
pub(crate) struct LinkView {
    #[serde(flatten)]
    file: FileView,
    /// Where it is, without a key: an absolute URL, or a path of this server. `null` while it names someone who
    /// does not want to be named any more, or may not want to be: it is replaced within 7 days, mostly within the hour.
    url: Option<String>,
    /// Until when the link works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Gives links to files of an export that is done.
#[utoipa::path(
    post,
    path = "/v1/exports/{id}/links",
    operation_id = "link_export",
    tag = "exports",
    params(("id" = String, Path, example = "exp_7")),
    request_body = LinkOrder,
    responses((status = 200, body = Envelope<Vec<LinkView>>, description = "The answer."), Problem)
)]
pub(crate) async fn create(
    PathId(id): PathId<ExportId>,
    JsonCall { call, body }: JsonCall<LinkOrder>,
) -> Result<ApiAnswer<Vec<LinkView>>, Problem> {
    let (export, now) = (own(&call, id).await?, call.gateway.now());
    if export.state != ExportState::Done {
        let why = format!("{id} is {}: its files can be fetched when it is done", export.state);
        return Err(Problem::new(ProblemCode::ExportNotDone, why));
    }
    if now >= export.expires_at {
        let why = format!("the files of {id} were kept until {}", export.expires_at);
        return Err(Problem::new(ProblemCode::ExportExpired, why));
    }
    let numbers = wanted(&export, body)?;
    let mut links = Vec::with_capacity(numbers.len());
    // Each part has a list of all ids that it names: few at once.
    for some in numbers.chunks(PARTS_AT_ONCE) {
        let parts = export::parts(call.pg(), id, some).await?;
        let stale = export::stale(call.pg(), &parts).await?;
        let stale: HashSet<u32> = stale.iter().map(|one| one.part.part).collect();
        for part in &parts {
            links.push(link(&call, &export, part, !stale.contains(&part.part), now).await?);
        }
    }
    Ok(ApiAnswer::page(links))
}

/// The numbers of the parts that are asked for.
fn wanted(export: &Export, body: LinkOrder) -> Result<Vec<u32>, Problem> {
    let first = || (0..export.parts.min(LINKS_MAX)).collect();
    let asked = |mut parts: Vec<PartNumber>| -> Vec<u32> {
        parts.sort_unstable();
        parts.dedup();
        parts.into_iter().map(|part| part.0).collect()
    };
    let numbers: Vec<u32> = body.parts.map_or_else(first, asked);
    if let Some(missing) = numbers.iter().find(|&&number| number >= export.parts) {
        let why = format!("{} has no part {missing}: it has {} of them", export.id, export.parts);
        return Err(Problem::new(ProblemCode::ExportUnknown, why));
    }
    Ok(numbers)
}

/// The link to a part, if it may be given.
async fn link(
    call: &ApiCall,
    export: &Export,
    part: &ExportPart,
    is_given: bool,
    now: Timestamp,
) -> Result<LinkView, Problem> {
    let expires_at = link_end(now, export.expires_at);
    let file = FileView::of(part, &StreamCursors::of(call));
    if !is_given {
        return Ok(LinkView { file, url: None, expires_at });
    }
    let name = FileName {
        export: export.id,
        part: part.part,
        format: export.order.format,
        sha256: part.file.sha256,
        expires_at,
    };
    Ok(LinkView { file, url: Some(url(call, &name, now).await?), expires_at })
}

/// Until when a link works that is given now, to a file that is kept until then.
pub(super) fn link_end(now: Timestamp, kept_until: Timestamp) -> Timestamp {
    let over = now.as_second() + i64::from(LINK_SECONDS);
    Timestamp::from_second(over).unwrap_or(Timestamp::MAX).min(kept_until)
}

/// Where a file can be had until its link ends.
pub(super) async fn url(
    call: &ApiCall,
    name: &FileName,
    now: Timestamp,
) -> Result<String, Problem> {
    let key = part_key(name.export, name.part, &name.sha256, name.format);
    let left = u64::try_from(name.expires_at.as_second() - now.as_second()).unwrap_or(0).max(1);
    let stored = call.gateway.links().link(&key, Duration::from_secs(left)).await?;
    Ok(stored.unwrap_or_else(|| format!("/v1/files/{}", call.gateway.files().sign(name))))
}
