//! Consent: what each person agreed to (per brand, topic and channel), the ledger that proves it, the addresses
//! that must never be used, and the gate that decides who may be written to.
//!
//! The ledger is the truth; opt-ins and tracking permissions are its projection, written in the same transaction. So it
//! is with what a person chose about a brand as a whole ([`brand_choice`]), which is no consent.

pub mod brand_choice;
pub mod confirmation;
pub mod facts;
pub mod gate;
pub mod ledger;
pub mod looks;
pub mod objection;
pub mod opt_in;
pub mod permission;
pub mod suppression;
pub mod told;
pub mod unsubscribe_reason;

use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::schema::subscriber;
use crate::error::Result;

pub use gate::{Permit, Refusal, decide};
pub use ledger::{Method, Statement};

/// Holds a person's row until the end of the transaction: whoever changes their consent comes alone.
///
/// SQLite has one writer anyway.
///
/// # Errors
/// Of the database.
pub fn lock(conn: &mut DbConnection, person: i64) -> Result<()> {
    if let DbConnection::Postgres(c) = conn {
        subscriber::table.find(person).select(subscriber::id).for_update().load::<i64>(c)?;
    }
    Ok(())
}

/// Holds off changes to these people's consent until the end of the transaction, so that what is decided on it
/// (a claim, a stored hit) is finished before a withdrawal is answered.
///
/// # Errors
/// Of the database.
pub fn hold(conn: &mut DbConnection, people: &[i64]) -> Result<()> {
    if let DbConnection::Postgres(c) = conn {
        // In one order everywhere, so that two holders never wait for each other.
        subscriber::table
            .filter(subscriber::id.eq_any(people))
            .order(subscriber::id)
            .select(subscriber::id)
            .for_share()
            .load::<i64>(c)?;
    }
    Ok(())
}
