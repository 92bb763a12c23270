//! One connection type for both databases, how it is opened, and the macro for what the common type cannot say.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::Integer;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::db::Kind;
use crate::error::{Error, Problem, Result};

/// A connection to whichever database is configured.
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// SQLite, inside the process.
    Sqlite(SqliteConnection),
    /// PostgreSQL, over a socket.
    Postgres(PgConnection),
}

impl DbConnection {
    /// Which of them it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(_) => Kind::Sqlite,
            Self::Postgres(_) => Kind::Postgres,
        }
    }
}

/// Runs one expression on the concrete connection, for what the common one does not compile: upserts, batch
/// inserts, row locks, COPY.
macro_rules! on_backend {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::DbConnection::Sqlite($c) => $body,
            $crate::db::DbConnection::Postgres($c) => $body,
        }
    };
}

/// Which database, and where.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(String),
    /// A `postgres://` URL.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite:path/to/file.db` or `postgres://user:password@host/database`.
    ///
    /// # Errors
    /// For any other scheme.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(Problem::new("database-url", "Name a file, as in sqlite:mannerly.db"));
            }
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            if demands_tls(text) && !cfg!(feature = "postgres-tls") {
                return Err(Problem::new(
                    "database-url",
                    "This program was built without TLS for PostgreSQL; build it with --features postgres-tls",
                ));
            }
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(Problem::new(
            "database-url",
            "The database URL begins with sqlite: or postgres://, as in sqlite:mannerly.db",
        ))
    }

    /// Looks whether the file is there; whether a server has the database is found by connecting to it.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it is not: SQLite would make an empty one, and a typing error or another working folder
    /// would look like a server that knows nobody.
    pub(super) fn find(&self) -> Result<()> {
        match self {
            Self::Sqlite(path) if !Path::new(path).exists() => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
                Err(Error::conflict(format!(
                    "There is no database {}; name it with --database-url, or make it with: mannerly migrate",
                    path.display()
                )))
            }
            Self::Sqlite(_) | Self::Postgres(_) => Ok(()),
        }
    }
}

/// Whether a URL asks for a connection that nobody else can read.
fn demands_tls(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| {
        name == "sslmode" && ["require", "verify-ca", "verify-full"].contains(&value.as_ref())
    })
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "DatabaseUrl(sqlite)",
            Self::Postgres(_) => "DatabaseUrl(postgres, hidden)",
        })
    }
}

/// A connection of a pool.
pub(super) struct Pooled {
    pub(super) connection: DbConnection,
    /// When it last answered that it is alive.
    answered: Instant,
}

impl Pooled {
    fn new(connection: DbConnection) -> Self {
        Self { connection, answered: Instant::now() }
    }
}

/// For how long an answer counts: no database that is used a thousand times a second is asked each time, and none
/// restarts so fast.
const ANSWER_COUNTS: Duration = Duration::from_millis(50);

/// Opens and checks connections for r2d2.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) url: DatabaseUrl,
    /// A reader can change nothing.
    pub(super) read_only: bool,
}

impl r2d2::ManageConnection for Opener {
    type Connection = Pooled;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Pooled, Self::Error> {
        let failed = diesel::r2d2::Error::ConnectionError;
        let prepared = diesel::r2d2::Error::QueryError;
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path).map_err(failed)?;
                // FULL: a commit is on the disk before anybody is told of it, so that not even a power cut takes an
                // answered withdrawal back or sends a letter again.
                connection
                    .batch_execute(
                        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                         PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000;",
                    )
                    .map_err(prepared)?;
                connection
                    .batch_execute(if self.read_only {
                        // There are several of them, and the system keeps the file's pages for all of them anyway.
                        "PRAGMA query_only = ON; PRAGMA cache_size = -1000;"
                    } else {
                        // What is deleted is written over, by whichever door it goes and however long before an
                        // erasure: what is free already no erasure finds (L-34).
                        "PRAGMA main.secure_delete = ON;"
                    })
                    .map_err(prepared)?;
                Ok(Pooled::new(DbConnection::Sqlite(connection)))
            }
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::establish(url).map_err(failed)?;
                // Where the server itself is content with less, its crash would take back outcomes that were written,
                // and send those letters again. And whoever waited for a row reads what the other one left: a stricter
                // isolation would show them what was there before they waited, or fail.
                connection
                    .batch_execute(
                        "SELECT set_config('synchronous_commit', 'on', false) \
                         WHERE current_setting('synchronous_commit') = 'off'; \
                         SET default_transaction_isolation = 'read committed'",
                    )
                    .map_err(prepared)?;
                connection
                    .batch_execute(if self.read_only {
                        "SET default_transaction_read_only = on"
                    } else {
                        // What writes asks for single rows by their numbers, again and again, and looks for the best
                        // way each time takes longer than going it.
                        "SET plan_cache_mode = force_generic_plan"
                    })
                    .map_err(prepared)?;
                Ok(Pooled::new(DbConnection::Postgres(connection)))
            }
        }
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Self::Error> {
        match &mut pooled.connection {
            // A file does not hang up.
            DbConnection::Sqlite(_) => Ok(()),
            DbConnection::Postgres(_) if pooled.answered.elapsed() < ANSWER_COUNTS => Ok(()),
            DbConnection::Postgres(c) => {
                c.ping().map_err(diesel::r2d2::Error::QueryError)?;
                pooled.answered = Instant::now();
                Ok(())
            }
        }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        std::thread::panicking() || on_backend!(&mut pooled.connection, |c| c.is_broken())
    }
}

/// Runs `work` in a transaction that may write.
///
/// SQLite's begins with `BEGIN IMMEDIATE`: one that starts reading and then writes dies when another wrote in
/// between, whatever the busy timeout.
pub(super) fn write_transaction<T>(
    connection: &mut DbConnection,
    work: impl FnOnce(&mut DbConnection) -> Result<T>,
) -> Result<T> {
    match connection {
        DbConnection::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
        DbConnection::Postgres(c) => AnsiTransactionManager::begin_transaction(c)?,
    }
    type Manager = <DbConnection as Connection>::TransactionManager;
    // A panic in `work` leaves the transaction open; `has_broken` then throws the connection away.
    match work(connection) {
        Ok(value) => {
            Manager::commit_transaction(connection)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = Manager::rollback_transaction(connection) {
                return Err(Error::Unavailable(rollback.into()));
            }
            Err(error)
        }
    }
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

/// Carries over what is in SQLite's log and cuts the log to nothing: until it is written over, it keeps what was deleted.
/// Returns whether that was possible: nobody else may be reading an older state. PostgreSQL sees to its log itself.
pub(super) fn empty_log(connection: &mut DbConnection) -> Result<bool> {
    let DbConnection::Sqlite(c) = connection else { return Ok(true) };
    // Nobody can write meanwhile, so it does not wait long for those who read.
    c.batch_execute("PRAGMA busy_timeout = 250")?;
    let done = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(c);
    c.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(done?.busy == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_names_its_kind() {
        assert_eq!(DatabaseUrl::parse("sqlite:a.db").unwrap(), DatabaseUrl::Sqlite("a.db".into()));
        assert_eq!(DatabaseUrl::parse("sqlite:///a.db").unwrap(), DatabaseUrl::Sqlite("/a.db".into()));
        assert!(matches!(DatabaseUrl::parse("postgres://h/d").unwrap(), DatabaseUrl::Postgres(_)));
        for wrong in ["", "sqlite:", "mysql://h/d", "postgre://h/d", "/tmp/a.db", "sqlite::memory:"] {
            assert!(DatabaseUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tls_that_the_program_does_not_speak_is_refused_and_not_left_out() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let url = format!("postgres://h/d?connect_timeout=1&sslmode={mode}&sslrootcert=ca.pem");
            let parsed = DatabaseUrl::parse(&url);
            if cfg!(feature = "postgres-tls") {
                assert!(parsed.is_ok(), "{mode}");
            } else {
                assert!(parsed.unwrap_err().detail.contains("--features postgres-tls"), "{mode}");
            }
        }
        assert!(DatabaseUrl::parse("postgres://h/d?sslmode=prefer").is_ok());
    }

    #[test]
    fn debug_never_shows_a_password() {
        let url = DatabaseUrl::parse("postgres://me:hunter2@h/d").unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
