//! The link of a confirmation mail: what it is about, and what pressing its button does.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::former_address;
use crate::domain::audience::subscriber::{self, Profile};
use crate::domain::catalog::{Brand, Channel, Topic, brand, sign_up_form, topic};
use crate::domain::consent::confirmation::{self, Confirmation, Confirmed};
use crate::domain::consent::ledger::{self, Method, SUBSCRIBER, Statement};
use crate::domain::consent::opt_in::{self, OptIn, State};
use crate::domain::consent::{lock, objection, suppression};
use crate::domain::intake::{Detail, Item, sign_up};
use crate::error::{Error, Result, if_there};
use crate::i18n::Lang;
use crate::id::Slug;

/// What a confirmation link stands for now.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The brand.
    pub brand: Brand,
    /// The person.
    pub subscriber: i64,
    /// Where it stands.
    pub state: Standing,
    /// The language in which it was asked for, or that the person reads; none where neither is known.
    pub language: Option<Lang>,
    /// The named form that it was asked for on, where it is still there; none for the brand's own and the API.
    pub form: Option<Slug>,
}

/// Where a confirmation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The button grants these, and keeps those details of what was typed.
    Open(Vec<Item>, Vec<Detail>),
    /// It was pressed; these are what it granted, as far as they are granted still.
    Confirmed(Vec<Item>),
    /// The button does nothing any more.
    Ended(Ended),
}

/// Why a confirmation link is good for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is older than [`confirmation::VALID`].
    TooOld,
    /// What was asked for was stopped or taken back since.
    Stopped,
    /// It was mailed to an address that the person has left since.
    Moved,
    /// The brand has had to ask everybody again since.
    Outdated,
}

/// What the link stands for; changes nothing.
///
/// # Errors
/// [`crate::error::Error::NotFound`] if there is no such confirmation.
pub fn look(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Asked> {
    let asked = confirmation::get(conn, id)?;
    let (person, brand_id) = (asked.subscriber_id, asked.brand_id);
    let brand = brand::get(conn, brand_id)?;
    let known = subscriber::get(conn, person)?;
    let erased = known.erased_at.is_some();
    let running = confirmation::running(conn, person, brand_id, now)?;
    let left_at = former_address::last_left(conn, person)?;
    let state = if erased {
        Standing::Ended(Ended::Stopped)
    } else if left_at.is_some_and(|at| asked.created_at < at) {
        // Also what was confirmed is no longer its reader's to see.
        Standing::Ended(Ended::Moved)
    } else if asked.confirmed_at.is_some() {
        let (granted, permissions) = confirmation::still_granted(conn, &asked)?;
        let mut items = topic_items(&topic::of_brand(conn, brand_id)?, &granted);
        items.extend(permissions.into_iter().map(Item::Permission));
        Standing::Confirmed(items)
    } else if running.iter().any(|row| row.id == id) {
        let pending = confirmation::pending(conn, person, brand_id, now)?;
        let mut items = topic_items(&topic::of_brand(conn, brand_id)?, &pending);
        items.extend(permission_items(&running));
        // Everything asked for was taken back one by one.
        if items.is_empty() {
            Standing::Ended(Ended::Stopped)
        } else {
            let kept = kept(conn, person, brand_id, now)?;
            Standing::Open(items, kept.map(|(before, after)| details(before, after)).unwrap_or_default())
        }
    } else if asked.expires_at < now {
        Standing::Ended(Ended::TooOld)
    } else if confirmation::is_outdated(conn, &asked, now)? {
        Standing::Ended(Ended::Outdated)
    } else {
        Standing::Ended(Ended::Stopped)
    };
    let language = known.lang().or(ledger::language_of(conn, asked.evidence_id)?);
    let form = named_form(conn, brand_id, asked.evidence_id)?;
    Ok(Asked { brand, subscriber: person, state, language, form })
}

fn named_form(conn: &mut DbConnection, brand: i64, evidence: i64) -> Result<Option<Slug>> {
    let form = ledger::form_of(conn, evidence)?;
    let Some(slug) = form.strip_prefix(sign_up::NAMED) else { return Ok(None) };
    Ok(if_there(sign_up_form::find(conn, brand, slug))?.map(|form| form.slug))
}

/// Presses the button: grants what is open, and lifts the suppressions that the person's own act can lift.
/// Pressing again changes nothing and says the same.
///
/// # Errors
/// As [`look`].
pub fn press(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Asked> {
    let before = look(conn, id, now)?;
    if !matches!(before.state, Standing::Open(..)) {
        return Ok(before);
    }
    keep_what_was_typed(conn, &before, now)?;
    let pending = confirmation::pending(conn, before.subscriber, before.brand.id, now)?;
    let by_email = pending.iter().any(|asked| asked.channel == Channel::Email);
    let email = subscriber::email_hash(conn, before.subscriber)?.filter(|_| by_email);
    if email.is_some() {
        // Lifting it brings back only what is confirmed now.
        let statement = statement(conn, id, &before, now)?;
        objection::end_what_it_covers(conn, &statement)?;
    }
    if confirmation::confirm(conn, id, now)? == Confirmed::Granted
        && let Some(email) = &email
    {
        suppression::lift_by_own_act(conn, email, before.brand.id, now)?;
    }
    look(conn, id, now)
}

/// What is confirmed, as a statement of the person.
fn statement(conn: &mut DbConnection, id: i64, asked: &Asked, now: Moment) -> Result<Statement<'static>> {
    Ok(Statement {
        subscriber: asked.subscriber,
        brand: asked.brand.id,
        evidence: confirmation::get(conn, id)?.evidence_id,
        method: Method::DoubleOptIn,
        actor: SUBSCRIBER,
        campaign: None,
        source: None,
        at: now,
    })
}

/// What was typed in the form becomes the person's with the press.
fn keep_what_was_typed(conn: &mut DbConnection, asked: &Asked, now: Moment) -> Result<()> {
    lock(conn, asked.subscriber)?;
    match kept(conn, asked.subscriber, asked.brand.id, now)? {
        Some((_, after)) => subscriber::set_profile(conn, asked.subscriber, &after),
        None => Ok(()),
    }
}

/// What is kept of a person now, and what the press would make of it with what was typed in the last form: what came
/// before may be a stranger's. It wins over what they never confirmed. What they have is only filled where it is empty,
/// but for the number or address that a channel needs which they confirm now for the first time.
fn kept(conn: &mut DbConnection, person: i64, brand: i64, now: Moment) -> Result<Option<(Profile, Profile)>> {
    let running = confirmation::running(conn, person, brand, now)?;
    let Some(typed) = running.last().and_then(|last| last.profile.as_deref()) else { return Ok(None) };
    // No cause: it may repeat what a person typed.
    let typed: Profile =
        serde_json::from_str(typed).map_err(|_| Error::internal("a profile that waits cannot be read"))?;
    let known = subscriber::get(conn, person)?.profile();
    if !ledger::ever_granted(conn, person)? {
        return Ok(Some((known.clone(), typed.or(known))));
    }
    let granted = opt_in::of_subscriber(conn, person)?;
    let pending = confirmation::pending(conn, person, brand, now)?;
    let first = |channel| {
        let has = |answers: &[OptIn], state| {
            answers.iter().any(|answer| answer.channel == channel && answer.state == state)
        };
        has(&pending, State::Pending) && !has(&granted, State::Granted)
    };
    let needed = Profile {
        phone: typed.phone.clone().filter(|_| first(Channel::Phone)),
        postal_address: typed.postal_address.clone().filter(|_| first(Channel::Post)),
        ..Profile::default()
    };
    Ok(Some((known.clone(), needed.or(known).or(typed))))
}

/// What is new in a profile. What is kept already is nobody's to see by this link.
fn details(before: Profile, after: Profile) -> Vec<Detail> {
    let fields = [
        ("first_name", before.first_name, after.first_name),
        ("last_name", before.last_name, after.last_name),
        ("company", before.company, after.company),
        ("country", before.country, after.country),
        ("phone", before.phone, after.phone),
        ("postal_address", before.postal_address, after.postal_address),
        ("locale", before.locale, after.locale),
    ];
    let new = fields.into_iter().filter(|(_, before, after)| before != after);
    let new = new.filter_map(|(field, _, after)| Some(Detail { field: field.to_owned(), value: after? }));
    let attributes = after.attributes.into_iter();
    let attributes = attributes.filter(|(name, value)| before.attributes.get(name) != Some(value));
    new.chain(attributes.map(|(field, value)| Detail { field, value })).collect()
}

fn topic_items(topics: &[Topic], answers: &[OptIn]) -> Vec<Item> {
    let of_topic = |topic: &Topic| {
        let mut mine: Vec<_> = answers.iter().filter(|a| a.topic_id == topic.id).map(|a| a.channel).collect();
        mine.sort_unstable();
        mine.into_iter().map(|channel| Item::Topic(topic.name.clone(), channel)).collect::<Vec<_>>()
    };
    topics.iter().flat_map(of_topic).collect()
}

fn permission_items(running: &[Confirmation]) -> Vec<Item> {
    let mut kinds: Vec<_> = running.iter().flat_map(Confirmation::wants).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(Item::Permission).collect()
}
