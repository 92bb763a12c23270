//! The send gate: one pure function decides who may be written to, and only it can make a [`Permit`].
//!
//! It runs twice: when the audience is planned, and again in the transaction that claims a message. The most
//! restrictive rule wins; the first reason in the order of the list is the one that is kept.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{DAY, Moment};
use crate::domain::audience::source;
use crate::domain::catalog::Channel;
use crate::domain::consent::brand_choice::BrandChoice;
use crate::domain::consent::opt_in::{self, Lapse, State};
use crate::domain::consent::suppression::Reason;
use crate::email_address::EmailAddress;
use crate::mail::transport::Clearance;

word_enum! {
    /// Why a person does not get a campaign; in the order in which they are looked for.
    pub enum Refusal {
        /// Their data was erased.
        Erased = "erased",
        /// Processing is restricted (GDPR Art. 18).
        Restricted = "restricted",
        /// They are a child.
        Under13 = "under_13",
        /// They objected to marketing.
        SuppressedObjection = "suppressed_objection",
        /// They reported a letter as abuse.
        SuppressedComplaint = "suppressed_complaint",
        /// Their address does not exist, or there is none.
        BadAddress = "bad_address",
        /// They never dealt with this brand.
        OtherBrand = "other_brand",
        /// What they agreed to has run out.
        BasisExpired = "basis_expired",
        /// The policy changed since; they have to be asked again.
        NeedsRefresh = "needs_refresh",
        /// They ended this type of communication on this channel.
        Withdrawn = "withdrawn",
        /// They never agreed to this type of communication.
        TypeOff = "type_off",
        /// They agreed to none of the campaign's subjects on this channel.
        TopicOff = "topic_off",
        /// They agreed to this type of communication on other channels only.
        ChannelOff = "channel_off",
        /// They have not confirmed their address yet.
        PendingConfirmation = "pending_confirmation",
        /// What they agreed to came from a supplier whose licence does not hold or who names no policy.
        SourceTerms = "source_terms",
        /// What they agreed to came from a supplier, and they were not told within a month (GDPR Art. 14(3)).
        Art14Overdue = "art14_overdue",
        /// They asked the brand to pause until a day that has not come.
        Paused = "paused",
        /// They want letters of the brand less often, and had one, or have one on its way.
        FrequencyCap = "frequency_cap",
    }
}

/// How long a supplier's contact may wait for the first letter that says where the data came from (L-31).
pub const ART14_WITHIN: Duration = DAY.saturating_mul(30);

/// What the gate knows of a campaign.
#[derive(Debug, Clone)]
pub struct CampaignFacts {
    /// Its row number.
    pub campaign: i64,
    /// Its brand.
    pub brand: i64,
    /// How it travels.
    pub channel: Channel,
    /// The one communication topic.
    pub communication: i64,
    /// The subjects it names; none means it is about no subject in particular.
    pub subjects: Vec<i64>,
    /// Consents of the brand given before this have to be asked for again.
    pub refresh_consents_before: Option<Moment>,
}

/// What the gate knows of a person.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Their row number.
    pub subscriber: i64,
    /// Where a letter would go.
    pub address: Option<EmailAddress>,
    /// Whether their data was erased.
    pub erased: bool,
    /// Whether processing is restricted.
    pub restricted: bool,
    /// Why their address must not be used on the campaign's channel, for this brand or for all.
    pub suppressed: Vec<Reason>,
    /// Their answers to topics of the campaign's brand, on all channels.
    pub opt_ins: Vec<OptInFact>,
    /// Their pause of the brand, and how often it may write at most.
    pub choice: BrandChoice,
    /// When the brand last wrote to them on the campaign's channel; needed only where they chose how often at most.
    pub last_letter: Option<Moment>,
}

/// One answer of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptInFact {
    /// The topic.
    pub topic: i64,
    /// The channel.
    pub channel: Channel,
    /// The answer.
    pub state: State,
    /// Since when.
    pub since: Moment,
    /// Until when.
    pub until: Option<Moment>,
    /// The supplier it came from, unless it is the person's own act or the organisation's own data.
    pub supplied: Option<Supplied>,
}

/// Which supplier an answer came from, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplied {
    /// The row number of the source that it is.
    pub source: i64,
    /// The supplier.
    pub supplier: Arc<SupplierFacts>,
    /// When its data came in, which is later than the consent in it.
    pub obtained_at: Moment,
    /// When a letter first told the person of this supplier, if one did since its data came in or before.
    pub informed_at: Option<Moment>,
}

impl Supplied {
    /// Whether no letter has told the person of this supplier since its data came in (L-31). A word about another one is
    /// none about this.
    pub fn is_untold(&self) -> bool {
        self.informed_at.is_none_or(|informed| informed < self.obtained_at)
    }
}

/// What binds the use of a supplier's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierFacts {
    /// The supplier's name, which every letter tells.
    pub name: String,
    /// The supplier's transparency policy, which every letter links.
    pub policy_url: Option<String>,
    /// From when the licence holds.
    pub licence_from: Option<Moment>,
    /// Until when the licence holds.
    pub licence_until: Option<Moment>,
}

impl Facts {
    /// The supplier behind the answer that a campaign relies on, the one to its communication topic.
    pub fn supplied(&self, campaign: &CampaignFacts) -> Option<&Supplied> {
        answer(self, campaign.communication, campaign.channel)?.supplied.as_ref()
    }
}

/// Proof that this person may get this campaign's letter now. Only [`decide`] makes one, and the mail transport
/// takes no marketing letter without it. It is used up by the hand-over.
#[derive(Debug)]
pub struct Permit {
    campaign: i64,
    subscriber: i64,
    address: EmailAddress,
}

impl Permit {
    /// The campaign it is good for.
    pub fn campaign(&self) -> i64 {
        self.campaign
    }

    /// The person it is good for.
    pub fn subscriber(&self) -> i64 {
        self.subscriber
    }
}

impl Clearance for Permit {
    fn recipient(&self) -> &EmailAddress {
        &self.address
    }
}

/// Decides whether a person gets a campaign's letter.
///
/// # Errors
/// The reason why not.
pub fn decide(person: &Facts, campaign: &CampaignFacts, now: Moment) -> Result<Permit, Refusal> {
    check_person(person)?;
    check_opt_ins(person, campaign, now)?;
    check_supplier(person, campaign, now)?;
    check_choice(person, now)?;
    let address = person.address.clone().ok_or(Refusal::BadAddress)?;
    Ok(Permit { campaign: campaign.campaign, subscriber: person.subscriber, address })
}

fn check_person(person: &Facts) -> Result<(), Refusal> {
    let suppressed = |reason| person.suppressed.contains(&reason);
    let rules = [
        (person.erased || suppressed(Reason::Erasure), Refusal::Erased),
        (person.restricted, Refusal::Restricted),
        (suppressed(Reason::Under13), Refusal::Under13),
        (suppressed(Reason::Objection), Refusal::SuppressedObjection),
        (suppressed(Reason::Complaint), Refusal::SuppressedComplaint),
        (suppressed(Reason::HardBounce) || person.address.is_none(), Refusal::BadAddress),
    ];
    rules.into_iter().find(|(hit, _)| *hit).map_or(Ok(()), |(_, reason)| Err(reason))
}

fn check_opt_ins(person: &Facts, campaign: &CampaignFacts, now: Moment) -> Result<(), Refusal> {
    if person.opt_ins.is_empty() {
        return Err(Refusal::OtherBrand);
    }
    let holds = |fact: &&OptInFact| fact.state == State::Granted && lapse(fact, campaign, now).is_none();
    let communication = answer(person, campaign.communication, campaign.channel);
    let subject_holds = campaign.subjects.is_empty()
        || campaign
            .subjects
            .iter()
            .any(|topic| answer(person, *topic, campaign.channel).as_ref().is_some_and(holds));
    match communication {
        Some(fact) if fact.state == State::Granted => {
            lapse(fact, campaign, now).map_or(Ok(()), Err)?;
            if subject_holds { Ok(()) } else { Err(Refusal::TopicOff) }
        }
        Some(fact) if fact.state == State::Withdrawn => Err(Refusal::Withdrawn),
        Some(_) => Err(Refusal::PendingConfirmation),
        None => {
            let elsewhere = person
                .opt_ins
                .iter()
                .any(|fact| fact.topic == campaign.communication && fact.state == State::Granted);
            Err(if elsewhere { Refusal::ChannelOff } else { Refusal::TypeOff })
        }
    }
}

fn answer(person: &Facts, topic: i64, channel: Channel) -> Option<&OptInFact> {
    person.opt_ins.iter().find(|fact| fact.topic == topic && fact.channel == channel)
}

/// Why a granted opt-in no longer holds, if it does not.
fn lapse(fact: &OptInFact, campaign: &CampaignFacts, now: Moment) -> Option<Refusal> {
    opt_in::lapse(fact.since, fact.until, campaign.refresh_consents_before, now).map(|lapse| match lapse {
        Lapse::Expired => Refusal::BasisExpired,
        Lapse::NeedsRefresh => Refusal::NeedsRefresh,
    })
}

fn check_supplier(person: &Facts, campaign: &CampaignFacts, now: Moment) -> Result<(), Refusal> {
    let Some(supplied) = person.supplied(campaign) else { return Ok(()) };
    let supplier = &supplied.supplier;
    let licensed = supplier.licence_from.is_none_or(|from| from <= now)
        && supplier.licence_until.is_none_or(|until| now < until);
    if !licensed || supplier.policy_url.is_none() {
        return Err(Refusal::SourceTerms);
    }
    if supplied.is_untold() && now > supplied.obtained_at.plus(ART14_WITHIN) {
        return Err(Refusal::Art14Overdue);
    }
    Ok(())
}

fn check_choice(person: &Facts, now: Moment) -> Result<(), Refusal> {
    if person.choice.pause(now).is_some() {
        return Err(Refusal::Paused);
    }
    let next =
        person.choice.at_most.spacing().zip(person.last_letter).map(|(spacing, last)| last.plus(spacing));
    if next.is_some_and(|next| now < next) { Err(Refusal::FrequencyCap) } else { Ok(()) }
}

impl SupplierFacts {
    /// The facts of a source that is a supplier; none for the organisation's own sources.
    pub fn of(source: &source::Source) -> Option<Self> {
        (source.kind == source::Kind::Supplier).then(|| Self {
            name: source.name.clone(),
            policy_url: source.policy_url.clone(),
            licence_from: source.licence_from,
            licence_until: source.licence_until,
        })
    }
}
