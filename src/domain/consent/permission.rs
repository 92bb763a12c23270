//! Tracking permissions: whether a brand may record what a person does. No row means never asked, which means no.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::permission;
use crate::domain::consent::ledger::{self, Decision, Matter, Statement};
use crate::error::Result;

word_enum! {
    /// What is asked for; each on its own (T-02, T-06).
    #[schema(as = PermissionKind)]
    pub enum Kind {
        /// Recording that a letter was opened.
        Opens = "opens",
        /// Recording which links were followed.
        Clicks = "clicks",
        /// Choosing what to send by what a person did.
        Profiling = "profiling",
    }
}

word_enum! {
    /// The present answer, where there is one.
    #[schema(as = PermissionState)]
    pub enum State {
        /// Yes.
        Granted = "granted",
        /// No.
        Refused = "refused",
    }
}

/// A permission as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = permission)]
pub struct Permission {
    /// The person.
    pub subscriber_id: i64,
    /// The brand.
    pub brand_id: i64,
    /// What for.
    pub kind: Kind,
    /// The present answer.
    pub state: State,
    /// Since when it is the answer.
    pub changed_at: Moment,
    /// The ledger entry behind it.
    pub ledger_id: i64,
}

/// What changed when a permission was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The answer is what it was.
    Nothing,
    /// Given, or given again.
    Granted,
    /// Refused when first asked.
    Refused,
    /// Taken back.
    Withdrawn,
}

/// Sets one permission and writes the ledger entry; the same answer again writes nothing.
///
/// What was recorded so far is not touched here: `tracking::permission` does both in one transaction.
///
/// # Errors
/// Of the database.
pub fn set(conn: &mut DbConnection, statement: &Statement<'_>, kind: Kind, granted: bool) -> Result<Change> {
    let present = find(conn, statement.subscriber, statement.brand, kind)?.map(|p| p.state);
    let (state, decision, change) = match (present, granted) {
        (Some(State::Granted), true) | (Some(State::Refused), false) => return Ok(Change::Nothing),
        (_, true) => (State::Granted, Decision::Granted, Change::Granted),
        (None, false) => (State::Refused, Decision::Refused, Change::Refused),
        (Some(State::Granted), false) => (State::Refused, Decision::Withdrawn, Change::Withdrawn),
    };
    let entry = ledger::record(conn, statement, Matter::Permission(kind), decision, None)?;
    let row = (
        permission::subscriber_id.eq(statement.subscriber),
        permission::brand_id.eq(statement.brand),
        permission::kind.eq(kind),
        permission::state.eq(state),
        permission::changed_at.eq(statement.at),
        permission::ledger_id.eq(entry),
    );
    on_backend!(conn, |c| diesel::insert_into(permission::table)
        .values(row)
        .on_conflict((permission::subscriber_id, permission::brand_id, permission::kind))
        .do_update()
        .set((
            permission::state.eq(excluded(permission::state)),
            permission::changed_at.eq(excluded(permission::changed_at)),
            permission::ledger_id.eq(excluded(permission::ledger_id)),
        ))
        .execute(c))?;
    Ok(change)
}

/// The permission of one person, brand and kind, unless never asked.
///
/// # Errors
/// Of the database.
pub fn find(conn: &mut DbConnection, person: i64, brand: i64, kind: Kind) -> Result<Option<Permission>> {
    Ok(permission::table
        .find((person, brand, kind))
        .select(Permission::as_select())
        .first(conn)
        .optional()?)
}

/// Whether a person allows it now. Never asked means no.
///
/// # Errors
/// Of the database.
pub fn granted(conn: &mut DbConnection, person: i64, brand: i64, kind: Kind) -> Result<bool> {
    Ok(find(conn, person, brand, kind)?.is_some_and(|p| p.state == State::Granted))
}

/// All permissions of one person.
///
/// # Errors
/// Of the database.
pub fn of_subscriber(conn: &mut DbConnection, person: i64) -> Result<Vec<Permission>> {
    Ok(permission::table
        .filter(permission::subscriber_id.eq(person))
        .select(Permission::as_select())
        .load(conn)?)
}
