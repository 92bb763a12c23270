//! Gathers what the gate needs to know of many people at once: four queries for a batch, never one per person.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::schema::{opt_in, permission, source, subscriber};
use crate::db::{DbConnection, among};
use crate::domain::audience::Source;
use crate::domain::catalog::Channel;
use crate::domain::consent::gate::{CampaignFacts, Facts, OptInFact, Supplied, SupplierFacts};
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression;
use crate::email_address::EmailAddress;
use crate::error::Result;

/// Which people to gather.
#[derive(Debug, Clone, Copy)]
pub enum People<'a> {
    /// These.
    Of(&'a [i64]),
    /// Everyone who is not erased with a row number above `after`, in order, at most `limit`.
    Next {
        /// The last row number of the batch before, 0 for the first.
        after: i64,
        /// At most so many.
        limit: i64,
    },
}

type PersonRow = (i64, Option<EmailAddress>, Option<Vec<u8>>, Option<Moment>, Option<Moment>, Option<Moment>);

/// The facts of these people about this campaign, in the order of their row numbers.
///
/// # Errors
/// Of the database.
pub fn gather(conn: &mut DbConnection, campaign: &CampaignFacts, people: People<'_>) -> Result<Vec<Facts>> {
    let rows = load_people(conn, people)?;
    let (Some(first), Some(last)) = (rows.first().map(|row| row.0), rows.last().map(|row| row.0)) else {
        return Ok(Vec::new());
    };
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let mut opt_ins = load_opt_ins(conn, campaign.brand, people, &ids, first, last)?;
    let found = match people {
        People::Of(ids) => suppression::of_people(conn, ids, campaign.channel, campaign.brand)?,
        People::Next { .. } => {
            let hashes = rows.iter().filter_map(|row| row.2.clone()).collect();
            suppression::of_addresses(conn, hashes, campaign.channel, campaign.brand)?
        }
    };
    let mut suppressed: HashMap<Vec<u8>, Vec<_>> = HashMap::new();
    for (hash, reason) in found {
        suppressed.entry(hash).or_default().push(reason);
    }
    Ok(rows
        .into_iter()
        .map(|(id, address, hash, informed_at, restricted_at, erased_at)| Facts {
            subscriber: id,
            address,
            erased: erased_at.is_some(),
            restricted: restricted_at.is_some(),
            suppressed: hash.and_then(|hash| suppressed.remove(&hash)).unwrap_or_default(),
            opt_ins: opt_ins.remove(&id).unwrap_or_default(),
            informed_at,
        })
        .collect())
}

fn load_people(conn: &mut DbConnection, people: People<'_>) -> Result<Vec<PersonRow>> {
    let query = subscriber::table.order(subscriber::id).into_boxed();
    let query = match people {
        People::Of(ids) => query.filter(among(subscriber::id, ids)),
        People::Next { after, limit } => {
            query.filter(subscriber::id.gt(after).and(subscriber::erased_at.is_null())).limit(limit)
        }
    };
    Ok(query
        .select((
            subscriber::id,
            subscriber::email,
            subscriber::email_hash,
            subscriber::informed_at,
            subscriber::restricted_at,
            subscriber::erased_at,
        ))
        .load(conn)?)
}

type OptInRow = (i64, i64, Channel, State, Moment, Option<Moment>, Option<i64>, Option<Moment>);

fn load_opt_ins(
    conn: &mut DbConnection,
    brand: i64,
    people: People<'_>,
    ids: &[i64],
    first: i64,
    last: i64,
) -> Result<HashMap<i64, Vec<OptInFact>>> {
    let query = opt_in::table.filter(opt_in::brand_id.eq(brand)).into_boxed();
    // A whole stretch of people is read along the primary key; a few people are looked up.
    let query = match people {
        People::Of(_) => query.filter(among(opt_in::subscriber_id, ids)),
        People::Next { .. } => query.filter(opt_in::subscriber_id.between(first, last)),
    };
    let rows: Vec<OptInRow> = query
        .select((
            opt_in::subscriber_id,
            opt_in::topic_id,
            opt_in::channel,
            opt_in::state,
            opt_in::changed_at,
            opt_in::expires_at,
            opt_in::source_id,
            opt_in::obtained_at,
        ))
        .load(conn)?;
    let suppliers = load_suppliers(conn, rows.iter().filter_map(|row| row.6))?;
    let mut of_person: HashMap<i64, Vec<OptInFact>> = HashMap::with_capacity(ids.len());
    for (person, topic, channel, state, since, until, source, obtained_at) in rows {
        let supplied = source.and_then(|source| suppliers.get(&source)).map(|supplier| Supplied {
            supplier: Arc::clone(supplier),
            obtained_at: obtained_at.unwrap_or(since),
        });
        of_person.entry(person).or_default().push(OptInFact {
            topic,
            channel,
            state,
            since,
            until,
            supplied,
        });
    }
    Ok(of_person)
}

fn load_suppliers(
    conn: &mut DbConnection,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Arc<SupplierFacts>>> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sources: Vec<Source> =
        source::table.filter(source::id.eq_any(ids)).select(Source::as_select()).load(conn)?;
    Ok(sources.iter().filter_map(|s| Some((s.id, Arc::new(SupplierFacts::of(s)?)))).collect())
}

/// Who of these people allows this brand to record opens now, and who clicks.
///
/// # Errors
/// Of the database.
pub fn who_allows(conn: &mut DbConnection, brand: i64, people: &[i64]) -> Result<(Vec<i64>, Vec<i64>)> {
    let allowed: Vec<(i64, Kind)> = permission::table
        .filter(among(permission::subscriber_id, people))
        .filter(permission::brand_id.eq(brand))
        .filter(permission::state.eq(PermissionState::Granted))
        .select((permission::subscriber_id, permission::kind))
        .load(conn)?;
    let of = |kind| allowed.iter().filter(|(_, of)| *of == kind).map(|(person, _)| *person).collect();
    Ok((of(Kind::Opens), of(Kind::Clicks)))
}
