//! Saving the preference page, and its button that stops everything.
//!
//! The link came by mail to the address, so what a person ticks here needs no further confirmation: a pending
//! opt-in becomes granted. Left empty, it stays pending: its box was empty before. A permission that was shown and
//! left empty is an answer too: the first one is kept as refused, so that nobody is asked twice. Not so where the browser
//! asks not to be tracked: its word counts for its requests and never changes what is stored (O-17).
//!
//! A page may lie open while the choices change elsewhere. So it posts how each box started: what differs from that
//! is what the person changed, and the ledger keeps it as what was shown. A box that was left ticked and does not
//! hold any more is a conflict: nothing is granted that nobody ticked.

use std::collections::BTreeSet;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::Brand;
use crate::domain::catalog::Channel;
use crate::domain::catalog::topic::Topic;
use crate::domain::consent::brand_choice::{self, AtMost};
use crate::domain::consent::ledger::{self, Method, SUBSCRIBER, Shown, ShownBox, Statement};
use crate::domain::consent::opt_in::{Answer, Basis, Scope, State};
use crate::domain::consent::permission::{Change, Kind, State as PermissionState};
use crate::domain::consent::{objection, opt_in, suppression};
use crate::domain::preferences::act::{self, Act};
use crate::domain::preferences::pause::pause_wording;
use crate::domain::preferences::posted::{Posted, Start};
use crate::domain::preferences::{Choice, Preferences, load};
use crate::domain::tracking::permission;
use crate::error::{Error, Result};
use crate::i18n::{Lang, Message};
use crate::token::PreferencesLink;

/// What the page said around the boxes, for the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a> {
    /// The words at the box for opens.
    pub opens_wording: &'a str,
    /// The words at the box for clicks.
    pub clicks_wording: &'a str,
    /// The words at the box for profiling.
    pub profiling_wording: &'a str,
    /// Whether these are the words that the person had before them.
    pub is_current: bool,
    /// The language of the page.
    pub language: Lang,
}

/// What a save changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Granted now.
    pub granted: Vec<Choice>,
    /// Withdrawn now.
    pub withdrawn: Vec<Choice>,
    /// Granted before and still.
    pub continues: Vec<Choice>,
    /// The permissions whose answer is another one than before.
    pub permissions: Vec<(Kind, Change)>,
}

/// Stores what the person changed of what was shown, as one act; none if they changed nothing.
///
/// # Errors
/// [`Error::NotFound`] if the person was erased; [`Error::Invalid`] if a box is none of the brand's, or was ticked
/// without being shown; [`Error::Outdated`] if a box that was left ticked no longer holds, or a topic no longer comes
/// in the way that was ticked.
pub fn save(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    posted: &Posted,
    screen: &Screen<'_>,
    now: Moment,
) -> Result<Option<Act>> {
    let work = |conn: &mut DbConnection| store(conn, link, posted, screen, now);
    Ok(act::perform(conn, *link, (act::Kind::Saved, None), now, work)?.1)
}

fn store(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    posted: &Posted,
    screen: &Screen<'_>,
    now: Moment,
) -> Result<()> {
    let before = load(conn, link.brand, link.subscriber, now)?;
    let steps = plan(&before, posted)?;
    let questions = questions(&before, posted)?;
    let agrees = steps.iter().any(|step| matches!(step.answer, Some(Answer::Granted(..))))
        || questions.iter().any(|question| question.answer == Some(true));
    // To end something nobody has to have read the newest words.
    if agrees && !screen.is_current {
        return Err(Error::outdated(Message::new("problem-words-changed")));
    }
    let boxes = boxes(&steps, &questions, screen.language);
    let evidence = |conn: &mut DbConnection, wording: &str| {
        keep(conn, &before.brand, (wording, screen.language), boxes.clone())
    };
    let grants_email = steps.iter().any(Step::grants_email);
    if grants_email {
        // Lifting an objection brings back only what is ticked now.
        let statement = statement(link, evidence(conn, &before.brand.consent_wording)?, now);
        objection::end_what_it_covers(conn, &statement)?;
    }
    for step in &steps {
        let Some(answer) = step.answer else { continue };
        let statement = statement(link, evidence(conn, &before.brand.consent_wording)?, now);
        opt_in::set(conn, &statement, step.topic.id, step.channel, answer)?;
    }
    if grants_email {
        lift_suppressions(conn, link, now)?;
    }
    for question in &questions {
        let Some(answer) = question.answer else { continue };
        let wording = match question.kind {
            Kind::Opens => screen.opens_wording,
            Kind::Clicks => screen.clicks_wording,
            Kind::Profiling => screen.profiling_wording,
        };
        let statement = statement(link, evidence(conn, wording)?, now);
        permission::set(conn, &statement, question.kind, answer)?;
    }
    choose(conn, link, posted, (&before, screen.language), now)?;
    if let Some((_, chosen)) = posted.locale.as_ref().filter(|(shown, chosen)| shown != chosen) {
        subscriber::set_locale(conn, link.subscriber, Some(chosen.as_str()).filter(|tag| !tag.is_empty()))?;
    }
    Ok(())
}

/// Stores how often the brand may write at most, and a pause whose day was typed.
fn choose(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    posted: &Posted,
    (before, lang): (&Preferences, Lang),
    now: Moment,
) -> Result<()> {
    let mut choice = before.choice;
    if let Some((shown, chosen)) = posted.at_most.filter(|(shown, chosen)| shown != chosen) {
        let boxes = AtMost::ALL
            .iter()
            .map(|at_most| ShownBox::plain(format!("at_most:{at_most}"), *at_most == shown));
        let wording = at_most_wording(&before.brand, lang);
        let evidence = keep(conn, &before.brand, (&wording, lang), boxes.collect())?;
        choice.at_most = chosen;
        brand_choice::set(conn, &statement(link, evidence, now), choice)?;
    }
    if let Some(until) = posted.pause {
        let evidence = keep(conn, &before.brand, (&pause_wording(&before.brand, lang), lang), Vec::new())?;
        choice.paused_until = Some(until);
        brand_choice::set(conn, &statement(link, evidence, now), choice)?;
    }
    Ok(())
}

/// What the page asks about how often at most, with the answers, exactly.
pub fn at_most_wording(brand: &Brand, lang: Lang) -> String {
    let answers = AtMost::ALL.iter().map(|at_most| at_most_words(*at_most, lang));
    let question = lang.say("at-most-legend").with("brand", &brand.name).to_string();
    std::iter::once(question).chain(answers).collect::<Vec<_>>().join("\n")
}

/// One of these answers.
pub fn at_most_words(at_most: AtMost, lang: Lang) -> String {
    match at_most {
        AtMost::Each => lang.say("at-most-each"),
        AtMost::Weekly => lang.say("at-most-weekly"),
        AtMost::Monthly => lang.say("at-most-monthly"),
    }
    .to_string()
}

/// Keeps what the page said, in its language.
pub(super) fn keep(
    conn: &mut DbConnection,
    brand: &Brand,
    (wording, lang): (&str, Lang),
    boxes: Vec<ShownBox>,
) -> Result<i64> {
    let shown = Shown {
        form: "preferences".to_owned(),
        wording: wording.to_owned(),
        boxes,
        policy_version: brand.policy_version.clone(),
        language: Some(lang.tag().to_owned()),
    };
    ledger::keep(conn, &shown)
}

/// What the page says above the button that stops everything, exactly.
pub fn stop_wording(brand: &Brand, lang: Lang) -> String {
    lang.say("scope-everything").with("brand", &brand.name).to_string()
}

/// Ends all marketing of the brand on all channels, with one ledger entry, and every permission to track. A repeat is no
/// act.
///
/// # Errors
/// [`Error::NotFound`] if the person was erased.
pub fn stop_everything(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    lang: Lang,
    now: Moment,
) -> Result<Option<Act>> {
    let work = |conn: &mut DbConnection| {
        let before = load(conn, link.brand, link.subscriber, now)?;
        let wording = stop_wording(&before.brand, lang);
        let evidence = keep(conn, &before.brand, (&wording, lang), Vec::new())?;
        end_all(conn, &before, &statement(link, evidence, now))
    };
    Ok(act::perform(conn, *link, (act::Kind::Stopped, None), now, work)?.1)
}

/// Ends everything that the page shows, as the person asked for none of it: all marketing of the brand, also what has not
/// been asked for yet, so that no older file grants it, and every permission to track. A repeat is no act.
///
/// # Errors
/// [`Error::NotFound`] if the person was erased.
pub fn choose_nothing(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    lang: Lang,
    now: Moment,
) -> Result<Option<Act>> {
    let work = |conn: &mut DbConnection| {
        let before = load(conn, link.brand, link.subscriber, now)?;
        let is_repeat =
            opt_in::stopped_just_now(conn, (link.subscriber, link.brand), Scope::Everything, now)?;
        if is_repeat && before.allowed().next().is_none() {
            return Ok(());
        }
        let wording = nothing_wording(lang);
        let evidence = keep(conn, &before.brand, (&wording, lang), before.shown_boxes(lang))?;
        end_all(conn, &before, &statement(link, evidence, now))
    };
    Ok(act::perform(conn, *link, (act::Kind::Saved, None), now, work)?.1)
}

/// Ends what comes and what is recorded. Whoever is sent nothing any more is not watched either: old letters still have
/// their pixels and links, and a later sign-up would find the permission as it was.
fn end_all(conn: &mut DbConnection, before: &Preferences, statement: &Statement<'_>) -> Result<()> {
    opt_in::withdraw_all(conn, statement, Scope::Everything)?;
    for kind in before.allowed() {
        permission::set(conn, statement, kind, false)?;
    }
    Ok(())
}

/// What the page says on and below the button for nothing at all, exactly.
fn nothing_wording(lang: Lang) -> String {
    format!("{}\n{}", lang.say("none-button"), lang.say("shortcuts-hint"))
}

/// What the person says on the page behind this link.
pub(super) fn statement(link: &PreferencesLink, evidence: i64, now: Moment) -> Statement<'static> {
    Statement {
        subscriber: link.subscriber,
        brand: link.brand,
        evidence,
        method: Method::PreferencePage,
        actor: SUBSCRIBER,
        campaign: (link.campaign != 0).then_some(link.campaign),
        at: now,
        source: None,
    }
}

/// One box that was shown, and what has to be set because of it; nothing where the answer is what it was.
struct Step<'a> {
    topic: &'a Topic,
    channel: Channel,
    started: bool,
    answer: Option<Answer>,
}

impl Step<'_> {
    fn grants_email(&self) -> bool {
        self.channel == Channel::Email && matches!(self.answer, Some(Answer::Granted(..)))
    }
}

/// A person who asks for mail behind a link that came by mail takes back what only they can take back; otherwise
/// the page would promise what the gate refuses.
fn lift_suppressions(conn: &mut DbConnection, link: &PreferencesLink, now: Moment) -> Result<()> {
    if let Some(address) = subscriber::email_hash(conn, link.subscriber)? {
        suppression::lift_by_own_act(conn, &address, link.brand, now)?;
    }
    Ok(())
}

fn plan<'a>(before: &'a Preferences, posted: &Posted) -> Result<Vec<Step<'a>>> {
    let shown: BTreeSet<&(String, Channel)> = posted.shown.iter().map(|(item, _)| item).collect();
    let ticked: BTreeSet<&(String, Channel)> = posted.ticked.iter().collect();
    if !ticked.is_subset(&shown) {
        return Err(Error::invalid("choice", "A box was ticked that was not shown; reload the page"));
    }
    let mut done = BTreeSet::new();
    let mut steps = Vec::with_capacity(shown.len());
    for (item, started) in posted.shown.iter().filter(|(item, _)| done.insert(item)) {
        let (slug, channel) = item;
        let found = before.topics.iter().find(|t| t.topic.slug.as_str() == slug);
        let found =
            found.ok_or_else(|| Error::invalid("shown", "There is no such topic; reload the page"))?;
        let present = found.answers.iter().find(|(c, _)| c == channel).and_then(|(_, state)| *state);
        let answer = answer(*started, ticked.contains(item), present)?;
        if matches!(answer, Some(Answer::Granted(..))) && !found.topic.offers(*channel) {
            return Err(Error::outdated(Message::new("problem-topic-changed")));
        }
        steps.push(Step { topic: &found.topic, channel: *channel, started: *started, answer });
    }
    Ok(steps)
}

/// What to set where a box started so, came back so, and this is stored now.
fn answer(started: bool, ticked: bool, present: Option<State>) -> Result<Option<Answer>> {
    let holds = present == Some(State::Granted);
    match (started, ticked) {
        (true, true) if !holds => Err(changed_meanwhile()),
        (false, true) if !holds => Ok(Some(Answer::Granted(Basis::Consent, None))),
        (true, false) if holds => Ok(Some(Answer::Withdrawn)),
        _ => Ok(None),
    }
}

fn changed_meanwhile() -> Error {
    Error::outdated(Message::new("problem-choices-changed"))
}

/// One permission that was asked for, and the answer if it is another one than before.
struct Question {
    kind: Kind,
    start: Start,
    answer: Option<bool>,
}

fn questions(before: &Preferences, posted: &Posted) -> Result<Vec<Question>> {
    let was_shown = |kind: &Kind| posted.shown_permissions.iter().any(|(shown, _)| shown == kind);
    if !posted.ticked_permissions.iter().all(was_shown) {
        return Err(Error::invalid("permission", "A box was ticked that was not shown; reload the page"));
    }
    let mut questions: Vec<Question> = Vec::new();
    for (kind, start) in &posted.shown_permissions {
        let Some((_, stored)) = before.permissions.iter().find(|(asked, _)| asked == kind) else {
            return Err(Error::invalid("shown_permission", "This page does not ask for that"));
        };
        if questions.iter().any(|question| question.kind == *kind) {
            continue;
        }
        let present = stored.as_ref().map(|permission| permission.state);
        let ticked = posted.ticked_permissions.contains(kind);
        questions.push(Question { kind: *kind, start: *start, answer: permit(*start, ticked, present)? });
    }
    Ok(questions)
}

/// As [`answer`], for a permission: an empty box is a no where nothing was answered yet, and where it ends one.
fn permit(start: Start, ticked: bool, present: Option<PermissionState>) -> Result<Option<bool>> {
    use PermissionState::{Granted, Refused};
    match (start, ticked, present) {
        (Start::Ticked, true, None | Some(Refused)) => Err(changed_meanwhile()),
        (Start::Emptied, false, _) => Ok(None),
        // Granted elsewhere since: this page's box was not touched.
        (Start::Empty, false, Some(Granted)) => Ok(None),
        (_, true, Some(Granted)) | (_, false, Some(Refused)) => Ok(None),
        (_, answer, _) => Ok(Some(answer)),
    }
}

/// The boxes that were shown, each as it was before the person touched it.
fn boxes(steps: &[Step<'_>], questions: &[Question], lang: Lang) -> Vec<ShownBox> {
    let topics = steps.iter().map(|step| ShownBox::of_topic(step.topic, step.channel, step.started, lang));
    let permissions = questions.iter().map(|question| {
        ShownBox::plain(format!("permission:{}", question.kind), question.start == Start::Ticked)
    });
    topics.chain(permissions).collect()
}
