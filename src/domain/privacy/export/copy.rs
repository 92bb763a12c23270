//! The copy as it is handed out: plain data with the names that its reader sees.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Moment;
use crate::domain::audience::{Source, Subscriber, source};
use crate::domain::catalog::Channel;
use crate::domain::catalog::notice::Edition;
use crate::domain::consent::brand_choice::{AtMost, Entry as ChoiceEntry};
use crate::domain::consent::ledger::{Decision, Entry, Method, ShownBox};
use crate::domain::consent::opt_in::{Basis, State};
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression::Reason;
use crate::domain::privacy::export::acts::{ActCopy, AddressChangeCopy};
use crate::domain::tracking::{Class, Reason as HitReason};
use crate::id::PublicId;
use crate::secret::hex;

/// Everything held about one person.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Export {
    /// When the copy was made.
    pub made_at: Moment,
    /// Who is responsible, why the data is held, who gets it and how long it stays.
    pub about: About,
    /// The data itself.
    pub person: Person,
    /// Where the data came from.
    pub source: Origin,
    /// The present answers about topics.
    pub opt_ins: Vec<OptInCopy>,
    /// The present answers about tracking.
    pub permissions: Vec<PermissionCopy>,
    /// The present pauses, and how often a brand may write at most.
    pub brand_choices: Vec<BrandChoiceCopy>,
    /// Every change of these, with what was shown.
    pub brand_choice_entries: Vec<BrandChoiceEntryCopy>,
    /// Everything you did on our pages, each in one go and with its receipt's number.
    pub acts: Vec<ActCopy>,
    /// Wishes to use another address.
    pub address_changes: Vec<AddressChangeCopy>,
    /// Every decision ever recorded, with what was shown.
    pub ledger: Vec<EntryCopy>,
    /// Every campaign that was or was not sent, and why.
    pub deliveries: Vec<DeliveryCopy>,
    /// Every recorded opening and click.
    pub hits: Vec<HitCopy>,
    /// Mail that answered a request: confirmations and links.
    pub service_mail: Vec<ServiceMailCopy>,
    /// Confirmations that were asked for.
    pub confirmations: Vec<ConfirmationCopy>,
    /// Reasons not to write to the addresses.
    pub suppressions: Vec<SuppressionCopy>,
}

/// What a person has to be told besides the data (GDPR Art. 15(1)).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct About {
    /// The brands that deal with the person.
    pub brands: Vec<Responsible>,
    /// What each kind of data is for.
    pub purposes: BTreeMap<&'static str, &'static str>,
    /// Who gets the data.
    pub recipients: &'static str,
    /// How long each kind of data is kept.
    pub retention: BTreeMap<&'static str, String>,
    /// How what a person did is used to choose what they get.
    pub profiling: &'static str,
}

/// A brand and the company behind it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Responsible {
    /// The brand's name.
    pub brand: String,
    /// The company.
    pub legal_name: String,
    /// Its registered address.
    pub registered_address: String,
    /// Where to write about the data.
    pub contact_email: String,
    /// The privacy policy.
    pub policy_url: String,
    /// The versions of it that are kept here, so that those which the ledger names can be read.
    pub notices: Vec<Edition>,
}

/// The person's own data.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "the fields are those of audience::Subscriber")]
pub struct Person {
    pub id: PublicId,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub postal_address: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub country: Option<String>,
    pub locale: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub created_at: Moment,
    pub informed_at: Option<Moment>,
    pub restricted_at: Option<Moment>,
}

/// Where the data came from.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Form, import, API or supplier.
    pub kind: source::Kind,
    /// A supplier's own policy.
    pub policy_url: Option<String>,
}

/// A present answer about a topic.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct OptInCopy {
    /// The brand.
    pub brand: String,
    /// The topic.
    pub topic: String,
    /// How it comes.
    pub channel: Channel,
    /// The answer.
    pub state: State,
    /// Its lawful basis.
    pub basis: Basis,
    /// Since when.
    pub since: Moment,
    /// Until when, if it runs out.
    pub expires_at: Option<Moment>,
    /// The source that it came with; none if you answered yourself on a form or page.
    pub source: Option<String>,
}

/// A present answer about tracking.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct PermissionCopy {
    /// The brand.
    pub brand: String,
    /// What for.
    pub kind: Kind,
    /// The answer.
    pub state: PermissionState,
    /// Since when.
    pub since: Moment,
}

/// What was chosen about a brand as a whole.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct BrandChoiceCopy {
    /// The brand.
    pub brand: String,
    /// Until when nothing is sent; it ends by itself.
    pub paused_until: Option<Moment>,
    /// How often the brand may write at most.
    pub at_most: AtMost,
    /// Since when.
    pub since: Moment,
}

/// One change of what was chosen about a brand as a whole: what held from then on.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BrandChoiceEntryCopy {
    /// When.
    pub at: Moment,
    /// The brand's word.
    pub brand: String,
    /// Until when nothing is sent.
    pub paused_until: Option<Moment>,
    /// How often the brand may write at most.
    pub at_most: AtMost,
    /// How.
    pub method: Method,
    /// By whom: `subscriber`, or the key that said so.
    pub actor: String,
    /// The form that was shown.
    pub form: String,
    /// Its wording, exactly.
    pub wording: String,
    /// The language of the form, a tag of BCP 47; null where nobody said.
    pub language: Option<String>,
}

/// One decision, with what was shown. Without a topic and a permission it is about the whole brand.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = LedgerEntry)]
pub struct EntryCopy {
    /// When.
    pub at: Moment,
    /// The brand's word.
    pub brand: String,
    /// The topic's word; null if it was about a permission or everything.
    pub topic: Option<String>,
    /// The channel; null if it was about a permission or all channels.
    pub channel: Option<Channel>,
    /// The tracking permission it was about.
    pub permission: Option<Kind>,
    /// What was decided.
    pub decision: Decision,
    /// The lawful basis of a grant.
    pub basis: Option<Basis>,
    /// How.
    pub method: Method,
    /// By whom: `subscriber`, or the key or import that said so.
    pub actor: String,
    /// The form that was shown.
    pub form: String,
    /// Its wording, exactly.
    pub wording: String,
    /// SHA-256 of the wording, in hexadecimal.
    pub wording_sha256: String,
    /// The boxes that were shown, and whether they were ticked before the person touched them.
    pub boxes: Vec<ShownBox>,
    /// The version of the privacy policy in force.
    pub policy_version: String,
    /// The language of the form, a tag of BCP 47; null where nobody said.
    pub language: Option<String>,
}

/// What became of one campaign.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct DeliveryCopy {
    /// The brand.
    pub brand: String,
    /// The campaign.
    pub campaign: PublicId,
    /// Its name.
    pub name: String,
    /// How it came.
    pub channel: Channel,
    /// What became of it.
    pub state: String,
    /// Why, if it was not sent.
    pub reason: Option<String>,
    /// When that was decided.
    pub at: Option<Moment>,
    /// When it was first opened, if that may be recorded.
    pub opened_at: Option<Moment>,
    /// When a link was first followed, if that may be recorded.
    pub clicked_at: Option<Moment>,
    /// Why it did not arrive, if your mail server or ours said so: `bad_address`, `soft`, `policy` or `other`.
    pub bounce: Option<String>,
    /// The status code that it gave.
    pub bounce_status: Option<String>,
    /// When it said so.
    pub bounced_at: Option<Moment>,
    /// When you reported it as unwanted to your mail provider.
    pub complained_at: Option<Moment>,
    /// When a mail said that you reported it or want no more, and nobody could tell whether your provider wrote it.
    pub unverified_report_at: Option<Moment>,
}

/// One recorded opening or click.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct HitCopy {
    /// When.
    pub at: Moment,
    /// Opening or click.
    pub kind: Kind,
    /// The campaign.
    pub campaign: PublicId,
    /// The link that was followed.
    pub url: Option<String>,
    /// What made the request, as far as can be told: a person, or which kind of program. None yet for some minutes.
    pub class: Option<Class>,
    /// Why it is taken for that.
    pub reason: Option<HitReason>,
}

/// One service mail.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct ServiceMailCopy {
    /// The brand.
    pub brand: String,
    /// What it was about.
    pub kind: String,
    /// What became of it.
    pub state: String,
    /// When it was asked for.
    pub at: Moment,
}

/// One confirmation that was asked for.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct ConfirmationCopy {
    /// The brand.
    pub brand: String,
    /// When it was asked for.
    pub at: Moment,
    /// Until when its link is good.
    pub expires_at: Moment,
    /// When the button was pressed.
    pub confirmed_at: Option<Moment>,
    /// What was typed in the form about you, as JSON, as long as nobody has confirmed it.
    pub typed: Option<String>,
}

/// A reason not to write to an address.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SuppressionCopy {
    /// Which kind of address.
    pub channel: Channel,
    /// Why.
    pub reason: Reason,
    /// Whether it holds for all brands without exception.
    pub all_brands: bool,
    /// Since when.
    pub since: Moment,
}

impl Person {
    pub(super) fn of(known: Subscriber) -> Self {
        Self {
            id: known.public_id,
            attributes: known.attributes(),
            email: known.email.map(|address| address.as_str().to_owned()),
            phone: known.phone,
            postal_address: known.postal_address,
            first_name: known.first_name,
            last_name: known.last_name,
            company: known.company,
            country: known.country,
            locale: known.locale,
            created_at: known.created_at,
            informed_at: known.informed_at,
            restricted_at: known.restricted_at,
        }
    }
}

impl Origin {
    pub(super) fn of(source: Source) -> Self {
        Self { name: source.name, kind: source.kind, policy_url: source.policy_url }
    }
}

impl BrandChoiceEntryCopy {
    pub(super) fn of(entry: ChoiceEntry) -> Self {
        Self {
            at: entry.at,
            brand: entry.brand,
            paused_until: entry.paused_until,
            at_most: entry.at_most,
            method: entry.method,
            actor: entry.actor,
            form: entry.form,
            wording: entry.wording,
            language: entry.language,
        }
    }
}

impl EntryCopy {
    /// The entry as it may be shown.
    pub fn of(entry: Entry) -> Self {
        Self {
            at: entry.at,
            brand: entry.brand,
            topic: entry.topic,
            channel: entry.channel,
            permission: entry.permission,
            decision: entry.decision,
            basis: entry.basis,
            method: entry.method,
            actor: entry.actor,
            form: entry.form,
            wording: entry.wording,
            wording_sha256: hex(&entry.wording_sha256),
            // Written by `ledger::keep`; what is no list of boxes counts as none.
            boxes: serde_json::from_str(&entry.shown).unwrap_or_default(),
            policy_version: entry.policy_version,
            language: entry.language,
        }
    }
}
