//! What others tell of a person's consent: a program of the organisation, or a file.
//!
//! It is believed only where it can be consent at all (L-01, L-04, L-07), and never against what the person did since:
//! what they ended stays ended, whoever says again that they agreed before.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::Subscriber;
use crate::domain::catalog::{Brand, Channel};
use crate::domain::consent::ledger::Statement;
use crate::domain::consent::opt_in::{self, Answer, Basis, State};
use crate::domain::consent::permission::{self, Kind};
use crate::domain::consent::{lock, objection};
use crate::error::{Error, Result};

/// What is said about how people agreed.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The lawful basis.
    pub basis: Basis,
    /// Whether the people's data came from a supplier.
    pub supplied: bool,
    /// The wording that they agreed to.
    pub wording: &'a str,
    /// Whether they could object when their address was collected, and in every message since.
    pub optout_offered: bool,
}

/// Why a claim gives a brand no right to write: the name of the field and what is wrong with it. None if nothing speaks
/// against it.
pub fn fault(brand: &Brand, claim: &Claim<'_>) -> Option<(&'static str, &'static str)> {
    let said = claim.wording.to_lowercase();
    let names_us = || [&brand.name, &brand.legal_name].iter().any(|name| said.contains(&name.to_lowercase()));
    match claim.basis {
        Basis::Consent if claim.supplied && !names_us() => Some((
            "wording",
            "Consent given to a supplier is consent for the brand only if the wording names it",
        )),
        Basis::SoftOptIn if claim.supplied => {
            Some(("basis", "The soft opt-in is for your own customers, never for a supplier's data"))
        }
        Basis::SoftOptIn if !claim.optout_offered => Some((
            "optout_offered_at_collection",
            "The soft opt-in holds only for people who could object when you collected their address",
        )),
        Basis::Consent | Basis::SoftOptIn => None,
    }
}

/// Sees that nothing is granted for a person while the processing of their data is restricted (GDPR Art. 18).
///
/// # Errors
/// [`Error::Conflict`] if it is.
pub fn unrestricted(person: &Subscriber) -> Result<()> {
    if person.restricted_at.is_none() {
        return Ok(());
    }
    Err(Error::conflict(
        "Processing of this person's data is restricted (GDPR Art. 18): nothing is granted until that ends. What ends \
         something is taken",
    ))
}

/// A grant that a program tells of.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Who agreed with which brand after seeing what, who tells it, and when they do.
    pub statement: Statement<'a>,
    /// When the person agreed: what the ledger and the answer say.
    pub given_at: Moment,
    /// What the program calls it, for the message where it cannot be believed.
    pub name: &'a str,
}

impl Told<'_> {
    /// What the person did, at the moment when they did it.
    fn act(&self) -> Statement<'_> {
        Statement { at: self.given_at, ..self.statement }
    }

    fn refuse<T>(&self, why: &str) -> Result<T> {
        Err(Error::conflict(format!("{}: {why}", self.name)))
    }

    fn not_after_its_end(&self, ended: Option<Moment>) -> Result<()> {
        match ended {
            Some(ended) if ended >= self.given_at => self.refuse(&format!(
                "it was ended or refused on {ended}, which is not before given_at. Ask the person anew and send what they \
                 say then, or leave it out; nothing was changed"
            )),
            _ => Ok(()),
        }
    }

    fn not_against_an_objection(&self, conn: &mut DbConnection) -> Result<()> {
        if !objection::stands(conn, self.statement.subscriber, self.statement.brand)? {
            return Ok(());
        }
        self.refuse(
            "the person objected to marketing (GDPR Art. 21). Only what they do themselves lifts that: signing up, or \
             ticking it on their preference page. Leave it out; nothing was changed",
        )
    }
}

/// Grants an opt-in that a program tells of. What holds already, or lapsed since it was given, stays as it is.
///
/// The caller holds the person ([`lock`]).
///
/// # Errors
/// [`Error::Conflict`] where the person ended it at that moment or later, where something else was agreed to later, and
/// by email while they object. Of the database.
pub fn grant(
    conn: &mut DbConnection,
    told: &Told<'_>,
    (topic, channel): (i64, Channel),
    (basis, until): (Basis, Option<Moment>),
) -> Result<()> {
    let (person, brand) = (told.statement.subscriber, told.statement.brand);
    if channel == Channel::Email {
        told.not_against_an_objection(conn)?;
    }
    let present = opt_in::find(conn, person, topic, channel)?;
    if let Some(before) = present.filter(|opt_in| opt_in.state == State::Granted) {
        if (before.basis, before.expires_at) == (basis, until) && told.given_at <= before.changed_at {
            return Ok(());
        }
        if told.given_at < before.changed_at {
            return told.refuse(&format!(
                "something else was agreed to on {}, which is after given_at. Leave it out; nothing was changed",
                before.changed_at
            ));
        }
    }
    told.not_after_its_end(opt_in::last_end(conn, (person, brand), (topic, channel))?)?;
    if opt_in::set(conn, &told.act(), topic, channel, Answer::Granted(basis, until))? {
        opt_in::set_obtained(conn, person, topic, channel, told.statement.at)?;
    }
    Ok(())
}

/// Grants a tracking permission that a program tells of; one that holds already stays as it is.
///
/// # Errors
/// [`Error::Conflict`] where the person refused it or took it back at that moment or later, and while they object. Of the
/// database.
pub fn allow(conn: &mut DbConnection, told: &Told<'_>, kind: Kind) -> Result<()> {
    let (person, brand) = (told.statement.subscriber, told.statement.brand);
    lock(conn, person)?;
    told.not_against_an_objection(conn)?;
    let present = permission::find(conn, person, brand, kind)?;
    let refused = present.filter(|permission| permission.state == permission::State::Refused);
    told.not_after_its_end(refused.map(|permission| permission.changed_at))?;
    permission::set(conn, &told.act(), kind, true)?;
    Ok(())
}
