//! The database: two doors, [`Database::read`] and [`Database::write`], and nothing about what is in it.
//!
//! The domain is synchronous and takes a `&mut DbConnection`; only here does `async` meet it, on threads made for
//! blocking. A write is one transaction, opened and closed here. Network or other slow work never happens inside.

#[macro_use]
mod types;
#[macro_use]
mod connection;
mod among;
#[macro_use]
pub mod bulk;
pub mod migrate;
#[macro_use]
mod prepared;
mod presence;
mod row_numbers;
#[expect(missing_docs, reason = "diesel's table! takes no docs; the columns are explained in the migrations")]
pub mod schema;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;

use crate::error::{Error, Result};

pub use among::{Among, among, in_order};
pub use bulk::BulkRow;
pub use connection::{DatabaseUrl, DbConnection};
pub use migrate::Schema;
pub use prepared::{Prepared, fixed};
pub use presence::Presence;
pub use row_numbers::{SKIPPED, skip_row_numbers};

/// The pools of one organisation's database.
#[derive(Clone)]
pub struct Database {
    readers: r2d2::Pool<connection::Opener>,
    writers: r2d2::Pool<connection::Opener>,
    kind: Kind,
    /// Whether SQLite's log may still hold what was erased.
    log_is_due: Arc<AtomicBool>,
}

/// Which of the two databases it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Embedded; one writer at a time.
    Sqlite,
    /// A server; writers run side by side.
    Postgres,
}

/// How long a request waits for a connection before it is told that the database does not answer.
const CHECKOUT: Duration = Duration::from_secs(3);

impl Database {
    /// Opens the pools, and brings the schema up to date or looks whether it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it cannot be reached; [`Error::Internal`] if a migration fails; [`Error::Conflict`] if
    /// there is no such file or its schema is not this program's, and it was not to be changed or is newer.
    pub fn open(url: &DatabaseUrl, schema: Schema) -> Result<Self> {
        if schema == Schema::Check {
            url.find()?;
        }
        let (kind, readers, writers) = match url {
            DatabaseUrl::Sqlite(_) => (Kind::Sqlite, 4, 1),
            DatabaseUrl::Postgres(_) => (Kind::Postgres, 6, 6),
        };
        let pool = |size: u32, read_only: bool| {
            r2d2::Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                // A connection that died while it rested says so only when it is asked; diesel does not notice.
                .test_on_check_out(true)
                .connection_timeout(CHECKOUT)
                .error_handler(Box::new(QuietErrors))
                .build(connection::Opener { url: url.clone(), read_only })
        };
        let writers = pool(writers, false)?;
        let prepare = match schema {
            Schema::Migrate => migrate::up,
            Schema::Check => migrate::check,
        };
        prepare(&mut writers.get()?.connection)?;
        // Whoever was killed after an erasure has left the log as it was.
        let is_empty = connection::empty_log(&mut writers.get()?.connection)?;
        let log_is_due = Arc::new(AtomicBool::new(!is_empty));
        Ok(Self { readers: pool(readers, true)?, writers, kind, log_is_due })
    }

    /// Which of the two databases it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Reads, on a thread made for blocking.
    ///
    /// # Errors
    /// What `work` returns, or [`Error::Unavailable`] without a connection.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.clone();
        on_blocking_thread(move || database.read_here(work)).await
    }

    /// Runs one writing transaction, on a thread made for blocking: all of it or nothing.
    ///
    /// # Errors
    /// What `work` returns, after a rollback, or [`Error::Unavailable`] without a connection.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.clone();
        on_blocking_thread(move || database.write_here(work)).await
    }

    /// [`Database::write`] for an erasure: what it deleted is not left in SQLite's log either. Where that cannot be
    /// emptied at once, because somebody reads an older state, [`Database::empty_log`] does it later.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub async fn erase<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = self.write(work).await?;
        self.log_is_due.store(true, Ordering::Release);
        if let Err(error) = self.empty_log().await {
            // What is committed is committed; the job tries again.
            tracing::warn!(%error, "the database's log could not be emptied yet");
        }
        Ok(done)
    }

    /// Empties SQLite's log, if an erasure has left that to be done. Returns whether nothing is left to do.
    ///
    /// # Errors
    /// Of the database; it stays to be done then.
    pub async fn empty_log(&self) -> Result<bool> {
        if !self.log_is_due.swap(false, Ordering::AcqRel) {
            return Ok(true);
        }
        let database = self.clone();
        let done = on_blocking_thread(move || connection::empty_log(&mut database.writers.get()?.connection));
        let done = done.await;
        if !matches!(done, Ok(true)) {
            self.log_is_due.store(true, Ordering::Release);
        }
        done
    }

    /// [`Database::read`] on this thread.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn read_here<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T>) -> Result<T> {
        work(&mut self.readers.get()?.connection)
    }

    /// [`Database::write`] on this thread.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn write_here<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T>) -> Result<T> {
        connection::write_transaction(&mut self.writers.get()?.connection, work)
    }
}

/// Tells PostgreSQL what tables look like now, so that campaigns that begin at once need not wait until it sees for
/// itself that they have grown: it keeps to ways that were chosen when they were small. SQLite asks for no statistics.
///
/// # Errors
/// Of the database.
pub fn refresh_statistics(conn: &mut DbConnection, tables: &[&str]) -> Result<()> {
    if let DbConnection::Postgres(c) = conn {
        for table in tables {
            c.batch_execute(&format!("ANALYZE {table}"))?;
        }
    }
    Ok(())
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Database").field(&self.kind).finish()
    }
}

async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panic) => Err(Error::internal(panic)),
    }
}

/// r2d2 reports each failed attempt; one line without the URL is enough.
#[derive(Debug)]
struct QuietErrors;

impl<E: std::error::Error> r2d2::HandleError<E> for QuietErrors {
    fn handle_error(&self, _error: E) {
        tracing::warn!("a database connection could not be opened or was lost");
    }
}
