//! A pause of a brand: asked for on the preference page, and ended there before its time.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::catalog::Brand;
use crate::domain::consent::brand_choice::{self, BrandChoice};
use crate::domain::preferences::act::{self, Act};
use crate::domain::preferences::load;
use crate::domain::preferences::save::{keep, statement};
use crate::error::Result;
use crate::i18n::Lang;
use crate::token::PreferencesLink;

/// What the page says about a pause, exactly.
pub fn pause_wording(brand: &Brand, lang: Lang) -> String {
    lang.say("pause-text").with("brand", &brand.name).to_string()
}

/// What the button says that ends a pause, exactly.
pub fn resume_wording(lang: Lang) -> String {
    lang.say("pause-end-button").to_string()
}

/// Asks the brand to pause until a moment.
///
/// # Errors
/// [`crate::error::Error::NotFound`] if the person was erased; [`crate::error::Error::Invalid`] for a moment that is past or
/// more than a year away.
pub fn pause(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    until: Moment,
    lang: Lang,
    now: Moment,
) -> Result<Option<Act>> {
    set_pause(conn, link, Some(until), lang, now)
}

/// Ends a pause before its time.
///
/// # Errors
/// [`crate::error::Error::NotFound`] if the person was erased.
pub fn end_pause(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    lang: Lang,
    now: Moment,
) -> Result<Option<Act>> {
    set_pause(conn, link, None, lang, now)
}

fn set_pause(
    conn: &mut DbConnection,
    link: &PreferencesLink,
    until: Option<Moment>,
    lang: Lang,
    now: Moment,
) -> Result<Option<Act>> {
    let work = |conn: &mut DbConnection| {
        let before = load(conn, link.brand, link.subscriber, now)?;
        let wording = match until {
            Some(_) => pause_wording(&before.brand, lang),
            None => resume_wording(lang),
        };
        let evidence = keep(conn, &before.brand, (&wording, lang), Vec::new())?;
        let choice = BrandChoice { paused_until: until, ..before.choice };
        brand_choice::set(conn, &statement(link, evidence, now), choice)
    };
    let kind = if until.is_some() { act::Kind::Paused } else { act::Kind::Resumed };
    Ok(act::perform(conn, *link, (kind, None), now, work)?.1)
}
