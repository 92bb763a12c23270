//! A letter in the browser: "View in browser".
//!
//! It shows what the letter says to somebody of whom nothing is known, whoever got it, and its ways out are those that
//! everybody has. The address of the page lies in the letter for years and goes wherever the letter goes: what is held
//! about a person, and what ends or changes their choices, is reached only by their own mail (SEC-04). A view is not an
//! open: no pixel, and the links lead straight to where they lead.

use crate::db::DbConnection;
use crate::domain::campaign::content::{self, Urls};
use crate::domain::campaign::{State, get};
use crate::domain::catalog::{Brand, brand};
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::token::{Keys, ViewLink};

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
    /// Whether its brand's archive is where letters like it are found.
    pub is_archived: bool,
}

/// The letter that a link is about.
///
/// # Errors
/// [`Error::NotFound`] if the campaign never went out. Of the database.
pub fn letter(conn: &mut DbConnection, keys: &Keys, view: &ViewLink) -> Result<Viewed> {
    let campaign = get(conn, view.campaign)?;
    if campaign.state == State::Draft {
        return Err(Error::NotFound("letter"));
    }
    let brand = brand::get(conn, campaign.brand_id)?;
    let urls = Urls::of_everybody(&brand, format!("{}/v/{}", brand.base_url, keys.seal(view)));
    Ok(Viewed {
        subject: content::general_subject(&campaign, &brand)?,
        html: content::published(&campaign, &brand, urls)?,
        written_in: campaign.lang(&brand),
        is_archived: campaign.archive,
        brand,
    })
}
