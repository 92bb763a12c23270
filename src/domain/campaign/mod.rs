//! Campaigns: one message of one brand, on one channel, about exactly one communication topic and any number of
//! subjects. What it says, to whom it would go, and the states it passes through.

pub mod archive;
pub mod audience;
pub mod compose;
pub mod content;
pub mod draft;
pub mod footer;
pub mod link;
pub mod preflight;
pub mod state;
pub mod view;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::schema::{brand as brand_table, campaign, campaign_subject};
use crate::db::{DbConnection, fixed};
use crate::domain::campaign::compose::{Format, LetterTemplate};
use crate::domain::catalog::{Brand, Channel, brand};
use crate::domain::consent::gate::CampaignFacts;
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::id::PublicId;

pub use state::State;

/// A campaign as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = campaign)]
pub struct Campaign {
    /// Row number.
    pub id: i64,
    /// Its identity outside.
    pub public_id: PublicId,
    /// The brand that speaks.
    pub brand_id: i64,
    /// What the marketers call it; recipients never see it.
    pub name: String,
    /// How it travels.
    pub channel: Channel,
    /// The one communication topic.
    pub topic_id: i64,
    /// Where it is in its life.
    pub state: State,
    /// Why it was paused, if the server did it.
    pub pause_reason: Option<String>,
    /// The subject line: a template.
    pub subject: String,
    /// The HTML part: a template.
    pub html: String,
    /// The text part: a template; made from the HTML if none.
    pub text: Option<String>,
    /// When it may begin.
    pub scheduled_at: Option<Moment>,
    /// When its audience was planned to the end.
    pub planned_at: Option<Moment>,
    /// When the last delivery ended, or it was cancelled.
    pub finished_at: Option<Moment>,
    /// The last person planned.
    pub plan_cursor: i64,
    /// When it was first saved.
    pub created_at: Moment,
    /// When it was last changed.
    pub changed_at: Moment,
    /// What it was written in.
    pub format: Format,
    /// The template around what was written.
    pub template: Option<LetterTemplate>,
    /// What was written; none where that is the HTML itself.
    pub source: Option<String>,
    /// Whether its author wants it in the brand's public archive.
    pub archive: bool,
    /// The language in which it is written, a tag of BCP 47; the brand's if none.
    pub language: Option<String>,
}

impl Campaign {
    /// The language in which it is written.
    pub fn lang(&self, brand: &Brand) -> Lang {
        self.language.as_deref().and_then(Lang::read).unwrap_or_else(|| brand.lang())
    }
}

/// The campaign of this public identity.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut DbConnection, id: PublicId) -> Result<Campaign> {
    campaign::table
        .filter(campaign::public_id.eq(id))
        .select(Campaign::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("campaign"))
}

/// The campaign of this row number.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<Campaign> {
    campaign::table
        .find(id)
        .select(Campaign::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("campaign"))
}

/// Campaigns in the order they were made: those after row number `after`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection, after: i64, limit: i64) -> Result<Vec<Campaign>> {
    Ok(campaign::table
        .filter(campaign::id.gt(after))
        .order(campaign::id)
        .limit(limit)
        .select(Campaign::as_select())
        .load(conn)?)
}

/// Campaigns, the newest first: those before row number `before`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn list_newest(conn: &mut DbConnection, before: i64, limit: i64) -> Result<Vec<Campaign>> {
    Ok(campaign::table
        .filter(campaign::id.lt(before))
        .order(campaign::id.desc())
        .limit(limit)
        .select(Campaign::as_select())
        .load(conn)?)
}

/// The campaigns in one of these states, oldest first.
///
/// # Errors
/// Of the database.
pub fn in_states(conn: &mut DbConnection, states: &[State]) -> Result<Vec<Campaign>> {
    Ok(campaign::table
        .filter(campaign::state.eq_any(states.to_vec()))
        .order(campaign::id)
        .select(Campaign::as_select())
        .load(conn)?)
}

/// The row numbers of the subjects a campaign names.
///
/// # Errors
/// Of the database.
pub fn subjects(conn: &mut DbConnection, id: i64) -> Result<Vec<i64>> {
    let query = campaign_subject::table
        .filter(campaign_subject::campaign_id.eq(id))
        .order(campaign_subject::topic_id)
        .select(campaign_subject::topic_id);
    Ok(on_backend!(conn, |c| query.load(c))?)
}

/// The campaign's brand, and what the gate knows of the campaign.
///
/// # Errors
/// Of the database.
pub fn facts(conn: &mut DbConnection, campaign: &Campaign) -> Result<(Brand, CampaignFacts)> {
    let brand = brand::get(conn, campaign.brand_id)?;
    let facts = CampaignFacts {
        campaign: campaign.id,
        brand: campaign.brand_id,
        channel: campaign.channel,
        communication: campaign.topic_id,
        subjects: subjects(conn, campaign.id)?,
        refresh_consents_before: brand.refresh_consents_before,
    };
    Ok((brand, facts))
}

/// The states in which letters of a campaign are handed over.
pub const BEING_SENT: [State; 2] = [State::Planning, State::Sending];

/// What the gate knows of a campaign that is being sent; nothing if it is not. Reads no more than that, because every
/// claim asks.
///
/// # Errors
/// Of the database.
pub fn facts_while_sending(conn: &mut DbConnection, id: i64) -> Result<Option<CampaignFacts>> {
    let subjects = campaign_subject::table.on(campaign_subject::campaign_id.eq(campaign::id));
    let query = campaign::table
        .inner_join(brand_table::table)
        .left_join(subjects)
        .filter(campaign::id.eq(id).and(fixed("campaign.state IN ('planning', 'sending')")))
        .order(campaign_subject::topic_id)
        .select((
            campaign::brand_id,
            campaign::channel,
            campaign::topic_id,
            brand_table::refresh_consents_before,
            campaign_subject::topic_id.nullable(),
        ));
    type Row = (i64, Channel, i64, Option<Moment>, Option<i64>);
    let rows: Vec<Row> = on_backend!(conn, |c| prepared!(query).load(c))?;
    let Some((brand, channel, communication, refresh_consents_before, _)) = rows.first().copied() else {
        return Ok(None);
    };
    let subjects = rows.iter().filter_map(|row| row.4).collect();
    Ok(Some(CampaignFacts { campaign: id, brand, channel, communication, subjects, refresh_consents_before }))
}
