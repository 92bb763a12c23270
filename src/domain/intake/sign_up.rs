//! Sign-up: what a person asked for on a form, checked without a look at who is known, and later applied.
//!
//! Applying makes everything pending and asks for a confirmation by mail; nothing is granted here, and nothing that
//! was typed becomes the person's before they confirm it.

mod check;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::domain::audience::source::{self, SourceForm};
use crate::domain::audience::subscriber::{self, Profile};
use crate::domain::catalog::{Channel, brand};
use crate::domain::consent::ledger::{SUBSCRIBER, Shown, ShownBox};
use crate::domain::consent::opt_in::Answer;
use crate::domain::consent::suppression::Reason;
use crate::domain::consent::{
    Method, Statement, confirmation, ledger, lock, opt_in, permission, suppression,
};
use crate::domain::intake::{Options, lane};
use crate::domain::outbox::{self, About};
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::i18n::Lang;
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
    /// Every topic that had a box, in the same form. No box may be ticked before the person touches it. The words beside
    /// the boxes are not kept: whoever shows their own records the consent with its evidence, which needs a key.
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
    /// Whether it is a page of ours or a copy of it, so that we know what stood beside each box.
    #[serde(skip)]
    pub is_ours: bool,
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
/// A link that was pressed, or is over, counts no more: only the owner of the address can have done that. Nor does one
/// from before the brand had to ask everybody again.
fn next_mail(conn: &mut DbConnection, person: i64, brand: i64, now: Moment) -> Result<Option<Moment>> {
    let day_ago = now.minus(ONE_MAIL_IN);
    let mut turn = now;
    for mail in outbox::written_since(conn, person, outbox::Kind::Confirmation, day_ago)? {
        let Some(asked) = mail.confirmation_id else { continue };
        let asked = confirmation::get(conn, asked)?;
        let ended = confirmation::ended_at(conn, person, mail.brand_id)?;
        let is_over = asked.confirmed_at.is_some() || ended.is_some_and(|at| at > asked.created_at);
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
