//! Gathers what the gate needs to know of some people at once: two queries for a batch, never one per person, and more
//! only where somebody is suppressed or chose how often a brand may write. Questions about everybody are answered by
//! what people look like ([`super::looks`]).

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::schema::{
    brand_choice, opt_in, permission, source, subscriber, suppression as suppression_table,
};
use crate::db::{DbConnection, among, in_order};
use crate::domain::audience::source::Kind as SourceKind;
use crate::domain::audience::{Source, Subscriber};
use crate::domain::catalog::Channel;
use crate::domain::consent::brand_choice::{self as choices, AtMost, BrandChoice};
use crate::domain::consent::gate::{CampaignFacts, Facts, OptInFact, Supplied, SupplierFacts};
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression;
use crate::error::Result;

/// A person; the hash of their address; whether it is suppressed for anything; what they chose of the brand; and what
/// they allow it to record.
type PersonRow = (Subscriber, Option<Vec<u8>>, bool, Option<(Option<Moment>, AtMost)>, Allows);

/// What is known of one person.
#[derive(Debug, Clone)]
pub struct Known {
    /// For the gate.
    pub facts: Facts,
    /// For the merge fields.
    pub person: Subscriber,
    /// For the tracking gate.
    pub allows: Allows,
}

/// What a person allows a brand to record now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Allows {
    /// That the letter was opened.
    pub opens: bool,
    /// Which links were followed.
    pub clicks: bool,
}

/// These people and their facts about this campaign, in the order of their row numbers. To be asked where something is
/// decided by them, in a transaction that may write: what the letters of other campaigns say has to hold until its end.
///
/// # Errors
/// Of the database.
pub fn gather(
    conn: &mut DbConnection,
    campaign: &CampaignFacts,
    people: &[i64],
    now: Moment,
) -> Result<Vec<Known>> {
    let rows = load_people(conn, campaign.brand, people)?;
    let capped = |row: &&PersonRow| row.3.is_some_and(|(_, at_most)| at_most.spacing().is_some());
    let capped: Vec<i64> = rows.iter().filter(capped).map(|row| row.0.id).collect();
    let mut last_letters = choices::last_letters(conn, campaign, &capped, now)?;
    let mut opt_ins = load_opt_ins(conn, campaign.brand, people)?;
    let looked_up: Vec<i64> = rows.iter().filter(|row| row.2).map(|row| row.0.id).collect();
    let mut suppressed: HashMap<Vec<u8>, Vec<_>> = HashMap::new();
    if !looked_up.is_empty() {
        for (hash, reason) in suppression::of_people(conn, &looked_up, campaign.channel, campaign.brand)? {
            suppressed.entry(hash).or_default().push(reason);
        }
    }
    let known = |(person, hash, _, choice, allows): PersonRow| {
        let facts = Facts {
            subscriber: person.id,
            address: person.email.clone(),
            erased: person.erased_at.is_some(),
            restricted: person.restricted_at.is_some(),
            suppressed: hash.and_then(|hash| suppressed.remove(&hash)).unwrap_or_default(),
            opt_ins: opt_ins.remove(&person.id).unwrap_or_default(),
            choice: choice.map_or_else(BrandChoice::default, |(paused_until, at_most)| BrandChoice {
                paused_until,
                at_most,
            }),
            last_letter: last_letters.remove(&person.id),
        };
        Known { facts, person, allows }
    };
    Ok(rows.into_iter().map(known).collect())
}

fn load_people(conn: &mut DbConnection, brand: i64, people: &[i64]) -> Result<Vec<PersonRow>> {
    // On the concrete connection, here and below: the common one writes the text of a statement anew for each call, and
    // every claim comes by.
    let of_brand = brand_choice::subscriber_id.eq(subscriber::id).and(brand_choice::brand_id.eq(brand));
    // Hardly anybody's is, so why is asked only then.
    let suppressed = suppression_table::table
        .filter(suppression_table::address_hash.nullable().eq(subscriber::email_hash));
    let allowed = |kind: Kind| {
        let granted = permission::brand_id.eq(brand).and(permission::state.eq(PermissionState::Granted));
        let own = permission::subscriber_id.eq(subscriber::id).and(permission::kind.eq(kind));
        diesel::dsl::exists(permission::table.filter(own.and(granted)))
    };
    Ok(on_backend!(conn, |c| subscriber::table
        .left_join(brand_choice::table.on(of_brand))
        .filter(among(subscriber::id, people))
        .order(subscriber::id)
        .select((
            Subscriber::as_select(),
            subscriber::email_hash,
            diesel::dsl::exists(suppressed),
            (brand_choice::paused_until, brand_choice::at_most).nullable(),
            (allowed(Kind::Opens), allowed(Kind::Clicks)),
        ))
        .load(c))?)
}

/// A supplier's name, policy and licence.
type SupplierRow = (String, Option<String>, Option<Moment>, Option<Moment>);
/// The source's row number, and when its data came in and the person was told of it.
type OriginRow = (Option<i64>, Option<Moment>, Option<Moment>);
type OptInRow = (i64, i64, Channel, State, Moment, Option<Moment>, OriginRow, Option<SupplierRow>);

fn load_opt_ins(conn: &mut DbConnection, brand: i64, people: &[i64]) -> Result<HashMap<i64, Vec<OptInFact>>> {
    let supplier = source::table
        .on(source::id.nullable().eq(opt_in::source_id).and(source::kind.eq(SourceKind::Supplier)));
    let query = opt_in::table
        .left_join(supplier)
        .filter(opt_in::brand_id.eq(brand).and(among(opt_in::subscriber_id, people)))
        .select((
            opt_in::subscriber_id,
            opt_in::topic_id,
            opt_in::channel,
            opt_in::state,
            opt_in::changed_at,
            opt_in::expires_at,
            (opt_in::source_id, opt_in::obtained_at, opt_in::informed_at),
            (source::name, source::policy_url, source::licence_from, source::licence_until).nullable(),
        ));
    let rows: Vec<OptInRow> = on_backend!(conn, |c| query.load(c))?;
    let mut of_person: HashMap<i64, Vec<OptInFact>> = HashMap::with_capacity(people.len());
    for (person, topic, channel, state, since, until, origin, supplier) in rows {
        let (source, obtained_at, informed_at) = origin;
        let supplied = source.zip(supplier).map(|(source, supplier)| {
            let (name, policy_url, licence_from, licence_until) = supplier;
            Supplied {
                source,
                supplier: Arc::new(SupplierFacts { name, policy_url, licence_from, licence_until }),
                obtained_at: obtained_at.unwrap_or(since),
                informed_at,
            }
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

/// The suppliers among these sources.
///
/// # Errors
/// Of the database.
pub(super) fn load_suppliers(
    conn: &mut DbConnection,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Arc<SupplierFacts>>> {
    let ids = in_order(ids);
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sources: Vec<Source> =
        source::table.filter(among(source::id, &ids)).select(Source::as_select()).load(conn)?;
    Ok(sources.iter().filter_map(|s| Some((s.id, Arc::new(SupplierFacts::of(s)?)))).collect())
}
