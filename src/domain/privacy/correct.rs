//! Correction (GDPR Art. 16): a person mends what is held about them, on the page of their data, and it holds at once.
//!
//! Programs of the organisation do the same by the API. Whoever takes a phone number or a postal address away takes back what was agreed to by that way, at every brand: consent
//! to be called means that number, and one that some file brings later must not wake it up.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::Subscriber;
use crate::domain::audience::subscriber::{self, Profile};
use crate::domain::catalog::{Channel, brand};
use crate::domain::consent::ledger::{self, Method, SUBSCRIBER, Shown, Statement};
use crate::domain::consent::lock;
use crate::domain::consent::opt_in::{self, Scope};
use crate::error::{Error, Result};
use crate::i18n::{Lang, Message};
use crate::secret::{hex, sha256};

/// Stands for what a form showed, so that two that are open at once do not undo each other.
///
/// # Errors
/// If the fields cannot be written as JSON, which no data of ours can cause.
pub fn version(profile: &Profile) -> Result<String> {
    Ok(hex(&sha256(&serde_json::to_vec(profile)?)))
}

/// What the form says beside a phone number, exactly.
pub fn phone_wording(lang: Lang) -> String {
    format!("{} {}", lang.say("correct-phone-hint"), lang.say("phone-format"))
}

/// What the form says beside a postal address, exactly.
pub fn post_wording(lang: Lang) -> String {
    lang.say("correct-post-hint").to_string()
}

/// Replaces what is held besides the address; further fields, which the form does not show, stay.
///
/// `seen` is the [`version`] that the form showed.
///
/// # Errors
/// [`Error::Invalid`] with each field that breaks a rule; [`Error::Outdated`] if something changed since the form was
/// opened; [`Error::NotFound`] if the person was erased.
pub fn correct(
    conn: &mut DbConnection,
    person: i64,
    wanted: Profile,
    seen: &str,
    lang: Lang,
    now: Moment,
) -> Result<()> {
    lock(conn, person)?;
    let known = subscriber::get(conn, person)?;
    if known.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let before = known.profile();
    let wanted =
        Profile { attributes: before.attributes.clone(), ..wanted }.check().map_err(Error::Invalid)?;
    // Sent twice, or by two tabs: what is so already is done, however old the form is.
    if wanted == before {
        return Ok(());
    }
    if seen != version(&before)? {
        return Err(Error::outdated(Message::new("problem-data-changed")));
    }
    replace(conn, &known, &wanted, Door::Page(lang), now)
}

/// Who changes what is held about a person.
#[derive(Debug, Clone, Copy)]
pub enum Door<'a> {
    /// The person, on the page of their data in this language.
    Page(Lang),
    /// A program of the organisation, with the key of this name.
    Program(&'a str),
}

impl Door<'_> {
    fn shown(self, channel: Channel, policy_version: &str) -> Shown {
        match self {
            Self::Page(lang) => Shown {
                form: "correction".to_owned(),
                wording: if channel == Channel::Phone { phone_wording(lang) } else { post_wording(lang) },
                boxes: Vec::new(),
                policy_version: policy_version.to_owned(),
                language: Some(lang.tag().to_owned()),
            },
            Self::Program(_) => Shown::told(policy_version),
        }
    }
}

/// Replaces what is held besides the address, all of it, and ends what came by a number or a postal address that goes with
/// it. The person is held by whoever calls.
///
/// # Errors
/// Of the database.
pub fn replace(
    conn: &mut DbConnection,
    known: &Subscriber,
    wanted: &Profile,
    door: Door<'_>,
    now: Moment,
) -> Result<()> {
    subscriber::set_profile(conn, known.id, wanted)?;
    for (channel, gone) in [
        (Channel::Phone, known.phone.is_some() && wanted.phone.is_none()),
        (Channel::Post, known.postal_address.is_some() && wanted.postal_address.is_none()),
    ] {
        if gone {
            end_everywhere(conn, known.id, channel, door, now)?;
        }
    }
    Ok(())
}

/// Ends what comes in one way, at each brand where something does.
fn end_everywhere(
    conn: &mut DbConnection,
    person: i64,
    channel: Channel,
    door: Door<'_>,
    now: Moment,
) -> Result<()> {
    let (method, actor) = match door {
        Door::Page(_) => (Method::DataPage, SUBSCRIBER),
        Door::Program(actor) => (Method::Api, actor),
    };
    for brand in opt_in::brands_of(&opt_in::of_subscriber(conn, person)?, channel) {
        let shown = door.shown(channel, &brand::get(conn, brand)?.policy_version);
        let statement = Statement {
            subscriber: person,
            brand,
            evidence: ledger::keep(conn, &shown)?,
            method,
            actor,
            campaign: None,
            at: now,
            source: None,
        };
        opt_in::withdraw_all(conn, &statement, Scope::Channel(channel))?;
    }
    Ok(())
}
