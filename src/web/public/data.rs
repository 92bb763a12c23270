//! `/d/{token}`: the data held about a person, a copy of it, and the end of it. The link was mailed to the address
//! on request and is good for a short time, because this page shows everything (SEC-04).

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, ResponseError, web};

use crate::app::App;
use crate::clock::Moment;
use crate::domain::audience::subscriber;
use crate::domain::catalog::brand;
use crate::domain::consent::ledger::SUBSCRIBER;
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::State as PermissionState;
use crate::domain::intake::{permission_item, topic_item};
use crate::domain::privacy;
use crate::domain::privacy::export::Export;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message, Saying};
use crate::token::DataRequestLink;
use crate::web::form::{Form, FormError};
use crate::web::language::{Spoken, untold};
use crate::web::page::{BrandView, DataPage, ErasedPage, Fact};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::open;
use crate::web::public::view::brand_view;

/// `GET /d/{token}`: shows what is held.
///
/// # Errors
/// 404 for a token that is not ours and for a person who was erased; 410 for a link that is too old.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let link: DataRequestLink = open(&app, &token)?;
    if is_over(&app, &link) {
        return gone();
    }
    show_with(&app, link, &token, spoken, Vec::new()).await
}

/// `POST /d/{token}`: hands out the copy, or erases.
///
/// # Errors
/// As [`show`]; 400, 413, 415 or 422 for a form that is not this page's, and nothing is changed.
pub async fn act(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: DataRequestLink = open(&app, &token)?;
    if is_over(&app, &link) {
        return gone();
    }
    let form = match form {
        Ok(form) => form,
        Err(error) => return Ok(error.error_response()),
    };
    match form.one("action")? {
        Some(DataPage::COPY) => copy(&app, link).await,
        Some(DataPage::ERASE) if form.one("understood")? == Some("yes") => erase(&app, link, spoken).await,
        Some(DataPage::ERASE) => {
            let unticked = Problem::said("understood", Message::new("problem-understood"));
            show_with(&app, link, &token, spoken, vec![unticked]).await
        }
        _ => Err(Error::invalid("action", "Press one of the buttons of the page").into()),
    }
}

async fn show_with(
    app: &App,
    link: DataRequestLink,
    token: &str,
    spoken: Spoken,
    errors: Vec<Problem>,
) -> Result<HttpResponse, PageError> {
    let (held, brand) = load(app, link).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let lang = spoken.at(brand.language).to(held.person.locale.as_deref().and_then(Lang::read));
    let view = DataPage {
        lang,
        brand,
        action: format!("/d/{token}"),
        address: held.person.email.clone().unwrap_or_default(),
        facts: facts(&held, lang),
        errors: errors.into_iter().map(|problem| problem.in_language(lang)).collect(),
    };
    page_with(status, &view)
}

async fn copy(app: &App, link: DataRequestLink) -> Result<HttpResponse, PageError> {
    let (held, _) = load(app, link).await?;
    let text = serde_json::to_string_pretty(&held).map_err(Error::from)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""))
        .body(text))
}

async fn erase(app: &App, link: DataRequestLink, spoken: Spoken) -> Result<HttpResponse, PageError> {
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let (brand, known) = app
        .db
        .write(move |conn| {
            let locale = subscriber::get(conn, link.subscriber)?.locale;
            privacy::erase(conn, &keys, link.subscriber, SUBSCRIBER, now)?;
            let brand = brand::get(conn, link.brand)?;
            Ok((brand_view(conn, &brand)?, locale.as_deref().and_then(Lang::read)))
        })
        .await?;
    page(&ErasedPage { lang: spoken.at(brand.language).to(known), brand })
}

async fn load(app: &App, link: DataRequestLink) -> Result<(Export, BrandView)> {
    let (keys, now) = (app.keys.clone(), app.clock.now());
    app.db
        .read(move |conn| {
            let held = privacy::export(conn, &keys, link.subscriber, now)?;
            let brand = brand::get(conn, link.brand)?;
            Ok((held, brand_view(conn, &brand)?))
        })
        .await
}

fn is_over(app: &App, link: &DataRequestLink) -> bool {
    app.clock.now() > Moment::from_micros(link.expires_at)
}

fn gone() -> Result<HttpResponse, PageError> {
    Ok(untold(StatusCode::GONE, None))
}

fn facts(held: &Export, lang: Lang) -> Vec<Fact> {
    let person = &held.person;
    let mut facts: Vec<Fact> = [
        (lang.say("first-name-label"), &person.first_name),
        (lang.say("last-name-label"), &person.last_name),
        (lang.say("company-label"), &person.company),
        (lang.say("phone-label"), &person.phone),
        (lang.say("post-label"), &person.postal_address),
        (lang.say("country-label"), &person.country),
        (lang.say("fact-language"), &person.locale),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some(Fact::new(label.to_string(), value.clone()?)))
    .collect();
    facts.extend(person.attributes.iter().map(|(name, value)| Fact::new(name.replace('_', " "), value)));
    facts.push(Fact::new(lang.say("fact-source").to_string(), held.source.name.as_str()));
    if let Some(policy) = &held.source.policy_url {
        facts.push(Fact::new(lang.say("fact-source-policy").to_string(), policy.as_str()));
    }
    facts.push(Fact::new(lang.say("fact-held-since").to_string(), lang.day(person.created_at)));
    facts.extend(choices(held, lang));
    let counted = [
        (lang.say("fact-decisions"), held.ledger.len()),
        (lang.say("fact-deliveries"), held.deliveries.len()),
        (lang.say("fact-hits"), held.hits.len()),
        (lang.say("fact-service-mail"), held.service_mail.len()),
        (lang.say("fact-suppressions"), held.suppressions.len()),
    ];
    facts.extend(counted.into_iter().map(|(label, count)| Fact::new(label.to_string(), count.to_string())));
    facts
}

/// What the person answered, at every brand.
fn choices(held: &Export, lang: Lang) -> Vec<Fact> {
    let of_brand = |brand: &str, what: Saying| {
        lang.say("fact-of-brand").with("brand", brand).with("what", what).to_string()
    };
    let opt_ins = held.opt_ins.iter().map(|opt_in| {
        let day = lang.day(opt_in.since);
        let state = match opt_in.state {
            State::Pending => lang.say("fact-pending").with("day", day),
            State::Granted => lang.say("fact-granted").with("day", day),
            State::Withdrawn => lang.say("fact-withdrawn").with("day", day),
        };
        Fact::new(of_brand(&opt_in.brand, topic_item(lang, &opt_in.topic, opt_in.channel)), state.to_string())
    });
    let permissions = held.permissions.iter().map(|permission| {
        let day = lang.day(permission.since);
        let state = match permission.state {
            PermissionState::Granted => lang.say("fact-granted").with("day", day),
            PermissionState::Refused => lang.say("fact-refused").with("day", day),
        };
        Fact::new(of_brand(&permission.brand, permission_item(lang, permission.kind)), state.to_string())
    });
    opt_ins.chain(permissions).collect()
}
