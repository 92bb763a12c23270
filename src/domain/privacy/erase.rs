//! Erasure (GDPR Art. 17): the person goes, the proof and the promise never to write again stay.
//!
//! What stays holds nothing personal: a row number with its dates, the ledger, the state of each delivery, and the
//! keyed hashes of the addresses (L-34). A letter that is planned stays planned; the gate refuses it.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{
    brand, campaign, confirmation, delivery, ledger as entries, opt_in, outbox, permission, request,
    subscriber,
};
use crate::domain::audience::subscriber as subscribers;
use crate::domain::audience::{Subscriber, former_address};
use crate::domain::catalog::{Channel, brand as brands};
use crate::domain::consent::ledger::{self, Decision, Matter, Method, Shown, Statement};
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::consent::{brand_choice, lock};
use crate::domain::feedback::unverified;
use crate::domain::preferences::act;
use crate::domain::privacy::address_change;
use crate::domain::tracking::hit;
use crate::error::Result;
use crate::i18n::Lang;
use crate::token::Keys;

/// What a person ticks before they erase themselves; shown exactly so, and kept in the ledger.
pub fn erasure_wording(lang: Lang) -> String {
    lang.say("close-understood").to_string()
}

/// Erases a person whom nobody showed anything. Returns whether there was anything left to erase: doing it again changes
/// nothing.
///
/// `actor` is who asked for it, such as the name of a key. To be run by `Database::erase`, which sees to the log.
///
/// # Errors
/// [`crate::error::Error::NotFound`] if there is no such person.
pub fn erase(conn: &mut DbConnection, keys: &Keys, person: i64, actor: &str, now: Moment) -> Result<bool> {
    erase_as(conn, keys, person, (actor, None), now)
}

/// As [`erase`], by the person themselves on a page in this language.
///
/// # Errors
/// As there.
pub fn erase_on_page(
    conn: &mut DbConnection,
    keys: &Keys,
    person: i64,
    lang: Lang,
    now: Moment,
) -> Result<bool> {
    erase_as(conn, keys, person, (ledger::SUBSCRIBER, Some(lang)), now)
}

fn erase_as(
    conn: &mut DbConnection,
    keys: &Keys,
    person: i64,
    by: (&str, Option<Lang>),
    now: Moment,
) -> Result<bool> {
    lock(conn, person)?;
    let known = subscribers::get(conn, person)?;
    if known.erased_at.is_some() {
        return Ok(false);
    }
    for brand in brands_of(conn, person)? {
        record(conn, person, brand, by, now)?;
    }
    suppress(conn, keys, &known, now)?;
    delete_choices(conn, person)?;
    delete_service_mail(conn, person)?;
    delete_requests(conn, &known)?;
    address_change::forget_person(conn, person)?;
    hit::forget_person(conn, person)?;
    unverified::forget_person(conn, person)?;
    empty(conn, person, now)?;
    Ok(true)
}

/// Every brand that ever dealt with the person.
fn brands_of(conn: &mut DbConnection, person: i64) -> Result<Vec<i64>> {
    let told = entries::table.filter(entries::subscriber_id.eq(person)).select(entries::brand_id);
    let written = delivery::table
        .inner_join(campaign::table)
        .filter(delivery::subscriber_id.eq(person))
        .select(campaign::brand_id);
    Ok(brand::table
        .filter(brand::id.eq_any(told).or(brand::id.eq_any(written)))
        .order(brand::id)
        .select(brand::id)
        .load(conn)?)
}

fn record(
    conn: &mut DbConnection,
    person: i64,
    brand: i64,
    (actor, page): (&str, Option<Lang>),
    now: Moment,
) -> Result<()> {
    let shown = Shown {
        form: if page.is_some() { "erasure" } else { "api" }.to_owned(),
        wording: page.map(erasure_wording).unwrap_or_default(),
        boxes: Vec::new(),
        policy_version: brands::get(conn, brand)?.policy_version,
        language: page.map(|lang| lang.tag().to_owned()),
    };
    let statement = Statement {
        subscriber: person,
        brand,
        evidence: ledger::keep(conn, &shown)?,
        method: Method::Erasure,
        actor,
        campaign: None,
        at: now,
        source: None,
    };
    ledger::record(conn, &statement, Matter::WholeBrand, Decision::Withdrawn, None)?;
    Ok(())
}

/// Remembers, for all brands, that these addresses must never be used again, and those that the person had before.
fn suppress(conn: &mut DbConnection, keys: &Keys, known: &Subscriber, now: Moment) -> Result<()> {
    for channel in Channel::ALL.iter().copied() {
        let Some(hash) = suppression::hash_of(keys, known, channel) else { continue };
        suppression::add(conn, &hash, channel, None, Reason::Erasure, now)?;
    }
    for hash in former_address::give_up(conn, known.id)? {
        suppression::add(conn, &hash, Channel::Email, None, Reason::Erasure, now)?;
    }
    Ok(())
}

fn delete_choices(conn: &mut DbConnection, person: i64) -> Result<()> {
    diesel::delete(opt_in::table.filter(opt_in::subscriber_id.eq(person))).execute(conn)?;
    diesel::delete(permission::table.filter(permission::subscriber_id.eq(person))).execute(conn)?;
    act::forget(conn, person)?;
    brand_choice::forget(conn, person)
}

/// Takes back the service mails that have not left, and every link that could still grant something.
fn delete_service_mail(conn: &mut DbConnection, person: i64) -> Result<()> {
    diesel::delete(
        outbox::table.filter(outbox::subscriber_id.eq(person)).filter(outbox::state.ne("claimed")),
    )
    .execute(conn)?;
    let open = confirmation::table
        .filter(confirmation::subscriber_id.eq(person))
        .filter(confirmation::confirmed_at.is_null());
    let leaving = outbox::table
        .filter(outbox::subscriber_id.eq(person))
        .filter(outbox::confirmation_id.is_not_null())
        .select(outbox::confirmation_id.assume_not_null());
    diesel::delete(open.filter(confirmation::id.ne_all(leaving))).execute(conn)?;
    // A mail that is being handed over this moment still needs its row; its link is of no use any more.
    diesel::update(open)
        .set((confirmation::expires_at.eq(Moment::from_micros(0)), confirmation::profile.eq(None::<String>)))
        .execute(conn)?;
    Ok(())
}

/// Takes back what the person asked for by a form just now and nobody has worked off yet: it names their address.
fn delete_requests(conn: &mut DbConnection, known: &Subscriber) -> Result<()> {
    let Some(address) = &known.email else { return Ok(()) };
    let in_json = serde_json::to_string(address.as_str())?;
    let waiting: Vec<(i64, String)> = request::table.select((request::id, request::content)).load(conn)?;
    for (id, _) in waiting.iter().filter(|(_, content)| content.contains(&in_json)) {
        diesel::delete(request::table.find(*id)).execute(conn)?;
    }
    Ok(())
}

fn empty(conn: &mut DbConnection, person: i64, now: Moment) -> Result<()> {
    let nothing = None::<String>;
    diesel::update(subscriber::table.find(person))
        .set((
            subscriber::email.eq(nothing.clone()),
            subscriber::email_hash.eq(None::<Vec<u8>>),
            subscriber::phone.eq(nothing.clone()),
            subscriber::postal_address.eq(nothing.clone()),
            subscriber::first_name.eq(nothing.clone()),
            subscriber::last_name.eq(nothing.clone()),
            subscriber::company.eq(nothing.clone()),
            subscriber::country.eq(nothing.clone()),
            subscriber::locale.eq(nothing),
            subscriber::attributes.eq("{}"),
            subscriber::erased_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}
