//! Undo: one press puts back what was before an act. It is a new act of the person, with entries of its own in the
//! ledger; nothing that was written is taken back.
//!
//! It is possible for a month, as long as nothing was said about the person and the brand since, and never where it
//! would bring back what a suppression forbids. What waited for a confirmation before is not asked for again, and hits
//! that were deleted stay deleted.

use std::time::Duration;

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::{Brand, Channel, Topic, topic};
use crate::domain::consent::ledger::{self, Method, SUBSCRIBER, Shown, ShownBox, Statement};
use crate::domain::consent::opt_in::{self, Answer};
use crate::domain::consent::permission::{Kind as PermissionKind, State as PermissionState};
use crate::domain::consent::{brand_choice, lock, suppression};
use crate::domain::preferences::Choice;
use crate::domain::preferences::act::{self, Act, Against, Kind, Running};
use crate::domain::tracking::permission;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};
use crate::token::Keys;

/// For so long an act can be undone.
pub const UNDO_WITHIN: Duration = DAY.saturating_mul(30);

/// Whether an act can be undone now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// It can; says whether that agrees to anything.
    Possible {
        /// Whether something would be granted again.
        grants: bool,
    },
    /// It was undone.
    Done,
    /// Something changed since.
    Overtaken,
    /// It is more than [`UNDO_WITHIN`] ago.
    TooLate,
    /// Nothing that was on stopped and nothing came on: there is nothing to put back.
    Empty,
    /// The address must not be used any more.
    Forbidden,
}

/// Whether an act can be undone now, and if not why.
///
/// # Errors
/// [`Error::NotFound`] if the person was erased. Of the database.
pub fn look(conn: &mut DbConnection, keys: &Keys, act: &Act, now: Moment) -> Result<Undo> {
    if act::undone_by(conn, act.id)?.is_some() {
        return Ok(Undo::Done);
    }
    let person = subscriber::get(conn, act.subscriber)?;
    let other_language = act.before.locale != act.after.locale && person.locale != act.after.locale;
    if other_language || !act.is_last_word(conn)? {
        return Ok(Undo::Overtaken);
    }
    if now > act.at.plus(UNDO_WITHIN) {
        return Ok(Undo::TooLate);
    }
    let Returning { topics, permissions, .. } = returning(conn, act, now)?;
    if topics.is_empty() && leaving(act).next().is_none() && !changes_more(act, now) {
        return Ok(Undo::Empty);
    }
    for channel in Channel::ALL.iter().copied() {
        let needed = topics.iter().any(|(answer, _)| answer.channel == channel);
        if needed && is_suppressed(conn, keys, &person, channel, act.brand)? {
            return Ok(Undo::Forbidden);
        }
    }
    Ok(Undo::Possible { grants: !topics.is_empty() || !permissions.is_empty() })
}

/// What was granted before and is not now.
struct Returning<'a> {
    /// The topics that would still hold, and can still come that way.
    topics: Vec<(&'a Running, Topic)>,
    /// Those that can not any more.
    not_offered: Vec<Choice>,
    /// The tracking permissions.
    permissions: Vec<PermissionKind>,
}

fn returning<'a>(conn: &mut DbConnection, act: &'a Act, now: Moment) -> Result<Returning<'a>> {
    let known = topic::of_brand(conn, act.brand)?;
    let granted = |state: Option<PermissionState>| state == Some(PermissionState::Granted);
    let returns = |kind: &PermissionKind| {
        granted(act.before.permission(*kind)) && !granted(act.after.permission(*kind))
    };
    let permissions = PermissionKind::ALL.iter().copied().filter(returns).collect();
    let mut returning = Returning { topics: Vec::new(), not_offered: Vec::new(), permissions };
    let still = |answer: &&Running| answer.until.is_none_or(|until| now < until);
    let gone = |answer: &&Running| !act.after.grants(answer.topic, answer.channel);
    for answer in act.before.granted().filter(gone).filter(still) {
        let Some(topic) = known.iter().find(|topic| topic.id == answer.topic) else { continue };
        if topic.offers(answer.channel) {
            returning.topics.push((answer, topic.clone()));
        } else {
            let (topic, kind, channel) = (topic.name.clone(), topic.kind, answer.channel);
            returning.not_offered.push(Choice { topic, kind, channel });
        }
    }
    Ok(returning)
}

/// What was not granted before and is now.
fn leaving(act: &Act) -> impl Iterator<Item = &Running> {
    act.after.granted().filter(|a| !act.before.grants(a.topic, a.channel))
}

/// Whether it changed something besides the topics that can be put back.
fn changes_more(act: &Act, now: Moment) -> bool {
    let tracking = act.before.permissions.iter().chain(&act.after.permissions).any(|(kind, _)| {
        let granted = |state: Option<PermissionState>| state == Some(PermissionState::Granted);
        granted(act.before.permission(*kind)) != granted(act.after.permission(*kind))
    });
    let (before, after) = (act.before.choice(), act.after.choice());
    let choice = before.pause(now) != after.pause(now) || before.at_most != after.at_most;
    tracking || choice || act.before.locale != act.after.locale
}

fn is_suppressed(
    conn: &mut DbConnection,
    keys: &Keys,
    person: &Subscriber,
    channel: Channel,
    brand: i64,
) -> Result<bool> {
    let address = match channel {
        Channel::Email => person.email.as_ref().map(|address| address.as_str()),
        Channel::Phone => person.phone.as_deref(),
        Channel::Post => person.postal_address.as_deref(),
    };
    // What cannot be an address cannot be suppressed, and nothing is sent to it.
    let Some(Ok(hash)) = address.map(|address| suppression::hash(keys, channel, address)) else {
        return Ok(false);
    };
    Ok(!suppression::of_addresses(conn, vec![hash], channel, brand)?.is_empty())
}

/// What stands beside the button.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// The brand's own sentence, where the press agrees to something; otherwise empty.
    pub agrees: String,
    /// What one agrees to about tracking, for each permission that would be given again.
    pub permissions: Vec<String>,
    /// What does not come back because it is no longer offered, as a sentence; otherwise empty.
    pub not_offered: String,
}

/// The words for what an undo would do now.
///
/// # Errors
/// Of the database.
pub fn words(
    conn: &mut DbConnection,
    act: &Act,
    (brand, undo): (&Brand, Undo),
    lang: Lang,
    now: Moment,
) -> Result<Words> {
    let Undo::Possible { grants } = undo else { return Ok(Words::default()) };
    let Returning { permissions, not_offered, .. } = returning(conn, act, now)?;
    let permissions = permissions.into_iter().map(|kind| permission_words(kind, lang)).collect();
    let names: Vec<String> = not_offered.iter().map(|choice| choice.say(lang)).collect();
    let not_offered = match names.is_empty() {
        true => String::new(),
        false => lang.say("undo-not-offered").with("choices", names.join(", ")).to_string(),
    };
    let agrees = if grants { brand.consent_wording.clone() } else { String::new() };
    Ok(Words { agrees, permissions, not_offered })
}

fn permission_words(kind: PermissionKind, lang: Lang) -> String {
    match kind {
        PermissionKind::Opens => lang.say("wording-opens"),
        PermissionKind::Clicks => lang.say("wording-clicks"),
        PermissionKind::Profiling => lang.say("wording-profiling"),
    }
    .to_string()
}

impl Words {
    /// All of them with the button's own sentence, exactly as on the page.
    pub fn whole(&self, brand: &Brand, lang: Lang) -> String {
        let undone = lang.say("undo-text").with("brand", &brand.name).to_string();
        let mut parts = vec![undone, self.not_offered.clone(), self.agrees.clone()];
        parts.extend(self.permissions.iter().cloned());
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }
}

/// Puts back what was before an act.
///
/// # Errors
/// [`Error::Outdated`] if it is not possible (any more); [`Error::NotFound`] if the person was erased.
pub fn undo(conn: &mut DbConnection, keys: &Keys, act: &Act, lang: Lang, now: Moment) -> Result<Act> {
    // First the lock and then the look: between the two something could change.
    lock(conn, act.subscriber)?;
    let possible = look(conn, keys, act, now)?;
    if !matches!(possible, Undo::Possible { .. }) {
        return Err(outdated());
    }
    let brand = act::brand_of(conn, act)?;
    let shown = Shown {
        form: "undo".to_owned(),
        wording: words(conn, act, (&brand, possible), lang, now)?.whole(&brand, lang),
        boxes: boxes(conn, act, now)?,
        policy_version: brand.policy_version,
        language: Some(lang.tag().to_owned()),
    };
    let statement = Statement {
        subscriber: act.subscriber,
        brand: act.brand,
        evidence: ledger::keep(conn, &shown)?,
        method: Method::Undo,
        actor: SUBSCRIBER,
        campaign: act.campaign,
        at: now,
        source: None,
    };
    let work = |conn: &mut DbConnection| put_back(conn, act, &statement, now);
    let ((), undone) = act::perform(conn, act.link(), (Kind::Undone, Some(act.id)), now, work)?;
    undone.ok_or_else(outdated)
}

fn outdated() -> Error {
    Error::Outdated(Problem::said("", Message::new("problem-undo")))
}

fn put_back(conn: &mut DbConnection, act: &Act, statement: &Statement<'_>, now: Moment) -> Result<()> {
    for (answer, _) in returning(conn, act, now)?.topics {
        // As it was, so a supplier's contact is still told of the supplier, and in time.
        let as_before = Statement { source: answer.source, ..*statement };
        let granted = Answer::Granted(answer.basis, answer.until);
        opt_in::set(conn, &as_before, answer.topic, answer.channel, granted)?;
        if let Some(obtained) = answer.obtained_at {
            opt_in::set_obtained(conn, act.subscriber, answer.topic, answer.channel, obtained)?;
        }
    }
    for answer in leaving(act) {
        opt_in::set(conn, statement, answer.topic, answer.channel, Answer::Withdrawn)?;
    }
    let kinds = act.before.permissions.iter().chain(&act.after.permissions).map(|(kind, _)| *kind);
    let mut kinds: Vec<_> = kinds.collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let before = act.before.permission(kind) == Some(PermissionState::Granted);
        if before != (act.after.permission(kind) == Some(PermissionState::Granted)) {
            permission::set(conn, statement, kind, before)?;
        }
    }
    // What stood in the way before stands there again.
    if let Some(address) = subscriber::email_hash(conn, act.subscriber)? {
        let lifted = act.before.against.iter().filter(|wish| !act.after.against.contains(wish));
        for Against { brand, reason, since } in lifted {
            suppression::reinstate(conn, &address, act.brand, (*brand, *reason, *since))?;
        }
    }
    let mut choice = act.before.choice();
    choice.paused_until = choice.pause(now);
    brand_choice::set(conn, statement, choice)?;
    if act.before.locale != act.after.locale {
        subscriber::set_locale(conn, act.subscriber, act.before.locale.as_deref())?;
    }
    Ok(())
}

/// What the button changes, each as it stood before it was pressed.
fn boxes(conn: &mut DbConnection, act: &Act, now: Moment) -> Result<Vec<ShownBox>> {
    let returning = returning(conn, act, now)?;
    let mut boxes = Vec::new();
    for (answer, topic) in &returning.topics {
        boxes.push(ShownBox { name: format!("{}:{}", topic.slug, answer.channel), ticked: false });
    }
    for answer in leaving(act) {
        let topic = topic::get(conn, answer.topic)?;
        boxes.push(ShownBox { name: format!("{}:{}", topic.slug, answer.channel), ticked: true });
    }
    let permissions = returning.permissions.iter();
    boxes.extend(permissions.map(|kind| ShownBox { name: format!("permission:{kind}"), ticked: false }));
    for (kind, state) in &act.after.permissions {
        if *state == PermissionState::Granted && act.before.permission(*kind) != Some(*state) {
            boxes.push(ShownBox { name: format!("permission:{kind}"), ticked: true });
        }
    }
    Ok(boxes)
}
