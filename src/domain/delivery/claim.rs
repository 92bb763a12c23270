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
use crate::db::schema::{brand, campaign, delivery, subscriber};
use crate::db::{DbConnection, Kind as DatabaseKind, among, fixed};
use crate::domain::audience::Subscriber;
use crate::domain::campaign::{self as campaigns, State as CampaignState, state};
use crate::domain::consent::facts::{Known, gather};
use crate::domain::consent::gate::{SupplierFacts, decide};
use crate::domain::consent::{Permit, hold};
use crate::domain::delivery::State;
use crate::domain::delivery::pacer::Pacer;
use crate::email_address::EmailAddress;
use crate::error::Result;
use crate::id::PublicId;

/// How long a claim is good where nothing else was said. Longer than all time limits of one hand-over together, so
/// that a letter whose lease has run out is in nobody's hands. Where it is shorter, an outcome may come later, and
/// takes the place of the uncertainty (`settle`).
pub const LEASE: Duration = Duration::from_secs(30 * 60);

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
    /// The row number of the source that the letter is the first to tell them of.
    pub informs: Option<i64>,
    /// Whether the letter carries a pixel.
    pub tracks_opens: bool,
    /// Whether its links are tracked.
    pub tracks_clicks: bool,
    /// How many hand-overs were tried before.
    pub attempts: i32,
}

/// What is to be claimed.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The campaign.
    pub campaign: i64,
    /// At most so many.
    pub letters: usize,
    /// For whom.
    pub holder: Holder,
}

/// What a claim found.
#[derive(Debug, Default)]
pub struct Claims {
    /// The letters to hand over.
    pub letters: Vec<Claimed>,
    /// Whether more may be due.
    pub more: bool,
}

/// How many due letters a claim looks at where some may have to wait for their domain.
const LOOK_AHEAD: usize = 200;

/// Takes due letters of a campaign that is being sent. Those whom the gate now refuses are skipped instead, and those
/// whose domain is too busy wait for a slot of it, so fewer may come back although more are due.
///
/// # Errors
/// Of the database.
pub fn claim(conn: &mut DbConnection, wanted: Wanted, pacer: &Pacer, now: Moment) -> Result<Claims> {
    let Some(facts) = campaigns::facts_while_sending(conn, wanted.campaign)? else {
        return Ok(Claims::default());
    };
    let look = if pacer.minds_domains() { wanted.letters.max(LOOK_AHEAD) } else { wanted.letters };
    let mut due = due(conn, wanted.campaign, look, now)?;
    let mut more = due.len() == look;
    if pacer.minds_domains() {
        let looked_at;
        (due, looked_at) = admitted(conn, wanted, &due, pacer, now)?;
        more |= !looked_at;
    }
    if due.is_empty() {
        return Ok(Claims { letters: Vec::new(), more });
    }
    let people: Vec<i64> = due.iter().map(|(person, _)| *person).collect();
    hold(conn, &people)?;
    let mut permitted: Vec<(Permit, Known)> = Vec::with_capacity(people.len());
    for known in gather(conn, &facts, &people, now)? {
        match decide(&known.facts, &facts, now) {
            Ok(permit) => permitted.push((permit, known)),
            Err(refusal) => skip(conn, wanted.campaign, known.person.id, refusal.as_str(), now)?,
        }
    }
    mark(conn, wanted, &permitted, now)?;
    let attempts: HashMap<i64, i32> = due.into_iter().collect();
    let mut letters = Vec::with_capacity(permitted.len());
    for (permit, Known { facts: known, person, allows }) in permitted {
        let attempts = attempts.get(&person.id).copied().unwrap_or(0);
        let supplied = known.supplied(&facts);
        letters.push(Claimed {
            permit,
            person,
            supplier: supplied.map(|supplied| Arc::clone(&supplied.supplier)),
            informs: supplied.filter(|supplied| supplied.is_untold()).map(|supplied| supplied.source),
            tracks_opens: allows.opens,
            tracks_clicks: allows.clicks,
            attempts,
        });
    }
    Ok(Claims { letters, more })
}

/// Of the letters that are due, those whose domain lets them go now, as many as are wanted. The others get the slot
/// that their domain has for them as their due time, so that they stand in nobody's way. Says too whether all were
/// looked at.
fn admitted(
    conn: &mut DbConnection,
    wanted: Wanted,
    due: &[(i64, i32)],
    pacer: &Pacer,
    now: Moment,
) -> Result<(Vec<(i64, i32)>, bool)> {
    let people: Vec<i64> = due.iter().map(|(person, _)| *person).collect();
    let addresses: Vec<(i64, Option<EmailAddress>)> = subscriber::table
        .filter(among(subscriber::id, &people))
        .select((subscriber::id, subscriber::email))
        .load(conn)?;
    let addresses: HashMap<i64, Option<EmailAddress>> = addresses.into_iter().collect();
    let mut admitted = Vec::with_capacity(wanted.letters);
    for (person, attempts) in due.iter().copied() {
        if admitted.len() == wanted.letters {
            return Ok((admitted, false));
        }
        let domain = addresses.get(&person).and_then(Option::as_ref).map(EmailAddress::domain);
        match domain.map_or(Ok(()), |domain| pacer.admit(domain, now)) {
            Ok(()) => admitted.push((person, attempts)),
            Err(slot) => {
                diesel::update(delivery::table.find((wanted.campaign, person)))
                    .set(delivery::due_at.eq(slot))
                    .execute(conn)?;
            }
        }
    }
    Ok((admitted, true))
}

/// Makes letters due again that wait for a slot of their domain, because the slots are no longer right: a
/// batch of one campaign. Returns whether there may be more.
///
/// # Errors
/// Of the database.
pub fn release_slots(conn: &mut DbConnection, campaign: i64, now: Moment) -> Result<bool> {
    let waiting: Vec<i64> = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .filter(fixed("delivery.state = 'planned'"))
        .filter(delivery::due_at.gt(now))
        // One that the relay put off waits for another reason; if it waits for a slot as well, that is soon over.
        .filter(delivery::attempts.eq(0))
        .limit(RELEASED_AT_ONCE as i64)
        .select(delivery::subscriber_id)
        .load(conn)?;
    diesel::update(delivery::table)
        .filter(delivery::campaign_id.eq(campaign).and(among(delivery::subscriber_id, &waiting)))
        .filter(delivery::state.eq(State::Planned))
        .set(delivery::due_at.eq(now))
        .execute(conn)?;
    Ok(waiting.len() == RELEASED_AT_ONCE)
}

/// Few enough that nobody who writes meanwhile waits for long.
const RELEASED_AT_ONCE: usize = 2000;

/// A campaign that has letters due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCampaign {
    /// Row number.
    pub id: i64,
    /// Its public identity, under which its pace is stored.
    pub name: String,
    /// The one relay that carries it, if its brand names one.
    pub relay: Option<String>,
}

/// The campaigns that have letters due, oldest first: those that are being sent, and those that are being planned,
/// because the first letters need not wait for the last person to be planned.
///
/// # Errors
/// Of the database.
pub fn due_campaigns(conn: &mut DbConnection, now: Moment) -> Result<Vec<DueCampaign>> {
    let sending: Vec<(i64, PublicId, Option<String>)> = campaign::table
        .inner_join(brand::table)
        .filter(campaign::state.eq_any(campaigns::BEING_SENT))
        .order(campaign::id)
        .select((campaign::id, campaign::public_id, brand::relay))
        .load(conn)?;
    let mut found = Vec::new();
    for (id, name, relay) in sending {
        let due = delivery::table
            .filter(delivery::campaign_id.eq(id))
            .filter(fixed("delivery.state = 'planned'"))
            .filter(delivery::due_at.le(now));
        if diesel::select(diesel::dsl::exists(due)).get_result(conn)? {
            found.push(DueCampaign { id, name: name.to_string(), relay });
        }
    }
    Ok(found)
}

fn due(conn: &mut DbConnection, campaign: i64, limit: usize, now: Moment) -> Result<Vec<(i64, i32)>> {
    let query = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .filter(fixed("delivery.state = 'planned'"))
        .filter(delivery::due_at.le(now))
        .order((delivery::due_at, delivery::subscriber_id))
        .limit(limit as i64)
        .select((delivery::subscriber_id, delivery::attempts));
    Ok(match conn {
        DbConnection::Sqlite(c) => prepared!(query).load(c)?,
        // Another server takes others instead of waiting for these.
        DbConnection::Postgres(c) => prepared!(query.for_update().skip_locked()).load(c)?,
    })
}

/// Marks the claimed rows and keeps which of the letters are tracked.
fn mark(conn: &mut DbConnection, wanted: Wanted, permitted: &[(Permit, Known)], now: Moment) -> Result<()> {
    let those = |are: fn(&Known) -> bool| -> Vec<i64> {
        permitted.iter().filter(|(_, known)| are(known)).map(|(_, known)| known.person.id).collect()
    };
    let (ids, opens, clicks) =
        (those(|_| true), those(|known| known.allows.opens), those(|known| known.allows.clicks));
    let mark = diesel::update(delivery::table)
        .filter(delivery::campaign_id.eq(wanted.campaign).and(among(delivery::subscriber_id, &ids)))
        .set((
            delivery::state.eq(State::Claimed),
            delivery::attempts.eq(delivery::attempts + 1),
            delivery::claimed_by.eq(wanted.holder.node),
            delivery::lease_until.eq(now.plus(wanted.holder.lease)),
            delivery::tracks_opens.eq(among(delivery::subscriber_id, &opens)),
            delivery::tracks_clicks.eq(among(delivery::subscriber_id, &clicks)),
        ))
        .returning(delivery::subscriber_id);
    on_backend!(conn, |c| prepared!(mark).load::<i64>(c))?;
    Ok(())
}

fn skip(conn: &mut DbConnection, campaign: i64, person: i64, reason: &str, now: Moment) -> Result<()> {
    diesel::update(delivery::table.find((campaign, person)))
        .set((delivery::state.eq(State::Skipped), delivery::reason.eq(reason), delivery::finished_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// A claim that nobody will report on: campaign, person, and the process that made it.
pub type Abandoned = (i64, i64, i64);

/// Claims that are in nobody's hands. To be asked while this process has no letter in hand.
///
/// On SQLite there is one server, so every claim is one; on PostgreSQL others may be at work, so of theirs only those
/// count whose lease has run out.
///
/// # Errors
/// Of the database.
pub fn abandoned(
    conn: &mut DbConnection,
    kind: DatabaseKind,
    node: i64,
    now: Moment,
) -> Result<Vec<Abandoned>> {
    let claimed = delivery::table.filter(fixed("delivery.state = 'claimed'")).into_boxed();
    let abandoned = match kind {
        DatabaseKind::Sqlite => claimed,
        DatabaseKind::Postgres => {
            claimed.filter(delivery::claimed_by.eq(node).or(delivery::lease_until.lt(now)))
        }
    };
    Ok(abandoned
        .select((delivery::campaign_id, delivery::subscriber_id, delivery::claimed_by.assume_not_null()))
        .load(conn)?)
}

/// Claims of other servers whose lease has run out; may be asked at any time.
///
/// # Errors
/// Of the database.
pub fn expired(conn: &mut DbConnection, node: i64, now: Moment) -> Result<Vec<Abandoned>> {
    Ok(delivery::table
        .filter(fixed("delivery.state = 'claimed'").and(delivery::lease_until.lt(now)))
        .filter(delivery::claimed_by.ne(node))
        .select((delivery::campaign_id, delivery::subscriber_id, delivery::claimed_by.assume_not_null()))
        .load(conn)?)
}

/// Settles abandoned claims: their letters may have arrived, so they become uncertain, unless somebody else has claimed
/// them since. Returns how many did.
///
/// # Errors
/// Of the database.
pub fn give_up(conn: &mut DbConnection, abandoned: &[Abandoned], now: Moment) -> Result<usize> {
    let mut given_up = 0;
    for (campaign, person, holder) in abandoned {
        given_up += diesel::update(delivery::table.find((*campaign, *person)))
            .filter(delivery::state.eq(State::Claimed).and(delivery::claimed_by.eq(*holder)))
            .set((
                delivery::state.eq(State::Uncertain),
                delivery::reason.eq(SERVER_DIED),
                delivery::finished_at.eq(now),
            ))
            .execute(conn)?;
    }
    Ok(given_up)
}

/// Makes claims of this process due again that it knows it never had in hand: the claim was written and the answer to
/// it got lost. `held` are the letters that it has, by campaign and person. Of a cancelled campaign they are skipped.
///
/// # Errors
/// Of the database.
pub fn return_unheld(conn: &mut DbConnection, node: i64, held: &[(i64, i64)], now: Moment) -> Result<usize> {
    let claims: Vec<(i64, i64)> = delivery::table
        .filter(fixed("delivery.state = 'claimed'").and(delivery::claimed_by.eq(node)))
        .select((delivery::campaign_id, delivery::subscriber_id))
        .load(conn)?;
    let unheld: Vec<(i64, i64)> = claims.into_iter().filter(|claim| !held.contains(claim)).collect();
    for (campaign, person) in &unheld {
        let letter = diesel::update(delivery::table.find((*campaign, *person)));
        match state::hold_as_it_is(conn, *campaign)? {
            CampaignState::Cancelled => letter
                .set((
                    delivery::state.eq(State::Skipped),
                    delivery::reason.eq(state::CANCELLED),
                    delivery::finished_at.eq(now),
                ))
                .execute(conn)?,
            _ => letter
                .set((delivery::state.eq(State::Planned), delivery::attempts.eq(delivery::attempts - 1)))
                .execute(conn)?,
        };
    }
    Ok(unheld.len())
}
