//! `/d/{token}`: the data held about a person, a copy of it, and the end of it. The link was mailed to the address
//! on request and is good for a short time, because this page shows everything (SEC-04).

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, ResponseError, web};

use crate::app::App;
use crate::clock::Moment;
use crate::domain::catalog::brand;
use crate::domain::consent::ledger::SUBSCRIBER;
use crate::domain::privacy;
use crate::domain::privacy::export::Export;
use crate::error::{Error, Problem, Result};
use crate::token::DataRequestLink;
use crate::web::form::{Form, FormError};
use crate::web::page::{BrandView, DataPage, ErasedPage, Fact, ProblemPage};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::open;
use crate::web::public::view::brand_view;

/// `GET /d/{token}`: shows what is held.
///
/// # Errors
/// 404 for a token that is not ours and for a person who was erased; 410 for a link that is too old.
pub async fn show(app: web::Data<App>, token: web::Path<String>) -> Result<HttpResponse, PageError> {
    let link: DataRequestLink = open(&app, &token)?;
    if is_over(&app, &link) {
        return gone();
    }
    show_with(&app, link, &token, Vec::new()).await
}

/// `POST /d/{token}`: hands out the copy, or erases.
///
/// # Errors
/// As [`show`]; 400, 413, 415 or 422 for a form that is not this page's, and nothing is changed.
pub async fn act(
    app: web::Data<App>,
    token: web::Path<String>,
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
        Some(DataPage::ERASE) if form.one("understood")? == Some("yes") => erase(&app, link).await,
        Some(DataPage::ERASE) => {
            let unticked = Problem::new("understood", "Tick the box to show that you understand");
            show_with(&app, link, &token, vec![unticked]).await
        }
        _ => Err(Error::invalid("action", "Press one of the buttons of the page").into()),
    }
}

async fn show_with(
    app: &App,
    link: DataRequestLink,
    token: &str,
    errors: Vec<Problem>,
) -> Result<HttpResponse, PageError> {
    let (held, brand) = load(app, link).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let view = DataPage {
        brand,
        action: format!("/d/{token}"),
        address: held.person.email.clone().unwrap_or_default(),
        facts: facts(&held),
        errors,
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

async fn erase(app: &App, link: DataRequestLink) -> Result<HttpResponse, PageError> {
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let brand = app
        .db
        .write(move |conn| {
            privacy::erase(conn, &keys, link.subscriber, SUBSCRIBER, now)?;
            let brand = brand::get(conn, link.brand)?;
            brand_view(conn, &brand)
        })
        .await?;
    page(&ErasedPage { brand })
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
    page_with(StatusCode::GONE, &ProblemPage::for_status(410, None))
}

fn facts(held: &Export) -> Vec<Fact> {
    let person = &held.person;
    let mut facts: Vec<Fact> = [
        ("First name", &person.first_name),
        ("Last name", &person.last_name),
        ("Company", &person.company),
        ("Phone", &person.phone),
        ("Postal address", &person.postal_address),
        ("Country", &person.country),
        ("Language", &person.locale),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some(Fact::new(label, value.clone()?)))
    .collect();
    facts.extend(person.attributes.iter().map(|(name, value)| Fact::new(name.replace('_', " "), value)));
    facts.push(Fact::new("Where we got it", held.source.name.as_str()));
    if let Some(policy) = &held.source.policy_url {
        facts.push(Fact::new("Their privacy policy", policy.as_str()));
    }
    facts.push(Fact::new("Held since", person.created_at.to_day()));
    for opt_in in &held.opt_ins {
        let label = format!("{}: {} by {}", opt_in.brand, opt_in.topic, opt_in.channel);
        facts.push(Fact::new(label, format!("{} since {}", opt_in.state, opt_in.since.to_day())));
    }
    for permission in &held.permissions {
        let label = format!("{}: counting {}", permission.brand, permission.kind);
        facts.push(Fact::new(label, format!("{} since {}", permission.state, permission.since.to_day())));
    }
    let counted = [
        ("Recorded decisions", held.ledger.len()),
        ("Campaigns that were or were not sent to you", held.deliveries.len()),
        ("Recorded opens and clicks", held.hits.len()),
        ("Service mails", held.service_mail.len()),
        ("Reasons not to write to you", held.suppressions.len()),
    ];
    facts.extend(counted.into_iter().map(|(label, count)| Fact::new(label, count.to_string())));
    facts
}
