//! Judging hits when it has been quiet for a while, and counting them: the only place that gives a hit its class and
//! the only one that writes the counters that reports show.
//!
//! What is due is read and judged on the side, many hits at once, because finding what came shortly before and after
//! means looking through everything of some minutes. The verdicts are then written in short transactions, so that
//! nobody's request waits long behind one. Each holds its people as the gate does and marks only hits that are still
//! there, so that a withdrawal comes before it or after it: what was withdrawn is gone and neither counted nor marked.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::schema::{delivery, hit, hit_count, link};
use crate::db::{Database, DbConnection, among, in_order};
use crate::domain::consent;
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::burst::{self, Fact, Letter, REACH};
use crate::domain::tracking::{COUNTERS_PER_STATEMENT, Class, Hit, Options, Reason, firsts};
use crate::error::Result;

/// How many hits are read and judged at once: a few megabytes.
const AT_ONCE: i64 = 20_000;

/// The most hits of one transaction: some milliseconds.
const BATCH: usize = 250;

/// What is read of a hit.
const COLUMNS: (
    hit::id,
    hit::campaign_id,
    hit::subscriber_id,
    hit::link_id,
    hit::at,
    hit::class,
    hit::reason,
) = (hit::id, hit::campaign_id, hit::subscriber_id, hit::link_id, hit::at, hit::class, hit::reason);

/// One hit as it is judged.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) campaign: i64,
    pub(super) person: i64,
    pub(super) link: Option<i64>,
    pub(super) at: Moment,
    class: Option<Class>,
    reason: Option<Reason>,
}

/// A judged hit.
pub(super) struct Judged {
    pub(super) row: Row,
    pub(super) reason: Reason,
}

#[derive(Insertable)]
#[diesel(table_name = hit_count, treat_none_as_default_value = false)]
struct CountRow {
    campaign_id: i64,
    kind: Kind,
    link_id: i64,
    hour: Moment,
    class: Class,
    hits: i64,
    people: i64,
}

/// A counter: campaign, kind, link (0 for the whole campaign), the hour's first moment, class.
pub(super) type Counter = (i64, Kind, i64, Moment, Class);

impl Row {
    pub(super) fn kind(&self) -> Kind {
        if self.link.is_some() { Kind::Clicks } else { Kind::Opens }
    }
}

/// Judges the oldest hits whose quiet time is over, and counts them. Returns how many there were, judged or meanwhile
/// withdrawn; 0 if nothing is due, or another server is at it.
///
/// # Errors
/// Of the database.
pub fn settle(db: &Database, options: &Options, now: Moment) -> Result<usize> {
    let judged = db.read_here(|conn| judge_due(conn, options, now))?;
    for batch in judged.chunks(BATCH) {
        if !db.write_here(|conn| write(conn, options, batch, now))? {
            return Ok(0);
        }
    }
    Ok(judged.len())
}

/// The verdicts on the oldest hits that are due, in the order of time.
pub(super) fn judge_due(conn: &mut DbConnection, options: &Options, now: Moment) -> Result<Vec<Judged>> {
    let mut rows: Vec<Row> = hit::table
        .filter(hit::class.is_null())
        .filter(hit::at.le(now.minus(options.quiet)))
        .order((hit::at, hit::id))
        .limit(AT_ONCE)
        .select(COLUMNS)
        .load(conn)?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let (from, to) = (first.at, last.at);
    let due: HashSet<i64> = rows.iter().map(|row| row.id).collect();
    let people = in_order(rows.iter().map(|row| row.person));
    // Their neighbours: what was judged before, and what came a little later. Each of the two has an index of its own.
    let near = || hit::table.filter(among(hit::subscriber_id, &people)).select(COLUMNS);
    rows.extend(
        near()
            .filter(hit::class.is_not_null().and(hit::at.between(from.minus(REACH), to.plus(REACH))))
            .load::<Row>(conn)?,
    );
    let later =
        near().filter(hit::class.is_null().and(hit::at.between(to, to.plus(REACH)))).load::<Row>(conn)?;
    rows.extend(later.into_iter().filter(|row| !due.contains(&row.id)));
    rows.sort_by_key(|row| (row.at, row.id));
    judge(conn, rows, &due)
}

/// Writes verdicts and counts them; false if another server is at it.
pub(super) fn write(
    conn: &mut DbConnection,
    options: &Options,
    judged: &[Judged],
    now: Moment,
) -> Result<bool> {
    if !is_alone(conn, JUDGING)? {
        return Ok(false);
    }
    consent::hold(conn, &in_order(judged.iter().map(|judged| judged.row.person)))?;
    let marked = write_verdicts(conn, judged)?;
    let judged: Vec<&Judged> = judged.iter().filter(|judged| marked.contains(&judged.row.id)).collect();
    let mut counts = BTreeMap::new();
    for Judged { row, reason } in &judged {
        for link in [Some(0), row.link].into_iter().flatten() {
            let (hits, _): &mut (i64, i64) = counts.entry(counter(row, link, reason.class())).or_default();
            *hits += 1;
        }
    }
    firsts::count(conn, options, &judged, now, &mut counts)?;
    add(conn, counts)?;
    Ok(true)
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

/// The number that means judging, in this database; it is arbitrary.
const JUDGING: i64 = 7_242_931;

/// Whether no other server does what the number means at this moment; nobody else begins before this transaction ends.
pub(super) fn is_alone(conn: &mut DbConnection, number: i64) -> Result<bool> {
    match conn {
        DbConnection::Sqlite(_) => Ok(true),
        DbConnection::Postgres(c) => {
            use diesel::dsl::sql;
            use diesel::sql_types::{BigInt, Bool};
            let mine = sql::<Bool>("SELECT pg_try_advisory_xact_lock(").bind::<BigInt, _>(number).sql(")");
            Ok(mine.get_result(c)?)
        }
    }
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

/// Gives hits their class; returns those that were still there and had none.
fn write_verdicts(conn: &mut DbConnection, judged: &[Judged]) -> Result<HashSet<i64>> {
    let mut by_reason: BTreeMap<Reason, Vec<&Row>> = BTreeMap::new();
    for Judged { row, reason } in judged {
        by_reason.entry(*reason).or_default().push(row);
    }
    let mut marked = HashSet::with_capacity(judged.len());
    for (reason, rows) in by_reason {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        // The time says in which partitions they are.
        let hits = hit::table
            .filter(among(hit::id, &ids))
            .filter(hit::at.between(first.at, last.at).and(hit::class.is_null()));
        let verdict = (hit::class.eq(reason.class()), hit::reason.eq(reason));
        let found: Vec<i64> =
            on_backend!(conn, |c| prepared!(diesel::update(hits).set(verdict).returning(hit::id)).load(c))?;
        marked.extend(found);
    }
    Ok(marked)
}

pub(super) fn counter(row: &Row, link: i64, class: Class) -> Counter {
    (row.campaign, row.kind(), link, row.at.start_of_hour(), class)
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
    for chunk in rows.chunks(COUNTERS_PER_STATEMENT) {
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
