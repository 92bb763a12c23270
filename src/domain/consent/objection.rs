//! An objection to direct marketing (GDPR Art. 21) leaves the answers as they are and stands in the way of all of them.
//! It is lifted only by what the person does themselves, and then brings back nothing but what they agree to now.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger::Statement;
use crate::domain::consent::opt_in::{self, Answer, OptIn, State};
use crate::domain::consent::suppression::{self, Reason};
use crate::error::Result;

/// When a person last objected to the marketing email of a brand, if that still holds for it.
///
/// # Errors
/// Of the database.
pub fn since(conn: &mut DbConnection, person: i64, brand: i64) -> Result<Option<Moment>> {
    let Some(address) = subscriber::email_hash(conn, person)? else { return Ok(None) };
    let standing = suppression::standing(conn, &address, brand)?.into_iter();
    Ok(standing.filter(|found| found.reason == Reason::Objection).map(|found| found.created_at).max())
}

/// Whether an objection at that moment stands in the way of this answer.
pub fn covers(objected: Option<Moment>, answer: &OptIn) -> bool {
    answer.channel == Channel::Email && objected.is_some_and(|objected| answer.changed_at <= objected)
}

/// Ends what was agreed to before an objection to the statement's brand, so that lifting it does not bring it back.
///
/// # Errors
/// Of the database.
pub fn end_what_it_covers(conn: &mut DbConnection, statement: &Statement<'_>) -> Result<()> {
    let objected = since(conn, statement.subscriber, statement.brand)?;
    for known in opt_in::of_subscriber(conn, statement.subscriber)? {
        let granted = known.brand_id == statement.brand && known.state == State::Granted;
        if granted && covers(objected, &known) {
            opt_in::set(conn, statement, known.topic_id, known.channel, Answer::Withdrawn)?;
        }
    }
    Ok(())
}
