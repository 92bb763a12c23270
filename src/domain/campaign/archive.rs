//! The public archive of a brand: letters that were sent and that their authors want there, in a form that names
//! nobody.
//!
//! A letter about a sensitive topic is never in it, whatever its draft says: whoever reads the archive may be one of
//! few who could have got it (L-15).

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{campaign, campaign_subject, topic};
use crate::domain::campaign::content::{self, Urls};
use crate::domain::campaign::{Campaign, State, find, get, state, subjects};
use crate::domain::catalog::{Brand, topic as topics};
use crate::error::{Error, Result, if_there};
use crate::i18n::Lang;
use crate::id::PublicId;

/// How many letters a page of the list has, and the feed.
pub const PAGE: usize = 20;

/// Why a letter is not published.
pub const SENSITIVE: &str = "A letter about a sensitive topic is not published";

/// A letter in the list.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The campaign's identity outside.
    pub id: PublicId,
    /// Its subject line, as somebody reads it of whom nothing is known.
    pub subject: String,
    /// When it was sent to the last person.
    pub sent_at: Moment,
    /// The language in which it is written.
    pub language: Lang,
}

/// A letter of the archive.
#[derive(Debug)]
pub struct Published {
    /// What the list says about it.
    pub piece: Piece,
    /// Its HTML: nothing about anybody, and links as its author wrote them.
    pub html: String,
}

/// A page of a brand's letters, the newest first; pages count from 0. Also whether there is a next page.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection, brand: &Brand, page: u32) -> Result<(Vec<Piece>, bool)> {
    let sensitive = || topic::table.filter(topic::sensitive.eq(true)).select(topic::id);
    let about = campaign_subject::table
        .filter(campaign_subject::topic_id.eq_any(sensitive()))
        .select(campaign_subject::campaign_id);
    let query = campaign::table
        .filter(campaign::brand_id.eq(brand.id))
        .filter(campaign::archive.eq(true))
        .filter(campaign::state.eq(State::Sent))
        .filter(campaign::topic_id.ne_all(sensitive()))
        .filter(campaign::id.ne_all(about))
        .order((campaign::finished_at.desc(), campaign::id.desc()))
        .offset(i64::from(page) * PAGE as i64)
        .limit(PAGE as i64 + 1);
    let mut found: Vec<Campaign> = on_backend!(conn, |c| query.select(Campaign::as_select()).load(c))?;
    let has_next = found.len() > PAGE;
    found.truncate(PAGE);
    let pieces = found.iter().map(|campaign| piece(campaign, brand)).collect::<Result<_>>()?;
    Ok((pieces, has_next))
}

/// One letter of a brand's archive.
///
/// # Errors
/// [`Error::NotFound`] if it is not there, whatever the reason.
pub fn letter(conn: &mut DbConnection, brand: &Brand, id: PublicId) -> Result<Published> {
    let campaign = if_there(find(conn, id))?.ok_or(Error::NotFound("letter"))?;
    let is_sent = campaign.state == State::Sent && campaign.brand_id == brand.id;
    if !is_sent || !campaign.archive || is_sensitive(conn, &campaign)? {
        return Err(Error::NotFound("letter"));
    }
    let urls = Urls::of_everybody(brand, format!("{}/b/{}/archive/{id}", brand.base_url, brand.slug));
    let html = content::published(&campaign, brand, urls)?;
    Ok(Published { piece: piece(&campaign, brand)?, html })
}

/// Puts a campaign into the archive or takes it out, in whatever state it is.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] for one about a sensitive topic.
pub fn set(conn: &mut DbConnection, id: PublicId, wanted: bool, now: Moment) -> Result<Campaign> {
    let found = find(conn, id)?;
    let held = state::hold(conn, found.id)?;
    if wanted && is_sensitive(conn, &held)? {
        return Err(Error::conflict(SENSITIVE));
    }
    if held.archive != wanted {
        diesel::update(campaign::table.find(held.id))
            .set((campaign::archive.eq(wanted), campaign::changed_at.eq(now)))
            .execute(conn)?;
    }
    get(conn, held.id)
}

fn piece(campaign: &Campaign, brand: &Brand) -> Result<Piece> {
    Ok(Piece {
        id: campaign.public_id,
        subject: content::general_subject(campaign, brand)?,
        sent_at: campaign.finished_at.unwrap_or(campaign.changed_at),
        language: campaign.lang(brand),
    })
}

fn is_sensitive(conn: &mut DbConnection, campaign: &Campaign) -> Result<bool> {
    let about = subjects(conn, campaign.id)?;
    for id in about.into_iter().chain([campaign.topic_id]) {
        if topics::get(conn, id)?.sensitive {
            return Ok(true);
        }
    }
    Ok(false)
}
