//! Platforms that this installation added, in the table `added_platform`: their numbers, minted once.

use model::Platform;
use model::platform::{HandleForm, Listing, PlatformDeclaration};
use model::time::Timestamp;

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{ADDED_PLATFORM, TableRow};
use super::transaction::PgTransaction;
use super::value::stored_ms;
use crate::StoreError;

/// A connection may be opened before the schema is there.
const IS_THERE: &str = "select to_regclass('added_platform') is not null as is_there";
const ALL: &str = "select number, slug, listing, handles from added_platform order by number";
/// One after the other, so that numbers have no gaps.
const LOCK: &str = "lock table added_platform in share row exclusive mode";
const MINT: &str = "insert into added_platform (number, slug, listing, handles, minted_ms)
    select greatest(max(number), $1) + 1, $2, $3, $4, $5 from added_platform
    having coalesce(max(number), 0) < 255
    on conflict (slug) do nothing";
const ONE: &str = "select number, slug, listing, handles from added_platform where slug = $1";

/// Makes this process know the platforms that were added. A process does so when it connects; one that runs for
/// long does it again from time to time.
pub async fn learn_all(pg: &Pg) -> Result<(), StoreError> {
    let there = pg.query_opt("platform::is_there", IS_THERE, &[]).await?;
    if !there.is_some_and(|row| row.get("is_there")) {
        return Ok(());
    }
    let rows = pg.query("platform::learn_all", ALL, &[]).await?;
    ADDED_PLATFORM.rows(&rows).try_for_each(|row| learn(row).map(drop))
}

/// The platform that a manifest declares, known to this process from now on: one of those that come with Borg, or
/// one of the installation's own, whose number is minted if it has none yet.
///
/// # Errors
/// [`StoreError::Conflict`] if the platform is known with other handles or another listing, or if all 128 numbers
/// are given out.
pub async fn of_declaration(
    pg: &Pg,
    declared: &PlatformDeclaration,
    now: Timestamp,
) -> Result<Platform, StoreError> {
    match declared.slug.as_str().parse::<Platform>() {
        Ok(known) if declared.agrees_with(known) => Ok(known),
        Ok(known) => Err(StoreError::Conflict(format!(
            "the manifest's platform `{}` is `{known}`, whose listing and form of handles are others",
            declared.slug
        ))),
        Err(_) => retry(|| mint(pg, declared, now)).await,
    }
}

async fn mint(
    pg: &Pg,
    declared: &PlatformDeclaration,
    now: Timestamp,
) -> Result<Platform, StoreError> {
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "platform::mint").await?;
    tx.lasting().await?;
    tx.execute(LOCK, &[]).await?;
    let slug = declared.slug.as_str();
    let params = params![
        i16::from(Platform::ADDED_MIN) - 1 => INT2, slug => TEXT, declared.listing as i16 => INT2,
        declared.handles as i16 => INT2, stored_ms(now) => INT8,
    ];
    tx.execute(MINT, params).await?;
    let minted = tx.query(ONE, params![slug => TEXT]).await?;
    tx.commit().await?;
    let full = || StoreError::Conflict("all 128 numbers for added platforms are taken".to_owned());
    let platform = learn(ADDED_PLATFORM.row(minted.first().ok_or_else(full)?))?;
    match declared.agrees_with(platform) {
        true => Ok(platform),
        false => Err(StoreError::Conflict(format!(
            "platform `{slug}` was added with another listing or form of handles, and keeps them"
        ))),
    }
}

fn learn(row: TableRow<'_>) -> Result<Platform, StoreError> {
    let declared = PlatformDeclaration {
        slug: row.parsed("slug")?,
        listing: row.number("listing", Listing::from_number)?,
        handles: row.number("handles", HandleForm::from_number)?,
    };
    let number = row.number("number", Some)?;
    Platform::learn(number, &declared).map_err(|error| row.corrupt("number", error))
}
