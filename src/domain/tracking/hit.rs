//! Hits: one recorded request of a pixel or a link each, and the gate inside the transaction that stores them.
//!
//! A batch costs a handful of statements, however many hits it has. Nothing here knows why a hit was dropped once
//! the transaction is over, and nothing outside can tell.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{brand, campaign, delivery, hit, permission, subscriber, suppression, tally};
use crate::domain::consent;
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression::{self as suppressions, Reason};
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
}

impl Hit {
    /// The permission it needs.
    pub fn kind(&self) -> Kind {
        if self.link.is_some() { Kind::Clicks } else { Kind::Opens }
    }
}

/// The most rows that go into one statement; five columns stay far below SQLite's 32,766 parameters.
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

/// Stores those of the hits that may be stored now, and counts them. Returns how many.
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
        let kept: Vec<&Hit> = named
            .into_iter()
            .filter(|hit| {
                allowed.contains_key(&hit.subscriber) && !barred.contains(&(owner.brand, hit.subscriber))
            })
            .collect();
        let people = mark_first(conn, id, kind, &first_of_each(&kept, &allowed))? as i64;
        if !kept.is_empty() {
            let hits = kept.len() as i64;
            tallies.push(TallyRow { campaign_id: id, kind, anonymous: false, hits, people });
        }
        rows.extend(kept.into_iter().map(|hit| HitRow {
            campaign_id: id,
            subscriber_id: hit.subscriber,
            kind,
            link_id: hit.link,
            at: hit.at,
        }));
    }
    insert(conn, &rows)?;
    add_to_tallies(conn, &tallies)?;
    let anonymous: i64 = tallies.iter().filter(|tally| tally.anonymous).map(|tally| tally.hits).sum();
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
        .filter(campaign::id.eq_any(ids))
        .select((campaign::id, brand::id, brand::anonymous_tracking))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, brand, anonymous_tracking)| (id, Owner { brand, anonymous_tracking }))
        .collect())
}

/// Which of these people no brand, or which brand not, may observe whatever the permission says: erased, restricted
/// (GDPR Art. 18), objected to direct marketing (Art. 21) or children. As pairs of brand and person.
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
    let gone: Vec<i64> = subscriber::table
        .filter(subscriber::id.eq_any(people.to_vec()))
        .filter(subscriber::erased_at.is_not_null().or(subscriber::restricted_at.is_not_null()))
        .select(subscriber::id)
        .load(conn)?;
    let objected: Vec<(i64, i64, Option<i64>)> = subscriber::table
        .inner_join(suppression::table.on(suppression::address_hash.nullable().eq(subscriber::email_hash)))
        .filter(subscriber::id.eq_any(people.to_vec()))
        .filter(suppression::reason.eq_any([Reason::Objection, Reason::Erasure, Reason::Under13]))
        .select((subscriber::id, suppression::id, suppression::brand_id))
        .load(conn)?;
    barred.extend(gone.into_iter().flat_map(|person| brands.iter().map(move |brand| (*brand, person))));
    let numbers: Vec<i64> = objected.iter().map(|(_, suppression, _)| *suppression).collect();
    let exceptions = suppressions::exceptions(conn, &numbers)?;
    for (person, suppression, only) in objected {
        let holds =
            |brand: i64| only.is_none_or(|only| only == brand) && !exceptions.contains(&(suppression, brand));
        barred.extend(brands.iter().filter(|brand| holds(**brand)).map(|brand| (*brand, person)));
    }
    Ok(barred)
}

/// Who of those behind these hits allows them, each with whether it was recorded before.
fn load_allowed(
    conn: &mut DbConnection,
    campaign: i64,
    brand: i64,
    kind: Kind,
    hits: &[&Hit],
) -> Result<HashMap<i64, bool>> {
    let mut people: Vec<i64> = hits.iter().map(|hit| hit.subscriber).collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let granted: HashMap<i64, Moment> = permission::table
        .filter(permission::subscriber_id.eq_any(people.clone()))
        .filter(permission::brand_id.eq(brand))
        .filter(permission::kind.eq(kind))
        .filter(permission::state.eq(PermissionState::Granted))
        .select((permission::subscriber_id, permission::changed_at))
        .load::<(i64, Moment)>(conn)?
        .into_iter()
        .collect();
    let letters = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .filter(delivery::subscriber_id.eq_any(people))
        .into_boxed();
    type LetterRow = (i64, Option<Moment>, Option<Moment>);
    let letters: Vec<LetterRow> = match kind {
        Kind::Opens => letters
            .filter(delivery::tracks_opens)
            .select((delivery::subscriber_id, delivery::finished_at, delivery::opened_at))
            .load(conn)?,
        Kind::Clicks => letters
            .filter(delivery::tracks_clicks)
            .select((delivery::subscriber_id, delivery::finished_at, delivery::clicked_at))
            .load(conn)?,
        Kind::Profiling => Vec::new(),
    };
    Ok(letters
        .into_iter()
        .filter(|(person, sent_at, _)| {
            // A permission that was taken back and given again begins anew: it is good for later letters only.
            granted.get(person).is_some_and(|since| sent_at.is_none_or(|sent_at| *since <= sent_at))
        })
        .map(|(person, _, before)| (person, before.is_some()))
        .collect())
}

/// The first hit of each person who had none before, by row number.
fn first_of_each(kept: &[&Hit], allowed: &HashMap<i64, bool>) -> BTreeMap<i64, Moment> {
    let mut first = BTreeMap::new();
    for hit in kept.iter().filter(|hit| allowed.get(&hit.subscriber) == Some(&false)) {
        let at = first.entry(hit.subscriber).or_insert(hit.at);
        *at = hit.at.min(*at);
    }
    first
}

/// Notes on each delivery when it was first opened or clicked; returns on how many. Another server may have noted the
/// same people since they were looked up, so the statement itself decides who is new.
fn mark_first(
    conn: &mut DbConnection,
    campaign: i64,
    kind: Kind,
    first: &BTreeMap<i64, Moment>,
) -> Result<usize> {
    if first.is_empty() {
        return Ok(0);
    }
    match conn {
        DbConnection::Sqlite(c) => {
            let mut marked = 0;
            for (person, at) in first {
                let letter = delivery::table.find((campaign, *person));
                marked += match kind {
                    Kind::Opens => diesel::update(letter.filter(delivery::opened_at.is_null()))
                        .set(delivery::opened_at.eq(at))
                        .execute(c)?,
                    Kind::Clicks => diesel::update(letter.filter(delivery::clicked_at.is_null()))
                        .set(delivery::clicked_at.eq(at))
                        .execute(c)?,
                    Kind::Profiling => 0,
                };
            }
            Ok(marked)
        }
        DbConnection::Postgres(c) => {
            use diesel::sql_types::{Array, BigInt};
            let column = match kind {
                Kind::Opens => "opened_at",
                Kind::Clicks => "clicked_at",
                Kind::Profiling => return Ok(0),
            };
            let (people, moments): (Vec<i64>, Vec<Moment>) = first.iter().map(|(p, at)| (*p, *at)).unzip();
            // One statement instead of one per person; each of them would cost a round trip. Rows are taken in one
            // order everywhere, so that two servers wait for each other and never in a circle.
            Ok(diesel::sql_query(format!(
                "WITH held AS MATERIALIZED (SELECT subscriber_id FROM delivery \
                 WHERE campaign_id = $1 AND subscriber_id = ANY($2) AND {column} IS NULL \
                 ORDER BY subscriber_id FOR NO KEY UPDATE) \
                 UPDATE delivery SET {column} = first.at FROM unnest($2, $3) AS first (person, at) \
                 JOIN held ON held.subscriber_id = first.person \
                 WHERE delivery.campaign_id = $1 AND delivery.subscriber_id = first.person \
                 AND delivery.{column} IS NULL"
            ))
            .bind::<BigInt, _>(campaign)
            .bind::<Array<BigInt>, _>(people)
            .bind::<Array<BigInt>, _>(moments)
            .execute(c)?)
        }
    }
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
