//! Judging hits when it has been quiet for a while, and counting them: the only place that gives a hit its class and
//! the only one that writes the counters that reports show.
//!
//! A batch is one transaction. It holds its people as the gate does, so that a withdrawal comes before it or after it:
//! what was withdrawn is gone and neither judged nor marked.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::schema::{delivery, hit, hit_count, link};
use crate::db::{DbConnection, among};
use crate::domain::consent;
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::burst::{self, Fact, Letter, REACH};
use crate::domain::tracking::{Class, Hit, Options, Reason};
use crate::error::Result;

/// The most hits of one transaction: some milliseconds, so that nobody's request waits long behind it.
const BATCH: i64 = 500;

/// The most counters of one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// One hit as it is judged.
#[derive(Debug, Clone, Queryable)]
struct Row {
    id: i64,
    campaign: i64,
    person: i64,
    link: Option<i64>,
    at: Moment,
    class: Option<Class>,
    reason: Option<Reason>,
}

/// A judged hit.
struct Judged {
    row: Row,
    reason: Reason,
}

#[derive(Insertable)]
#[diesel(table_name = hit_count, treat_none_as_default_value = false)]
struct CountRow {
    campaign_id: i64,
    kind: Kind,
    link_id: i64,
    hour: i64,
    class: Class,
    hits: i64,
    people: i64,
}

/// A counter: campaign, kind, link (0 for the whole campaign), the hour's first microsecond, class.
type Counter = (i64, Kind, i64, i64, Class);

impl Row {
    fn kind(&self) -> Kind {
        if self.link.is_some() { Kind::Clicks } else { Kind::Opens }
    }
}

/// Judges the oldest hits whose quiet time is over, and counts them. Returns how many there were, judged or meanwhile
/// withdrawn; 0 if nothing is due, or another server is at it.
///
/// # Errors
/// Of the database.
pub fn settle(conn: &mut DbConnection, options: &Options, now: Moment) -> Result<usize> {
    if !is_alone(conn)? {
        return Ok(0);
    }
    let due: Vec<(i64, i64, Moment)> = hit::table
        .filter(hit::class.is_null())
        .filter(hit::at.le(now.minus(options.quiet)))
        .order(hit::at)
        .limit(BATCH)
        .select((hit::id, hit::subscriber_id, hit::at))
        .load(conn)?;
    let (Some(first), Some(last)) = (due.first(), due.last()) else { return Ok(0) };
    let (from, to) = (first.2, last.2);
    let mut people: Vec<i64> = due.iter().map(|(_, person, _)| *person).collect();
    people.sort_unstable();
    people.dedup();
    consent::hold(conn, &people)?;
    let ids: HashSet<i64> = due.iter().map(|(id, _, _)| *id).collect();
    let rows = load_neighbourhood(conn, &people, from.minus(REACH), to.plus(REACH))?;
    let judged = judge(conn, rows, &ids)?;
    write_verdicts(conn, &judged, from, to)?;
    let mut counts = BTreeMap::new();
    for Judged { row, reason } in &judged {
        for link in [Some(0), row.link].into_iter().flatten() {
            let (hits, _): &mut (i64, i64) = counts.entry(counter(row, link, reason.class())).or_default();
            *hits += 1;
        }
    }
    count_people(conn, options, &judged, now, &mut counts)?;
    add(conn, counts)?;
    Ok(due.len())
}

/// Notes of hits that are stored and not yet judged that they belong to a crowd.
///
/// # Errors
/// Of the database.
pub fn note_crowd(conn: &mut DbConnection, hits: &[Hit]) -> Result<()> {
    for hit in hits {
        let stored = hit::table
            .filter(hit::class.is_null().and(hit::at.eq(hit.at)))
            .filter(hit::subscriber_id.eq(hit.subscriber).and(hit::campaign_id.eq(hit.campaign)))
            .filter(hit::reason.is_null());
        diesel::update(stored).set(hit::reason.eq(Reason::Crowd)).execute(conn)?;
    }
    Ok(())
}

/// Whether no other server judges at this moment; nobody else begins before this transaction ends.
fn is_alone(conn: &mut DbConnection) -> Result<bool> {
    match conn {
        DbConnection::Sqlite(_) => Ok(true),
        DbConnection::Postgres(c) => {
            use diesel::dsl::sql;
            use diesel::sql_types::Bool;
            // The number is arbitrary and means this, in this database.
            let mine = sql::<Bool>("SELECT pg_try_advisory_xact_lock(7242931)");
            Ok(mine.get_result(c)?)
        }
    }
}

/// Everything of these people in this time, judged before or not, in the order of time.
fn load_neighbourhood(conn: &mut DbConnection, people: &[i64], from: Moment, to: Moment) -> Result<Vec<Row>> {
    let columns =
        (hit::id, hit::campaign_id, hit::subscriber_id, hit::link_id, hit::at, hit::class, hit::reason);
    let near = || {
        hit::table.filter(hit::at.between(from, to)).filter(among(hit::subscriber_id, people)).select(columns)
    };
    // Two questions, since each of the two has an index of its own.
    let mut rows: Vec<Row> = near().filter(hit::class.is_null()).load(conn)?;
    rows.extend(near().filter(hit::class.is_not_null()).load::<Row>(conn)?);
    rows.sort_by_key(|row| (row.at, row.id));
    Ok(rows)
}

/// The verdicts on those of the rows that are due, in the order of time.
fn judge(conn: &mut DbConnection, rows: Vec<Row>, due: &HashSet<i64>) -> Result<Vec<Judged>> {
    let mut letters: BTreeMap<(i64, i64), Vec<Row>> = BTreeMap::new();
    for row in rows {
        letters.entry((row.campaign, row.person)).or_default().push(row);
    }
    letters.retain(|_, rows| rows.iter().any(|row| due.contains(&row.id)));
    let mut campaigns: Vec<i64> = letters.keys().map(|(campaign, _)| *campaign).collect();
    campaigns.dedup();
    let links: HashMap<i64, i64> = link::table
        .filter(among(link::campaign_id, &campaigns))
        .group_by(link::campaign_id)
        .select((link::campaign_id, diesel::dsl::count_star()))
        .load::<(i64, i64)>(conn)?
        .into_iter()
        .collect();
    let mut sent: HashMap<(i64, i64), Option<Moment>> = HashMap::new();
    for campaign in campaigns {
        let people: Vec<i64> =
            letters.range((campaign, i64::MIN)..=(campaign, i64::MAX)).map(|(key, _)| key.1).collect();
        let found: Vec<(i64, Option<Moment>)> = delivery::table
            .filter(delivery::campaign_id.eq(campaign))
            .filter(among(delivery::subscriber_id, &people))
            .select((delivery::subscriber_id, delivery::finished_at))
            .load(conn)?;
        sent.extend(found.into_iter().map(|(person, at)| ((campaign, person), at)));
    }
    let mut judged = Vec::with_capacity(due.len());
    for (key, rows) in letters {
        let letter = Letter {
            sent_at: sent.get(&key).copied().flatten(),
            links: usize::try_from(links.get(&key.0).copied().unwrap_or_default()).unwrap_or_default(),
        };
        let fact = |row: &Row| Fact {
            link: row.link,
            at: row.at,
            sign: row.reason.filter(|_| row.class.is_none()),
            settled: row.class,
        };
        let facts: Vec<Fact> = rows.iter().map(fact).collect();
        let verdicts = rows.into_iter().zip(burst::judge(&facts, letter));
        judged.extend(
            verdicts.filter(|(row, _)| due.contains(&row.id)).map(|(row, reason)| Judged { row, reason }),
        );
    }
    judged.sort_by_key(|judged| (judged.row.at, judged.row.id));
    Ok(judged)
}

fn write_verdicts(conn: &mut DbConnection, judged: &[Judged], from: Moment, to: Moment) -> Result<()> {
    let mut by_reason: BTreeMap<Reason, Vec<i64>> = BTreeMap::new();
    for Judged { row, reason } in judged {
        by_reason.entry(*reason).or_default().push(row.id);
    }
    for (reason, ids) in by_reason {
        // The time says in which partitions they are.
        diesel::update(hit::table.filter(among(hit::id, &ids)).filter(hit::at.between(from, to)))
            .set((hit::class.eq(reason.class()), hit::reason.eq(reason)))
            .execute(conn)?;
    }
    Ok(())
}

fn counter(row: &Row, link: i64, class: Class) -> Counter {
    const HOUR: i64 = 60 * 60 * 1_000_000;
    (row.campaign, row.kind(), link, row.at.as_micros().div_euclid(HOUR) * HOUR, class)
}

/// Adds whoever has the first hit of class human here: of the campaign, and of each link.
fn count_people(
    conn: &mut DbConnection,
    options: &Options,
    judged: &[Judged],
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
        let marked = load_marked(conn, *campaign, *kind, &people.keys().copied().collect::<Vec<_>>())?;
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

/// Who of these people opened or clicked before, and when.
fn load_marked(
    conn: &mut DbConnection,
    campaign: i64,
    kind: Kind,
    people: &[i64],
) -> Result<HashMap<i64, Moment>> {
    let letters = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .filter(among(delivery::subscriber_id, people));
    let marks: Vec<(i64, Option<Moment>)> = match kind {
        Kind::Opens => letters.select((delivery::subscriber_id, delivery::opened_at)).load(conn)?,
        _ => letters.select((delivery::subscriber_id, delivery::clicked_at)).load(conn)?,
    };
    Ok(marks.into_iter().filter_map(|(person, at)| Some((person, at?))).collect())
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
    judged: &[Judged],
    before: &HashMap<(i64, i64), Moment>,
) -> Result<HashSet<(i64, i64)>> {
    if before.is_empty() {
        return Ok(HashSet::new());
    }
    let mut people: Vec<i64> = before.keys().map(|(_, person)| *person).collect();
    people.sort_unstable();
    people.dedup();
    let now: HashSet<i64> = judged.iter().map(|judged| judged.row.id).collect();
    let found: Vec<(i64, i64, Option<i64>)> = hit::table
        .filter(hit::class.eq(Class::Human))
        .filter(among(hit::subscriber_id, &people))
        .filter(hit::link_id.is_not_null())
        .select((hit::id, hit::subscriber_id, hit::link_id))
        .load(conn)?;
    Ok(found
        .into_iter()
        .filter(|(id, _, _)| !now.contains(id))
        .filter_map(|(_, person, link)| Some((person, link?)))
        .collect())
}

fn add(conn: &mut DbConnection, counts: BTreeMap<Counter, (i64, i64)>) -> Result<()> {
    // In one order everywhere, which a BTreeMap has.
    let rows: Vec<CountRow> = counts
        .into_iter()
        .map(|((campaign_id, kind, link_id, hour, class), (hits, people))| CountRow {
            campaign_id,
            kind,
            link_id,
            hour,
            class,
            hits,
            people,
        })
        .collect();
    let key =
        (hit_count::campaign_id, hit_count::kind, hit_count::link_id, hit_count::hour, hit_count::class);
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        on_backend!(conn, |c| diesel::insert_into(hit_count::table)
            .values(chunk)
            .on_conflict(key)
            .do_update()
            .set((
                hit_count::hits.eq(hit_count::hits + excluded(hit_count::hits)),
                hit_count::people.eq(hit_count::people + excluded(hit_count::people)),
            ))
            .execute(c))?;
    }
    Ok(())
}
