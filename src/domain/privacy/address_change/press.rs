//! The page behind the link to a new address, and its button: what goes along with the person.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::address_change as change;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::{Brand, Channel, brand};
use crate::domain::consent::ledger::{self, Decision, Matter, Method, SUBSCRIBER, Shown, Statement};
use crate::domain::consent::lock;
use crate::domain::consent::opt_in::{self, Scope, State as OptInState};
use crate::domain::consent::suppression::{self, Reason, Suppression};
use crate::domain::outbox::{self, About, Kind};
use crate::domain::privacy::address_change::{AddressChange, State, get, suppressions, void};
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::token::Keys;

/// How a wish stands, for the page behind its link.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The button can be pressed; the new address.
    Open(EmailAddress),
    /// It was pressed.
    Done {
        /// Whether emails ended with it, because the new address once said no to them.
        refused: bool,
    },
    /// The address has an owner by now.
    Taken,
    /// The link is too old.
    TooOld,
    /// Another wish took its place.
    Overtaken,
}

/// A wish with the person, the brand, and how it stands.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The wish.
    pub wish: AddressChange,
    /// The person.
    pub person: Subscriber,
    /// The brand.
    pub brand: Brand,
    /// How it stands.
    pub standing: Standing,
}

/// Looks at a wish and changes nothing.
///
/// # Errors
/// [`Error::NotFound`] if there is none, or the person was erased.
pub fn look(conn: &mut DbConnection, keys: &Keys, id: i64, now: Moment) -> Result<Looked> {
    let wish = get(conn, id)?;
    let person = subscriber::get(conn, wish.subscriber_id)?;
    if person.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let brand = brand::get(conn, wish.brand_id)?;
    let standing = match (&wish.state, &wish.new_email) {
        (State::Done, _) => {
            let now_at = person.email.as_ref();
            let refused = now_at.map(|address| is_refused(conn, keys, address, brand.id)).transpose()?;
            Standing::Done { refused: refused.unwrap_or(false) }
        }
        (State::Mailed, Some(new)) if now <= wish.expires_at => match subscriber::find_by_email(conn, new)? {
            Some(_) => Standing::Taken,
            None => Standing::Open(new.clone()),
        },
        (State::Void, _) => Standing::Overtaken,
        _ => Standing::TooOld,
    };
    Ok(Looked { wish, person, brand, standing })
}

/// Whether somebody said no to a brand's emails at an address; that it does not exist is another matter.
fn is_refused(conn: &mut DbConnection, keys: &Keys, address: &EmailAddress, brand: i64) -> Result<bool> {
    let found = suppression::of_addresses(conn, vec![address.keyed_hash(keys)], Channel::Email, brand)?;
    Ok(found.iter().any(|(_, reason)| *reason != Reason::HardBounce))
}

/// What the button says, exactly.
pub fn wording(brand: &Brand, lang: Lang) -> String {
    lang.say("address-confirm-wording").with("brand", &brand.name).to_string()
}

/// The button was pressed: from now on the person has the new address. Pressing again says the same and does nothing.
///
/// # Errors
/// As [`look`].
pub fn press(conn: &mut DbConnection, keys: &Keys, id: i64, lang: Lang, now: Moment) -> Result<Looked> {
    let person = get(conn, id)?.subscriber_id;
    lock(conn, person)?;
    let found = look(conn, keys, id, now)?;
    let Standing::Open(new) = &found.standing else { return Ok(found) };
    let old = found.person.email.clone();
    let travelling = match &old {
        Some(old) => suppressions(conn, keys, old)?.into_iter().filter(of_the_person).collect(),
        None => Vec::new(),
    };
    subscriber::set_email(conn, keys, person, new)?;
    carry_consents(conn, keys, &found, new, lang, now)?;
    carry_suppressions(conn, keys, &travelling, new, now)?;
    diesel::update(change::table.find(id))
        .set((
            change::state.eq(State::Done),
            change::new_email.eq(None::<EmailAddress>),
            change::old_email.eq(old.as_ref()),
            change::done_at.eq(Some(now)),
        ))
        .execute(conn)?;
    void(conn, person)?;
    if old.is_some() {
        let to = (found.brand.id, person);
        outbox::enqueue(conn, Kind::AddressChanged, to, About::AddressChange(id), now)?;
    }
    look(conn, keys, id, now)
}

/// Whether a suppression is about the person, and not about a mailbox that does not exist.
fn of_the_person(found: &Suppression) -> bool {
    found.reason != Reason::HardBounce
}

/// What must not be written to under the old address must not under the new one.
fn carry_suppressions(
    conn: &mut DbConnection,
    keys: &Keys,
    old: &[Suppression],
    new: &EmailAddress,
    now: Moment,
) -> Result<()> {
    let hash = new.keyed_hash(keys);
    let numbers: Vec<i64> = old.iter().map(|found| found.id).collect();
    let exceptions = suppression::exceptions(conn, &numbers)?;
    for found in old {
        let added = suppression::add(conn, &hash, Channel::Email, found.brand_id, found.reason, now)?;
        for (_, brand) in exceptions.iter().filter(|(of, _)| *of == found.id) {
            suppression::except(conn, added.id, *brand, now)?;
        }
    }
    Ok(())
}

/// Each brand's consents to email go along, with the button as their evidence; where the new address once said no, they end,
/// so that the choices that people see are what the gate does.
fn carry_consents(
    conn: &mut DbConnection,
    keys: &Keys,
    found: &Looked,
    new: &EmailAddress,
    lang: Lang,
    now: Moment,
) -> Result<()> {
    let opt_ins = opt_in::of_subscriber(conn, found.person.id)?;
    for id in opt_in::brands_of(&opt_ins, Channel::Email) {
        let brand = brand::get(conn, id)?;
        let shown = Shown {
            form: "address-change".to_owned(),
            wording: wording(&found.brand, lang),
            boxes: Vec::new(),
            policy_version: brand.policy_version,
            language: Some(lang.tag().to_owned()),
        };
        let statement = Statement {
            subscriber: found.person.id,
            brand: id,
            evidence: ledger::keep(conn, &shown)?,
            method: Method::AddressChange,
            actor: SUBSCRIBER,
            campaign: None,
            at: now,
            source: None,
        };
        if is_refused(conn, keys, new, id)? {
            opt_in::withdraw_all(conn, &statement, Scope::Channel(Channel::Email))?;
            continue;
        }
        let by_email =
            opt_ins.iter().filter(|answer| answer.brand_id == id && answer.channel == Channel::Email);
        for answer in by_email.filter(|answer| answer.state == OptInState::Granted) {
            let matter = Matter::Topic(answer.topic_id, Channel::Email);
            ledger::record(conn, &statement, matter, Decision::Granted, Some(answer.basis))?;
        }
    }
    Ok(())
}
