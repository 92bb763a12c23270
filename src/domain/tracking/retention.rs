//! How long hits are kept: after that only counters remain. On PostgreSQL hits lie in a partition for each month, made
//! ahead and dropped whole; elsewhere, and where there is no partition, the oldest are deleted in small batches.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::clock::Moment;
use crate::db::schema::hit;
use crate::db::{DbConnection, among};
use crate::error::Result;

/// The most hits that one transaction deletes.
const BATCH: i64 = 1000;

/// How many months after the present one have their partition.
const AHEAD: i32 = 2;

/// A month of the calendar in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Month {
    name: i32,
    from: Moment,
    to: Moment,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    found: i64,
}

/// Deletes one batch of hits from before `until`, judged or not. Returns how many.
///
/// # Errors
/// Of the database.
pub fn delete_old(conn: &mut DbConnection, until: Moment) -> Result<usize> {
    // Row numbers and time go up together, so the lowest numbers are the oldest hits and no search is needed. A hit
    // that waited for its commit may stand a little before its time.
    let oldest: Vec<(i64, Moment)> =
        hit::table.order(hit::id).limit(BATCH).select((hit::id, hit::at)).load(conn)?;
    let ids: Vec<i64> = oldest.into_iter().filter(|(_, at)| *at < until).map(|(id, _)| id).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let gone = hit::table.filter(among(hit::id, &ids)).filter(hit::at.lt(until));
    Ok(diesel::delete(gone).execute(conn)?)
}

/// Makes the partitions that will be needed and drops those that are out of time as a whole. Does nothing on SQLite.
///
/// # Errors
/// Of the database.
pub fn tend_partitions(conn: &mut DbConnection, now: Moment, until: Moment) -> Result<()> {
    let DbConnection::Postgres(c) = conn else { return Ok(()) };
    let tables: Vec<Name> = diesel::sql_query(
        "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = 'hit'::regclass",
    )
    .load(c)?;
    let there = |month: &Month| tables.iter().any(|table| table.name == month.table());
    for months in 0..=AHEAD {
        let Some(month) = Month::after(now, months) else { continue };
        if !there(&month) {
            make(c, month)?;
        }
    }
    for Name { name } in &tables {
        let month = name.strip_prefix("hit_").and_then(|number| Month::of(number.parse().ok()?));
        if month.is_some_and(|month| month.to <= until) {
            diesel::sql_query(format!("DROP TABLE {name}")).execute(c)?;
        }
    }
    Ok(())
}

/// Makes a month's partition, and moves into it what came before there was one.
fn make(c: &mut PgConnection, month: Month) -> Result<()> {
    let Month { from, to, .. } = month;
    let (table, from, to) = (month.table(), from.as_micros(), to.as_micros());
    let stray = format!(
        "SELECT count(*) AS found FROM (SELECT FROM hit_default WHERE at >= {from} AND at < {to} LIMIT 1) s"
    );
    if diesel::sql_query(stray).get_result::<Found>(c)?.found == 0 {
        let made = format!("CREATE TABLE {table} PARTITION OF hit FOR VALUES FROM ({from}) TO ({to})");
        diesel::sql_query(made).execute(c)?;
        return Ok(());
    }
    for statement in [
        "LOCK TABLE hit IN ACCESS EXCLUSIVE MODE".to_owned(),
        format!("CREATE TABLE {table} (LIKE hit INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"),
        format!(
            "WITH moved AS (DELETE FROM hit_default WHERE at >= {from} AND at < {to} RETURNING *) \
             INSERT INTO {table} SELECT * FROM moved"
        ),
        format!("ALTER TABLE hit ATTACH PARTITION {table} FOR VALUES FROM ({from}) TO ({to})"),
    ] {
        diesel::sql_query(statement).execute(c)?;
    }
    Ok(())
}

impl Month {
    /// The month so many months after that of a moment.
    fn after(moment: Moment, months: i32) -> Option<Self> {
        let (year, month) = moment.year_and_month();
        let count = year * 12 + month - 1 + months;
        Self::of(count.div_euclid(12) * 100 + count.rem_euclid(12) + 1)
    }

    /// The month by its number: 202611.
    fn of(name: i32) -> Option<Self> {
        let start = |year: i32, month: i32| Moment::parse(&format!("{year:04}-{month:02}-01T00:00:00Z"));
        let (year, month) = (name.div_euclid(100), name.rem_euclid(100));
        let to = if month == 12 { start(year + 1, 1) } else { start(year, month + 1) };
        Some(Self { name, from: start(year, month)?, to: to? })
    }

    fn table(self) -> String {
        format!("hit_{:06}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_over_the_end_of_the_year() {
        let now = Moment::parse("2026-11-30T23:59:59Z").unwrap();
        let names: Vec<i32> =
            (0..=AHEAD).filter_map(|months| Month::after(now, months)).map(|month| month.name).collect();
        assert_eq!(names, [202_611, 202_612, 202_701]);
        let december = Month::of(202_612).unwrap();
        assert_eq!(december.to, Moment::parse("2027-01-01T00:00:00Z").unwrap());
        assert_eq!(december.table(), "hit_202612");
        assert_eq!(Month::of(202_613), None);
    }
}
