//! Hits: one recorded request of a pixel or a link each, and the gate inside the transaction that stores them.
//!
//! A batch costs a handful of statements, however many hits it has. Nothing here knows why a hit was dropped once
//! the transaction is over, and nothing outside can tell.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::schema::{brand, campaign, delivery, hit, permission, subscriber, suppression, tally};
use crate::db::{DbConnection, among};
use crate::domain::consent;
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression::{self as suppressions, Reason as Suppressed};
use crate::domain::tracking::Reason;
use crate::error::Result;

/// One request of a pixel or of a tracked link, as its token says. Row numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The campaign whose letter carried it.
    pub campaign: i64,
    /// The link that was followed; none for the pixel.
    pub link: Option<i64>,
    /// The person whose letter carried it, or 0 for what all without permission share in the anonymous mode.
    pub subscriber: i64,
    /// When the request came.
    pub at: Moment,
    /// What the request itself gave away (`glance`).
    pub sign: Option<Reason>,
}

impl Hit {
    /// The permission it needs.
    pub fn kind(&self) -> Kind {
        if self.link.is_some() { Kind::Clicks } else { Kind::Opens }
    }
}

/// The most rows that go into one statement; six columns stay far below SQLite's 32,766 parameters.
const ROWS_PER_STATEMENT: usize = 500;

/// Before every hit: a condition that each of them meets, which makes the index by time the one to use.
pub const START: Moment = Moment::from_micros(0);

#[derive(Insertable)]
#[diesel(table_name = hit, treat_none_as_default_value = false)]
struct HitRow {
    campaign_id: i64,
    subscriber_id: i64,
    kind: Kind,
    link_id: Option<i64>,
    at: Moment,
    reason: Option<Reason>,
}

#[derive(Insertable)]
#[diesel(table_name = tally, treat_none_as_default_value = false)]
struct TallyRow {
    campaign_id: i64,
    kind: Kind,
    anonymous: bool,
    hits: i64,
    people: i64,
}

/// One campaign's hits of one kind by known people, in the order they came.
type Group<'a> = ((i64, Kind), Vec<&'a Hit>);

/// Stores those of the hits that may be stored now. Returns how many. They are judged and counted later (`settle`);
/// only those of the anonymous mode, of which nothing is kept but a counter, are counted here.
///
/// The gate (T-07): the person allows this kind now and has neither objected nor been restricted or erased; the
/// letter went out with permission; and that permission is still the one of then, since a later one does not reach
/// back. Without a person, the brand's anonymous mode has to be on now.
///
/// # Errors
/// Of the database; then nothing was stored.
pub fn store(conn: &mut DbConnection, hits: &[Hit]) -> Result<usize> {
    let mut people: Vec<i64> = hits.iter().map(|hit| hit.subscriber).filter(|person| *person != 0).collect();
    people.sort_unstable();
    people.dedup();
    consent::hold(conn, &people)?;
    let campaigns = load_campaigns(conn, hits)?;
    let barred = load_barred(conn, &people, &campaigns)?;
    let mut rows = Vec::new();
    let mut tallies = Vec::new();
    for ((id, kind), group) in group(hits) {
        let Some(owner) = campaigns.get(&id) else { continue };
        let (named, unnamed): (Vec<&Hit>, Vec<&Hit>) = group.into_iter().partition(|hit| hit.subscriber != 0);
        if owner.anonymous_tracking && !unnamed.is_empty() {
            let hits = unnamed.len() as i64;
            tallies.push(TallyRow { campaign_id: id, kind, anonymous: true, hits, people: 0 });
        }
        let allowed = load_allowed(conn, id, owner.brand, kind, &named)?;
        let may = |person: i64| allowed.contains(&person) && !barred.contains(&(owner.brand, person));
        rows.extend(named.into_iter().filter(|hit| may(hit.subscriber)).map(|hit| HitRow {
            campaign_id: id,
            subscriber_id: hit.subscriber,
            kind,
            link_id: hit.link,
            at: hit.at,
            reason: hit.sign,
        }));
    }
    insert(conn, &rows)?;
    add_to_tallies(conn, &tallies)?;
    let anonymous: i64 = tallies.iter().map(|tally| tally.hits).sum();
    Ok(rows.len() + usize::try_from(anonymous).unwrap_or_default())
}

fn group(hits: &[Hit]) -> Vec<Group<'_>> {
    // In one order everywhere, so that two servers that store at the same time never wait for each other.
    let mut groups: BTreeMap<(i64, Kind), Vec<&Hit>> = BTreeMap::new();
    for hit in hits {
        groups.entry((hit.campaign, hit.kind())).or_default().push(hit);
    }
    groups.into_iter().collect()
}

struct Owner {
    brand: i64,
    anonymous_tracking: bool,
}

fn load_campaigns(conn: &mut DbConnection, hits: &[Hit]) -> Result<HashMap<i64, Owner>> {
    let mut ids: Vec<i64> = hits.iter().map(|hit| hit.campaign).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows: Vec<(i64, i64, bool)> = campaign::table
        .inner_join(brand::table)
        .filter(among(campaign::id, &ids))
        .select((campaign::id, brand::id, brand::anonymous_tracking))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, brand, anonymous_tracking)| (id, Owner { brand, anonymous_tracking }))
        .collect())
}

/// Which of these people no brand, or which brand not, may observe whatever the permission says: who objected to direct
/// marketing (GDPR Art. 21), was erased, or is a child. As pairs of brand and person.
fn load_barred(
    conn: &mut DbConnection,
    people: &[i64],
    campaigns: &HashMap<i64, Owner>,
) -> Result<HashSet<(i64, i64)>> {
    let brands: HashSet<i64> = campaigns.values().map(|owner| owner.brand).collect();
    let mut barred = HashSet::new();
    if people.is_empty() {
        return Ok(barred);
    }
    let objected: Vec<(i64, i64, Option<i64>)> = subscriber::table
        .inner_join(suppression::table.on(suppression::address_hash.nullable().eq(subscriber::email_hash)))
        .filter(among(subscriber::id, people))
        .filter(suppression::reason.eq_any([Suppressed::Objection, Suppressed::Erasure, Suppressed::Under13]))
        .select((subscriber::id, suppression::id, suppression::brand_id))
        .load(conn)?;
    if objected.is_empty() {
        return Ok(barred);
    }
    let numbers: Vec<i64> = objected.iter().map(|(_, suppression, _)| *suppression).collect();
    let exceptions = suppressions::exceptions(conn, &numbers)?;
    for (person, suppression, only) in objected {
        let holds =
            |brand: i64| only.is_none_or(|only| only == brand) && !exceptions.contains(&(suppression, brand));
        barred.extend(brands.iter().filter(|brand| holds(**brand)).map(|brand| (*brand, person)));
    }
    Ok(barred)
}

/// Who of those behind these hits allows them, and is neither erased nor restricted (GDPR Art. 18).
fn load_allowed(
    conn: &mut DbConnection,
    campaign: i64,
    brand: i64,
    kind: Kind,
    hits: &[&Hit],
) -> Result<HashSet<i64>> {
    let mut people: Vec<i64> = hits.iter().map(|hit| hit.subscriber).collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(HashSet::new());
    }
    // A permission that was taken back and given again begins anew: it is good for later letters only.
    let reaches_back = delivery::finished_at
        .is_null()
        .or(permission::changed_at.nullable().le(delivery::finished_at).assume_not_null());
    let letters = delivery::table
        .inner_join(subscriber::table)
        .inner_join(permission::table.on(permission::subscriber_id.eq(delivery::subscriber_id)))
        .filter(delivery::campaign_id.eq(campaign))
        .filter(among(delivery::subscriber_id, &people))
        .filter(subscriber::erased_at.is_null().and(subscriber::restricted_at.is_null()))
        .filter(permission::brand_id.eq(brand))
        .filter(permission::kind.eq(kind))
        .filter(permission::state.eq(PermissionState::Granted))
        .filter(reaches_back)
        .select(delivery::subscriber_id);
    let allowed: Vec<i64> = match kind {
        Kind::Opens => letters.filter(delivery::tracks_opens).load(conn)?,
        Kind::Clicks => letters.filter(delivery::tracks_clicks).load(conn)?,
        Kind::Profiling => Vec::new(),
    };
    Ok(allowed.into_iter().collect())
}

fn insert(conn: &mut DbConnection, rows: &[HitRow]) -> Result<()> {
    match conn {
        DbConnection::Sqlite(c) => {
            for chunk in rows.chunks(ROWS_PER_STATEMENT) {
                diesel::insert_into(hit::table).values(chunk).execute(c)?;
            }
        }
        DbConnection::Postgres(c) => {
            if !rows.is_empty() {
                diesel::copy_from(hit::table).from_insertable(rows).execute(c)?;
            }
        }
    }
    Ok(())
}

fn add_to_tallies(conn: &mut DbConnection, rows: &[TallyRow]) -> Result<()> {
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        on_backend!(conn, |c| diesel::insert_into(tally::table)
            .values(chunk)
            .on_conflict((tally::campaign_id, tally::kind, tally::anonymous))
            .do_update()
            .set((
                tally::hits.eq(tally::hits + excluded(tally::hits)),
                tally::people.eq(tally::people + excluded(tally::people)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Deletes what was recorded of one person, brand and kind. The campaigns' counters, which hold no person, stay.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, person: i64, brand: i64, kind: Kind) -> Result<()> {
    let campaigns = || campaign::table.filter(campaign::brand_id.eq(brand)).select(campaign::id);
    // Judged and waiting hits are found by an index each, so each is asked for by itself.
    let recorded = || {
        hit::table
            .filter(hit::subscriber_id.eq(person).and(hit::kind.eq(kind)))
            .filter(hit::campaign_id.eq_any(campaigns()))
    };
    diesel::delete(recorded().filter(hit::class.is_not_null())).execute(conn)?;
    diesel::delete(recorded().filter(hit::class.is_null()).filter(hit::at.ge(START))).execute(conn)?;
    let letters = delivery::table
        .filter(delivery::subscriber_id.eq(person))
        .filter(delivery::campaign_id.eq_any(campaigns()));
    match kind {
        Kind::Opens => {
            diesel::update(letters.filter(delivery::opened_at.is_not_null()))
                .set(delivery::opened_at.eq(None::<Moment>))
                .execute(conn)?;
        }
        Kind::Clicks => {
            diesel::update(letters.filter(delivery::clicked_at.is_not_null()))
                .set(delivery::clicked_at.eq(None::<Moment>))
                .execute(conn)?;
        }
        Kind::Profiling => {}
    }
    Ok(())
}

/// Deletes what was recorded of one person, for all brands: part of erasure. The counters stay.
///
/// # Errors
/// Of the database.
pub fn forget_person(conn: &mut DbConnection, person: i64) -> Result<()> {
    let recorded = || hit::table.filter(hit::subscriber_id.eq(person));
    diesel::delete(recorded().filter(hit::class.is_not_null())).execute(conn)?;
    diesel::delete(recorded().filter(hit::class.is_null()).filter(hit::at.ge(START))).execute(conn)?;
    // Only what was marked: a letter that is being claimed has no mark and is held by who waits for this person.
    let marked = delivery::opened_at.is_not_null().or(delivery::clicked_at.is_not_null());
    diesel::update(delivery::table.filter(delivery::subscriber_id.eq(person)).filter(marked))
        .set((delivery::opened_at.eq(None::<Moment>), delivery::clicked_at.eq(None::<Moment>)))
        .execute(conn)?;
    Ok(())
}
