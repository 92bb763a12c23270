//! What a form sent, held against the brand that it was sent to.

use crate::domain::audience::subscriber::Profile;
use crate::domain::catalog::sign_up_form::Field;
use crate::domain::catalog::topic::Kind as TopicKind;
use crate::domain::catalog::{Brand, Channel, NamedForm, Topic};
use crate::domain::consent::ledger::{self, ShownBox};
use crate::domain::consent::permission;
use crate::domain::intake::parse_choice;
use crate::domain::intake::sign_up::{SignUp, SignUpForm};
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};

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
        let lang = self.language.filter(|_| self.is_ours);
        let boxes = boxes_of((topics, lang), &self.choices, &self.shown, &mut problems);
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

/// With the words beside the boxes where the language of a page of ours is known.
fn boxes_of(
    (topics, lang): (&[Topic], Option<Lang>),
    choices: &[String],
    shown: &[String],
    problems: &mut Vec<Problem>,
) -> Boxes<(i64, Channel)> {
    let offered = |text: &String| {
        let (slug, channel) = parse_choice(text)?;
        let topic = topics.iter().find(|topic| topic.slug.as_str() == slug)?;
        topic.offers(channel).then_some((topic, channel))
    };
    let find = |text: &String| offered(text).map(|(topic, channel)| (topic.id, channel));
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
    let told = |text: &String| match (offered(text), lang) {
        (Some((topic, channel)), Some(lang)) => ShownBox::of_topic(topic, channel, false, lang),
        _ => ShownBox::plain(text.clone(), false),
    };
    Boxes { ticked, shown: in_order(shown.iter().map(told)) }
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
    let shown = shown.iter().map(|text| ShownBox::plain(format!("permission:{text}"), false));
    Boxes { ticked: kinds, shown: in_order(shown) }
}

/// In one order, so that the same screen is the same evidence.
fn in_order(boxes: impl Iterator<Item = ShownBox>) -> Vec<ShownBox> {
    let mut boxes: Vec<ShownBox> = boxes.collect();
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
