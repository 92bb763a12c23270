//! Confirmations: the second half of a double opt-in. The link shows a button; only its press grants (O-08).

use std::time::Duration;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{confirmation, opt_in};
use crate::domain::consent::ledger::{Method, SUBSCRIBER, Statement};
use crate::domain::consent::opt_in::{Answer, Basis, OptIn, State};
use crate::domain::consent::permission::Kind;
use crate::domain::consent::{lock, opt_in as opt_ins, permission};
use crate::error::{Error, Result};

/// How long a confirmation link is good.
pub const VALID: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A confirmation as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = confirmation)]
pub struct Confirmation {
    /// Row number.
    pub id: i64,
    /// The person.
    pub subscriber_id: i64,
    /// The brand.
    pub brand_id: i64,
    /// What was shown when the opt-ins were asked for.
    pub evidence_id: i64,
    /// Whether recording opens was ticked.
    pub wants_opens: bool,
    /// Whether recording clicks was ticked.
    pub wants_clicks: bool,
    /// When it was made.
    pub created_at: Moment,
    /// Until when it is good.
    pub expires_at: Moment,
    /// When it was used.
    pub confirmed_at: Option<Moment>,
}

/// Opens a confirmation for what a person has pending with a brand.
///
/// # Errors
/// Of the database.
pub fn open(
    conn: &mut DbConnection,
    person: i64,
    brand: i64,
    evidence: i64,
    wants: &[Kind],
    now: Moment,
) -> Result<i64> {
    Ok(diesel::insert_into(confirmation::table)
        .values((
            confirmation::subscriber_id.eq(person),
            confirmation::brand_id.eq(brand),
            confirmation::evidence_id.eq(evidence),
            confirmation::wants_opens.eq(wants.contains(&Kind::Opens)),
            confirmation::wants_clicks.eq(wants.contains(&Kind::Clicks)),
            confirmation::created_at.eq(now),
            confirmation::expires_at.eq(now.plus(VALID)),
        ))
        .returning(confirmation::id)
        .get_result(conn)?)
}

/// The confirmation of this row number.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<Confirmation> {
    confirmation::table
        .find(id)
        .select(Confirmation::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("confirmation"))
}

/// What a person has pending with a brand.
///
/// # Errors
/// Of the database.
pub fn pending(conn: &mut DbConnection, person: i64, brand: i64) -> Result<Vec<OptIn>> {
    Ok(opt_in::table
        .filter(opt_in::subscriber_id.eq(person).and(opt_in::brand_id.eq(brand)))
        .filter(opt_in::state.eq(State::Pending))
        .select(OptIn::as_select())
        .load(conn)?)
}

/// What pressing the button did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// What was pending is granted; pressing again says the same and adds nothing.
    Granted,
    /// The link is too old; nothing was granted.
    Expired,
}

/// Grants what the confirmation is about: the opt-ins that are pending, and the permissions ticked with them.
///
/// # Errors
/// [`Error::NotFound`] if there is no such confirmation.
pub fn confirm(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Confirmed> {
    let brand_and_person = get(conn, id)?;
    lock(conn, brand_and_person.subscriber_id)?;
    // Read again under the lock: a second press waits for the first and then finds it done.
    let asked = get(conn, id)?;
    if asked.confirmed_at.is_some() {
        return Ok(Confirmed::Granted);
    }
    if now > asked.expires_at {
        return Ok(Confirmed::Expired);
    }
    let statement = Statement {
        subscriber: asked.subscriber_id,
        brand: asked.brand_id,
        evidence: asked.evidence_id,
        method: Method::DoubleOptIn,
        actor: SUBSCRIBER,
        campaign: None,
        at: now,
    };
    for opt_in in pending(conn, asked.subscriber_id, asked.brand_id)? {
        let answer = Answer::Granted(Basis::Consent, None);
        opt_ins::set(conn, &statement, opt_in.topic_id, opt_in.channel, answer)?;
    }
    for (wanted, kind) in [(asked.wants_opens, Kind::Opens), (asked.wants_clicks, Kind::Clicks)] {
        if wanted {
            permission::set(conn, &statement, kind, true)?;
        }
    }
    diesel::update(confirmation::table.find(id)).set(confirmation::confirmed_at.eq(now)).execute(conn)?;
    Ok(Confirmed::Granted)
}
