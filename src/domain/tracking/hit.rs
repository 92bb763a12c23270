//! Hits: one recorded request of a pixel or a link each, and the gate inside the transaction that stores them.
//!
//! A batch costs a handful of statements, however many hits it has. Nothing here knows why a hit was dropped once
//! the transaction is over, and nothing outside can tell.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::schema::{anonymous_count, brand, campaign, delivery, hit};
use crate::db::{DbConnection, among, bulk, in_order};
use crate::domain::consent;
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::{COUNTERS_PER_STATEMENT, Reason, allowed};
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

bulk_row! {
    HitRow, HitRow: "INSERT INTO hit (campaign_id, subscriber_id, kind, link_id, at, reason)" {
        campaign_id: BigInt, subscriber_id: BigInt, kind: Text, link_id: Nullable<BigInt>, at: BigInt,
        reason: Nullable<Text>,
    } ""
}

#[derive(Insertable)]
#[diesel(table_name = anonymous_count, treat_none_as_default_value = false)]
struct AnonymousRow {
    campaign_id: i64,
    kind: Kind,
    link_id: i64,
    hour: Moment,
    hits: i64,
}

/// One campaign's hits of one kind by known people, in the order they came.
type Group<'a> = ((i64, Kind), Vec<&'a Hit>);

/// Stores those of the hits that may be stored now. Returns how many. They are judged and counted later (`settle`);
/// only those of the anonymous mode, of which nothing is kept but a counter, are counted here.
///
/// The gate (T-07) decides on what holds now (`tracking::allowed`). Without a person, the brand's anonymous mode has
/// to be on now.
///
/// # Errors
/// Of the database; then nothing was stored.
pub fn store(conn: &mut DbConnection, hits: &[Hit]) -> Result<usize> {
    consent::hold(conn, &in_order(hits.iter().map(|hit| hit.subscriber).filter(|person| *person != 0)))?;
    let campaigns = load_campaigns(conn, hits)?;
    let mut rows = Vec::new();
    let mut anonymous = BTreeMap::new();
    for ((id, kind), group) in group(hits) {
        let Some(owner) = campaigns.get(&id) else { continue };
        let (named, unnamed): (Vec<&Hit>, Vec<&Hit>) = group.into_iter().partition(|hit| hit.subscriber != 0);
        for hit in unnamed.into_iter().filter(|_| owner.anonymous_tracking) {
            *anonymous.entry((id, kind, hit.link.unwrap_or(0), hit.at.start_of_hour())).or_default() += 1;
        }
        let allowed =
            allowed::load(conn, id, owner.brand, kind, &in_order(named.iter().map(|hit| hit.subscriber)))?;
        let may = |person: i64| allowed.binary_search(&person).is_ok();
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
    let unnamed: i64 = anonymous.values().sum();
    count_anonymous(conn, anonymous)?;
    Ok(rows.len() + usize::try_from(unnamed).unwrap_or_default())
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
    let ids = in_order(hits.iter().map(|hit| hit.campaign));
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

fn insert(conn: &mut DbConnection, rows: &[HitRow]) -> Result<()> {
    match conn {
        DbConnection::Sqlite(c) => bulk::insert(c, rows)?,
        DbConnection::Postgres(c) => {
            if !rows.is_empty() {
                diesel::copy_from(hit::table).from_insertable(rows).execute(c)?;
            }
        }
    }
    Ok(())
}

/// Adds to the counters of the anonymous mode, in one order everywhere.
fn count_anonymous(conn: &mut DbConnection, counts: BTreeMap<(i64, Kind, i64, Moment), i64>) -> Result<()> {
    let rows: Vec<AnonymousRow> = counts
        .into_iter()
        .map(|((campaign_id, kind, link_id, hour), hits)| AnonymousRow {
            campaign_id,
            kind,
            link_id,
            hour,
            hits,
        })
        .collect();
    let key = (
        anonymous_count::campaign_id,
        anonymous_count::kind,
        anonymous_count::link_id,
        anonymous_count::hour,
    );
    for chunk in rows.chunks(COUNTERS_PER_STATEMENT) {
        on_backend!(conn, |c| diesel::insert_into(anonymous_count::table)
            .values(chunk)
            .on_conflict(key)
            .do_update()
            .set(anonymous_count::hits.eq(anonymous_count::hits + excluded(anonymous_count::hits)))
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
    // Those that wait are looked through one by one, so only where there can be any.
    if let Some(first) = first_tracked(conn, person, brand, kind)? {
        diesel::delete(recorded().filter(hit::class.is_null()).filter(hit::at.ge(first))).execute(conn)?;
    }
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

/// A moment before the first letter of a brand to a person that counts this kind; none if none does.
fn first_tracked(conn: &mut DbConnection, person: i64, brand: i64, kind: Kind) -> Result<Option<Moment>> {
    let letters = delivery::table
        .inner_join(campaign::table)
        .filter(delivery::subscriber_id.eq(person).and(campaign::brand_id.eq(brand)))
        .select(diesel::dsl::min(campaign::created_at));
    Ok(match kind {
        Kind::Opens => letters.filter(delivery::tracks_opens.eq(true)).first(conn)?,
        Kind::Clicks => letters.filter(delivery::tracks_clicks.eq(true)).first(conn)?,
        Kind::Profiling => None,
    })
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
