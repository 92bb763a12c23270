//! Claiming: the transaction in which a letter is taken for hand-over, and in which the gate decides again.
//!
//! A claim is the last word before the wire: each connection holds one claimed letter at a time, so a crash leaves at
//! most one letter per connection of which nobody knows whether it arrived. Whatever changed since planning wins: after
//! the answer to an unsubscribe nothing is claimed for that person, because a claim holds off their withdrawal until
//! it is done (`consent::hold`), and reads what it left.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::schema::{campaign, delivery, subscriber};
use crate::db::{DbConnection, Kind as DatabaseKind};
use crate::domain::audience::Subscriber;
use crate::domain::campaign::{self as campaigns, State as CampaignState};
use crate::domain::consent::facts::{People, gather, who_allows};
use crate::domain::consent::gate::{Facts, SupplierFacts, decide};
use crate::domain::consent::permission::Kind;
use crate::domain::consent::{Permit, hold};
use crate::domain::delivery::State;
use crate::error::Result;

/// How long a claim is good where nothing else was said. Longer than all time limits of one hand-over together, so
/// that a letter whose lease has run out is in nobody's hands. Where it is shorter, an outcome may come later, and
/// takes the place of the uncertainty (`settle`).
pub const LEASE: Duration = Duration::from_secs(15 * 60);

/// Why a letter is uncertain that a server had in hand when it died.
pub const SERVER_DIED: &str = "server_died";

/// Who claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The process among all that share the database.
    pub node: i64,
    /// How long the others wait for its outcomes before they give up on them.
    pub lease: Duration,
}

/// A letter taken for hand-over.
#[derive(Debug)]
pub struct Claimed {
    /// The proof that it may go; used up by the hand-over.
    pub permit: Permit,
    /// The person, for the merge fields.
    pub person: Subscriber,
    /// The supplier to be named, if what the person agreed to came from one.
    pub supplier: Option<Arc<SupplierFacts>>,
    /// Whether the letter is the first to tell them of it.
    pub informs: bool,
    /// Whether the letter carries a pixel.
    pub tracks_opens: bool,
    /// Whether its links are tracked.
    pub tracks_clicks: bool,
    /// How many hand-overs were tried before.
    pub attempts: i32,
}

/// Takes up to `limit` due letters of a campaign that is being sent, for `holder`. Those whom the gate now refuses are
/// skipped instead, so fewer may come back although more are due; `None` says that none is due.
///
/// # Errors
/// Of the database.
pub fn claim(
    conn: &mut DbConnection,
    campaign: i64,
    limit: usize,
    holder: Holder,
    now: Moment,
) -> Result<Option<Vec<Claimed>>> {
    let campaign = campaigns::get(conn, campaign)?;
    if campaign.state != CampaignState::Sending {
        return Ok(None);
    }
    let due = due(conn, campaign.id, limit, now)?;
    if due.is_empty() {
        return Ok(None);
    }
    let people: Vec<i64> = due.iter().map(|(person, _)| *person).collect();
    hold(conn, &people)?;
    let (_, facts) = campaigns::facts(conn, &campaign)?;
    let mut permitted: Vec<(Permit, Facts)> = Vec::with_capacity(people.len());
    for person in gather(conn, &facts, People::Of(&people))? {
        match decide(&person, &facts, now) {
            Ok(permit) => permitted.push((permit, person)),
            Err(refusal) => skip(conn, campaign.id, person.subscriber, refusal.as_str(), now)?,
        }
    }
    let ids: Vec<i64> = permitted.iter().map(|(permit, _)| permit.subscriber()).collect();
    let opens = who_allows(conn, facts.brand, Kind::Opens, &ids)?;
    let clicks = who_allows(conn, facts.brand, Kind::Clicks, &ids)?;
    mark(conn, campaign.id, &ids, &opens, &clicks, holder, now)?;
    let rows: Vec<Subscriber> =
        subscriber::table.filter(subscriber::id.eq_any(ids)).select(Subscriber::as_select()).load(conn)?;
    // By row number, never by position: a letter must not carry somebody else's name.
    let mut people: HashMap<i64, Subscriber> = rows.into_iter().map(|person| (person.id, person)).collect();
    let mut claimed = Vec::with_capacity(permitted.len());
    for (permit, known) in permitted {
        let id = permit.subscriber();
        let Some(person) = people.remove(&id) else { continue };
        let supplied = known.supplied(&facts);
        claimed.push(Claimed {
            permit,
            person,
            supplier: supplied.map(|supplied| Arc::clone(&supplied.supplier)),
            informs: supplied.is_some_and(|supplied| known.knows_nothing_of(supplied)),
            tracks_opens: opens.contains(&id),
            tracks_clicks: clicks.contains(&id),
            attempts: due.iter().find(|(person, _)| *person == id).map_or(0, |(_, attempts)| *attempts),
        });
    }
    Ok(Some(claimed))
}

/// Whether any letter of the campaign is due.
///
/// # Errors
/// Of the database.
pub fn has_due(conn: &mut DbConnection, campaign: i64, now: Moment) -> Result<bool> {
    let due = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .filter(delivery::state.eq(State::Planned))
        .filter(delivery::due_at.le(now));
    Ok(diesel::select(diesel::dsl::exists(due)).get_result(conn)?)
}

fn due(conn: &mut DbConnection, campaign: i64, limit: usize, now: Moment) -> Result<Vec<(i64, i32)>> {
    let query = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .filter(delivery::state.eq(State::Planned))
        .filter(delivery::due_at.le(now))
        .order((delivery::due_at, delivery::subscriber_id))
        .limit(limit as i64)
        .select((delivery::subscriber_id, delivery::attempts));
    Ok(match conn {
        DbConnection::Sqlite(c) => query.load(c)?,
        // Another server takes others instead of waiting for these.
        DbConnection::Postgres(c) => query.for_update().skip_locked().load(c)?,
    })
}

/// Marks the claimed rows, one statement for each of the four ways in which letters are tracked.
fn mark(
    conn: &mut DbConnection,
    campaign: i64,
    ids: &[i64],
    opens: &[i64],
    clicks: &[i64],
    holder: Holder,
    now: Moment,
) -> Result<()> {
    for (tracks_opens, tracks_clicks) in [(false, false), (false, true), (true, false), (true, true)] {
        let group: Vec<i64> = ids
            .iter()
            .copied()
            .filter(|id| opens.contains(id) == tracks_opens && clicks.contains(id) == tracks_clicks)
            .collect();
        if group.is_empty() {
            continue;
        }
        diesel::update(delivery::table)
            .filter(delivery::campaign_id.eq(campaign).and(delivery::subscriber_id.eq_any(group)))
            .set((
                delivery::state.eq(State::Claimed),
                delivery::attempts.eq(delivery::attempts + 1),
                delivery::claimed_by.eq(holder.node),
                delivery::lease_until.eq(now.plus(holder.lease)),
                delivery::tracks_opens.eq(tracks_opens),
                delivery::tracks_clicks.eq(tracks_clicks),
            ))
            .execute(conn)?;
    }
    Ok(())
}

fn skip(conn: &mut DbConnection, campaign: i64, person: i64, reason: &str, now: Moment) -> Result<()> {
    diesel::update(delivery::table.find((campaign, person)))
        .set((delivery::state.eq(State::Skipped), delivery::reason.eq(reason), delivery::finished_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// Settles claims that are in nobody's hands: letters that were claimed and of which no outcome came may have arrived,
/// so they become uncertain. To be called while this server has no letter in hand.
///
/// On SQLite there is one server, so every claim is one. On PostgreSQL other servers may be at work, so of theirs only
/// those count whose lease has run out.
///
/// # Errors
/// Of the database.
pub fn settle_abandoned(
    conn: &mut DbConnection,
    kind: DatabaseKind,
    node: i64,
    now: Moment,
) -> Result<usize> {
    let claimed = delivery::table.filter(delivery::state.eq(State::Claimed)).into_boxed();
    let abandoned = match kind {
        DatabaseKind::Sqlite => claimed,
        DatabaseKind::Postgres => {
            claimed.filter(delivery::claimed_by.eq(node).or(delivery::lease_until.lt(now)))
        }
    };
    let rows: Vec<(i64, i64)> =
        abandoned.select((delivery::campaign_id, delivery::subscriber_id)).load(conn)?;
    for (campaign, person) in &rows {
        diesel::update(delivery::table.find((*campaign, *person)))
            .filter(delivery::state.eq(State::Claimed))
            .set((
                delivery::state.eq(State::Uncertain),
                delivery::reason.eq(SERVER_DIED),
                delivery::finished_at.eq(now),
            ))
            .execute(conn)?;
    }
    Ok(rows.len())
}

/// Ends the sending of campaigns that have nothing left to do. Returns how many ended.
///
/// # Errors
/// Of the database.
pub fn finish_campaigns(conn: &mut DbConnection, now: Moment) -> Result<usize> {
    let mut finished = 0;
    for sending in campaigns::in_states(conn, &[CampaignState::Sending])? {
        let open = delivery::table
            .filter(delivery::campaign_id.eq(sending.id))
            .filter(delivery::state.eq_any([State::Planned, State::Claimed]));
        if !diesel::select(diesel::dsl::exists(open)).get_result::<bool>(conn)? {
            diesel::update(campaign::table.find(sending.id))
                .filter(campaign::state.eq(CampaignState::Sending))
                .set((
                    campaign::state.eq(CampaignState::Sent),
                    campaign::finished_at.eq(now),
                    campaign::changed_at.eq(now),
                ))
                .execute(conn)?;
            finished += 1;
        }
    }
    Ok(finished)
}
