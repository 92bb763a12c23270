//! A letter in the browser: "View in browser".
//!
//! It shows what the letter says to somebody of whom nothing is known, whoever got it. The address of the page lies in
//! the letter for years and goes wherever the letter goes, and what is held about a person is seen only by a fresh link
//! to their address (SEC-04). The ways out are the person's own, and the supplier of their data is named (L-09). A view
//! is not an open: no pixel, and the links lead straight to where they lead.

use std::sync::Arc;

use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::campaign::content::{BrandValues, Content, PersonValues, Urls};
use crate::domain::campaign::{self as campaigns, State, link};
use crate::domain::catalog::{Brand, brand};
use crate::domain::delivery::letter::supplier_of;
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::token::{Keys, PreferencesLink, UnsubscribeLink, ViewLink};

/// A letter to be shown.
#[derive(Debug)]
pub struct Viewed {
    /// The brand that wrote.
    pub brand: Brand,
    /// Its subject line.
    pub subject: String,
    /// Its HTML.
    pub html: String,
    /// The language in which it is written.
    pub written_in: Lang,
    /// The language that the person reads, where that is known.
    pub reads: Option<Lang>,
}

/// The letter that a link is about.
///
/// # Errors
/// [`Error::NotFound`] if the campaign never went out. Of the database.
pub fn letter(conn: &mut DbConnection, keys: &Keys, view: &ViewLink) -> Result<Viewed> {
    let campaign = campaigns::get(conn, view.campaign)?;
    if campaign.state == State::Draft {
        return Err(Error::NotFound("letter"));
    }
    let brand = brand::get(conn, campaign.brand_id)?;
    let person = living(conn, view.subscriber)?;
    let supplier = match &person {
        Some(person) => supplier_of(conn, &campaign, person)?,
        None => None,
    };
    let links = link::of_campaign(conn, campaign.id)?;
    let content = Content::prepare(&campaign, &brand, &links)?;
    let urls = Urls {
        links: links.into_iter().map(|link| link.url).collect(),
        ..ways_out(keys, &brand, view, person.is_some())
    };
    let values = PersonValues::new(Arc::new(BrandValues::of(&brand)), None, supplier.as_ref(), urls);
    let rendered = content.render(&values.merge())?;
    Ok(Viewed {
        subject: rendered.subject,
        html: rendered.html,
        written_in: campaign.lang(&brand),
        reads: person.and_then(|person| Lang::read(person.locale.as_deref()?)),
        brand,
    })
}

/// The person's own links, as they stand in the letter; who was erased has no choices to look at.
fn ways_out(keys: &Keys, brand: &Brand, view: &ViewLink, is_known: bool) -> Urls {
    let (base, ViewLink { campaign, subscriber }) = (&brand.base_url, *view);
    let preferences = PreferencesLink { brand: brand.id, subscriber, campaign };
    Urls {
        unsubscribe: format!(
            "{base}/u/{}",
            keys.seal(&UnsubscribeLink { brand: brand.id, subscriber, campaign })
        ),
        preferences: match is_known {
            true => format!("{base}/p/{}", keys.seal(&preferences)),
            false => format!("{base}/b/{}/link", brand.slug),
        },
        view: format!("{base}/v/{}", keys.seal(view)),
        links: Vec::new(),
        pixel: None,
    }
}

fn living(conn: &mut DbConnection, id: i64) -> Result<Option<Subscriber>> {
    match subscriber::get(conn, id) {
        Ok(person) => Ok(Some(person).filter(|person| person.erased_at.is_none())),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
