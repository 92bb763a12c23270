//! Storing a batch once, also where nobody heard whether it was stored: PostgreSQL may commit and its answer be lost on
//! the way. So each batch has a number, which is written in the same transaction. A batch that is tried again writes it
//! first: if it is there already, the batch was stored; if an earlier try is still going on, that one is waited for.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Moment;
use crate::db::schema::recorder_batch;
use crate::db::{Database, DbConnection};
use crate::domain::tracking::hit::{self, Hit};
use crate::error::Result;
use crate::secret::random_number;

/// Stores the batches of one recorder, one after the other.
#[derive(Debug)]
pub(super) struct Once {
    db: Database,
    /// This recorder among all that ever worked on the database: a random number.
    recorder: i64,
    /// The last batch that came as far as its commit, with how many of its hits were stored.
    tried: Option<(i64, usize)>,
}

impl Once {
    /// For a recorder that begins.
    ///
    /// # Errors
    /// If the system has no random number.
    pub(super) fn new(db: Database) -> Result<Self> {
        Ok(Self { db, recorder: random_number()?, tried: None })
    }

    /// Stores those hits of a batch that may be stored; returns how many, now or when it was tried before.
    ///
    /// # Errors
    /// Of the database; then it was not stored, or nobody knows.
    pub(super) fn store(&mut self, batch: i64, hits: &[Hit]) -> Result<usize> {
        let Self { db, recorder, tried } = self;
        let doubted = tried.filter(|(number, _)| *number == batch);
        db.write_here(|conn| {
            if let Some((_, stored)) = doubted
                && !note(conn, *recorder, batch, hits)?
            {
                return Ok(stored);
            }
            let stored = hit::store(conn, hits)?;
            // Where nothing is stored, nothing can be stored twice.
            if stored > 0 && doubted.is_none() {
                note(conn, *recorder, batch, hits)?;
            }
            *tried = Some((batch, stored));
            Ok(stored)
        })
    }
}

/// Notes that a batch is stored by this transaction; false if one before has done so. SQLite always says what became of a
/// commit.
fn note(conn: &mut DbConnection, recorder: i64, batch: i64, hits: &[Hit]) -> Result<bool> {
    let DbConnection::Postgres(c) = conn else { return Ok(true) };
    let newest = hits.iter().map(|hit| hit.at).max().unwrap_or(hit::START);
    let noted: Vec<Noted> = prepared!(
        diesel::sql_query(
            "INSERT INTO recorder_batch (recorder, batch, at) VALUES ($1, $2, $3) \
             ON CONFLICT (recorder) DO UPDATE SET batch = excluded.batch, at = excluded.at \
             WHERE recorder_batch.batch <> excluded.batch RETURNING batch"
        )
        .bind::<BigInt, _>(recorder)
        .bind::<BigInt, _>(batch)
        .bind::<BigInt, _>(newest)
    )
    .load(c)?;
    Ok(noted.iter().any(|noted| noted.batch == batch))
}

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = BigInt)]
    batch: i64,
}

/// Forgets recorders that stored nothing since `until`: most of them ended long ago, and any other notes its next batch
/// anew.
///
/// # Errors
/// Of the database.
pub fn forget_recorders(conn: &mut DbConnection, until: Moment) -> Result<usize> {
    Ok(diesel::delete(recorder_batch::table.filter(recorder_batch::at.lt(until))).execute(conn)?)
}
