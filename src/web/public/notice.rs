//! `/b/{brand}/privacy`: the privacy notice that a brand keeps here, each version of it, and which was in force on a
//! day.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::app::App;
use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::domain::catalog::notice::{self, Edition, Period};
use crate::domain::catalog::{Brand, brand};
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::id::Slug;
use crate::mail::prose;
use crate::web::language::Spoken;
use crate::web::page::{NoticePage, NoticeVersion};
use crate::web::problem::{PageError, page};
use crate::web::public::view::brand_view;

/// Which day is asked about.
#[derive(Debug, Deserialize)]
pub struct OnQuery {
    /// A day of the calendar in UTC; anything else counts as none.
    #[serde(default)]
    on: Option<String>,
}

/// `GET /b/{brand}/privacy`: the version in force, now or at the end of the day that is asked about.
///
/// # Errors
/// If there is no such brand, or it keeps its notice elsewhere.
pub async fn current(
    app: web::Data<App>,
    slug: web::Path<Slug>,
    spoken: Spoken,
    query: web::Query<OnQuery>,
) -> Result<HttpResponse, PageError> {
    let now = app.clock.now();
    let on = query.into_inner().on.and_then(|day| Moment::parse_day(&day));
    let shown = app
        .db
        .read(move |conn| {
            let shelf = Shelf::open(conn, slug.as_str(), spoken, now)?;
            let began = |period: &&Period| on.is_none_or(|day| period.from < day.plus(DAY));
            let version = shelf.periods.iter().rfind(began);
            let version = version.map(|period| period.version.clone());
            shelf.show(conn, version, on)
        })
        .await?;
    page(&shown)
}

/// `GET /b/{brand}/privacy/{version}`: that version, also when it is not in force any more.
///
/// # Errors
/// If there is no such brand or version.
pub async fn version(
    app: web::Data<App>,
    path: web::Path<(Slug, String)>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let now = app.clock.now();
    let (slug, version) = path.into_inner();
    let read = move |conn: &mut DbConnection| {
        let shelf = Shelf::open(conn, slug.as_str(), spoken, now)?;
        if !shelf.editions.iter().any(|edition| edition.version == version) {
            return Err(Error::NotFound("notice"));
        }
        shelf.show(conn, Some(version), None)
    };
    page(&app.db.read(read).await?)
}

/// What a brand keeps.
struct Shelf {
    brand: Brand,
    lang: Lang,
    editions: Vec<Edition>,
    periods: Vec<Period>,
}

impl Shelf {
    fn open(conn: &mut DbConnection, slug: &str, spoken: Spoken, now: Moment) -> Result<Self> {
        let brand = brand::find(conn, slug)?;
        let editions = notice::of_brand(conn, &brand)?;
        if editions.is_empty() {
            return Err(Error::NotFound("notice"));
        }
        let periods = notice::periods(&editions, now);
        Ok(Self { lang: spoken.at(brand.lang()).to(None), brand, editions, periods })
    }

    fn show(
        self,
        conn: &mut DbConnection,
        version: Option<String>,
        on: Option<Moment>,
    ) -> Result<NoticePage> {
        let lang = self.lang;
        let text = match &version {
            Some(version) => Some(notice::text(conn, &self.brand, version, lang)?),
            None => None,
        };
        let is_shown = |name: &str| version.as_deref() == Some(name);
        let in_force = self.periods.last().map(|period| period.version.as_str());
        let base = format!("/b/{}/privacy", self.brand.slug);
        let versions = self.periods.iter().rev().map(|period| NoticeVersion {
            href: format!("{base}/{}", period.version),
            is_shown: is_shown(&period.version),
            time: time(lang, period),
            version: period.version.clone(),
        });
        Ok(NoticePage {
            lang,
            time: match (&version, on) {
                (Some(version), _) => self.time_of(version),
                (None, Some(day)) => lang.say("notice-none").with("day", lang.day(day)).to_string(),
                (None, None) => String::new(),
            },
            is_other: version.is_some() && version.as_deref() != in_force && in_force.is_some(),
            written_in: text.as_ref().and_then(|text| Lang::read(&text.language)).unwrap_or(lang),
            text: match &text {
                Some(text) => {
                    prose::to_html(&text.markdown).map_err(|problem| Error::Invalid(vec![problem]))?
                }
                None => String::new(),
            },
            versions: versions.collect(),
            on: on.map(Moment::day_in_form).unwrap_or_default(),
            brand: brand_view(conn, &self.brand)?,
            version: version.unwrap_or_default(),
        })
    }

    /// The time of a version, also of one that is yet to come.
    fn time_of(&self, version: &str) -> String {
        if let Some(period) = self.periods.iter().find(|period| period.version == version) {
            return time(self.lang, period);
        }
        let coming = self.editions.iter().find(|edition| edition.version == version);
        let day = coming.map(|edition| self.lang.day(edition.valid_from)).unwrap_or_default();
        self.lang.say("notice-coming").with("day", day).to_string()
    }
}

fn time(lang: Lang, period: &Period) -> String {
    let from = lang.day(period.from);
    match period.until {
        Some(until) => lang.say("notice-was").with("from", from).with("until", lang.day(until)).to_string(),
        None => lang.say("notice-since").with("from", from).to_string(),
    }
}
