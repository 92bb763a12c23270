//! Undo: one press puts back what was before an act. It is a new act of the person, with entries of its own in the
//! ledger; nothing that was written is taken back.
//!
//! It is possible for a month, as long as what it touched is as it left it ([`Act::stands`]), and never where it would
//! bring back what a suppression forbids. So several acts can be undone one after the other, the last one first. What
//! waited for a confirmation before is not asked for again, and hits that were deleted stay deleted.

use std::time::Duration;

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::{Brand, Channel, Topic, topic};
use crate::domain::consent::ledger::{self, Method, SUBSCRIBER, Shown, ShownBox, Statement};
use crate::domain::consent::opt_in::{self, Answer};
use crate::domain::consent::permission::Kind as PermissionKind;
use crate::domain::consent::{brand_choice, lock, suppression};
use crate::domain::intake::topic_item;
use crate::domain::preferences::Choice;
use crate::domain::preferences::act::{self, Act, Against, Kind, Running};
use crate::domain::tracking::permission;
use crate::error::{Error, Result};
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
    if other_language || !act.stands(conn)? {
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
    let returns = |kind: &PermissionKind| act.before.allows(*kind) && !act.after.allows(*kind);
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
    let tracking = PermissionKind::ALL.iter().any(|kind| act.before.allows(*kind) != act.after.allows(*kind));
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
    let Some(hash) = suppression::hash_of(keys, person, channel) else { return Ok(false) };
    Ok(!suppression::of_addresses(conn, vec![hash], channel, brand)?.is_empty())
}

/// What stands beside the button.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What comes again by the press, such as "Newsletter by email".
    pub topics: Vec<String>,
    /// The brand's own sentence, where anything comes again; otherwise empty.
    pub agrees: String,
    /// What one agrees to about tracking, for each permission that would be given again.
    pub permissions: Vec<(PermissionKind, String)>,
    /// What does not come back because it is no longer offered, as a sentence; otherwise empty.
    pub not_offered: String,
}

/// The words for what an undo would do now. `keep` is how long hits are kept.
///
/// # Errors
/// Of the database.
pub fn words(
    conn: &mut DbConnection,
    act: &Act,
    (brand, undo): (&Brand, Undo),
    (lang, keep): (Lang, Duration),
    now: Moment,
) -> Result<Words> {
    let Undo::Possible { .. } = undo else { return Ok(Words::default()) };
    let Returning { topics, permissions, not_offered } = returning(conn, act, now)?;
    let told = |kind| (kind, permission::words(kind, lang, keep));
    let name =
        |(answer, topic): &(&Running, Topic)| topic_item(lang, &topic.name, answer.channel).to_string();
    let names: Vec<String> = not_offered.iter().map(|choice| choice.say(lang)).collect();
    let not_offered = match names.is_empty() {
        true => String::new(),
        false => lang.say("undo-not-offered").with("choices", names.join(", ")).to_string(),
    };
    Ok(Words {
        agrees: if topics.is_empty() { String::new() } else { brand.consent_wording.clone() },
        topics: topics.iter().map(name).collect(),
        permissions: permissions.into_iter().map(told).collect(),
        not_offered,
    })
}

impl Words {
    /// The button's own sentence with `parts`, as they stand on the page.
    fn told(&self, brand: &Brand, lang: Lang, parts: &[&str]) -> String {
        let undone = lang.say("undo-text").with("brand", &brand.name).to_string();
        let all = [undone.as_str(), &self.not_offered].into_iter().chain(parts.iter().copied());
        all.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// What one reads where nothing is agreed to.
    fn of_ending(&self, brand: &Brand, lang: Lang) -> String {
        self.told(brand, lang, &[])
    }

    /// What one agrees to for what comes again.
    fn of_topics(&self, brand: &Brand, lang: Lang) -> String {
        let again = std::iter::once(lang.say("undo-agrees").to_string()).chain(self.topics.iter().cloned());
        self.told(brand, lang, &[&again.collect::<Vec<_>>().join("\n"), &self.agrees])
    }

    /// What one agrees to for one permission (T-02: never together with what comes).
    fn of_permission(&self, kind: PermissionKind, brand: &Brand, lang: Lang) -> String {
        let found = self.permissions.iter().find(|(of, _)| *of == kind);
        let words = found.map_or("", |(_, words)| words.as_str());
        let again =
            if words.is_empty() { String::new() } else { format!("{}\n{words}", lang.say("undo-agrees")) };
        self.told(brand, lang, &[&again])
    }
}

/// Puts back what was before an act. `keep` is how long hits are kept.
///
/// # Errors
/// [`Error::Outdated`] if it is not possible (any more); [`Error::NotFound`] if the person was erased.
pub fn undo(
    conn: &mut DbConnection,
    keys: &Keys,
    act: &Act,
    (lang, keep): (Lang, Duration),
    now: Moment,
) -> Result<Act> {
    // First the lock and then the look: between the two something could change.
    lock(conn, act.subscriber)?;
    let possible = look(conn, keys, act, now)?;
    if !matches!(possible, Undo::Possible { .. }) {
        return Err(outdated());
    }
    let brand = act::brand_of(conn, act)?;
    let words = words(conn, act, (&brand, possible), (lang, keep), now)?;
    let screen = Screen { boxes: boxes(conn, act, lang, now)?, brand, words, lang, now };
    let work = |conn: &mut DbConnection| put_back(conn, act, &screen);
    let ((), undone) = act::perform(conn, act.link(), (Kind::Undone, Some(act.id)), now, work)?;
    undone.ok_or_else(outdated)
}

/// What the person had before them when they pressed the button.
struct Screen {
    brand: Brand,
    words: Words,
    boxes: Vec<ShownBox>,
    lang: Lang,
    now: Moment,
}

impl Screen {
    /// What they say by it, under these words.
    fn statement(&self, conn: &mut DbConnection, act: &Act, wording: String) -> Result<Statement<'static>> {
        let shown = Shown {
            form: "undo".to_owned(),
            wording,
            boxes: self.boxes.clone(),
            policy_version: self.brand.policy_version.clone(),
            language: Some(self.lang.tag().to_owned()),
        };
        Ok(Statement {
            subscriber: act.subscriber,
            brand: act.brand,
            evidence: ledger::keep(conn, &shown)?,
            method: Method::Undo,
            actor: SUBSCRIBER,
            campaign: act.campaign,
            at: self.now,
            source: None,
        })
    }
}

fn outdated() -> Error {
    Error::outdated(Message::new("problem-undo"))
}

fn put_back(conn: &mut DbConnection, act: &Act, screen: &Screen) -> Result<()> {
    put_back_topics(conn, act, screen)?;
    put_back_permissions(conn, act, screen)?;
    // What stood in the way before stands there again.
    if let Some(address) = subscriber::email_hash(conn, act.subscriber)? {
        let lifted = act.before.against.iter().filter(|wish| !act.after.against.contains(wish));
        for Against { brand, reason, since } in lifted {
            suppression::reinstate(conn, &address, act.brand, (*brand, *reason, *since))?;
        }
    }
    let (before, after) = (act.before.choice(), act.after.choice());
    let mut choice = brand_choice::find(conn, act.subscriber, act.brand)?;
    if before.paused_until != after.paused_until {
        choice.paused_until = before.pause(screen.now);
    }
    if before.at_most != after.at_most {
        choice.at_most = before.at_most;
    }
    let statement = screen.statement(conn, act, screen.words.of_ending(&screen.brand, screen.lang))?;
    brand_choice::set(conn, &statement, choice)?;
    if act.before.locale != act.after.locale {
        subscriber::set_locale(conn, act.subscriber, act.before.locale.as_deref())?;
    }
    Ok(())
}

fn put_back_topics(conn: &mut DbConnection, act: &Act, screen: &Screen) -> Result<()> {
    let (words, brand, lang) = (&screen.words, &screen.brand, screen.lang);
    for (answer, _) in returning(conn, act, screen.now)?.topics {
        // As it was, so a supplier's contact is still told of the supplier, and in time.
        let statement = screen.statement(conn, act, words.of_topics(brand, lang))?;
        let as_before = Statement { source: answer.source, ..statement };
        let granted = Answer::Granted(answer.basis, answer.until);
        opt_in::set(conn, &as_before, answer.topic, answer.channel, granted)?;
        if let Some(obtained) = answer.obtained_at {
            opt_in::set_obtained(conn, act.subscriber, answer.topic, answer.channel, obtained)?;
        }
    }
    for answer in leaving(act) {
        let statement = screen.statement(conn, act, words.of_ending(brand, lang))?;
        opt_in::set(conn, &statement, answer.topic, answer.channel, Answer::Withdrawn)?;
    }
    Ok(())
}

fn put_back_permissions(conn: &mut DbConnection, act: &Act, screen: &Screen) -> Result<()> {
    for kind in PermissionKind::ALL.iter().copied() {
        let before = act.before.allows(kind);
        if before != act.after.allows(kind) {
            let wording = screen.words.of_permission(kind, &screen.brand, screen.lang);
            let statement = screen.statement(conn, act, wording)?;
            permission::set(conn, &statement, kind, before)?;
        }
    }
    Ok(())
}

/// What the button changes, each as it stood before it was pressed.
fn boxes(conn: &mut DbConnection, act: &Act, lang: Lang, now: Moment) -> Result<Vec<ShownBox>> {
    let returning = returning(conn, act, now)?;
    let mut boxes = Vec::new();
    for (answer, topic) in &returning.topics {
        let words = topic_item(lang, &topic.name, answer.channel).to_string();
        let shown = ShownBox::plain(format!("{}:{}", topic.slug, answer.channel), false);
        boxes.push(ShownBox { words: Some(words), ..shown });
    }
    for answer in leaving(act) {
        let topic = topic::get(conn, answer.topic)?;
        boxes.push(ShownBox::plain(format!("{}:{}", topic.slug, answer.channel), true));
    }
    let permissions = returning.permissions.iter();
    boxes.extend(permissions.map(|kind| ShownBox::plain(format!("permission:{kind}"), false)));
    for (kind, _) in &act.after.permissions {
        if act.after.allows(*kind) && !act.before.allows(*kind) {
            boxes.push(ShownBox::plain(format!("permission:{kind}"), true));
        }
    }
    Ok(boxes)
}
