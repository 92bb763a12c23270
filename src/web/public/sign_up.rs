//! The sign-up forms of a brand: its own and the named ones, which other sites may show inside of theirs. A post leaves
//! a request and answers the same to everyone (SEC-05).

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};

use crate::app::App;
use crate::domain::audience::subscriber::Profile;
use crate::domain::catalog::{Brand, Channel, NamedForm, Topic, brand, sign_up_form, topic};
use crate::domain::consent::confirmation;
use crate::domain::consent::permission::Kind as PermissionKind;
use crate::domain::intake::sign_up::SignUpForm;
use crate::domain::intake::{proof, request};
use crate::domain::tracking::permission;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};
use crate::id::Slug;
use crate::web::form::Form;
use crate::web::gpc::asks_not_to_be_tracked;
use crate::web::headers::{allow_frames, allow_script};
use crate::web::language::Spoken;
use crate::web::limit::Limits;
use crate::web::page::{
    BoxState, BrandView, NamedField, NamedFormView, PermissionBox, SignUpDonePage, SignUpPage, SignUpTyped,
};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::view::{beside_boxes, brand_view, seen, topic_groups, whole_wording};
use crate::web::query;

/// The fields in the order of the page, which the list of problems follows.
const ORDER: [&str; 9] = [
    "email",
    "first_name",
    "last_name",
    "company",
    "country",
    "communications",
    "subjects",
    "phone",
    "postal_address",
];

/// What a sign-up form is made of.
pub struct Offer {
    brand: Brand,
    view: BrandView,
    /// What it offers: a named form less than its brand.
    topics: Vec<Topic>,
    named: Option<NamedForm>,
    /// How long hits are kept.
    keep: Duration,
}

impl Offer {
    /// The brand's own form, or a named one; `is_inside` another site's page.
    ///
    /// # Errors
    /// If there is no such brand or form.
    pub async fn load(app: &App, brand: Slug, named: Option<Slug>, is_inside: bool) -> Result<Self> {
        let keep = app.options.tracking.keep;
        app.db
            .read(move |conn| {
                let brand = brand::find(conn, brand.as_str())?;
                let view = BrandView { is_inside, ..brand_view(conn, &brand)? };
                let topics = topic::of_brand(conn, brand.id)?;
                let Some(slug) = named else { return Ok(Self { brand, view, topics, named: None, keep }) };
                let form = sign_up_form::find(conn, brand.id, slug.as_str())?;
                Ok(Self { brand, view, topics: form.narrow(topics), named: Some(form), keep })
            })
            .await
    }

    /// The brand that asks.
    pub fn brand(&self) -> &Brand {
        &self.brand
    }

    /// Where it is: the path of its page.
    pub fn path(&self) -> String {
        let own = format!("/b/{}/sign-up", self.brand.slug);
        let Some(form) = &self.named else { return own };
        let inside = if self.view.is_inside { "?embed" } else { "" };
        format!("{own}/{}{inside}", form.slug)
    }

    /// All that a person reads before they agree.
    fn wording(&self, lang: Lang) -> String {
        let words = whole_wording(&self.brand, lang, self.keep);
        self.named.as_ref().map_or(words.clone(), |form| [words, form.words()].join("\n\n"))
    }

    fn seen(&self, lang: Lang) -> String {
        seen(&self.brand, &[self.wording(lang), beside_boxes(&self.topics, lang)].join("\n\n"))
    }

    /// The form as nobody has touched it yet, for whoever runs no scripts of ours.
    pub fn untouched(&self, lang: Lang) -> SignUpPage {
        self.page(lang, SignUpTyped::default(), &[], &[], Vec::new())
    }

    /// The form as an answer, with a challenge for a browser that can solve it.
    fn show(&self, app: &App, status: StatusCode, form: SignUpPage) -> Result<HttpResponse, PageError> {
        let challenge = proof::challenge(&app.keys, self.brand.id, app.clock.now())?;
        let mut response = page_with(status, &SignUpPage { challenge, ..form })?;
        allow_script(response.headers_mut());
        Ok(response)
    }

    fn page(
        &self,
        lang: Lang,
        typed: SignUpTyped,
        choices: &[String],
        permissions: &[String],
        mut errors: Vec<Problem>,
    ) -> SignUpPage {
        let state = |topic: &Topic, channel: Channel| {
            let name = format!("{}:{channel}", topic.slug);
            if choices.contains(&name) { BoxState::On } else { BoxState::Off }
        };
        let boxes_of = |topic: &Topic| {
            topic.channels().into_iter().map(|channel| (channel, state(topic, channel))).collect()
        };
        let permission = |kind: PermissionKind| PermissionBox {
            ticked: permissions.iter().any(|posted| posted == kind.as_str()),
            ..PermissionBox::unasked(lang, kind.as_str(), permission::words(kind, lang, self.keep))
        };
        let place = |problem: &Problem| ORDER.iter().position(|field| *field == problem.field);
        errors.sort_by_key(|problem| place(problem).map_or(-1, |place| place as isize));
        SignUpPage {
            lang,
            brand: self.view.clone(),
            named: self.named.as_ref().map(named_view),
            action: self.path(),
            wording: self.brand.consent_wording.clone(),
            seen: self.seen(lang),
            typed,
            groups: topic_groups(lang, self.topics.iter().map(|topic| (topic, boxes_of(topic)))),
            permissions: [PermissionKind::Opens, PermissionKind::Clicks].map(permission).into(),
            gpc: false,
            challenge: String::new(),
            bits: proof::BITS,
            errors: errors.into_iter().map(|problem| problem.in_language(lang)).collect(),
        }
    }

    /// The answer, with leave for the form's sites to show it inside of theirs where that was asked for. Also what went
    /// wrong: a browser that may not show it would show a fault of its own.
    fn answer(&self, answer: Result<HttpResponse, PageError>) -> Result<HttpResponse, PageError> {
        let Some(form) = self.named.as_ref().filter(|_| self.view.is_inside) else { return answer };
        let mut response = answer.unwrap_or_else(|error| error.error_response());
        allow_frames(response.headers_mut(), &form.origins);
        Ok(response)
    }
}

fn named_view(form: &NamedForm) -> NamedFormView {
    let field = |asked: &sign_up_form::Asked| NamedField {
        name: asked.field.as_str(),
        required: asked.required,
        purpose: asked.purpose.clone().unwrap_or_default(),
    };
    NamedFormView {
        heading: form.heading.clone(),
        intro: form.intro.clone(),
        fields: form.fields.iter().map(field).collect(),
    }
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
    let offer = Offer::load(&app, slug.into_inner(), None, false).await?;
    show_form(&app, &offer, &http, spoken)
}

/// `GET /b/{brand}/sign-up/{form}`: a named form; with `?embed` for a frame inside of another site's page.
///
/// # Errors
/// If there is no such brand or form.
pub async fn show_named(
    app: web::Data<App>,
    path: web::Path<(Slug, Slug)>,
    http: HttpRequest,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let (brand, form) = path.into_inner();
    let offer = Offer::load(&app, brand, Some(form), is_inside(&http)).await?;
    offer.answer(show_form(&app, &offer, &http, spoken))
}

fn show_form(
    app: &App,
    offer: &Offer,
    http: &HttpRequest,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let gpc = asks_not_to_be_tracked(http.headers());
    let form = offer.untouched(spoken.at(offer.brand.lang()).to(None));
    offer.show(app, StatusCode::OK, SignUpPage { gpc, ..form })
}

/// Whether a form is asked for that stands in a frame: `?embed`.
fn is_inside(http: &HttpRequest) -> bool {
    query::value(http, "embed").is_some()
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
    let counted = limits.form(&http);
    let offer = Offer::load(&app, slug.into_inner(), None, false).await?;
    counted?;
    take(&app, &limits, &offer, &http, spoken, &posted).await
}

/// `POST /b/{brand}/sign-up/{form}`: of our page, of the same page in a frame, or of a copy on another site.
///
/// # Errors
/// As [`post`], and if there is no such form.
pub async fn post_named(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    path: web::Path<(Slug, Slug)>,
    http: HttpRequest,
    spoken: Spoken,
    posted: Form,
) -> Result<HttpResponse, PageError> {
    let counted = limits.form(&http);
    let (brand, form) = path.into_inner();
    let offer = Offer::load(&app, brand, Some(form), is_inside(&http)).await?;
    offer.answer(match counted {
        Ok(()) => take(&app, &limits, &offer, &http, spoken, &posted).await,
        Err(error) => Err(error.into()),
    })
}

async fn take(
    app: &App,
    limits: &Limits,
    offer: &Offer,
    http: &HttpRequest,
    spoken: Spoken,
    posted: &Form,
) -> Result<HttpResponse, PageError> {
    let (lang, typed) = (spoken.in_form(posted).at(offer.brand.lang()).to(None), typed(posted)?);
    let all = |name: &str| posted.all(name).map(str::to_owned).collect::<Vec<_>>();
    let (choices, permissions) = (all("choice"), all("permission"));
    let again = |problems| SignUpPage {
        gpc: asks_not_to_be_tracked(http.headers()),
        ..offer.page(lang, typed.clone(), &choices, &permissions, problems)
    };
    if posted.one("seen")? != Some(offer.seen(lang).as_str()) {
        let changed = Problem::said("", Message::new("problem-words-changed"));
        return offer.show(app, StatusCode::CONFLICT, again(vec![changed]));
    }
    let form = SignUpForm {
        email: typed.email.clone(),
        profile: profile(&typed, spoken.asked()),
        choices: choices.clone(),
        shown: all("shown"),
        permissions: permissions.clone(),
        shown_permissions: all("shown_permission"),
        wording: offer.wording(lang),
        language: Some(lang),
        is_ours: true,
    };
    let sign_up = match form.check(&offer.brand, &offer.topics, offer.named.as_ref()) {
        Ok(sign_up) => sign_up,
        Err(Error::Invalid(problems)) if problems.iter().all(is_of_the_person) => {
            return offer.show(app, StatusCode::UNPROCESSABLE_ENTITY, again(problems));
        }
        Err(error) => return Err(error.into()),
    };
    let email = EmailAddress::parse(&typed.email).map_err(|problem| Error::Invalid(vec![problem]))?;
    limits.address(&email)?;
    let (brand, now) = (offer.brand.id, app.clock.now());
    let (challenge, solution) = (posted.text("challenge")?, posted.text("proof")?);
    let proof = proof::check(&app.keys, brand, &challenge, &solution, now);
    app.db.write(move |conn| request::leave_sign_up(conn, brand, sign_up, proof, now)).await?;
    app.wake();
    page(&SignUpDonePage {
        lang,
        sign_up_url: offer.path(),
        brand: offer.view.clone(),
        valid_days: confirmation::VALID_DAYS,
    })
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
