//! The rows of the tables that an import writes, with their numbers: these are known before, so that nothing has to be
//! asked for afterwards.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::schema::{ledger, opt_in, permission, subscriber};
use crate::db::{DbConnection, bulk};
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger::{Decision, Method};
use crate::domain::consent::opt_in::{Basis, State};
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::email_address::EmailAddress;
use crate::error::Result;
use crate::id::PublicId;

/// A person who is not known yet.
#[derive(Insertable)]
#[diesel(table_name = subscriber, treat_none_as_default_value = false)]
pub(super) struct PersonRow<'a> {
    pub(super) id: i64,
    pub(super) public_id: PublicId,
    pub(super) email: &'a EmailAddress,
    pub(super) email_hash: &'a [u8],
    pub(super) phone: Option<&'a str>,
    pub(super) postal_address: Option<&'a str>,
    pub(super) first_name: Option<&'a str>,
    pub(super) last_name: Option<&'a str>,
    pub(super) company: Option<&'a str>,
    pub(super) country: Option<&'a str>,
    pub(super) locale: Option<&'a str>,
    pub(super) attributes: String,
    pub(super) source_id: i64,
    pub(super) created_at: Moment,
}

bulk_row! {
    PersonRow<'_>, PersonRow<'static>: "INSERT INTO subscriber (id, public_id, email, email_hash, phone, postal_address, \
        first_name, last_name, company, country, locale, attributes, source_id, created_at)" {
        id: BigInt, public_id: Binary, email: Text, email_hash: Binary, phone: Nullable<Text>,
        postal_address: Nullable<Text>, first_name: Nullable<Text>, last_name: Nullable<Text>, company: Nullable<Text>,
        country: Nullable<Text>, locale: Nullable<Text>, attributes: Text, source_id: BigInt, created_at: BigInt,
    } ""
}

/// An entry of the ledger.
#[derive(Insertable)]
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
pub(super) struct EntryRow<'a> {
    pub(super) id: i64,
    pub(super) subscriber_id: i64,
    pub(super) brand_id: i64,
    pub(super) evidence_id: i64,
    pub(super) topic_id: Option<i64>,
    pub(super) channel: Option<Channel>,
    pub(super) permission: Option<Kind>,
    pub(super) decision: Decision,
    pub(super) basis: Option<Basis>,
    pub(super) method: Method,
    pub(super) actor: &'a str,
    pub(super) at: Moment,
}

bulk_row! {
    EntryRow<'_>, EntryRow<'static>: "INSERT INTO ledger (id, subscriber_id, brand_id, evidence_id, topic_id, channel, \
        permission, decision, basis, method, actor, at)" {
        id: BigInt, subscriber_id: BigInt, brand_id: BigInt, evidence_id: BigInt, topic_id: Nullable<BigInt>,
        channel: Nullable<Text>, permission: Nullable<Text>, decision: Text, basis: Nullable<Text>, method: Text,
        actor: Text, at: BigInt,
    } ""
}

/// The present answer about a topic.
#[derive(Insertable)]
#[diesel(table_name = opt_in, treat_none_as_default_value = false)]
pub(super) struct OptInRow {
    pub(super) subscriber_id: i64,
    pub(super) topic_id: i64,
    pub(super) channel: Channel,
    pub(super) brand_id: i64,
    pub(super) state: State,
    pub(super) basis: Basis,
    pub(super) changed_at: Moment,
    pub(super) expires_at: Option<Moment>,
    pub(super) ledger_id: i64,
    pub(super) source_id: i64,
    pub(super) obtained_at: Moment,
}

bulk_row! {
    OptInRow, OptInRow: "INSERT INTO opt_in (subscriber_id, topic_id, channel, brand_id, state, basis, changed_at, \
        expires_at, ledger_id, source_id, obtained_at)" {
        subscriber_id: BigInt, topic_id: BigInt, channel: Text, brand_id: BigInt, state: Text, basis: Text,
        changed_at: BigInt, expires_at: Nullable<BigInt>, ledger_id: BigInt, source_id: BigInt, obtained_at: BigInt,
    } " ON CONFLICT (subscriber_id, topic_id, channel) DO UPDATE SET state = excluded.state, basis = excluded.basis, \
        changed_at = excluded.changed_at, expires_at = excluded.expires_at, ledger_id = excluded.ledger_id, \
        source_id = excluded.source_id, obtained_at = excluded.obtained_at"
}

/// The present answer about a permission.
#[derive(Insertable)]
#[diesel(table_name = permission, treat_none_as_default_value = false)]
pub(super) struct PermissionRow {
    pub(super) subscriber_id: i64,
    pub(super) brand_id: i64,
    pub(super) kind: Kind,
    pub(super) state: PermissionState,
    pub(super) changed_at: Moment,
    pub(super) ledger_id: i64,
}

bulk_row! {
    PermissionRow, PermissionRow: "INSERT INTO permission (subscriber_id, brand_id, kind, state, changed_at, ledger_id)" {
        subscriber_id: BigInt, brand_id: BigInt, kind: Text, state: Text, changed_at: BigInt, ledger_id: BigInt,
    } " ON CONFLICT (subscriber_id, brand_id, kind) DO UPDATE SET state = excluded.state, \
        changed_at = excluded.changed_at, ledger_id = excluded.ledger_id"
}

/// Rows of one statement of PostgreSQL, which takes 65,535 values in one.
const ROWS_AT_ONCE: usize = 2000;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The next row numbers of a table, which nobody else gets. On SQLite a writing transaction is alone.
///
/// # Errors
/// Of the database.
pub(super) fn numbers(conn: &mut DbConnection, table: &'static str, count: usize) -> Result<Vec<i64>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match conn {
        DbConnection::Sqlite(c) => {
            let last = "SELECT seq AS number FROM sqlite_sequence WHERE name = $1";
            let last: Option<Number> =
                diesel::sql_query(last).bind::<Text, _>(table).get_result(c).optional()?;
            let last = last.map_or(0, |last| last.number);
            Ok((last + 1..=last + count).collect())
        }
        DbConnection::Postgres(c) => {
            // OFFSET keeps the name from being looked up again for each number.
            let next = "SELECT nextval(sequence.name) AS number \
                FROM (SELECT pg_get_serial_sequence($1, 'id') AS name OFFSET 0) AS sequence, generate_series(1, $2)";
            let next = diesel::sql_query(next).bind::<Text, _>(table).bind::<BigInt, _>(count);
            Ok(next.load::<Number>(c)?.into_iter().map(|next| next.number).collect())
        }
    }
}

/// Writes entries of the ledger.
///
/// # Errors
/// Of the database.
pub(super) fn write_entries(conn: &mut DbConnection, rows: &[EntryRow<'_>]) -> Result<()> {
    match conn {
        DbConnection::Sqlite(c) => bulk::insert(c, rows)?,
        DbConnection::Postgres(c) => {
            if !rows.is_empty() {
                diesel::copy_from(ledger::table).from_insertable(rows).execute(c)?;
            }
        }
    }
    Ok(())
}

/// Writes the present answers about topics: those of people who are new, and those of others.
///
/// # Errors
/// Of the database.
pub(super) fn write_opt_ins(conn: &mut DbConnection, new: &[OptInRow], others: &[OptInRow]) -> Result<()> {
    match conn {
        DbConnection::Sqlite(c) => {
            bulk::insert(c, new)?;
            bulk::insert(c, others)?;
        }
        DbConnection::Postgres(c) => {
            if !new.is_empty() {
                diesel::copy_from(opt_in::table).from_insertable(new).execute(c)?;
            }
            for some in others.chunks(ROWS_AT_ONCE) {
                diesel::insert_into(opt_in::table)
                    .values(some)
                    .on_conflict((opt_in::subscriber_id, opt_in::topic_id, opt_in::channel))
                    .do_update()
                    .set((
                        opt_in::state.eq(excluded(opt_in::state)),
                        opt_in::basis.eq(excluded(opt_in::basis)),
                        opt_in::changed_at.eq(excluded(opt_in::changed_at)),
                        opt_in::expires_at.eq(excluded(opt_in::expires_at)),
                        opt_in::ledger_id.eq(excluded(opt_in::ledger_id)),
                        opt_in::source_id.eq(excluded(opt_in::source_id)),
                        opt_in::obtained_at.eq(excluded(opt_in::obtained_at)),
                    ))
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

/// Writes the present answers about permissions: those of people who are new, and those of others.
///
/// # Errors
/// Of the database.
pub(super) fn write_permissions(
    conn: &mut DbConnection,
    new: &[PermissionRow],
    others: &[PermissionRow],
) -> Result<()> {
    match conn {
        DbConnection::Sqlite(c) => {
            bulk::insert(c, new)?;
            bulk::insert(c, others)?;
        }
        DbConnection::Postgres(c) => {
            if !new.is_empty() {
                diesel::copy_from(permission::table).from_insertable(new).execute(c)?;
            }
            for some in others.chunks(ROWS_AT_ONCE) {
                diesel::insert_into(permission::table)
                    .values(some)
                    .on_conflict((permission::subscriber_id, permission::brand_id, permission::kind))
                    .do_update()
                    .set((
                        permission::state.eq(excluded(permission::state)),
                        permission::changed_at.eq(excluded(permission::changed_at)),
                        permission::ledger_id.eq(excluded(permission::ledger_id)),
                    ))
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    email: String,
}

/// Which of these addresses belong to somebody.
///
/// # Errors
/// Of the database.
pub(super) fn known(conn: &mut DbConnection, emails: &[&EmailAddress]) -> Result<HashSet<String>> {
    const AMONG: &str =
        "SELECT s.email FROM json_each($1) AS e CROSS JOIN subscriber AS s ON s.email = e.value";
    let texts: Vec<&str> = emails.iter().map(|email| email.as_str()).collect();
    let found: Vec<Known> = match conn {
        DbConnection::Sqlite(c) => {
            prepared!(diesel::sql_query(AMONG).bind::<Text, _>(serde_json::to_string(&texts)?)).load(c)?
        }
        DbConnection::Postgres(c) => {
            let among = "SELECT s.email FROM subscriber AS s WHERE s.email = ANY($1)";
            diesel::sql_query(among).bind::<Array<Text>, _>(texts).load(c)?
        }
    };
    Ok(found.into_iter().map(|known| known.email).collect())
}

/// Records people, and returns who of them is new with their row number. On PostgreSQL whoever signs up at this very
/// moment comes first, and is known a moment later.
///
/// # Errors
/// Of the database.
pub(super) fn create_people(
    conn: &mut DbConnection,
    people: &[PersonRow<'_>],
) -> Result<HashMap<EmailAddress, i64>> {
    let mut created: HashMap<EmailAddress, i64> =
        people.iter().map(|person| (person.email.clone(), person.id)).collect();
    match conn {
        DbConnection::Sqlite(c) => bulk::insert(c, people)?,
        DbConnection::Postgres(c) => {
            for some in people.chunks(ROWS_AT_ONCE) {
                let put: HashSet<i64> = diesel::insert_into(subscriber::table)
                    .values(some)
                    .on_conflict_do_nothing()
                    .returning(subscriber::id)
                    .get_results(c)?
                    .into_iter()
                    .collect();
                for person in some.iter().filter(|person| !put.contains(&person.id)) {
                    created.remove(person.email);
                }
            }
        }
    }
    Ok(created)
}
