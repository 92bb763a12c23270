//! Who opened a letter or followed a link for the first time: what reports count as people.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::clock::Moment;
use crate::db::schema::{delivery, hit};
use crate::db::{DbConnection, among, in_order};
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::hit::START;
use crate::domain::tracking::settle::{Counter, Judged, Row, counter};
use crate::domain::tracking::{Class, Options};
use crate::error::Result;

/// Adds whoever has the first hit of class human here: of the campaign, and of each link.
///
/// # Errors
/// Of the database.
pub(super) fn count(
    conn: &mut DbConnection,
    options: &Options,
    judged: &[&Judged],
    now: Moment,
    counts: &mut BTreeMap<Counter, (i64, i64)>,
) -> Result<()> {
    let mut first: BTreeMap<(i64, Kind), BTreeMap<i64, &Row>> = BTreeMap::new();
    for Judged { row, .. } in judged.iter().filter(|judged| judged.reason.class() == Class::Human) {
        first.entry((row.campaign, row.kind())).or_default().entry(row.person).or_insert(row);
    }
    // Who followed a link before, and since when.
    let mut before: HashMap<(i64, i64), Moment> = HashMap::new();
    for ((campaign, kind), people) in &first {
        let people_of = people.keys().copied().collect::<Vec<_>>();
        let marked = load_marked(conn, *campaign, *kind, &people_of, now.minus(options.keep))?;
        let new: Vec<(i64, Moment)> = people
            .values()
            .filter(|row| !marked.contains_key(&row.person))
            .map(|row| (row.person, row.at))
            .collect();
        mark(conn, *campaign, *kind, &new)?;
        for row in people.values().filter(|row| !marked.contains_key(&row.person)) {
            counts.entry(counter(row, 0, Class::Human)).or_default().1 += 1;
        }
        if *kind == Kind::Clicks {
            before.extend(marked.into_iter().map(|(person, at)| ((*campaign, person), at)));
        }
    }
    let mut seen = load_links_seen(conn, judged, &before)?;
    for Judged { row, .. } in judged.iter().filter(|judged| judged.reason.class() == Class::Human) {
        let Some(link) = row.link else { continue };
        // Hits of so long ago are gone, so nobody knows whether it is the first of this link.
        let too_old = before.get(&(row.campaign, row.person)).is_some_and(|at| *at < now.minus(options.keep));
        if seen.insert((row.person, link)) && !too_old {
            counts.entry(counter(row, link, Class::Human)).or_default().1 += 1;
        }
    }
    Ok(())
}

/// Who of these people opened or clicked before, and when. Of a letter that was sent before `forgotten` nobody knows it: a
/// mark of it may be gone. Such a person counts as one who did so at the beginning of time, and neither as a new one nor
/// as a new reader of a link.
fn load_marked(
    conn: &mut DbConnection,
    campaign: i64,
    kind: Kind,
    people: &[i64],
    forgotten: Moment,
) -> Result<HashMap<i64, Moment>> {
    let letters = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .filter(among(delivery::subscriber_id, people));
    type Mark = (i64, Option<Moment>, Option<Moment>);
    let (person, sent_at) = (delivery::subscriber_id, delivery::finished_at);
    let marks: Vec<Mark> = match kind {
        Kind::Opens => letters.select((person, delivery::opened_at, sent_at)).load(conn)?,
        _ => letters.select((person, delivery::clicked_at, sent_at)).load(conn)?,
    };
    let known = marks.into_iter().filter_map(|(person, at, sent_at)| {
        let may_be_gone = sent_at.is_some_and(|sent_at| sent_at < forgotten);
        Some((person, at.or(may_be_gone.then_some(START))?))
    });
    Ok(known.collect())
}

/// Notes on each delivery when a person first opened or clicked: all of them in one statement.
fn mark(conn: &mut DbConnection, campaign: i64, kind: Kind, first: &[(i64, Moment)]) -> Result<()> {
    if first.is_empty() {
        return Ok(());
    }
    let column = if kind == Kind::Opens { "opened_at" } else { "clicked_at" };
    match conn {
        DbConnection::Sqlite(c) => {
            let list: Vec<(i64, i64)> = first.iter().map(|(person, at)| (*person, at.as_micros())).collect();
            diesel::sql_query(format!(
                "UPDATE delivery SET {column} = first.value ->> 1 FROM json_each($1) AS first \
                 WHERE campaign_id = $2 AND subscriber_id = first.value ->> 0"
            ))
            .bind::<Text, _>(serde_json::to_string(&list)?)
            .bind::<BigInt, _>(campaign)
            .execute(c)?
        }
        DbConnection::Postgres(c) => {
            let (people, moments): (Vec<i64>, Vec<Moment>) = first.iter().copied().unzip();
            diesel::sql_query(format!(
                "UPDATE delivery SET {column} = first.at FROM UNNEST($1, $2) AS first (person, at) \
                 WHERE campaign_id = $3 AND subscriber_id = first.person"
            ))
            .bind::<Array<BigInt>, _>(people)
            .bind::<Array<BigInt>, _>(moments)
            .bind::<BigInt, _>(campaign)
            .execute(c)?
        }
    };
    Ok(())
}

/// Which links were followed by whom before this batch, of those who followed any.
fn load_links_seen(
    conn: &mut DbConnection,
    judged: &[&Judged],
    before: &HashMap<(i64, i64), Moment>,
) -> Result<HashSet<(i64, i64)>> {
    if before.is_empty() {
        return Ok(HashSet::new());
    }
    let people = in_order(before.keys().map(|(_, person)| *person));
    let links = in_order(judged.iter().filter_map(|judged| judged.row.link));
    let now: HashSet<i64> = judged.iter().map(|judged| judged.row.id).collect();
    let found: Vec<(i64, i64, Option<i64>)> = hit::table
        .filter(hit::class.eq(Class::Human))
        .filter(among(hit::subscriber_id, &people))
        .filter(hit::link_id.eq_any(links))
        .select((hit::id, hit::subscriber_id, hit::link_id))
        .load(conn)?;
    Ok(found
        .into_iter()
        .filter(|(id, _, _)| !now.contains(id))
        .filter_map(|(_, person, link)| Some((person, link?)))
        .collect())
}
