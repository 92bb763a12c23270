//! What a person wants when they press a button of the preference page: read from its form, and carried out.

use std::time::Duration;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::catalog::Channel;
use crate::domain::catalog::topic::{Kind as TopicKind, Topic};
use crate::domain::consent::brand_choice::{AtMost, PAUSE_MAX};
use crate::domain::consent::permission::Kind;
use crate::domain::intake::parse_choice;
use crate::domain::preferences::act::Act;
use crate::domain::preferences::{self, Posted, Preferences, Screen, Start};
use crate::domain::tracking::permission::words;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};
use crate::token::PreferencesLink;
use crate::web::form::Form;
use crate::web::page::PreferencesPage;
use crate::web::public::view::seen_choices;

/// A box, and whether it started ticked.
type Started = ((String, Channel), bool);

/// What a person wants to be done.
pub(super) enum Wish {
    /// Store the boxes, as they stand on the page; `seen` stands for its words.
    Save { posted: Box<Posted>, seen: String },
    /// Tick every box for email, if the page still has these words and these boxes, which started so.
    AllEmail { seen: String, shown: Vec<Started> },
    /// Empty every box.
    None,
    /// Keep one kind of message in one way and the subjects that come in the same way; empty every other box.
    Only(String, Channel),
    /// End every permission to track.
    NoTracking,
    /// Stop everything.
    Stop,
    /// Pause until a day has begun wherever the person may be; none for one that cannot be read.
    Pause(Option<Moment>),
    /// End the pause.
    Resume,
}

impl Wish {
    /// Reads what was posted with a button.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what no button of the page posts.
    pub(super) fn read(action: Option<&str>, form: &Form, now: Moment) -> Result<Self> {
        Ok(match action {
            Some(PreferencesPage::SAVE) => {
                let mut posted = read_posted(form)?;
                posted.pause = match form.text("pause_until")?.trim() {
                    "" => None,
                    day => Some(pause_end(Moment::parse_day(day), now)?),
                };
                Self::Save { posted: Box::new(posted), seen: form.text("seen")? }
            }
            Some(PreferencesPage::ALL_EMAIL) => {
                Self::AllEmail { seen: form.text("seen")?, shown: read_shown(form)? }
            }
            Some(PreferencesPage::NONE) => Self::None,
            Some(PreferencesPage::ONLY) => {
                let kept = read_choice(&form.text("only")?);
                let (slug, channel) =
                    kept.ok_or_else(|| Error::invalid("only", "This is no choice of the page"))?;
                Self::Only(slug, channel)
            }
            Some(PreferencesPage::NO_TRACKING) => Self::NoTracking,
            Some(PreferencesPage::STOP) => Self::Stop,
            Some(PreferencesPage::RESUME) => Self::Resume,
            Some(PreferencesPage::PAUSE) => Self::Pause(match form.text("pause_until")?.trim() {
                "" => {
                    let months = form.text("pause_for")?.parse().ok();
                    months
                        .filter(|months| PreferencesPage::MONTHS.contains(months))
                        .map(|m| now.months_later(m))
                }
                day => Moment::parse_day(day),
            }),
            _ => return Err(Error::invalid("action", "Press one of the buttons of the page")),
        })
    }

    /// Whether it chooses another language than the page had.
    pub(super) fn chooses_language(&self) -> bool {
        matches!(self, Self::Save { posted, .. } if posted.locale.as_ref().is_some_and(|(shown, chosen)| shown != chosen))
    }
}

/// Does it. Returns the act; none where nothing was left to do. `keep` is how long hits are kept.
///
/// # Errors
/// As of the domain's functions behind the buttons.
pub(super) fn carry_out(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    wish: Wish,
    (stored, lang, keep): (&Preferences, Lang, Duration),
    now: Moment,
) -> Result<Option<Act>> {
    let current = seen_choices(&stored.brand, stored.topics.iter().map(|of| &of.topic), lang, keep);
    let (posted, is_current) = match wish {
        Wish::Stop => return preferences::stop_everything(conn, link, lang, now),
        Wish::None => return preferences::choose_nothing(conn, link, lang, now),
        Wish::Resume => return preferences::end_pause(conn, link, lang, now),
        Wish::Pause(day) => return preferences::pause(conn, link, pause_end(day, now)?, lang, now),
        Wish::Save { posted, seen } => (*posted, seen == current),
        Wish::AllEmail { seen, shown } => {
            // An interest in a sensitive topic is told by a tick of its own.
            let all = set_all(stored, |topic, channel, started| {
                started || (channel == Channel::Email && !topic.sensitive)
            });
            // Pressed twice: what is so already is done, however the list was before.
            if all.ticked.len() == stored.ticked().count() {
                return Ok(None);
            }
            if !shown.into_iter().eq(boxes(stored)) {
                return Err(choices_changed());
            }
            (all, seen == current)
        }
        Wish::Only(slug, channel) => (keep_only(stored, &slug, channel)?, true),
        Wish::NoTracking => (no_tracking(stored), true),
    };
    let [opens, clicks, profiling] =
        [Kind::Opens, Kind::Clicks, Kind::Profiling].map(|kind| words(kind, lang, keep));
    let screen = Screen {
        opens_wording: &opens,
        clicks_wording: &clicks,
        profiling_wording: &profiling,
        is_current,
        language: lang,
    };
    preferences::save(conn, link, &posted, &screen, now)
}

/// When a pause until a day ends.
///
/// # Errors
/// For no day, and for one that is not within the year to come: a sentence for the person.
fn pause_end(day: Option<Moment>, now: Moment) -> Result<Moment> {
    match day {
        Some(day) if day > now && day.begun_everywhere() <= now.plus(PAUSE_MAX) => Ok(day.begun_everywhere()),
        _ => Err(Error::Invalid(vec![Problem::said("pause_until", Message::new("problem-pause-day"))])),
    }
}

fn choices_changed() -> Error {
    Error::outdated(Message::new("problem-choices-changed"))
}

/// What can be kept alone: each kind of message that comes, in each way in which it comes; none unless that would end
/// another one.
pub(super) fn can_be_kept(stored: &Preferences) -> Vec<(&Topic, Channel)> {
    let running: Vec<_> =
        stored.ticked().filter(|(topic, _)| topic.kind == TopicKind::Communication).collect();
    if running.len() > 1 { running } else { Vec::new() }
}

/// The subjects stay in the way that is kept: they only say what the messages are about.
fn keep_only(stored: &Preferences, slug: &str, kept: Channel) -> Result<Posted> {
    let is_kept = |topic: &Topic, channel: Channel| {
        channel == kept && (topic.slug.as_str() == slug || topic.kind == TopicKind::Subject)
    };
    // Ended elsewhere since: nothing is granted that was not there to be kept.
    if !stored.ticked().any(|(topic, channel)| topic.slug.as_str() == slug && channel == kept) {
        return Err(choices_changed());
    }
    Ok(set_all(stored, |topic, channel, started| started && is_kept(topic, channel)))
}

fn no_tracking(stored: &Preferences) -> Posted {
    Posted {
        shown_permissions: stored.allowed().map(|kind| (kind, Start::Ticked)).collect(),
        ..Posted::default()
    }
}

/// Every box of the page, as it is stored.
fn boxes(stored: &Preferences) -> impl Iterator<Item = Started> {
    stored.boxes().map(|(topic, channel, started)| ((topic.slug.to_string(), channel), started))
}

/// The page after a button that sets every box.
fn set_all(stored: &Preferences, ticks: impl Fn(&Topic, Channel, bool) -> bool) -> Posted {
    let ticked = stored.boxes().filter(|(topic, channel, started)| ticks(topic, *channel, *started));
    Posted {
        ticked: ticked.map(|(topic, channel, _)| (topic.slug.to_string(), channel)).collect(),
        shown: boxes(stored).collect(),
        ..Posted::default()
    }
}

/// What stands in the form besides the button, however it stood when the page was opened; nothing where it is no form of
/// the page.
pub(super) fn left(form: &Form) -> Option<Posted> {
    read_posted(form).ok()
}

/// Whether the form has changes that a button other than Save leaves alone.
pub(super) fn leaves_unsaved(action: Option<&str>, form: &Form) -> bool {
    let touched = || left(form).is_some_and(|posted| posted.is_touched());
    let typed = || form.all("pause_until").any(|day| !day.trim().is_empty());
    match action {
        Some(PreferencesPage::SAVE) => false,
        Some(PreferencesPage::PAUSE) => touched(),
        _ => touched() || typed(),
    }
}

fn read_shown(form: &Form) -> Result<Vec<Started>> {
    Ok(read_all(form, "shown", read_topic)?.into_iter().flatten().collect())
}

/// The boxes of a topic: `newsletter:email:on:post:off`.
fn read_topic(value: &str) -> Option<Vec<Started>> {
    let (slug, mut rest) = value.split_once(':')?;
    let mut boxes = Vec::new();
    while !rest.is_empty() {
        let (channel, tail) = rest.split_once(':')?;
        let (start, tail) = tail.split_once(':').unwrap_or((tail, ""));
        let started = match start {
            "on" => true,
            "off" => false,
            _ => return None,
        };
        boxes.push(((slug.to_owned(), Channel::parse(channel)?), started));
        rest = tail;
    }
    (!boxes.is_empty()).then_some(boxes)
}

fn read_posted(form: &Form) -> Result<Posted> {
    Ok(Posted {
        shown: read_shown(form)?,
        ticked: read_all(form, "choice", read_choice)?,
        shown_permissions: read_all(form, "shown_permission", |value| {
            let (kind, start) = value.split_once(':')?;
            Some((Kind::parse(kind)?, Start::parse(start)?))
        })?,
        ticked_permissions: read_all(form, "permission", Kind::parse)?,
        at_most: read_pair(form, "shown_at_most", "at_most", AtMost::parse)?,
        locale: read_pair(form, "shown_locale", "locale", |tag| {
            let known = tag.is_empty() || Lang::ALL.iter().any(|lang| lang.tag() == tag);
            known.then(|| tag.to_owned())
        })?,
        pause: None,
    })
}

/// What was shown of a question with one answer, and what came back; none where it was not shown.
fn read_pair<T>(
    form: &Form,
    shown: &str,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<(T, T)>> {
    let refuse = || Error::invalid(name, "This is no answer of the page; reload it");
    match (form.one(shown)?, form.one(name)?) {
        (Some(shown), Some(chosen)) => {
            Ok(Some((read(shown).ok_or_else(refuse)?, read(chosen).ok_or_else(refuse)?)))
        }
        (None, None) => Ok(None),
        _ => Err(refuse()),
    }
}

/// The values of a name, of which several may stand in one field with spaces between.
fn read_all<T>(form: &Form, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let refuse = || Error::invalid(name, "This is no box of the page; reload it");
    form.all(name).flat_map(str::split_ascii_whitespace).map(|value| read(value).ok_or_else(refuse)).collect()
}

fn read_choice(value: &str) -> Option<(String, Channel)> {
    parse_choice(value).map(|(topic, channel)| (topic.to_owned(), channel))
}
