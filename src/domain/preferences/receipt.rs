//! Receipts: what a person did, in a form that they can keep and anybody can check, with the fields of ISO/IEC TS
//! 27560:2023 (C-01, C-08).
//!
//! A receipt names the person by their identity outside and by nothing else. It is made anew from the act and the ledger
//! each time and always says the same: neither changes, and the act keeps what everything was called then.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::{Brand, Channel, notice, topic};
use crate::domain::consent::brand_choice::{self, AtMost};
use crate::domain::consent::ledger::{self, Decision, Entry, Method, ShownBox};
use crate::domain::consent::opt_in::Basis;
use crate::domain::consent::permission::Kind as PermissionKind;
use crate::domain::preferences::act::{self, Act, Running};
use crate::domain::preferences::named::{Named, NamedTopic};
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::secret::hex;
use crate::token::{Keys, Signed};

/// A receipt. Where the field's name is one of the standard, it means what it means there.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are those of ISO/IEC TS 27560:2023")]
pub struct Receipt {
    pub schema: &'static str,
    pub profile: &'static str,
    pub record_id: PublicId,
    pub pii_principal_id: PublicId,
    pub made_at: Moment,
    pub act: act::Kind,
    pub processing: Processing,
    pub not_covered: Vec<String>,
    pub paused_until: Option<Moment>,
    pub at_most: AtMost,
    pub parties: Vec<Party>,
    pub events: Vec<Event>,
}

/// What the person agrees to after the act.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are those of ISO/IEC TS 27560:2023")]
pub struct Processing {
    pub privacy_notice: BTreeMap<String, String>,
    pub language: String,
    pub jurisdiction: &'static str,
    pub purposes: Vec<Purpose>,
}

/// One thing that the person agrees to.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are those of ISO/IEC TS 27560:2023")]
pub struct Purpose {
    pub purpose: String,
    pub purpose_type: [&'static str; 1],
    pub lawful_basis: Basis,
    pub scope: BTreeMap<&'static str, String>,
    pub pii_information: [BTreeMap<&'static str, &'static str>; 1],
    pub processing_method: &'static [&'static str],
    pub storage_locations: [&'static str; 1],
    pub retention_period: &'static str,
    pub recipient_third_parties: &'static [&'static str],
    pub withdrawal_method: &'static [&'static str],
    pub valid_until: Option<Moment>,
}

/// Who is responsible.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are those of ISO/IEC TS 27560:2023")]
pub struct Party {
    pub party_id: String,
    pub party_role: &'static str,
    pub party_type: &'static str,
    pub party_name: String,
    pub party_address: String,
    pub party_contact: String,
}

/// One thing that was said in the act, with the words that were on the screen.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are those of ISO/IEC TS 27560:2023")]
pub struct Event {
    pub event_time: Moment,
    pub event_state: &'static str,
    pub event_type: &'static str,
    pub entity_id: String,
    pub subject: String,
    pub method: Method,
    pub form: String,
    pub wording: String,
    pub wording_sha256: String,
    pub shown: Vec<ShownBox>,
    pub policy_version: String,
    pub language: Option<String>,
}

/// A receipt with its signature: a JSON Web Signature in the flattened form (RFC 7515, section 7.2.2), whose payload is
/// the receipt, octet by octet. `receipt` is the same for the eye; what counts is what is signed.
#[derive(Debug, Clone, Serialize)]
pub struct SignedReceipt {
    /// The receipt, to be read.
    pub receipt: Receipt,
    /// Where the keys are published.
    pub keys_url: String,
    /// The signature.
    #[serde(flatten)]
    pub signed: Signed,
}

/// Where the public keys are published, below the base URL of every brand.
pub const KEYS_PATH: &str = "/.well-known/receipt-keys.json";

/// The receipt of an act, signed.
///
/// # Errors
/// [`Error::NotFound`] if the person was erased. Of the database.
pub fn signed(conn: &mut DbConnection, keys: &Keys, act: &Act) -> Result<SignedReceipt> {
    let brand = act::brand_of(conn, act)?;
    let receipt = receipt(conn, act, &brand)?;
    let signed = keys.sign(&serde_json::to_vec(&receipt)?);
    Ok(SignedReceipt { receipt, keys_url: format!("{}{KEYS_PATH}", brand.base_url), signed })
}

/// The receipt of an act.
///
/// # Errors
/// [`Error::NotFound`] if the person was erased. Of the database.
pub fn receipt(conn: &mut DbConnection, act: &Act, brand: &Brand) -> Result<Receipt> {
    let person = subscriber::get(conn, act.subscriber)?;
    if person.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let named = match &act.named {
        Some(named) => named.clone(),
        // From before the names were kept.
        None => {
            let version = version(conn, act, brand)?;
            Named::now(brand, privacy_notice(conn, brand, version)?, &topic::of_brand(conn, brand.id)?)
        }
    };
    let (allowed, refused): (Vec<PermissionKind>, Vec<PermissionKind>) =
        PermissionKind::ALL.iter().copied().partition(|kind| act.after.allows(*kind));
    let topics = act.after.granted().filter_map(|answer| purpose(&named, answer));
    let purposes = topics.chain(allowed.into_iter().map(|kind| tracking_purpose(&named, kind))).collect();
    let events = events(conn, act, person.public_id, &named.topics)?;
    Ok(Receipt {
        schema: "urn:mannerly:receipt:1",
        profile: "ISO/IEC TS 27560:2023",
        record_id: act.public_id,
        pii_principal_id: person.public_id,
        made_at: act.at,
        act: act.kind,
        processing: Processing {
            privacy_notice: named.notice.clone(),
            language: language(&events, act, brand),
            jurisdiction: "as the privacy notice says",
            purposes,
        },
        not_covered: refused.into_iter().map(|kind| format!("tracking: {kind}")).collect(),
        paused_until: act.after.paused_until,
        at_most: act.after.at_most,
        events,
        parties: vec![Party {
            party_id: named.slug,
            party_role: "controller",
            party_type: "organisation",
            party_name: named.legal_name,
            party_address: named.registered_address,
            party_contact: named.contact,
        }],
    })
}

/// A notice that was in force: where it is kept here, exactly that version with its hash.
pub(super) fn privacy_notice(
    conn: &mut DbConnection,
    brand: &Brand,
    version: String,
) -> Result<BTreeMap<String, String>> {
    let kept = notice::kept(conn, brand, &version)?;
    let mut about = BTreeMap::from([("version".to_owned(), version)]);
    match kept {
        Some(edition) => {
            about.extend([("url".to_owned(), edition.url), ("sha256".to_owned(), edition.sha256)])
        }
        None => about.extend([("url".to_owned(), brand.policy_url.clone())]),
    }
    Ok(about)
}

/// The version of the policy that was in force; the ledger knows it, and where only the brand's pace or pause was
/// chosen, so does the brand.
///
/// # Errors
/// Of the database.
pub fn version(conn: &mut DbConnection, act: &Act, brand: &Brand) -> Result<String> {
    let said = ledger::of_range(conn, act.subscriber, act.brand, act.ledger)?;
    Ok(said.into_iter().next().map_or_else(|| brand.policy_version.clone(), |entry| entry.policy_version))
}

fn purpose(named: &Named, answer: &Running) -> Option<Purpose> {
    let topic = named.topics.iter().find(|topic| topic.id == answer.topic)?;
    let address = match answer.channel {
        Channel::Email => "pd:EmailAddress",
        Channel::Phone => "pd:TelephoneNumber",
        Channel::Post => "pd:PostalAddress",
    };
    Some(Purpose {
        purpose: format!("{} by {}", topic.name, answer.channel),
        purpose_type: ["dpv:DirectMarketing"],
        lawful_basis: answer.basis,
        scope: BTreeMap::from([
            ("entity", named.slug.clone()),
            ("topic", topic.slug.clone()),
            ("type", topic.kind.to_string()),
            ("channel", answer.channel.to_string()),
        ]),
        pii_information: [BTreeMap::from([("pii_type", address)])],
        processing_method: &["store", "send"],
        storage_locations: ["as the privacy notice says"],
        retention_period: "until it is withdrawn; the record of it for as long as it may have to be proved",
        recipient_third_parties: &["the mail servers that carry the emails"],
        withdrawal_method: &[
            "the unsubscribe button of the mail program",
            "the links in each email",
            "the preference page",
        ],
        valid_until: answer.until,
    })
}

/// A permission to track: a consent of its own, whatever comes (T-02).
fn tracking_purpose(named: &Named, kind: PermissionKind) -> Purpose {
    let (purpose, purpose_type, pii_type) = match kind {
        PermissionKind::Opens => {
            ("Counting when an email is opened", "dpv:ServiceUsageAnalytics", "pd:Behavioral")
        }
        PermissionKind::Clicks => {
            ("Counting when a link is followed", "dpv:ServiceUsageAnalytics", "pd:LinkClicked")
        }
        PermissionKind::Profiling => {
            ("Choosing what to send by what was opened and followed", "dpv:Personalisation", "pd:Behavioral")
        }
    };
    Purpose {
        purpose: purpose.to_owned(),
        purpose_type: [purpose_type],
        lawful_basis: Basis::Consent,
        scope: BTreeMap::from([
            ("entity", named.slug.clone()),
            ("type", "tracking".to_owned()),
            ("permission", kind.to_string()),
            ("channel", Channel::Email.to_string()),
        ]),
        pii_information: [BTreeMap::from([("pii_type", pii_type)])],
        processing_method: &["store", "count"],
        storage_locations: ["as the privacy notice says"],
        retention_period: "as long as the words that were agreed to say; deleted as soon as it is withdrawn",
        recipient_third_parties: &[],
        withdrawal_method: &["the links in each email", "the preference page"],
        valid_until: None,
    }
}

/// The language in which the person read what they decided; where nothing was kept of that, the one they read, else the
/// brand's.
fn language(events: &[Event], act: &Act, brand: &Brand) -> String {
    let read = events.iter().find_map(|event| event.language.clone()).or_else(|| act.after.locale.clone());
    read.unwrap_or_else(|| brand.lang().tag().to_owned())
}

fn events(conn: &mut DbConnection, act: &Act, person: PublicId, topics: &[NamedTopic]) -> Result<Vec<Event>> {
    let mut events: Vec<Event> = ledger::of_range(conn, act.subscriber, act.brand, act.ledger)?
        .into_iter()
        .map(|entry| event(entry, person, topics))
        .collect();
    for entry in brand_choice::of_range(conn, act.subscriber, act.brand, act.choices)? {
        let pause =
            entry.paused_until.map_or_else(|| "no pause".to_owned(), |until| format!("pause until {until}"));
        events.push(Event {
            event_time: entry.at,
            event_state: "ChoiceMade",
            event_type: "expressed",
            entity_id: person.to_string(),
            subject: format!("{pause}; at most: {}", entry.at_most),
            method: entry.method,
            form: entry.form,
            wording: entry.wording,
            wording_sha256: hex(&entry.wording_sha256),
            shown: boxes(&entry.shown),
            policy_version: entry.policy_version,
            language: entry.language,
        });
    }
    Ok(events)
}

fn event(entry: Entry, person: PublicId, topics: &[NamedTopic]) -> Event {
    let name = |slug: &str| {
        topics
            .iter()
            .find(|topic| topic.slug == slug)
            .map_or_else(|| slug.to_owned(), |topic| topic.name.clone())
    };
    let subject = match (&entry.topic, entry.channel, entry.permission) {
        (Some(slug), Some(channel), _) => format!("{} by {channel}", name(slug)),
        (_, _, Some(kind)) => format!("tracking: {kind}"),
        (_, Some(channel), _) => format!("all marketing by {channel}"),
        _ => "all marketing".to_owned(),
    };
    Event {
        event_time: entry.at,
        event_state: match entry.decision {
            Decision::Requested => "ConsentRequested",
            Decision::Granted => "ConsentGiven",
            Decision::Refused => "ConsentRefused",
            Decision::Withdrawn => "ConsentWithdrawn",
        },
        event_type: "expressed",
        entity_id: person.to_string(),
        subject,
        method: entry.method,
        form: entry.form,
        wording: entry.wording,
        wording_sha256: hex(&entry.wording_sha256),
        shown: boxes(&entry.shown),
        policy_version: entry.policy_version,
        language: entry.language,
    }
}

fn boxes(json: &str) -> Vec<ShownBox> {
    // Written by `ledger::keep`; what is no list of boxes counts as none.
    serde_json::from_str(json).unwrap_or_default()
}
