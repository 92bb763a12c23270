//! An objection to direct marketing (GDPR Art. 21) leaves the answers as they are and stands in the way of all of them.
//! It is lifted only by what the person does themselves, and then brings back nothing but what they agree to now.

use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger::Statement;
use crate::domain::consent::opt_in::{self, Answer, OptIn, State};
use crate::domain::consent::suppression::{self, Reason};
use crate::error::Result;

/// Whether a person objects to the marketing email of a brand.
///
/// # Errors
/// Of the database.
pub fn stands(conn: &mut DbConnection, person: i64, brand: i64) -> Result<bool> {
    let Some(address) = subscriber::email_hash(conn, person)? else { return Ok(false) };
    Ok(suppression::standing(conn, &address, brand)?.iter().any(|found| found.reason == Reason::Objection))
}

/// Whether a standing objection is in the way of this answer, whenever it was given: what the person does themselves
/// lifts the objection, so whatever stands beside it is older than their last word or somebody else's.
pub fn covers(objects: bool, answer: &OptIn) -> bool {
    objects && answer.channel == Channel::Email
}

/// Ends what an objection to the statement's brand stands in the way of, so that lifting it does not bring it back.
///
/// # Errors
/// Of the database.
pub fn end_what_it_covers(conn: &mut DbConnection, statement: &Statement<'_>) -> Result<()> {
    let objects = stands(conn, statement.subscriber, statement.brand)?;
    for known in opt_in::of_subscriber(conn, statement.subscriber)? {
        let granted = known.brand_id == statement.brand && known.state == State::Granted;
        if granted && covers(objects, &known) {
            opt_in::set(conn, statement, known.topic_id, known.channel, Answer::Withdrawn)?;
        }
    }
    Ok(())
}
