//! One person's letter: a campaign's prepared content, that person's links and headers, as it goes over the wire.

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, source};
use crate::domain::campaign::content::{BrandValues, Content, PersonValues, Rendered, Urls};
use crate::domain::campaign::link::Link;
use crate::domain::campaign::{self as campaigns, Campaign, link};
use crate::domain::catalog::{Brand, Channel, Topic, brand, dkim_key, topic};
use crate::domain::consent::gate::SupplierFacts;
use crate::domain::consent::opt_in;
use crate::domain::consent::suppression;
use crate::domain::delivery::claim::Claimed;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::mail::dkim::Signer;
use crate::mail::frame::{Common, Frame, Own};
use crate::mail::letter::{Letter, Sender};
use crate::mail::report::{BOUNCE_WORD, COMPLAINTS_WORD, UNSUBSCRIBE_WORD};
use crate::mail::transport::Clearance;
use crate::token::{ClickLink, Keys, LetterLink, MessageLink, OpenLink, UnsubscribeLink, ViewLink};

/// What all letters of a campaign have in common, prepared once.
#[derive(Debug, Clone)]
pub struct Letterhead {
    brand: Brand,
    values: Arc<BrandValues>,
    campaign: i64,
    frame: Frame,
    links: Vec<Link>,
    /// Some address at the domain where this server receives the brand's mail.
    incoming: Option<EmailAddress>,
    /// The envelope sender of a brand that receives nothing here.
    return_path: EmailAddress,
    signer: Option<Signer>,
}

impl Letterhead {
    /// Loads and prepares a campaign, and the keys that sign its letters now. Where there is none and the relay does
    /// not sign either, receivers would ignore the one-click header and it is left out (M-07). `return_path` is the
    /// operator's for a brand that receives no mail here; without one it is the brand's sender.
    ///
    /// # Errors
    /// Of the database, or as [`Content::prepare`] and [`dkim_key::signer_for`].
    pub fn load(
        conn: &mut DbConnection,
        campaign: &Campaign,
        keys: &Keys,
        relay_signs: bool,
        return_path: Option<&EmailAddress>,
    ) -> Result<Self> {
        let brand = brand::get(conn, campaign.brand_id)?;
        let topic = topic::get(conn, campaign.topic_id)?;
        let links = link::of_campaign(conn, campaign.id)?;
        let content = Content::prepare(campaign, &brand, &links)?;
        let (list_id, list_name) = list_of(&brand, &topic);
        let signer = dkim_key::signer_for(conn, keys, brand.marketing_from.domain())?;
        let frame = content.frame(&Common {
            from: Sender { name: brand.name.clone(), address: brand.marketing_from.clone() },
            reply_to: brand.reply_to.clone(),
            list_id,
            list_name,
            one_click: relay_signs || signer.is_some(),
            complaints_to: complaints_to(&brand, signer.as_ref())?,
            feedback_id: feedback_id(campaign.id, &brand, &topic),
        })?;
        let incoming = brand.incoming_domain.as_deref().map(mailbox_at).transpose()?;
        Ok(Self {
            values: Arc::new(BrandValues::of(&brand)),
            campaign: campaign.id,
            frame,
            links,
            incoming,
            return_path: return_path.unwrap_or(&brand.marketing_from).clone(),
            signer,
            brand,
        })
    }

    /// Whether its letters are signed here, which costs a hundred times what writing them costs.
    pub fn signs(&self) -> bool {
        self.signer.is_some()
    }

    /// The links of the campaign, for whoever wants them warm.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Where the letter that a claim is about returns to: with an incoming domain, an address of its own.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Error::Internal) if the domain leaves no room for a token.
    pub fn return_path(&self, claimed: &Claimed, keys: &Keys) -> Result<EmailAddress> {
        let (campaign, subscriber) = (self.campaign, claimed.permit.subscriber());
        match &self.incoming {
            Some(incoming) => {
                let letter = keys.seal_for_mail(&LetterLink { campaign, subscriber });
                beside(incoming, BOUNCE_WORD, &letter)
            }
            None => Ok(self.return_path.clone()),
        }
    }

    /// Writes and signs the letter that a claim is about, if it can into `buffer`, the room of an earlier one. Of the
    /// same claim it is always the same message: one that is sent again because a person asked keeps its Message-ID.
    ///
    /// # Errors
    /// [`Invalid`](crate::error::Error::Invalid) if a value of this person would break a header or the letter
    /// becomes too large.
    pub fn write(&self, claimed: &Claimed, keys: &Keys, now: Moment, buffer: Vec<u8>) -> Result<Vec<u8>> {
        let (brand, campaign, subscriber) = (self.brand.id, self.campaign, claimed.permit.subscriber());
        let message_id = keys.seal_for_mail(&MessageLink { campaign, subscriber });
        let unsubscribe = UnsubscribeLink { brand, subscriber, campaign };
        let unsubscribe_mail = match &self.incoming {
            Some(incoming) => Some(beside(incoming, UNSUBSCRIBE_WORD, &keys.seal_for_mail(&unsubscribe))?),
            None => None,
        };
        let urls = self.urls(claimed, keys, &unsubscribe);
        let unsubscribe_url = urls.unsubscribe.clone();
        let supplier = claimed.supplier.as_deref();
        let values = PersonValues::new(Arc::clone(&self.values), Some(&claimed.person), supplier, urls);
        let merge = values.merge();
        let own = Own {
            to: claimed.permit.recipient(),
            message_id: &message_id,
            date: now,
            unsubscribe_url: &unsubscribe_url,
            unsubscribe_mail: unsubscribe_mail.as_ref(),
            values: &merge,
        };
        let message = self.frame.write(&own, buffer)?;
        signed(message, self.signer.as_ref(), now)
    }

    /// Tracking is decided here, at render: who did not allow it gets the original links and no pixel. In a brand's
    /// anonymous mode those people share one pixel and one link per campaign, which name nobody.
    fn urls(&self, claimed: &Claimed, keys: &Keys, unsubscribe: &UnsubscribeLink) -> Urls {
        let base = &self.brand.base_url;
        let UnsubscribeLink { subscriber, campaign, .. } = *unsubscribe;
        let who = |allowed: bool| match (allowed, self.brand.anonymous_tracking) {
            (true, _) => Some(subscriber),
            (false, true) => Some(0),
            (false, false) => None,
        };
        let link_url = |link: &Link| match who(claimed.tracks_clicks) {
            Some(subscriber) => format!("{base}/c/{}", keys.seal(&ClickLink { link: link.id, subscriber })),
            None => link.url.clone(),
        };
        Urls {
            unsubscribe: format!("{base}/u/{}", keys.seal(unsubscribe)),
            preferences: format!("{base}/p/{}", keys.seal(&unsubscribe.preferences())),
            view: format!("{base}/v/{}", keys.seal(&ViewLink { campaign, subscriber })),
            links: self.links.iter().map(link_url).collect(),
            pixel: who(claimed.tracks_opens)
                .map(|subscriber| format!("{base}/o/{}.gif", keys.seal(&OpenLink { campaign, subscriber }))),
        }
    }
}

fn signed(letter: Vec<u8>, signer: Option<&Signer>, now: Moment) -> Result<Vec<u8>> {
    match signer {
        Some(signer) => signer.sign(&letter, now),
        None => Ok(letter),
    }
}

/// An address at a brand's own domain for incoming mail.
fn mailbox_at(domain: &str) -> Result<EmailAddress> {
    EmailAddress::parse(&format!("postmaster@{domain}")).map_err(|_| {
        Error::invalid(
            "incoming_domain",
            "The brand's domain for incoming mail is no domain; change the brand",
        )
    })
}

fn beside(incoming: &EmailAddress, word: &str, token: &str) -> Result<EmailAddress> {
    incoming
        .beside(&format!("{word}+{token}"))
        .ok_or_else(|| Error::internal("a token does not fit into an address"))
}

/// Where providers that nobody enrolled with may report complaints to (RFC 9477, section 3.1): the brand's own address
/// for them, where a signature of the sender's very domain stands for it, and its domain is that one or below it.
/// Elsewhere a second signature of the other domain would have to be there, and providers must not report without.
fn complaints_to(brand: &Brand, signer: Option<&Signer>) -> Result<Option<EmailAddress>> {
    let from = brand.marketing_from.domain();
    let Some(incoming) = &brand.incoming_domain else { return Ok(None) };
    let is_below = incoming.strip_suffix(from).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !is_below || signer.is_none_or(|signer| signer.domain() != from) {
        return Ok(None);
    }
    Ok(mailbox_at(incoming)?.beside(COMPLAINTS_WORD))
}

/// By what Gmail adds up complaints (B-07): the campaign, its type, its brand, and a word that is the brand's for good.
/// The same for all its letters. Each word says what it is, so that none can be equal to another. A sensitive topic is
/// not named (L-15).
fn feedback_id(campaign: i64, brand: &Brand, topic: &Topic) -> String {
    let kind = if topic.sensitive { SENSITIVE_WORD } else { topic.slug.as_str() };
    format!("c-{campaign}:t-{kind}:b-{}:brand{:05}", brand.slug.as_str(), brand.id)
}

/// What stands for a sensitive topic where others are named.
const SENSITIVE_WORD: &str = "news";

/// The longest name of a list that fits on its header line, in characters.
const LIST_NAME_MAX: usize = 100;

/// The list of a topic (RFC 2919): the same for all its campaigns and people. A sensitive topic is not named (L-15),
/// and its list is still one of its own, so that readers can tell and leave it alone.
fn list_of(brand: &Brand, topic: &Topic) -> (String, String) {
    let domain = brand.marketing_from.domain();
    let (word, name) = match topic.sensitive {
        true => (format!("t{}", topic.id), brand.name.clone()),
        false => (topic.slug.to_string(), format!("{}: {}", brand.name, topic.name)),
    };
    (format!("{word}.{}.{domain}", brand.slug), name.chars().take(LIST_NAME_MAX).collect())
}

/// A campaign's letter as one person would read it, or somebody of whom nothing is known. Its links lead nowhere.
///
/// # Errors
/// Of the database, or as [`Content::prepare`].
pub fn preview(
    conn: &mut DbConnection,
    campaign: &Campaign,
    person: Option<&Subscriber>,
) -> Result<Rendered> {
    let brand = brand::get(conn, campaign.brand_id)?;
    let links = link::of_campaign(conn, campaign.id)?;
    let content = Content::prepare(campaign, &brand, &links)?;
    let supplier = match person {
        Some(person) => supplier_of(conn, campaign, person)?,
        None => None,
    };
    let urls = Urls::of_preview(&brand, &links);
    let values = PersonValues::new(Arc::new(BrandValues::of(&brand)), person, supplier.as_ref(), urls);
    content.render(&values.merge())
}

/// The supplier that a letter would name: that of the answer to its topic, or, where there is none, of the person.
fn supplier_of(
    conn: &mut DbConnection,
    campaign: &Campaign,
    person: &Subscriber,
) -> Result<Option<SupplierFacts>> {
    let answer = opt_in::find(conn, person.id, campaign.topic_id, campaign.channel)?;
    let Some(source) = answer.map_or(Some(person.source_id), |answer| answer.source_id) else {
        return Ok(None);
    };
    Ok(SupplierFacts::of(&source::get(conn, source)?))
}

/// Whether a test may go there: any address at a domain that the brand sends from, which is its own, and the exact
/// addresses where it can be reached, which may be at a provider that serves everybody.
fn takes_tests(brand: &Brand, to: &EmailAddress) -> bool {
    [&brand.marketing_from, &brand.service_from].iter().any(|from| from.domain() == to.domain())
        || brand.contact_email == *to
        || brand.reply_to.as_ref() == Some(to)
}

/// A test letter to a colleague: the preview, marked as a test, without a link that does anything.
///
/// It is no way around the gate: it goes to the domains that the brand sends from, and to its own addresses.
///
/// # Errors
/// [`Invalid`](crate::error::Error::Invalid) for an address elsewhere or a suppressed one; else as [`preview`].
pub fn test_letter(
    conn: &mut DbConnection,
    keys: &Keys,
    campaign: &Campaign,
    person: Option<&Subscriber>,
    to: &EmailAddress,
    now: Moment,
) -> Result<(EmailAddress, Vec<u8>)> {
    let campaign = campaigns::get(conn, campaign.id)?;
    let brand = brand::get(conn, campaign.brand_id)?;
    if !takes_tests(&brand, to) {
        let detail = "A test goes only to the brand's own addresses and to the domains that it sends from";
        return Err(Error::invalid("to", detail));
    }
    if !suppression::of_addresses(conn, vec![to.keyed_hash(keys)], Channel::Email, brand.id)?.is_empty() {
        return Err(Error::invalid("to", "This address is suppressed"));
    }
    let Rendered { subject, html, text } = preview(conn, &campaign, person)?;
    let letter = Letter {
        from: Sender { name: brand.name, address: brand.service_from.clone() },
        reply_to: None,
        to: to.clone(),
        subject: format!("[Test] {subject}"),
        html: Some(html),
        text,
        message_id: Uuid::new_v4().to_string(),
        date: now,
    };
    let signer = dkim_key::signer_for(conn, keys, brand.service_from.domain())?;
    let letter = signed(letter.to_bytes()?, signer.as_ref(), now)?;
    Ok((brand.service_from, letter))
}
