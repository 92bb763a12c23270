//! The copy (GDPR Art. 15 and 20): everything held about a person, with where it came from and what it is for.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{
    brand, campaign, confirmation, delivery, hit, link, opt_in, outbox, permission, topic,
};
use crate::domain::audience::{Source, Subscriber, source, subscriber};
use crate::domain::catalog::{Channel, brand as brands};
use crate::domain::consent::ledger::{self, Decision, Entry, Method, ShownBox};
use crate::domain::consent::opt_in::{Basis, State};
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression::{self, Reason};
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::secret::hex;
use crate::token::Keys;

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
    /// How long it is kept.
    pub retention: &'static str,
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

/// One decision, with what was shown.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct EntryCopy {
    /// When.
    pub at: Moment,
    /// The brand's word.
    pub brand: String,
    /// The topic's word; none if it was about a permission or everything.
    pub topic: Option<String>,
    /// The channel; none if it was about a permission or all channels.
    pub channel: Option<Channel>,
    /// The tracking permission it was about.
    pub permission: Option<Kind>,
    /// What was decided.
    pub decision: Decision,
    /// The lawful basis of a grant.
    pub basis: Option<Basis>,
    /// How.
    pub method: Method,
    /// By whom.
    pub actor: String,
    /// The form that was shown.
    pub form: String,
    /// Its wording, exactly.
    pub wording: String,
    /// SHA-256 of the wording, in hexadecimal.
    pub wording_sha256: String,
    /// The boxes that were shown, as they were before they were touched.
    pub shown: Vec<ShownBox>,
    /// The version of the privacy policy in force.
    pub policy_version: String,
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
}

/// A reason not to write to an address.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SuppressionCopy {
    /// Which kind of address.
    pub channel: Channel,
    /// Why.
    pub reason: Reason,
    /// Whether it holds for all brands or only for some.
    pub all_brands: bool,
    /// Since when.
    pub since: Moment,
}

/// Entries of the ledger are read in portions.
const PORTION: i64 = 1_000;

/// Gathers everything held about a person.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person or they were erased.
pub fn export(conn: &mut DbConnection, keys: &Keys, person: i64, now: Moment) -> Result<Export> {
    let known = subscriber::get(conn, person)?;
    if known.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let ledger = ledger_of(conn, person)?;
    let origin = source::get(conn, known.source_id)?;
    Ok(Export {
        made_at: now,
        about: about(conn, &ledger)?,
        source: Origin::of(origin),
        opt_ins: opt_ins_of(conn, person)?,
        permissions: permissions_of(conn, person)?,
        ledger,
        deliveries: deliveries_of(conn, person)?,
        hits: hits_of(conn, person)?,
        service_mail: service_mail_of(conn, person)?,
        confirmations: confirmations_of(conn, person)?,
        suppressions: suppressions_of(conn, keys, &known)?,
        person: Person::of(known),
    })
}

fn about(conn: &mut DbConnection, ledger: &[EntryCopy]) -> Result<About> {
    let mut slugs: Vec<&str> = ledger.iter().map(|entry| entry.brand.as_str()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    let mut responsible = Vec::with_capacity(slugs.len());
    for slug in slugs {
        let brand = brands::find(conn, slug)?;
        responsible.push(Responsible {
            brand: brand.name,
            legal_name: brand.legal_name,
            registered_address: brand.registered_address,
            contact_email: brand.contact_email.as_str().to_owned(),
            policy_url: brand.policy_url,
        });
    }
    Ok(About {
        brands: responsible,
        purposes: BTreeMap::from([
            ("person", "to reach you in the ways you agreed to, and to address you by name"),
            ("opt_ins", "to send only what you agreed to"),
            ("ledger", "to prove what you agreed to and when you ended it"),
            ("deliveries", "to send each message once, and to answer what was sent"),
            ("hits", "to count opens and clicks, where you allowed it"),
            ("suppressions", "never to use an address again that must not be used"),
        ]),
        recipients: "the brands named here and the mail servers that carry their letters; nobody else",
        retention: "until you close your account; then only the record of your decisions, without your data, and \
                    a scrambled form of your addresses stay",
        profiling: "what you did is not used to choose what you get",
    })
}

fn ledger_of(conn: &mut DbConnection, person: i64) -> Result<Vec<EntryCopy>> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let portion = ledger::of_subscriber(conn, person, after, PORTION)?;
        let Some(last) = portion.last() else { return Ok(all) };
        after = last.id;
        for entry in portion {
            all.push(EntryCopy::of(entry)?);
        }
    }
}

fn opt_ins_of(conn: &mut DbConnection, person: i64) -> Result<Vec<OptInCopy>> {
    Ok(opt_in::table
        .inner_join(brand::table)
        .inner_join(topic::table)
        .filter(opt_in::subscriber_id.eq(person))
        .order((opt_in::brand_id, topic::kind, topic::position, opt_in::channel))
        .select((
            brand::name,
            topic::name,
            opt_in::channel,
            opt_in::state,
            opt_in::basis,
            opt_in::changed_at,
            opt_in::expires_at,
        ))
        .load(conn)?)
}

fn permissions_of(conn: &mut DbConnection, person: i64) -> Result<Vec<PermissionCopy>> {
    Ok(permission::table
        .inner_join(brand::table.on(brand::id.eq(permission::brand_id)))
        .filter(permission::subscriber_id.eq(person))
        .order((permission::brand_id, permission::kind))
        .select((brand::name, permission::kind, permission::state, permission::changed_at))
        .load(conn)?)
}

fn deliveries_of(conn: &mut DbConnection, person: i64) -> Result<Vec<DeliveryCopy>> {
    Ok(delivery::table
        .inner_join(campaign::table.inner_join(brand::table))
        .filter(delivery::subscriber_id.eq(person))
        .order(delivery::campaign_id)
        .select((
            brand::name,
            campaign::public_id,
            campaign::name,
            campaign::channel,
            delivery::state,
            delivery::reason,
            delivery::finished_at,
            delivery::opened_at,
            delivery::clicked_at,
        ))
        .load(conn)?)
}

fn hits_of(conn: &mut DbConnection, person: i64) -> Result<Vec<HitCopy>> {
    Ok(hit::table
        .inner_join(campaign::table.on(campaign::id.eq(hit::campaign_id)))
        .left_join(link::table.on(hit::link_id.eq(link::id.nullable())))
        .filter(hit::subscriber_id.eq(person))
        .order(hit::id)
        .select((hit::at, hit::kind, campaign::public_id, link::url.nullable()))
        .load(conn)?)
}

fn service_mail_of(conn: &mut DbConnection, person: i64) -> Result<Vec<ServiceMailCopy>> {
    Ok(outbox::table
        .inner_join(brand::table.on(brand::id.eq(outbox::brand_id)))
        .filter(outbox::subscriber_id.eq(person))
        .order(outbox::id)
        .select((brand::name, outbox::kind, outbox::state, outbox::created_at))
        .load(conn)?)
}

fn confirmations_of(conn: &mut DbConnection, person: i64) -> Result<Vec<ConfirmationCopy>> {
    Ok(confirmation::table
        .inner_join(brand::table.on(brand::id.eq(confirmation::brand_id)))
        .filter(confirmation::subscriber_id.eq(person))
        .order(confirmation::id)
        .select((brand::name, confirmation::created_at, confirmation::expires_at, confirmation::confirmed_at))
        .load(conn)?)
}

fn suppressions_of(conn: &mut DbConnection, keys: &Keys, known: &Subscriber) -> Result<Vec<SuppressionCopy>> {
    let addresses = [
        (Channel::Email, known.email.as_ref().map(|address| address.as_str())),
        (Channel::Phone, known.phone.as_deref()),
        (Channel::Post, known.postal_address.as_deref()),
    ];
    let mut all = Vec::new();
    for (channel, address) in addresses {
        let Some(Ok(hash)) = address.map(|address| suppression::hash(keys, channel, address)) else {
            continue;
        };
        let found = suppression::of_address(conn, &hash, channel)?;
        all.extend(found.into_iter().map(|s| SuppressionCopy {
            channel: s.channel,
            reason: s.reason,
            all_brands: s.brand_id.is_none(),
            since: s.created_at,
        }));
    }
    Ok(all)
}

impl Person {
    fn of(known: Subscriber) -> Self {
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
    fn of(source: Source) -> Self {
        Self { name: source.name, kind: source.kind, policy_url: source.policy_url }
    }
}

impl EntryCopy {
    fn of(entry: Entry) -> Result<Self> {
        Ok(Self {
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
            shown: serde_json::from_str(&entry.shown)?,
            policy_version: entry.policy_version,
        })
    }
}
