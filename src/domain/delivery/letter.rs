//! One person's letter: a campaign's prepared content, that person's links and headers, as it goes over the wire.

use uuid::Uuid;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, source};
use crate::domain::campaign::content::{Content, Rendered, Urls, Values};
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
use crate::mail::letter::{Letter, ListHeaders, Purpose, Sender};
use crate::mail::transport::Clearance;
use crate::token::{ClickLink, Keys, OpenLink, PreferencesLink, UnsubscribeLink};

/// What all letters of a campaign have in common, prepared once.
#[derive(Debug, Clone)]
pub struct Letterhead {
    brand: Brand,
    campaign: i64,
    content: Content,
    links: Vec<Link>,
    list_id: String,
    list_name: String,
    one_click: bool,
    signer: Option<Signer>,
}

impl Letterhead {
    /// Loads and prepares a campaign, and the keys that sign its letters now. Where there is none and the relay does
    /// not sign either, receivers would ignore the one-click header and it is left out (M-07).
    ///
    /// # Errors
    /// Of the database, or as [`Content::prepare`] and [`dkim_key::signer_for`].
    pub fn load(
        conn: &mut DbConnection,
        campaign: &Campaign,
        keys: &Keys,
        relay_signs: bool,
    ) -> Result<Self> {
        let brand = brand::get(conn, campaign.brand_id)?;
        let topic = topic::get(conn, campaign.topic_id)?;
        let links = link::of_campaign(conn, campaign.id)?;
        let content = Content::prepare(campaign, &brand, &links)?;
        let (list_id, list_name) = list_of(&brand, &topic);
        let signer = dkim_key::signer_for(conn, keys, brand.marketing_from.domain())?;
        let one_click = relay_signs || signer.is_some();
        Ok(Self { campaign: campaign.id, content, links, list_id, list_name, one_click, signer, brand })
    }

    /// The envelope sender, unless the operator set one for all mail.
    pub fn return_path(&self) -> &EmailAddress {
        &self.brand.marketing_from
    }

    /// The links of the campaign, for whoever wants them warm.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Writes and signs the letter that a claim is about.
    ///
    /// # Errors
    /// [`Invalid`](crate::error::Error::Invalid) if a value of this person would break a header or the letter
    /// becomes too large.
    pub fn write(&self, claimed: &Claimed, keys: &Keys, now: Moment) -> Result<Vec<u8>> {
        let urls = self.urls(claimed, keys);
        let values = Values::new(&self.brand, Some(&claimed.person), claimed.supplier.as_deref(), &urls);
        let Rendered { subject, html, text } = self.content.render(&values)?;
        let letter = Letter {
            from: Sender { name: self.brand.name.clone(), address: self.brand.marketing_from.clone() },
            reply_to: self.brand.reply_to.clone(),
            to: claimed.permit.recipient().clone(),
            subject,
            html: Some(html),
            text,
            message_id: Uuid::new_v4().to_string(),
            date: now,
            purpose: Purpose::Marketing(ListHeaders {
                unsubscribe_url: urls.unsubscribe,
                one_click: self.one_click,
                list_id: self.list_id.clone(),
                list_name: self.list_name.clone(),
            }),
        };
        signed(letter.to_bytes()?, self.signer.as_ref(), now)
    }

    /// Tracking is decided here, at render: who did not allow it gets the original links and no pixel. In a brand's
    /// anonymous mode those people share one pixel and one link per campaign, which name nobody.
    fn urls(&self, claimed: &Claimed, keys: &Keys) -> Urls {
        let base = &self.brand.base_url;
        let subscriber = claimed.permit.subscriber();
        let (brand, campaign) = (self.brand.id, self.campaign);
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
            unsubscribe: format!("{base}/u/{}", keys.seal(&UnsubscribeLink { brand, subscriber, campaign })),
            preferences: format!("{base}/p/{}", keys.seal(&PreferencesLink { brand, subscriber, campaign })),
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

/// The longest name of a list that fits on its header line, in characters.
const LIST_NAME_MAX: usize = 100;

/// The list of a topic (RFC 2919): the same for all its campaigns and people. A sensitive topic is not named (L-15).
fn list_of(brand: &Brand, topic: &Topic) -> (String, String) {
    let domain = brand.marketing_from.domain();
    let (word, name) = match topic.sensitive {
        true => ("news", brand.name.clone()),
        false => (topic.slug.as_str(), format!("{}: {}", brand.name, topic.name)),
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
    content.render(&Values::new(&brand, person, supplier.as_ref(), &urls))
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
    let hash = suppression::hash(keys, Channel::Email, to.as_str())?;
    if !suppression::of_addresses(conn, vec![hash], Channel::Email, brand.id)?.is_empty() {
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
        purpose: Purpose::Service,
    };
    let signer = dkim_key::signer_for(conn, keys, brand.service_from.domain())?;
    let letter = signed(letter.to_bytes()?, signer.as_ref(), now)?;
    Ok((brand.service_from, letter))
}
