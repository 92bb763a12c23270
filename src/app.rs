//! The [`App`]: built once, lent to every request and job. One `App` is one organisation with its own database.

pub mod incoming;
pub mod preflight;
pub mod setbacks;

use std::sync::Arc;

use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use diesel::result::Error::DatabaseError;
use tokio::sync::watch;

use crate::app::setbacks::Setbacks;
use crate::clock::{Clock, Moment};
use crate::config::{Options, Settings};
use crate::db::schema::organisation;
use crate::db::{Database, DbConnection, Schema};
use crate::domain::account::api_key;
use crate::domain::consent::Permit;
use crate::domain::delivery::pacer::Pacer;
use crate::domain::delivery::unanswered::Unanswered;
use crate::domain::tracking::{Crowds, Links, Recorder};
use crate::error::{Error, Result};
use crate::mail::dns::Dns;
use crate::mail::relay::Relays;
use crate::mail::transport;
use crate::secret::random_number;
use crate::token::Keys;

/// What the doors carry in: the database, the clock, the keys, the way out for mail, and the settings.
#[derive(Clone)]
pub struct App {
    /// The organisation's database.
    pub db: Database,
    /// Where `now` comes from.
    pub clock: Clock,
    /// The keys behind all links and hashes.
    pub keys: Keys,
    /// The ways out for mail; marketing needs a [`Permit`].
    pub relays: Relays<Permit>,
    /// How fast letters may go.
    pub pacer: Arc<Pacer>,
    /// Letters in a row of which no answer came.
    pub unanswered: Arc<Unanswered>,
    /// Messages in the maildir that could not be taken in.
    pub setbacks: Arc<Setbacks>,
    /// Whom the preflight asks about senders, and whoever takes reports in about who signed them.
    pub dns: Dns,
    /// The settings that are looked up while running.
    pub options: Arc<Options>,
    /// Stores what comes back from letters, in batches.
    pub recorder: Recorder,
    /// Which networks many people's letters are fetched from, for ten to fifteen seconds.
    pub crowds: Crowds,
    /// Where tracked links lead, in memory.
    pub links: Links,
    /// Which API keys were used, until it is written down.
    pub key_uses: api_key::Uses,
    /// Changes when a request made work that no job should wait for; see [`App::wake`].
    pub work: watch::Sender<()>,
    /// Turns true when the server is told to stop; see [`App::stop`].
    pub stopping: watch::Sender<bool>,
    /// This process among all that ever worked on the database: a random number.
    pub node: i64,
}

impl App {
    /// Tells all jobs that there is work; none of them misses it, busy or resting.
    pub fn wake(&self) {
        self.work.send_replace(());
    }

    /// Tells all jobs to finish what they have in hand and to begin nothing new.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the server was told to stop.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Opens the database, brings its schema up to date or looks whether it is, and prepares the way out for mail.
    ///
    /// # Errors
    /// As [`Database::open`], and [`Error::Conflict`] if the database belongs to other keys.
    pub fn build(settings: &Settings, schema: Schema) -> Result<Self> {
        Self::assemble(settings, Self::ways_out(settings)?, Clock::System, schema)
    }

    /// The ways out for mail that the settings describe; nothing is connected to yet.
    ///
    /// # Errors
    /// [`Error::Internal`] if TLS cannot be spoken.
    pub fn ways_out(settings: &Settings) -> Result<Relays<Permit>> {
        let options = transport::Options {
            hello: settings.hello.clone(),
            authorities: settings.mail_ca.clone(),
            ..transport::Options::default()
        };
        Relays::new(&settings.mail, &options)
    }

    /// [`App::build`] with ways out for mail and a clock of the caller's choice.
    ///
    /// # Errors
    /// As [`App::build`].
    pub fn assemble(
        settings: &Settings,
        relays: Relays<Permit>,
        clock: Clock,
        schema: Schema,
    ) -> Result<Self> {
        let db = Database::open(&settings.database, schema)?;
        let now = clock.now();
        db.write_here(|conn| adopt(conn, &settings.keys, now))?;
        let links = db.read_here(Links::load)?;
        Ok(Self {
            recorder: Recorder::start(db.clone())?,
            crowds: Crowds::default(),
            links,
            key_uses: api_key::Uses::default(),
            db,
            keys: settings.keys.clone(),
            dns: Dns::new(settings.dns),
            relays,
            pacer: Arc::new(Pacer::new(&clock)),
            unanswered: Arc::default(),
            setbacks: Arc::default(),
            clock,
            options: Arc::new(settings.options.clone()),
            work: watch::Sender::new(()),
            stopping: watch::Sender::new(false),
            node: random_number()?,
        })
    }
}

/// Ties a new database to the oldest secret, and refuses a database that is tied to another: with other keys every
/// suppressed address would be forgotten, and a sealed key could not be opened. Refuses one too that cannot be written: it
/// would look well until somebody unsubscribes.
///
/// # Errors
/// [`Error::Conflict`] if it is tied to another, or can only be read.
pub fn adopt(conn: &mut DbConnection, keys: &Keys, now: Moment) -> Result<()> {
    see_writable(conn)?;
    let fingerprint = keys.fingerprint();
    let mut known = tied_to(conn)?;
    if known.is_none() {
        let first = (
            organisation::id.eq(1),
            organisation::key_fingerprint.eq(&fingerprint),
            organisation::created_at.eq(now),
        );
        // Another server that starts on the same new database may be first.
        on_backend!(conn, |c| diesel::insert_into(organisation::table)
            .values(first)
            .on_conflict_do_nothing()
            .execute(c))?;
        known = tied_to(conn)?;
    }
    if known.as_deref() == Some(fingerprint.as_slice()) {
        return Ok(());
    }
    Err(Error::conflict(
        "This database was made with another secret. Put the old secret back, at the end of MANNERLY_SECRET",
    ))
}

/// A file of another user and a standby of PostgreSQL say so only to a statement that writes, also where it finds nothing.
fn see_writable(conn: &mut DbConnection) -> Result<()> {
    match diesel::delete(organisation::table.filter(organisation::id.eq(0))).execute(conn) {
        Ok(_) => Ok(()),
        Err(DatabaseError(kind, said))
            if matches!(kind, DatabaseErrorKind::ReadOnlyTransaction)
                || said.message().contains("readonly") =>
        {
            Err(Error::conflict(
                "The database can be read and not written: see that it belongs to the user that the server runs as",
            ))
        }
        Err(other) => Err(other.into()),
    }
}

/// The fingerprint of the secret that a database is tied to.
fn tied_to(conn: &mut DbConnection) -> Result<Option<Vec<u8>>> {
    Ok(organisation::table.select(organisation::key_fingerprint).first(conn).optional()?)
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::db::DatabaseUrl;

    #[test]
    fn a_file_that_can_only_be_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("mannerly.db").display().to_string());
        let db = Database::open(&url, Schema::Migrate).unwrap();
        let keys = Keys::from_secrets(&"0123456789abcdef".repeat(2)).unwrap();
        let adopt = |conn: &mut DbConnection| adopt(conn, &keys, Moment::from_micros(0));
        db.write_here(adopt).unwrap();
        let refused = db.write_here(|conn| {
            conn.batch_execute("PRAGMA query_only = ON")?;
            adopt(conn)
        });
        assert!(
            matches!(refused, Err(Error::Conflict(said)) if said.contains("can be read and not written"))
        );
    }
}
