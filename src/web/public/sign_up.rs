//! The sign-up form of a brand. A post leaves a request and answers the same to everyone (SEC-05).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::domain::audience::subscriber::Profile;
use crate::domain::catalog::{Brand, Channel, Topic, brand, topic};
use crate::domain::consent::confirmation;
use crate::domain::intake::request;
use crate::domain::intake::sign_up::SignUpForm;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};
use crate::id::Slug;
use crate::web::form::Form;
use crate::web::gpc::asks_not_to_be_tracked;
use crate::web::language::Spoken;
use crate::web::limit::Limits;
use crate::web::page::{BoxState, BrandView, PermissionBox, SignUpDonePage, SignUpPage, SignUpTyped};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::view::{brand_view, seen, topic_groups, whole_wording};

/// What a sign-up form is made of.
struct Offer {
    brand: Brand,
    view: BrandView,
    topics: Vec<Topic>,
}

/// `GET /b/{brand}/sign-up`: the empty form.
///
/// # Errors
/// If there is no such brand.
pub async fn show(
    app: web::Data<App>,
    slug: web::Path<Slug>,
    http: HttpRequest,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let offer = offer(&app, slug.into_inner()).await?;
    page(&form_page(
        &offer,
        &http,
        spoken.at(offer.brand.lang()).to(None),
        SignUpTyped::default(),
        &[],
        &[],
        Vec::new(),
    ))
}

/// `POST /b/{brand}/sign-up`.
///
/// # Errors
/// If there is no such brand, too much was posted, or what was posted cannot come from the form.
pub async fn post(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    slug: web::Path<Slug>,
    http: HttpRequest,
    spoken: Spoken,
    posted: Form,
) -> Result<HttpResponse, PageError> {
    limits.form(&http)?;
    let offer = offer(&app, slug.into_inner()).await?;
    let (lang, typed) = (spoken.in_form(&posted).at(offer.brand.lang()).to(None), typed(&posted)?);
    let all = |name: &str| posted.all(name).map(str::to_owned).collect::<Vec<_>>();
    let (choices, permissions) = (all("choice"), all("permission"));
    let form = SignUpForm {
        email: typed.email.clone(),
        profile: profile(&typed, spoken.asked()),
        choices: choices.clone(),
        shown: all("shown"),
        permissions: permissions.clone(),
        shown_permissions: all("shown_permission"),
        wording: whole_wording(&offer.brand, lang),
        language: Some(lang),
    };
    let again = |problems| form_page(&offer, &http, lang, typed.clone(), &choices, &permissions, problems);
    if posted.one("seen")? != Some(seen(&offer.brand, lang).as_str()) {
        let changed = Problem::said("", Message::new("problem-words-changed"));
        return page_with(StatusCode::CONFLICT, &again(vec![changed]));
    }
    let sign_up = match form.check(&offer.brand, &offer.topics) {
        Ok(sign_up) => sign_up,
        Err(Error::Invalid(problems)) if problems.iter().all(is_of_the_person) => {
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &again(problems));
        }
        Err(error) => return Err(error.into()),
    };
    let email = EmailAddress::parse(&typed.email).map_err(|problem| Error::Invalid(vec![problem]))?;
    limits.address(&email)?;
    let (brand, now) = (offer.brand.id, app.clock.now());
    app.db.write(move |conn| request::leave_sign_up(conn, brand, sign_up, now)).await?;
    app.wake();
    page(&SignUpDonePage {
        lang,
        sign_up_url: address(&offer.brand),
        brand: offer.view,
        valid_days: confirmation::VALID_DAYS,
    })
}

async fn offer(app: &App, slug: Slug) -> Result<Offer> {
    app.db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            let view = brand_view(conn, &brand)?;
            let topics = topic::of_brand(conn, brand.id)?;
            Ok(Offer { brand, view, topics })
        })
        .await
}

fn address(brand: &Brand) -> String {
    format!("/b/{}/sign-up", brand.slug)
}

fn typed(posted: &Form) -> Result<SignUpTyped> {
    Ok(SignUpTyped {
        email: posted.text("email")?,
        first_name: posted.text("first_name")?,
        last_name: posted.text("last_name")?,
        company: posted.text("company")?,
        country: posted.text("country")?,
        phone: posted.text("phone")?,
        postal_address: posted.text("postal_address")?,
    })
}

/// The language is kept if the person has one that we speak: letters and pages then speak it too.
fn profile(typed: &SignUpTyped, asked: Option<Lang>) -> Profile {
    let field = |text: &str| Some(text.to_owned());
    Profile {
        phone: field(&typed.phone),
        postal_address: field(&typed.postal_address),
        first_name: field(&typed.first_name),
        last_name: field(&typed.last_name),
        company: field(&typed.company),
        country: field(&typed.country),
        locale: asked.map(|lang| lang.tag().to_owned()),
        ..Profile::default()
    }
}

/// Whether a person can mend it in the form; everything else the form itself never posts.
fn is_of_the_person(problem: &Problem) -> bool {
    !matches!(problem.field.as_str(), "choices" | "shown" | "permissions" | "wording")
}

fn form_page(
    offer: &Offer,
    http: &HttpRequest,
    lang: Lang,
    typed: SignUpTyped,
    choices: &[String],
    permissions: &[String],
    errors: Vec<Problem>,
) -> SignUpPage {
    let state = |topic: &Topic, channel: Channel| {
        let name = format!("{}:{channel}", topic.slug);
        if choices.contains(&name) { BoxState::On } else { BoxState::Off }
    };
    let boxes_of = |topic: &Topic| {
        topic.channels().into_iter().map(|channel| (channel, state(topic, channel))).collect()
    };
    let mut boxes = PermissionBox::unasked(lang);
    for permission in &mut boxes {
        permission.ticked = permissions.iter().any(|kind| kind == permission.kind);
    }
    SignUpPage {
        lang,
        brand: offer.view.clone(),
        action: address(&offer.brand),
        wording: offer.brand.consent_wording.clone(),
        seen: seen(&offer.brand, lang),
        typed,
        groups: topic_groups(lang, offer.topics.iter().map(|topic| (topic, boxes_of(topic)))),
        permissions: boxes,
        gpc: asks_not_to_be_tracked(http.headers()),
        errors: errors.into_iter().map(|problem| problem.in_language(lang)).collect(),
    }
}
