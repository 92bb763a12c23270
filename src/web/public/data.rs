//! `/d/{token}`: the data held about a person, a copy of it, its correction, and the end of it. The link was mailed to the address
//! on request and is good for a short time, because this page shows everything (SEC-04).

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::clock::{HOUR, Moment};
use crate::domain::audience::subscriber::{self, Profile};
use crate::domain::catalog::brand;
use crate::domain::outbox::DATA_LINK_HOURS;
use crate::domain::privacy::export::Export;
use crate::domain::privacy::{self, address_change, correct};
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};
use crate::token::DataRequestLink;
use crate::web::form::{Form, FormError};
use crate::web::language::Spoken;
use crate::web::limit::Limits;
use crate::web::page::{AddressSentPage, BrandView, DataPage, DataTyped, ErasedPage, Gone};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::held::groups;
use crate::web::public::view::{brand_view, restricted};
use crate::web::public::{gone, open};
use crate::web::query;

/// `GET /d/{token}`: shows what is held.
///
/// # Errors
/// 404 for a token that is not ours and for a person who was erased; 410 for a link that is too old, or was mailed to an
/// address that the person has no more.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    request: HttpRequest,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let link: DataRequestLink = open(&app, &token)?;
    if let Some(why) = over(&app, link).await? {
        return say_gone(&app, link, spoken, why).await;
    }
    let saved = query::value(&request, "done").as_deref() == Some(DataPage::SAVED);
    let visit = Visit { link, url: format!("/d/{token}"), spoken };
    page(&DataPage { saved, ..visit.page(&app, None, Vec::new()).await? })
}

/// `POST /d/{token}`: hands out the copy, corrects, mails a link to a new address, or erases.
///
/// # Errors
/// As [`show`]; 400, 413, 415 or 422 for a form that is not this page's, 422 with the page for what cannot be stored, 409
/// with it if the data changed since it was opened, 429 for too many new addresses. Nothing is changed then.
pub async fn act(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    token: web::Path<String>,
    request: HttpRequest,
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: DataRequestLink = open(&app, &token)?;
    if let Some(why) = over(&app, link).await? {
        return say_gone(&app, link, spoken, why).await;
    }
    let form = form?;
    let visit = Visit { link, url: format!("/d/{token}"), spoken: spoken.in_form(&form) };
    match form.one("action")? {
        Some(DataPage::COPY) => copy(&app, link).await,
        Some(DataPage::CORRECT) => visit.correct(&app, &form).await,
        Some(DataPage::CHANGE_ADDRESS) => {
            limits.form(&request)?;
            visit.change_address(&app, &limits, form.text("new_email")?).await
        }
        Some(DataPage::ERASE) if form.one("understood")? == Some("yes") => {
            erase(&app, link, visit.spoken).await
        }
        Some(DataPage::ERASE) => {
            let unticked = Problem::said("understood", Message::new("problem-understood"));
            let again = visit.page(&app, None, vec![unticked]).await?;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        _ => Err(Error::invalid("action", "Press one of the buttons of the page").into()),
    }
}

/// Whose page it is, where it is, and in which language it is spoken.
struct Visit {
    link: DataRequestLink,
    url: String,
    spoken: Spoken,
}

impl Visit {
    /// The page with what is held now; what was `typed` stays in the form that corrects it.
    async fn page(
        &self,
        app: &App,
        typed: Option<DataTyped>,
        errors: Vec<Problem>,
    ) -> Result<DataPage, Error> {
        let (held, profile, brand) = load(app, self.link).await?;
        let known = profile.locale.as_deref().and_then(Lang::read);
        let lang = self.spoken.at(brand.language).to(known);
        let locale = known.map(|lang| lang.tag().to_owned()).unwrap_or_default();
        Ok(DataPage {
            lang,
            brand,
            action: self.url.clone(),
            address: held.person.email.clone().unwrap_or_default(),
            restricted: restricted(lang, held.person.restricted_at),
            groups: groups(&held, lang),
            typed: typed.unwrap_or_else(|| as_typed(&profile, &locale)),
            version: correct::version(&profile)?,
            locale,
            new_email: String::new(),
            saved: false,
            errors: errors.into_iter().map(|problem| problem.in_language(lang)).collect(),
        })
    }

    async fn correct(&self, app: &App, form: &Form) -> Result<HttpResponse, PageError> {
        let (typed, seen) = (read_typed(form)?, form.text("version")?);
        let chosen = Some(&typed.locale).filter(|tag| *tag != &form.text("shown_locale").unwrap_or_default());
        if chosen.is_some_and(|tag| !tag.is_empty() && Lang::read(tag).is_none()) {
            return Err(Error::invalid("locale", "This is no answer of the page; reload it").into());
        }
        let (person, now, spoken) = (self.link.subscriber, app.clock.now(), self.spoken);
        let (brand, wanted, locale) = (self.link.brand, typed.clone(), chosen.cloned());
        let stored = app.db.write(move |conn| {
            let known = subscriber::get(conn, person)?;
            let lang = spoken.at(brand::get(conn, brand)?.lang()).to(known.lang());
            // A language that was not touched stays as it is written, also one that we do not speak.
            let wanted = Profile { locale: locale.or(known.locale), ..as_profile(wanted) };
            privacy::correct(conn, person, wanted, &seen, lang, now)
        });
        match stored.await {
            Ok(()) => {
                // Who chose another language reads on in that one.
                let lang = self.spoken.read_in().filter(|_| chosen.is_none());
                let lang = lang.map(|lang| format!("&lang={}", lang.tag())).unwrap_or_default();
                let address = format!("{}?done={}{lang}", self.url, DataPage::SAVED);
                Ok(HttpResponse::SeeOther().insert_header((LOCATION, address)).finish())
            }
            Err(Error::Outdated(why)) => {
                page_with(StatusCode::CONFLICT, &self.page(app, Some(typed), vec![why]).await?)
            }
            Err(Error::Invalid(problems)) => {
                page_with(StatusCode::UNPROCESSABLE_ENTITY, &self.page(app, Some(typed), problems).await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Leaves the wish for another address; the answer is the same whoever has it (SEC-05).
    async fn change_address(
        &self,
        app: &App,
        limits: &Limits,
        typed: String,
    ) -> Result<HttpResponse, PageError> {
        let person = self.link.subscriber;
        let known = app.db.read(move |conn| subscriber::get(conn, person)).await?;
        let new = match address_change::read(&typed, &known) {
            Ok(new) => new,
            Err(problem) => {
                let again = self.page(app, None, vec![problem]).await?;
                let again = DataPage { new_email: typed, ..again };
                return page_with(StatusCode::UNPROCESSABLE_ENTITY, &again);
            }
        };
        limits.address(&new)?;
        let (now, link, spoken, address) = (app.clock.now(), self.link, self.spoken, new.as_str().to_owned());
        let (brand, lang) = app
            .db
            .write(move |conn| {
                let stored = brand::get(conn, link.brand)?;
                let lang = spoken.at(stored.lang()).to(known.lang());
                address_change::leave(conn, (link.brand, person), &new, lang, now)?;
                Ok((brand_view(conn, &stored)?, lang))
            })
            .await?;
        app.wake();
        let (valid_hours, data_url) = (address_change::VALID_HOURS, self.url.clone());
        page(&AddressSentPage { lang, brand, address, valid_hours, data_url })
    }
}

/// What is held, as it stands in the form that corrects it.
fn as_typed(profile: &Profile, locale: &str) -> DataTyped {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    DataTyped {
        first_name: text(&profile.first_name),
        last_name: text(&profile.last_name),
        company: text(&profile.company),
        country: text(&profile.country),
        phone: text(&profile.phone),
        postal_address: text(&profile.postal_address),
        locale: locale.to_owned(),
    }
}

fn as_profile(typed: DataTyped) -> Profile {
    Profile {
        phone: Some(typed.phone),
        postal_address: Some(typed.postal_address),
        first_name: Some(typed.first_name),
        last_name: Some(typed.last_name),
        company: Some(typed.company),
        country: Some(typed.country),
        ..Profile::default()
    }
}

fn read_typed(form: &Form) -> Result<DataTyped> {
    // A field that did not come is a form that is not the page's: nothing is emptied for it.
    let field = |name: &str| {
        let value = form.one(name)?.map(str::to_owned);
        value.ok_or_else(|| Error::invalid("action", "A field of the page is missing; reload it"))
    };
    Ok(DataTyped {
        first_name: field("first_name")?,
        last_name: field("last_name")?,
        company: field("company")?,
        country: field("country")?,
        phone: field("phone")?,
        postal_address: field("postal_address")?,
        locale: field("locale")?,
    })
}

async fn copy(app: &App, link: DataRequestLink) -> Result<HttpResponse, PageError> {
    let (held, _, _) = load(app, link).await?;
    let text = serde_json::to_string_pretty(&held).map_err(Error::from)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""))
        .body(text))
}

async fn erase(app: &App, link: DataRequestLink, spoken: Spoken) -> Result<HttpResponse, PageError> {
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let (brand, lang) = app
        .db
        .erase(move |conn| {
            let brand = brand::get(conn, link.brand)?;
            let lang = spoken.at(brand.lang()).to(subscriber::get(conn, link.subscriber)?.lang());
            privacy::erase_on_page(conn, &keys, link.subscriber, lang, now)?;
            Ok((brand_view(conn, &brand)?, lang))
        })
        .await?;
    page(&ErasedPage { lang, brand })
}

async fn load(app: &App, link: DataRequestLink) -> Result<(Export, Profile, BrandView)> {
    let (keys, keep, now) = (app.keys.clone(), app.options.tracking.keep, app.clock.now());
    app.db
        .read(move |conn| {
            let held = privacy::export(conn, &keys, link.subscriber, keep, now)?;
            let profile = subscriber::get(conn, link.subscriber)?.profile();
            let brand = brand::get(conn, link.brand)?;
            Ok((held, profile, brand_view(conn, &brand)?))
        })
        .await
}

/// Why a link shows nothing: it is too old, or was mailed to an address that the person has no more (SEC-04).
async fn over(app: &App, link: DataRequestLink) -> Result<Option<Gone>> {
    let expires_at = Moment::from_micros(link.expires_at);
    if app.clock.now() > expires_at {
        return Ok(Some(Gone::DataTooOld(DATA_LINK_HOURS)));
    }
    let mailed_at = expires_at.minus(HOUR * DATA_LINK_HOURS);
    let moved = app.db.read(move |conn| address_change::last_done(conn, link.subscriber)).await?;
    Ok(moved.is_some_and(|at| mailed_at < at).then_some(Gone::Moved))
}

/// Says why, on a page of the brand's and in the language of the person.
async fn say_gone(
    app: &App,
    link: DataRequestLink,
    spoken: Spoken,
    why: Gone,
) -> Result<HttpResponse, PageError> {
    let (known, brand) = app
        .db
        .read(move |conn| {
            let known = subscriber::get(conn, link.subscriber)?.lang();
            let brand = brand::get(conn, link.brand)?;
            Ok((known, brand_view(conn, &brand)?))
        })
        .await?;
    let lang = spoken.at(brand.language).to(known);
    gone(lang, brand, why)
}
