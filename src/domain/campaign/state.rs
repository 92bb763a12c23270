//! The life of a campaign: draft, scheduled, planning, sending, sent; paused and cancelled on the way.

use std::time::Duration;

use diesel::prelude::*;

use crate::clock::{DAY, Moment};
use crate::db::schema::{campaign, delivery, outcome_tally};
use crate::db::{DbConnection, among, fixed};
use crate::domain::campaign::{Campaign, content, get, link};
use crate::domain::catalog::{Channel, brand, topic};
use crate::error::{Error, Result};

word_enum! {
    /// Where a campaign is in its life.
    #[schema(as = CampaignState)]
    pub enum State {
        /// Being written.
        Draft = "draft",
        /// Waiting for its time.
        Scheduled = "scheduled",
        /// Its audience is being worked out, one row per person.
        Planning = "planning",
        /// Letters are being handed over.
        Sending = "sending",
        /// Stopped for now; nothing is lost.
        Paused = "paused",
        /// Ended before everybody had it.
        Cancelled = "cancelled",
        /// Every planned person has an outcome.
        Sent = "sent",
    }
}

/// The reason kept on deliveries that a cancelled campaign no longer makes.
pub const CANCELLED: &str = "cancelled";

/// A moment that is past by no more than this means at once: clocks differ.
const PAST_MAX: Duration = Duration::from_secs(5 * 60);

/// Nothing is scheduled for longer ahead: a year, leap day and all.
const AHEAD_MAX: Duration = DAY.saturating_mul(366);

/// Schedules a draft: everything that could stop it later is checked now. `at` none means at once.
///
/// # Errors
/// [`Error::Conflict`] if it is no draft or cannot be sent, saying why; [`Error::Invalid`] if `at` is past, or more than a
/// year ahead.
pub fn schedule(conn: &mut DbConnection, id: i64, at: Option<Moment>, now: Moment) -> Result<Campaign> {
    let campaign = hold(conn, id)?;
    if campaign.state != State::Draft {
        return Err(wrong_state(&campaign, "Only a draft can be scheduled"));
    }
    if let Some(at) = at {
        check_moment(at, now)?;
    }
    if campaign.channel != Channel::Email || !topic::get(conn, campaign.topic_id)?.offers_email {
        return Err(Error::conflict(
            "The communication topic is not offered by email; offer it or choose another",
        ));
    }
    let brand = brand::get(conn, campaign.brand_id)?;
    let links = link::of_campaign(conn, id)?;
    content::Content::prepare(&campaign, &brand, &links)?;
    set_state(conn, id, State::Scheduled, now)?;
    diesel::update(campaign::table.find(id))
        .set(campaign::scheduled_at.eq(at.unwrap_or(now).max(now)))
        .execute(conn)?;
    get(conn, id)
}

/// A slip of the year or the time zone must not send anything at once.
fn check_moment(at: Moment, now: Moment) -> Result<()> {
    if at.plus(PAST_MAX) < now {
        return Err(Error::invalid("at", "This moment is past; leave it out to begin at once"));
    }
    if at > now.plus(AHEAD_MAX) {
        return Err(Error::invalid("at", "This moment is more than a year ahead; choose an earlier one"));
    }
    Ok(())
}

/// Makes a draft again of a campaign that was scheduled and is not begun, also if it was paused while it waited.
///
/// # Errors
/// [`Error::Conflict`] if it is begun, or was not scheduled.
pub fn unschedule(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Campaign> {
    let campaign = hold(conn, id)?;
    let waits = matches!(campaign.state, State::Scheduled | State::Paused)
        && campaign.planned_at.is_none()
        && campaign.plan_cursor == 0;
    if !waits {
        return Err(wrong_state(
            &campaign,
            "Only a campaign that waits and is not begun can be a draft again",
        ));
    }
    set_state(conn, id, State::Draft, now)?;
    diesel::update(campaign::table.find(id))
        .set((campaign::scheduled_at.eq(None::<Moment>), campaign::pause_reason.eq(None::<String>)))
        .execute(conn)?;
    get(conn, id)
}

/// Pauses a campaign that is on its way; takes effect with the next claim. `reason` is the server's own, if it did it.
///
/// # Errors
/// [`Error::Conflict`] if it is not on its way.
pub fn pause(conn: &mut DbConnection, id: i64, reason: Option<&str>, now: Moment) -> Result<Campaign> {
    let campaign = hold(conn, id)?;
    if !matches!(campaign.state, State::Scheduled | State::Planning | State::Sending) {
        return Err(wrong_state(&campaign, "Only a campaign that is on its way can be paused"));
    }
    set_state(conn, id, State::Paused, now)?;
    diesel::update(campaign::table.find(id)).set(campaign::pause_reason.eq(reason)).execute(conn)?;
    get(conn, id)
}

/// Pauses all campaigns that are on their way.
///
/// # Errors
/// Of the database.
pub fn pause_all(conn: &mut DbConnection, reason: &str, now: Moment) -> Result<Vec<Campaign>> {
    let on_its_way = campaign::state.eq_any([State::Scheduled, State::Planning, State::Sending]);
    let ids: Vec<i64> = campaign::table.filter(on_its_way).select(campaign::id).load(conn)?;
    ids.into_iter().map(|id| pause(conn, id, Some(reason), now)).collect()
}

/// Lets a paused campaign go on where it was.
///
/// # Errors
/// [`Error::Conflict`] if it is not paused.
pub fn resume(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Campaign> {
    let campaign = hold(conn, id)?;
    if campaign.state != State::Paused {
        return Err(wrong_state(&campaign, "Only a paused campaign can be resumed"));
    }
    let state = match (campaign.planned_at, campaign.plan_cursor) {
        (Some(_), _) => State::Sending,
        (None, 0) => State::Scheduled,
        (None, _) => State::Planning,
    };
    set_state(conn, id, state, now)?;
    diesel::update(campaign::table.find(id))
        .set((campaign::pause_reason.eq(None::<String>), campaign::resumed_at.eq(now)))
        .execute(conn)?;
    // Whoever lets it go on has seen these: the breaker speaks again only when they grow.
    diesel::update(outcome_tally::table.find(id))
        .set((
            outcome_tally::seen_bad_addresses.eq(outcome_tally::bad_addresses),
            outcome_tally::seen_complaints.eq(outcome_tally::complaints),
            outcome_tally::seen_policies.eq(outcome_tally::policies),
            outcome_tally::seen_standings.eq(outcome_tally::standings),
        ))
        .execute(conn)?;
    get(conn, id)
}

/// Ends a campaign for good: whoever has not got it will not. A letter in hand is still handed over.
///
/// # Errors
/// [`Error::Conflict`] if it has ended already.
pub fn cancel(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Campaign> {
    let campaign = hold(conn, id)?;
    if matches!(campaign.state, State::Cancelled | State::Sent) {
        return Err(wrong_state(&campaign, "The campaign has ended already"));
    }
    set_state(conn, id, State::Cancelled, now)?;
    diesel::update(campaign::table.find(id)).set(campaign::finished_at.eq(now)).execute(conn)?;
    skip_rest(conn, id, now)?;
    get(conn, id)
}

/// How many letters are skipped in one transaction: so few that whoever else writes does not notice it.
const SKIPPED_AT_ONCE: i64 = 5000;

/// Skips letters of a cancelled campaign that are still planned: a batch of them. A job does those that are left.
///
/// # Errors
/// Of the database.
pub fn skip_rest(conn: &mut DbConnection, id: i64, now: Moment) -> Result<()> {
    let rest: Vec<i64> = delivery::table
        .filter(delivery::campaign_id.eq(id).and(fixed("delivery.state = 'planned'")))
        .limit(SKIPPED_AT_ONCE)
        .select(delivery::subscriber_id)
        .load(conn)?;
    diesel::update(delivery::table)
        .filter(delivery::campaign_id.eq(id).and(among(delivery::subscriber_id, &rest)))
        .filter(fixed("delivery.state = 'planned'"))
        .set((delivery::state.eq("skipped"), delivery::reason.eq(CANCELLED), delivery::finished_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// The state of a campaign, which stays as it is until the end of the transaction.
///
/// # Errors
/// [`Error::NotFound`].
pub fn hold_as_it_is(conn: &mut DbConnection, id: i64) -> Result<State> {
    let query = campaign::table.find(id).select(campaign::state);
    let found = match conn {
        DbConnection::Sqlite(c) => query.first(c).optional()?,
        DbConnection::Postgres(c) => query.for_share().first(c).optional()?,
    };
    found.ok_or(Error::NotFound("campaign"))
}

/// Moves a campaign to a state, whatever it was in.
///
/// # Errors
/// Of the database.
pub fn set_state(conn: &mut DbConnection, id: i64, state: State, now: Moment) -> Result<()> {
    diesel::update(campaign::table.find(id))
        .set((campaign::state.eq(state), campaign::changed_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// Reads a campaign and holds its row until the end of the transaction.
///
/// # Errors
/// [`Error::NotFound`].
pub fn hold(conn: &mut DbConnection, id: i64) -> Result<Campaign> {
    if let DbConnection::Postgres(c) = conn {
        // Not against those who only refer to it: a withdrawal names the campaign that it came by.
        campaign::table.find(id).select(campaign::id).for_no_key_update().load::<i64>(c)?;
    }
    get(conn, id)
}

fn wrong_state(campaign: &Campaign, rule: &str) -> Error {
    Error::conflict(format!("{rule}; this one is {}", campaign.state))
}
