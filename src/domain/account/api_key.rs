//! API keys: shown once, stored as a hash, each good for the scopes it was made for and nothing else (API-10).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::api_key;
use crate::error::{Error, Problem, Result};
use crate::id::PublicId;
use crate::line::is_line;
use crate::secret::Secret;

/// What every key begins with, so that people and scanners of leaked secrets know what it is.
pub const PREFIX: &str = "mk_";

/// The use of a key is written down at most once in this time.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

word_enum! {
    /// What an API key may be used for.
    pub enum Scope {
        /// Read what is about nobody in particular: brands, topics, sources, campaigns, counts and reports.
        ReadAggregate = "read_aggregate",
        /// Read people: their data, choices, ledger, and letters filled with their data.
        ReadPerson = "read_person",
        /// Record, change and erase people, their choices and suppressions; import.
        WritePerson = "write_person",
        /// Write brands, topics and sources.
        Catalog = "catalog",
        /// Write, test, schedule and stop campaigns.
        Campaigns = "campaigns",
        /// Everything.
        Admin = "admin",
    }
}

impl Scope {
    /// Reads a list of scopes, separated by commas or spaces.
    ///
    /// # Errors
    /// If there is none, or one is unknown; names those that exist.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Problem> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let scopes: Option<Vec<Self>> = words.map(Self::parse).collect();
        match scopes {
            Some(mut scopes) if !scopes.is_empty() => {
                scopes.sort_unstable();
                scopes.dedup();
                Ok(scopes)
            }
            _ => {
                let known: Vec<&str> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
                Err(Problem::new("scopes", format!("Choose one or more of {}", known.join(", "))))
            }
        }
    }
}

/// An API key as it is known afterwards: without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Row number.
    pub id: i64,
    /// Its identity outside.
    pub public_id: PublicId,
    /// What it is for, in the words of who made it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last used, to a minute or two.
    pub last_used_at: Option<Moment>,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
}

impl ApiKey {
    /// Whether the key may be used for this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// How the ledger names it as the actor of what it does.
    pub fn actor(&self) -> String {
        format!("api-key:{}", self.public_id)
    }
}

type Row = (i64, PublicId, String, String, Moment, Option<Moment>, Option<Moment>);

impl ApiKey {
    fn of(row: Row) -> Result<Self> {
        let (id, public_id, name, scopes, created_at, last_used_at, revoked_at) = row;
        let scopes = Scope::parse_list(&scopes).map_err(|problem| Error::internal(problem.detail))?;
        Ok(Self { id, public_id, name, scopes, created_at, last_used_at, revoked_at })
    }
}

const COLUMNS: (
    api_key::id,
    api_key::public_id,
    api_key::name,
    api_key::scopes,
    api_key::created_at,
    api_key::last_used_at,
    api_key::revoked_at,
) = (
    api_key::id,
    api_key::public_id,
    api_key::name,
    api_key::scopes,
    api_key::created_at,
    api_key::last_used_at,
    api_key::revoked_at,
);

/// Makes a key. The secret is returned this once and never again.
///
/// # Errors
/// [`Error::Invalid`] for a name that is not one line of 1 to 100 characters, or without a scope.
pub fn create(
    conn: &mut DbConnection,
    name: &str,
    scopes: &[Scope],
    now: Moment,
) -> Result<(ApiKey, Secret)> {
    let name = name.trim();
    if name.is_empty() || !is_line(name, 100) {
        return Err(Error::invalid("name", "Name the key in one line of 1 to 100 characters"));
    }
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let scopes = Scope::parse_list(&words.join(" ")).map_err(|problem| Error::Invalid(vec![problem]))?;
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let secret = Secret::generate(PREFIX)?;
    let row: Row = diesel::insert_into(api_key::table)
        .values((
            api_key::public_id.eq(PublicId::new()),
            api_key::name.eq(name),
            api_key::key_hash.eq(secret.hash()),
            api_key::scopes.eq(words.join(" ")),
            api_key::created_at.eq(now),
        ))
        .returning(COLUMNS)
        .get_result(conn)?;
    Ok((ApiKey::of(row)?, secret))
}

/// The key of this secret, unless it is unknown or revoked.
///
/// # Errors
/// Of the database.
pub fn authenticate(conn: &mut DbConnection, secret: &Secret) -> Result<Option<ApiKey>> {
    if !secret.reveal().starts_with(PREFIX) {
        return Ok(None);
    }
    let row: Option<Row> = api_key::table
        .filter(api_key::key_hash.eq(secret.hash()).and(api_key::revoked_at.is_null()))
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(ApiKey::of).transpose()
}

/// Which keys were used and when, in memory until [`touch`] writes it down: a request that only reads must not
/// write. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Uses(Arc<Mutex<BTreeMap<i64, Moment>>>);

impl Uses {
    /// Remembers a use, unless one of the last minute is written down already.
    pub fn note(&self, key: &ApiKey, now: Moment) {
        if key.last_used_at.is_none_or(|last| last.plus(TOUCH_EVERY) <= now) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.id, now);
        }
    }

    /// What was remembered since the last time, by the row numbers of the keys.
    pub fn take(&self) -> BTreeMap<i64, Moment> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes down when keys were used.
///
/// # Errors
/// Of the database.
pub fn touch(conn: &mut DbConnection, uses: &BTreeMap<i64, Moment>) -> Result<()> {
    for (key, at) in uses {
        diesel::update(api_key::table.find(key)).set(api_key::last_used_at.eq(at)).execute(conn)?;
    }
    Ok(())
}

/// All keys, in the order they were made, revoked ones too.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection) -> Result<Vec<ApiKey>> {
    let rows: Vec<Row> = api_key::table.order(api_key::id).select(COLUMNS).load(conn)?;
    rows.into_iter().map(ApiKey::of).collect()
}

/// Ends a key at once and for good; ending it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub fn revoke(conn: &mut DbConnection, id: PublicId, now: Moment) -> Result<()> {
    let found: Option<(i64, Option<Moment>)> = api_key::table
        .filter(api_key::public_id.eq(id))
        .select((api_key::id, api_key::revoked_at))
        .first(conn)
        .optional()?;
    let (row, revoked_at) = found.ok_or(Error::NotFound("API key"))?;
    if revoked_at.is_none() {
        diesel::update(api_key::table.find(row)).set(api_key::revoked_at.eq(now)).execute(conn)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Database, DatabaseUrl, Schema};

    const NOW: Moment = Moment::from_micros(1_000_000_000);

    fn on_database(test: impl FnOnce(&mut DbConnection) -> Result<()>) {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("test.db").display().to_string());
        Database::open(&url, Schema::Migrate).unwrap().write_here(test).unwrap();
    }

    #[test]
    fn a_key_is_known_by_its_secret_until_it_is_revoked() {
        on_database(|conn| {
            let (key, secret) = create(conn, " shop ", &[Scope::Campaigns, Scope::Catalog], NOW)?;
            assert!(secret.reveal().starts_with(PREFIX));
            assert_eq!((key.name.as_str(), key.scopes.len()), ("shop", 2));
            assert_eq!(authenticate(conn, &secret)?.map(|k| k.public_id), Some(key.public_id));
            revoke(conn, key.public_id, NOW)?;
            revoke(conn, key.public_id, NOW)?;
            assert_eq!(authenticate(conn, &secret)?, None);
            assert!(list(conn)?.iter().all(|k| k.revoked_at == Some(NOW)));
            Ok(())
        });
    }

    #[test]
    fn the_secret_itself_is_not_stored() {
        on_database(|conn| {
            let (_, secret) = create(conn, "shop", &[Scope::Admin], NOW)?;
            let stored: Vec<u8> = api_key::table.select(api_key::key_hash).first(conn)?;
            assert_eq!(stored, secret.hash());
            assert_ne!(stored, secret.reveal().as_bytes());
            Ok(())
        });
    }

    #[test]
    fn the_use_of_a_key_is_written_down_at_most_once_a_minute() {
        on_database(|conn| {
            let (key, secret) = create(conn, "shop", &[Scope::Admin], NOW)?;
            let uses = Uses::default();
            uses.note(&key, NOW);
            touch(conn, &uses.take())?;
            let used = authenticate(conn, &secret)?.unwrap();
            assert_eq!(used.last_used_at, Some(NOW));
            uses.note(&used, NOW.plus(Duration::from_secs(59)));
            assert_eq!(uses.take(), BTreeMap::new());
            let later = NOW.plus(Duration::from_secs(60));
            uses.note(&used, later);
            touch(conn, &uses.take())?;
            assert_eq!(authenticate(conn, &secret)?.unwrap().last_used_at, Some(later));
            Ok(())
        });
    }

    #[test]
    fn a_key_allows_its_scopes_and_an_admin_key_all() {
        on_database(|conn| {
            let (send, _) = create(conn, "send", &[Scope::Campaigns], NOW)?;
            assert!(send.allows(Scope::Campaigns));
            assert!(!send.allows(Scope::ReadPerson) && !send.allows(Scope::Admin));
            let (admin, _) = create(conn, "admin", &[Scope::Admin], NOW)?;
            assert!(Scope::ALL.iter().all(|scope| admin.allows(*scope)));
            Ok(())
        });
    }

    #[test]
    fn a_key_without_a_name_or_a_scope_is_refused() {
        on_database(|conn| {
            for (name, scopes) in [("", &[Scope::Admin][..]), ("a\nb", &[Scope::Admin]), ("shop", &[])] {
                assert!(matches!(create(conn, name, scopes, NOW), Err(Error::Invalid(_))));
            }
            Ok(())
        });
    }

    #[test]
    fn a_list_of_scopes_is_read_with_commas_or_spaces() {
        assert_eq!(
            Scope::parse_list("campaigns, read_aggregate").unwrap(),
            [Scope::ReadAggregate, Scope::Campaigns]
        );
        for wrong in ["", " , ", "campaigns,everything"] {
            assert_eq!(Scope::parse_list(wrong).unwrap_err().field, "scopes");
        }
    }
}
