//! Sign-up: what a person asked for on a form, checked without a look at who is known, and later applied.
//!
//! Applying makes everything pending and asks for a confirmation by mail; nothing is granted here, and nothing that
//! was typed becomes the person's before they confirm it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::domain::audience::source::{self, SourceForm};
use crate::domain::audience::subscriber::{self, Profile};
use crate::domain::catalog::sign_up_form::Field;
use crate::domain::catalog::topic::Kind as TopicKind;
use crate::domain::catalog::{Brand, Channel, NamedForm, Topic, brand};
use crate::domain::consent::ledger::{SUBSCRIBER, Shown, ShownBox};
use crate::domain::consent::opt_in::Answer;
use crate::domain::consent::suppression::Reason;
use crate::domain::consent::{
    Method, Statement, confirmation, ledger, lock, opt_in, permission, suppression,
};
use crate::domain::intake::{Options, lane, parse_choice};
use crate::domain::outbox::{self, About};
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};
use crate::token::Keys;

/// An address gets at most one confirmation mail in this time, whatever the brands (SEC-06).
const ONE_MAIL_IN: Duration = DAY;

/// What the evidence calls a named form, before its slug.
pub(super) const NAMED: &str = "sign-up/";

/// What a form sent: what was ticked, and what was there to be ticked.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpForm {
    /// The address; the only thing needed of the person.
    pub email: String,
    /// What else the person typed. A number is kept only where a topic was ticked by phone, an address only by post.
    #[serde(default)]
    pub profile: Profile,
    /// The ticked topics, each as `newsletter:email`.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Every topic that had a box, in the same form. No box may be ticked before the person touches it.
    #[serde(default)]
    pub shown: Vec<String>,
    /// The ticked tracking permissions: `opens`, `clicks`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Every tracking permission that had a box.
    #[serde(default)]
    pub shown_permissions: Vec<String>,
    /// The wording that the person agreed to: exactly as it was shown, or its SHA-256 in hexadecimal.
    pub wording: String,
    /// The language of the form, where it is one of ours.
    #[serde(skip)]
    pub language: Option<Lang>,
}

/// A sign-up that fits the brand; it waits as JSON until a job applies it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    email: String,
    profile: Profile,
    choices: Vec<(i64, Channel)>,
    permissions: Vec<permission::Kind>,
    wording: String,
    shown: Vec<ShownBox>,
    policy_version: String,
    #[serde(default)]
    language: Option<String>,
    /// The slug of the named form; none for the brand's own and the API.
    #[serde(default)]
    form: Option<String>,
    /// Whether the browser spent some work on it.
    #[serde(default)]
    proven: bool,
}

impl SignUp {
    /// Says whether the browser spent some work on it.
    pub fn set_proven(&mut self, proven: bool) {
        self.proven = proven;
    }
}

impl SignUpForm {
    /// Checks a form against the brand it was sent to, and against the named form that it was, whose topics these are
    /// then. What nobody asked for and what no ticked channel needs is left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming every field that breaks a rule: an unknown topic, a channel that is not offered, a
    /// box that was not shown, a channel without the number or address that it needs, a field that the named form
    /// cannot do without, no kind of message at all.
    pub fn check(mut self, brand: &Brand, topics: &[Topic], named: Option<&NamedForm>) -> Result<SignUp> {
        let mut problems = Vec::new();
        let email = EmailAddress::parse(&self.email).map_err(|problem| problems.push(problem)).ok();
        let wording = self.wording.replace("\r\n", "\n").trim().to_owned();
        if wording.is_empty() || wording.chars().count() > ledger::WORDING_CHARS_MAX {
            problems.push(Problem::new("wording", "Send the wording that the person agreed to"));
        }
        let before = problems.len();
        let boxes = boxes_of(topics, &self.choices, &self.shown, &mut problems);
        let permissions = permissions_of(&self.permissions, &self.shown_permissions, &mut problems);
        let are_ours = problems.len() == before;
        let wants = |channel| boxes.ticked.iter().any(|(_, ticked)| *ticked == channel);
        for field in Field::ALL {
            let is_asked = named.is_none_or(|form| form.asks(*field).is_some());
            if !is_asked || !field.channel().is_none_or(wants) {
                *value_of(&mut self.profile, *field) = None;
            }
        }
        if let Some(form) = named {
            check_required(form, &mut self.profile, &mut problems);
        }
        if are_ours {
            check_use(topics, &boxes.ticked, &mut self.profile, &mut problems);
        }
        let profile = self.profile.check().unwrap_or_else(|wrong| {
            problems.extend(wrong);
            Profile::default()
        });
        match email {
            Some(email) if problems.is_empty() => Ok(SignUp {
                email: email.as_str().to_owned(),
                profile,
                choices: boxes.ticked,
                permissions: permissions.ticked,
                wording,
                shown: [boxes.shown, permissions.shown].concat(),
                policy_version: brand.policy_version.clone(),
                language: self.language.map(|lang| lang.tag().to_owned()),
                form: named.map(|form| form.slug.to_string()),
                proven: false,
            }),
            _ => Err(Error::Invalid(problems)),
        }
    }
}

fn value_of(profile: &mut Profile, field: Field) -> &mut Option<String> {
    match field {
        Field::FirstName => &mut profile.first_name,
        Field::LastName => &mut profile.last_name,
        Field::Company => &mut profile.company,
        Field::Country => &mut profile.country,
        Field::Phone => &mut profile.phone,
        Field::PostalAddress => &mut profile.postal_address,
    }
}

fn is_missing(profile: &mut Profile, field: Field) -> bool {
    value_of(profile, field).as_deref().unwrap_or_default().trim().is_empty()
}

/// Whether everything is there that a named form cannot do without.
fn check_required(form: &NamedForm, profile: &mut Profile, problems: &mut Vec<Problem>) {
    for asked in form.fields.iter().filter(|asked| asked.required) {
        let message = match asked.field {
            Field::FirstName => Message::new("problem-first-name-missing"),
            Field::LastName => Message::new("problem-last-name-missing"),
            Field::Company => Message::new("problem-company-missing"),
            Field::Country => Message::new("problem-country-missing"),
            // Their channels ask for them.
            Field::Phone | Field::PostalAddress => continue,
        };
        if is_missing(profile, asked.field) {
            problems.push(Problem::said(asked.field.as_str(), message));
        }
    }
}

struct Boxes<T> {
    ticked: Vec<T>,
    shown: Vec<ShownBox>,
}

fn boxes_of(
    topics: &[Topic],
    choices: &[String],
    shown: &[String],
    problems: &mut Vec<Problem>,
) -> Boxes<(i64, Channel)> {
    let find = |text: &String| {
        let (slug, channel) = parse_choice(text)?;
        let topic = topics.iter().find(|topic| topic.slug.as_str() == slug)?;
        topic.offers(channel).then_some((topic.id, channel))
    };
    if !shown.iter().all(|text| find(text).is_some()) {
        problems.push(Problem::new(
            "shown",
            "A box stands for a topic or a channel that the brand does not offer",
        ));
    }
    let mut ticked = Vec::new();
    for text in choices {
        match find(text) {
            None => {
                problems.push(Problem::new(
                    "choices",
                    "The brand does not offer one of the topics by this channel",
                ));
            }
            Some(_) if !shown.contains(text) => {
                problems.push(Problem::new("choices", "A box was ticked that is not among those shown"));
            }
            Some(choice) if ticked.contains(&choice) => {}
            Some(choice) => ticked.push(choice),
        }
    }
    Boxes { ticked, shown: shown_boxes(shown.iter().cloned()) }
}

fn permissions_of(
    ticked: &[String],
    shown: &[String],
    problems: &mut Vec<Problem>,
) -> Boxes<permission::Kind> {
    let known = |text: &String| matches!(text.as_str(), "opens" | "clicks");
    if !ticked.iter().chain(shown).all(known) {
        problems.push(Problem::new("permissions", "A form can ask for opens and for clicks"));
    } else if !ticked.iter().all(|text| shown.contains(text)) {
        problems.push(Problem::new("permissions", "A box was ticked that is not among those shown"));
    }
    let mut kinds: Vec<_> = ticked.iter().filter_map(|text| permission::Kind::parse(text)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Boxes { ticked: kinds, shown: shown_boxes(shown.iter().map(|text| format!("permission:{text}"))) }
}

/// In one order, so that the same screen is the same evidence.
fn shown_boxes(names: impl Iterator<Item = String>) -> Vec<ShownBox> {
    let mut boxes: Vec<ShownBox> = names.map(|name| ShownBox { name, ticked: false }).collect();
    boxes.sort_unstable();
    boxes.dedup();
    boxes
}

/// Whether anything could come of it: subjects alone bring no message, and a call needs a number.
fn check_use(
    topics: &[Topic],
    ticked: &[(i64, Channel)],
    profile: &mut Profile,
    problems: &mut Vec<Problem>,
) {
    let communication = |id: i64| topics.iter().any(|t| t.id == id && t.kind == TopicKind::Communication);
    if !ticked.iter().any(|(topic, _)| communication(*topic)) {
        problems.push(Problem::said("communications", Message::new("problem-communications")));
    }
    let wants = |channel| ticked.iter().any(|(_, ticked)| *ticked == channel);
    if wants(Channel::Phone) && is_missing(profile, Field::Phone) {
        problems.push(Problem::said("phone", Message::new("problem-phone-missing")));
    }
    if wants(Channel::Post) && is_missing(profile, Field::PostalAddress) {
        problems.push(Problem::said("postal_address", Message::new("problem-post-missing")));
    }
}

/// Applies a sign-up that came in at `at`: a person without consent or name at first, opt-ins that are pending, the
/// evidence, a confirmation with what was typed, and at most one mail a day to ask for it (SEC-06).
///
/// A child's address and one whose owner complained are passed over in silence. After an objection or an erasure a
/// person may come back by their own act: the suppression stays until they press the button.
///
/// # Errors
/// Of the database.
pub fn apply(
    conn: &mut DbConnection,
    keys: &Keys,
    options: Options,
    brand_id: i64,
    sign_up: &SignUp,
    at: Moment,
    now: Moment,
) -> Result<()> {
    let email = EmailAddress::parse(&sign_up.email).map_err(|problem| Error::Invalid(vec![problem]))?;
    let barred =
        suppression::of_address(conn, &email.keyed_hash(keys), Channel::Email)?.into_iter().any(|found| {
            found.brand_id.is_none_or(|of| of == brand_id)
                && matches!(found.reason, Reason::Under13 | Reason::Complaint)
        });
    if barred {
        return Ok(());
    }
    let person = person_of(conn, keys, brand_id, &email, now)?;
    let evidence = ledger::keep(
        conn,
        &Shown {
            form: sign_up.form.as_ref().map_or("sign-up".to_owned(), |slug| format!("{NAMED}{slug}")),
            wording: sign_up.wording.clone(),
            boxes: sign_up.shown.clone(),
            policy_version: sign_up.policy_version.clone(),
            language: sign_up.language.clone(),
        },
    )?;
    let statement = Statement {
        subscriber: person,
        brand: brand_id,
        evidence,
        method: Method::SignUpForm,
        actor: SUBSCRIBER,
        campaign: None,
        at,
        source: None,
    };
    for (topic, channel) in &sign_up.choices {
        opt_in::set(conn, &statement, *topic, *channel, Answer::Pending)?;
    }
    ask_to_confirm(conn, keys, options, &statement, (sign_up, &email), now)
}

/// The person of the address: found, or recorded without any consent.
fn person_of(
    conn: &mut DbConnection,
    keys: &Keys,
    brand_id: i64,
    email: &EmailAddress,
    now: Moment,
) -> Result<i64> {
    if let Some(known) = subscriber::find_by_email(conn, email)? {
        lock(conn, known.id)?;
    }
    // Read again under the lock: who was erased in between is new.
    let Some(known) = subscriber::find_by_email(conn, email)? else {
        let brand = brand::get(conn, brand_id)?;
        let form = SourceForm {
            name: format!("Sign-up form of {}", brand.slug),
            kind: source::Kind::Form,
            policy_url: None,
            licence_from: None,
            licence_until: None,
        };
        let source = source::ensure(conn, &form, now)?.id;
        // Whoever types an address is not proven to be its owner: what else they typed waits for the press.
        return Ok(subscriber::create(conn, keys, email, &Profile::default(), source, now)?.id);
    };
    Ok(known.id)
}

/// Opens a confirmation if anything is to be confirmed, and writes a mail about it when the person may get one.
fn ask_to_confirm(
    conn: &mut DbConnection,
    keys: &Keys,
    options: Options,
    statement: &Statement<'_>,
    (sign_up, email): (&SignUp, &EmailAddress),
    now: Moment,
) -> Result<()> {
    let (person, brand) = (statement.subscriber, statement.brand);
    let mut wants = Vec::new();
    for kind in &sign_up.permissions {
        if !permission::granted(conn, person, brand, *kind)? {
            wants.push(*kind);
        }
    }
    if wants.is_empty() && confirmation::pending(conn, person, brand, now)?.is_empty() {
        return Ok(());
    }
    let typed = Some(&sign_up.profile).filter(|profile| **profile != Profile::default());
    let profile = typed.map(serde_json::to_string).transpose()?;
    let turn = match next_mail(conn, person, brand, now)? {
        None => None,
        Some(persons) => {
            let sender = (email, sign_up.proven);
            let lanes = lane::turn(conn, keys, brand, sender, options, statement.at, now)?;
            // Too many at once: what cannot leave within a day is not written (SEC-06).
            let Some(lanes) = lanes else { return Ok(()) };
            Some(persons.max(lanes))
        }
    };
    let running = confirmation::running(conn, person, brand, now)?;
    // The last one only: what it says about the person is what counts.
    let same = running.last().filter(|row| {
        row.evidence_id == statement.evidence && row.wants() == wants && row.profile == profile
    });
    // A day's repeats need no rows of their own; tomorrow's mail needs a link that is fresh.
    let id = match same {
        Some(row) if turn.is_none() => row.id,
        _ => {
            let asking = confirmation::Asking {
                person,
                brand,
                evidence: statement.evidence,
                wants: &wants,
                profile: profile.as_deref(),
                mailed_at: turn.unwrap_or(now),
            };
            confirmation::open(conn, &asking, statement.at)?
        }
    };
    if let Some(at) = turn {
        outbox::enqueue(conn, outbox::Kind::Confirmation, (brand, person), About::Confirmation(id), at)?;
    }
    Ok(())
}

/// When this brand may mail the person about a confirmation; none if it has done so and the link is good for this
/// one too. A mail of another brand is waited for a day: nothing is lost, and nobody is flooded.
///
/// A link that was pressed, or stopped, counts no more: only the owner of the address can have done that. Nor does one
/// from before the brand had to ask everybody again.
fn next_mail(conn: &mut DbConnection, person: i64, brand: i64, now: Moment) -> Result<Option<Moment>> {
    let day_ago = now.minus(ONE_MAIL_IN);
    let mut turn = now;
    for mail in outbox::written_since(conn, person, outbox::Kind::Confirmation, day_ago)? {
        let Some(asked) = mail.confirmation_id else { continue };
        let asked = confirmation::get(conn, asked)?;
        let stopped = confirmation::stopped_at(conn, person, mail.brand_id)?;
        let is_over = asked.confirmed_at.is_some() || stopped.is_some_and(|at| at > asked.created_at);
        if is_over || confirmation::is_outdated(conn, &asked, now)? {
            continue;
        }
        if mail.brand_id == brand && mail.state != outbox::State::Failed {
            return Ok(None);
        }
        turn = turn.max(mail.due_at.plus(ONE_MAIL_IN));
    }
    Ok(Some(turn))
}
