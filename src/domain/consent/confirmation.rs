//! Confirmations: the second half of a double opt-in. The link shows a button; only its press grants (O-08).

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::db::schema::{confirmation, ledger, opt_in};
use crate::domain::audience::former_address;
use crate::domain::catalog::{Channel, brand as brands};
use crate::domain::consent::ledger::{Decision, Method, SUBSCRIBER, Statement};
use crate::domain::consent::opt_in::{Answer, Basis, OptIn, State, lapse};
use crate::domain::consent::permission::Kind;
use crate::domain::consent::{lock, opt_in as opt_ins, permission};
use crate::error::{Error, Result};

/// How long a confirmation link is good.
pub const VALID: Duration = DAY.saturating_mul(VALID_DAYS);

/// [`VALID`] in days, as people are told.
pub const VALID_DAYS: u32 = 7;

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
    /// When it was asked for.
    pub created_at: Moment,
    /// Until when it is good.
    pub expires_at: Moment,
    /// When it was used.
    pub confirmed_at: Option<Moment>,
    /// What was typed about the person, as JSON, until the button is pressed or the link is too old.
    pub profile: Option<String>,
}

impl Confirmation {
    /// The permissions that were ticked.
    pub fn wants(&self) -> Vec<Kind> {
        let ticked = [(self.wants_opens, Kind::Opens), (self.wants_clicks, Kind::Clicks)];
        ticked.into_iter().filter(|(wanted, _)| *wanted).map(|(_, kind)| kind).collect()
    }
}

/// What a confirmation is opened with.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The person.
    pub person: i64,
    /// The brand.
    pub brand: i64,
    /// What was shown.
    pub evidence: i64,
    /// The permissions that were ticked.
    pub wants: &'a [Kind],
    /// What was typed about the person, as JSON; nobody knows yet by whom.
    pub profile: Option<&'a str>,
    /// When the mail leaves at the earliest: the link is good for [`VALID`] from then.
    pub mailed_at: Moment,
}

/// Opens a confirmation for what a person has pending with a brand, and asked for at `at`.
///
/// # Errors
/// Of the database.
pub fn open(conn: &mut DbConnection, asking: &Asking<'_>, at: Moment) -> Result<i64> {
    Ok(diesel::insert_into(confirmation::table)
        .values((
            confirmation::subscriber_id.eq(asking.person),
            confirmation::brand_id.eq(asking.brand),
            confirmation::evidence_id.eq(asking.evidence),
            confirmation::wants_opens.eq(asking.wants.contains(&Kind::Opens)),
            confirmation::wants_clicks.eq(asking.wants.contains(&Kind::Clicks)),
            confirmation::created_at.eq(at),
            confirmation::expires_at.eq(asking.mailed_at.plus(VALID)),
            confirmation::profile.eq(asking.profile),
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

/// What a person has pending with a brand, each with the ledger entry in which they asked for it: what is not granted
/// yet, and what so far was granted only by a source. What they asked for before the brand had to ask everybody again is
/// not among it.
///
/// # Errors
/// Of the database.
pub fn pending(conn: &mut DbConnection, person: i64, brand: i64, now: Moment) -> Result<Vec<OptIn>> {
    let refresh_before = brands::get(conn, brand)?.refresh_consents_before;
    let counts = |asked_at| lapse(asked_at, None, refresh_before, now).is_none();
    let sourced = opt_in::state.eq(State::Granted).and(opt_in::source_id.is_not_null());
    let rows: Vec<OptIn> = opt_in::table
        .filter(opt_in::subscriber_id.eq(person).and(opt_in::brand_id.eq(brand)))
        .filter(opt_in::state.eq(State::Pending).or(sourced))
        .select(OptIn::as_select())
        .load(conn)?;
    let mut pending = Vec::with_capacity(rows.len());
    for row in rows {
        let asked = match row.state {
            State::Pending => Some(row.ledger_id),
            _ => opt_ins::asked_since(conn, &row)?,
        };
        let Some(ledger_id) = asked else { continue };
        if counts(ledger::table.find(ledger_id).select(ledger::at).first(conn)?) {
            pending.push(OptIn { ledger_id, ..row });
        }
    }
    Ok(pending)
}

/// Since when a brand's older confirmations of a person are over: they stopped a whole channel or all of it, or began to
/// use another address, so that whoever reads an old mail cannot speak for the new one.
///
/// # Errors
/// Of the database.
pub fn ended_at(conn: &mut DbConnection, person: i64, brand: i64) -> Result<Option<Moment>> {
    Ok(stopped_at(conn, person, brand)?.max(former_address::last_left(conn, person)?))
}

/// When a person last stopped a whole channel of a brand, or all of it.
fn stopped_at(conn: &mut DbConnection, person: i64, brand: i64) -> Result<Option<Moment>> {
    Ok(ledger::table
        .filter(ledger::subscriber_id.eq(person).and(ledger::brand_id.eq(brand)))
        .filter(ledger::decision.eq(Decision::Withdrawn))
        .filter(ledger::topic_id.is_null().and(ledger::permission.is_null()))
        .order(ledger::at.desc())
        .select(ledger::at)
        .first(conn)
        .optional()?)
}

/// Forgets what was typed about people who did not press the button in time.
///
/// # Errors
/// Of the database.
pub fn forget_unconfirmed(conn: &mut DbConnection, now: Moment) -> Result<()> {
    let late = confirmation::table
        .filter(confirmation::expires_at.lt(now))
        .filter(confirmation::profile.is_not_null());
    diesel::update(late).set(confirmation::profile.eq(None::<String>)).execute(conn)?;
    Ok(())
}

/// Whether [`forget_unconfirmed`] would find anything.
///
/// # Errors
/// Of the database.
pub fn any_unconfirmed(conn: &mut DbConnection, now: Moment) -> Result<bool> {
    let late = confirmation::table
        .filter(confirmation::expires_at.lt(now))
        .filter(confirmation::profile.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(late)).get_result(conn)?)
}

/// What the press of a confirmation granted and is granted still: the opt-ins and the permissions. One press is good for
/// every link of the person and the brand that was open then.
///
/// # Errors
/// Of the database.
pub fn still_granted(conn: &mut DbConnection, asked: &Confirmation) -> Result<(Vec<OptIn>, Vec<Kind>)> {
    let (person, brand) = (asked.subscriber_id, asked.brand_id);
    let Some(at) = asked.confirmed_at else { return Ok((Vec::new(), Vec::new())) };
    let said: Vec<(Option<i64>, Option<Channel>)> = ledger::table
        .filter(ledger::subscriber_id.eq(person).and(ledger::brand_id.eq(brand)))
        .filter(ledger::method.eq(Method::DoubleOptIn).and(ledger::decision.eq(Decision::Granted)))
        .filter(ledger::at.eq(at))
        .select((ledger::topic_id, ledger::channel))
        .load(conn)?;
    let mut opt_ins = opt_ins::of_subscriber(conn, person)?;
    opt_ins.retain(|answer| {
        answer.state == State::Granted && said.contains(&(Some(answer.topic_id), Some(answer.channel)))
    });
    let pressed: Vec<Confirmation> = confirmation::table
        .filter(confirmation::subscriber_id.eq(person).and(confirmation::brand_id.eq(brand)))
        .filter(confirmation::confirmed_at.eq(at))
        .select(Confirmation::as_select())
        .load(conn)?;
    let wanted: BTreeSet<Kind> = pressed.iter().flat_map(Confirmation::wants).collect();
    let mut permissions = Vec::new();
    for kind in wanted {
        if permission::granted(conn, person, brand, kind)? {
            permissions.push(kind);
        }
    }
    Ok((opt_ins, permissions))
}

/// What pressing the button did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// What was pending is granted; pressing again says the same and adds nothing.
    Granted,
    /// The link is too old; nothing was granted.
    Expired,
}

/// Whether the brand has had to ask everybody again since this was asked for: then the words that the person read are no
/// longer those that anybody agrees to.
///
/// # Errors
/// Of the database.
pub fn is_outdated(conn: &mut DbConnection, asked: &Confirmation, now: Moment) -> Result<bool> {
    let refresh_before = brands::get(conn, asked.brand_id)?.refresh_consents_before;
    Ok(lapse(asked.created_at, None, refresh_before, now).is_some())
}

/// The confirmations of a person that a brand waits for: neither confirmed nor expired, not over ([`ended_at`]), and not
/// outdated.
///
/// # Errors
/// Of the database.
pub fn running(conn: &mut DbConnection, person: i64, brand: i64, now: Moment) -> Result<Vec<Confirmation>> {
    let ended_at = ended_at(conn, person, brand)?;
    let refresh_before = brands::get(conn, brand)?.refresh_consents_before;
    let rows: Vec<Confirmation> = confirmation::table
        .filter(confirmation::subscriber_id.eq(person).and(confirmation::brand_id.eq(brand)))
        .filter(confirmation::confirmed_at.is_null().and(confirmation::expires_at.ge(now)))
        .order(confirmation::id)
        .select(Confirmation::as_select())
        .load(conn)?;
    let counts = |row: &Confirmation| {
        ended_at.is_none_or(|at| row.created_at >= at)
            && lapse(row.created_at, None, refresh_before, now).is_none()
    };
    Ok(rows.into_iter().filter(counts).collect())
}

/// Grants all that the person has pending with the brand, and the permissions ticked with it: whoever signs up
/// twice gets one mail, and its link is good for both. Each grant keeps the evidence of its own request.
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
    let running = running(conn, asked.subscriber_id, asked.brand_id, now)?;
    if !running.iter().any(|row| row.id == id) {
        return Ok(Confirmed::Expired);
    }
    let statement = |evidence| Statement {
        subscriber: asked.subscriber_id,
        brand: asked.brand_id,
        evidence,
        method: Method::DoubleOptIn,
        actor: SUBSCRIBER,
        campaign: None,
        at: now,
        source: None,
    };
    for opt_in in pending(conn, asked.subscriber_id, asked.brand_id, now)? {
        let answer = Answer::Granted(Basis::Consent, None);
        let evidence = ledger::table.find(opt_in.ledger_id).select(ledger::evidence_id).first(conn)?;
        opt_ins::set(conn, &statement(evidence), opt_in.topic_id, opt_in.channel, answer)?;
    }
    for row in &running {
        for kind in row.wants() {
            let later_no = permission::find(conn, row.subscriber_id, row.brand_id, kind)?
                .is_some_and(|answer| answer.changed_at > row.created_at);
            if !later_no {
                permission::set(conn, &statement(row.evidence_id), kind, true)?;
            }
        }
        diesel::update(confirmation::table.find(row.id))
            .set((confirmation::confirmed_at.eq(now), confirmation::profile.eq(None::<String>)))
            .execute(conn)?;
    }
    Ok(Confirmed::Granted)
}
