//! `/p/{token}`: the preference page. It shows choices and a masked address, never more (SEC-04); what is saved
//! works at once.

use actix_web::{HttpRequest, HttpResponse, ResponseError, web};

use crate::app::App;
use crate::domain::catalog::{Channel, topic};
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Change, Kind, Permission, State as PermissionAnswer};
use crate::domain::intake::request;
use crate::domain::outbox;
use crate::domain::preferences::{self, Changes, Posted, Preferences, Screen, TopicAnswers};
use crate::error::{Error, Result};
use crate::token::PreferencesLink;
use crate::web::form::{Form, FormError};
use crate::web::gpc::asks_not_to_be_tracked;
use crate::web::limit::Limits;
use crate::web::page::{
    BoxState, BrandView, CLICKS_WORDING, ChannelBox, DataLinkSentPage, OPENS_WORDING, PermissionBox,
    PermissionState, PreferencesPage, PreferencesResultPage, TopicChoices, TopicGroup,
};
use crate::web::problem::{PageError, page};
use crate::web::public::open;
use crate::web::public::view::brand_view;

/// `GET /p/{token}`: shows the choices.
///
/// # Errors
/// 404 for a token that is not ours and for a person who was erased.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let link: PreferencesLink = open(&app, &token)?;
    let now = app.clock.now();
    let (stored, brand) = app
        .db
        .read(move |conn| {
            let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
            let brand = brand_view(conn, &stored.brand)?;
            Ok((stored, brand))
        })
        .await?;
    page(&PreferencesPage {
        action: format!("/p/{token}"),
        masked_address: stored.masked_address(),
        groups: groups(&stored),
        permissions: permission_boxes(&stored),
        wording: stored.brand.consent_wording.clone(),
        gpc: asks_not_to_be_tracked(request.headers()),
        errors: Vec::new(),
        brand,
    })
}

/// `POST /p/{token}`: saves, stops everything, or mails a link to the data.
///
/// # Errors
/// 404 as [`show`]; 400, 413, 415 or 422 for a form that is not this page's, 429 for too many
/// wishes for a link; nothing is changed then.
pub async fn change(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    token: web::Path<String>,
    request: HttpRequest,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: PreferencesLink = open(&app, &token)?;
    let form = match form {
        Ok(form) => form,
        Err(error) => return Ok(error.error_response()),
    };
    let url = format!("/p/{token}");
    match form.one("action")? {
        Some(PreferencesPage::SAVE) => {
            let gpc = asks_not_to_be_tracked(request.headers());
            save(&app, link, read_posted(&form)?, gpc, url).await
        }
        Some(PreferencesPage::STOP) => stop(&app, link, url).await,
        Some(PreferencesPage::DATA_LINK) => {
            limits.form(&request)?;
            mail_data_link(&app, link, url).await
        }
        _ => Err(Error::invalid("action", "Press one of the buttons of the page").into()),
    }
}

async fn save(
    app: &App,
    link: PreferencesLink,
    posted: Posted,
    gpc: bool,
    url: String,
) -> Result<HttpResponse, PageError> {
    let now = app.clock.now();
    let (changes, brand) = app
        .db
        .write(move |conn| {
            let screen = Screen {
                opens_wording: OPENS_WORDING,
                clicks_wording: CLICKS_WORDING,
                permissions_start_empty: gpc,
            };
            let changes = preferences::save(conn, &link, &posted, &screen, now)?;
            let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
            Ok((changes, brand_view(conn, &stored.brand)?))
        })
        .await?;
    page(&result_page(&changes, brand, url))
}

async fn stop(app: &App, link: PreferencesLink, url: String) -> Result<HttpResponse, PageError> {
    let now = app.clock.now();
    let brand = app
        .db
        .write(move |conn| {
            preferences::stop_everything(conn, &link, now)?;
            let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
            brand_view(conn, &stored.brand)
        })
        .await?;
    page(&PreferencesResultPage {
        brand,
        stopped_everything: true,
        preferences_url: url,
        ..PreferencesResultPage::default()
    })
}

/// Mails a fresh link to the address; at most three a day, and the answer is the same whether it was the fourth.
async fn mail_data_link(app: &App, link: PreferencesLink, url: String) -> Result<HttpResponse, PageError> {
    let now = app.clock.now();
    let (masked_address, brand) = app
        .db
        .write(move |conn| {
            let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
            request::mail_link(conn, outbox::Kind::DataLink, link.brand, link.subscriber, now)?;
            Ok((stored.masked_address(), brand_view(conn, &stored.brand)?))
        })
        .await?;
    app.wake();
    page(&DataLinkSentPage {
        brand,
        masked_address,
        valid_hours: outbox::DATA_LINK_HOURS,
        preferences_url: url,
    })
}

fn read_posted(form: &Form) -> Result<Posted> {
    let boxes = |name: &str| -> Result<Vec<(String, Channel)>> {
        let parse = |value: &str| {
            let (slug, channel) = value.split_once(':')?;
            Some((slug.to_owned(), Channel::parse(channel)?))
        };
        let refuse = || Error::invalid(name, "This is no box of the page; reload it");
        form.all(name).map(|value| parse(value).ok_or_else(refuse)).collect()
    };
    let kinds = |name: &str| -> Result<Vec<Kind>> {
        let refuse = || Error::invalid(name, "This is no box of the page; reload it");
        form.all(name).map(|value| Kind::parse(value).ok_or_else(refuse)).collect()
    };
    Ok(Posted {
        shown: boxes("shown")?,
        ticked: boxes("choice")?,
        shown_permissions: kinds("shown_permission")?,
        ticked_permissions: kinds("permission")?,
    })
}

fn groups(stored: &Preferences) -> Vec<TopicGroup> {
    let of_kind = |kind: topic::Kind| -> Vec<TopicChoices> {
        stored.topics.iter().filter(|t| t.topic.kind == kind).map(topic_choices).collect()
    };
    let groups = [
        TopicGroup::communications(of_kind(topic::Kind::Communication)),
        TopicGroup::subjects(of_kind(topic::Kind::Subject)),
    ];
    groups.into_iter().filter(|group| !group.topics.is_empty()).collect()
}

fn topic_choices(stored: &TopicAnswers) -> TopicChoices {
    let slug = stored.topic.slug.to_string();
    let boxes = stored.answers.iter().map(|(channel, state)| {
        let state = match state {
            Some(State::Granted) => BoxState::On,
            Some(State::Pending) => BoxState::Pending,
            Some(State::Withdrawn) | None => BoxState::Off,
        };
        ChannelBox::new(slug.clone(), channel.as_str(), state)
    });
    TopicChoices {
        name: stored.topic.name.clone(),
        description: stored.topic.description.clone(),
        sensitive: stored.topic.sensitive,
        boxes: boxes.collect(),
        slug,
    }
}

fn permission_boxes(stored: &Preferences) -> Vec<PermissionBox> {
    let state_of = |kind: &str| {
        let answered = stored.permissions.iter().find(|(asked, _)| asked.as_str() == kind);
        permission_state(answered.and_then(|(_, permission)| permission.as_ref()))
    };
    PermissionBox::unasked()
        .into_iter()
        .map(|unasked| {
            let state = state_of(unasked.kind);
            unasked.with_state(state)
        })
        .collect()
}

fn permission_state(stored: Option<&Permission>) -> PermissionState {
    match stored.map(|permission| (permission.state, permission.changed_at.to_day())) {
        None => PermissionState::NeverAsked,
        Some((PermissionAnswer::Granted, since)) => PermissionState::Granted(since),
        Some((PermissionAnswer::Refused, since)) => PermissionState::Refused(since),
    }
}

fn result_page(changes: &Changes, brand: BrandView, preferences_url: String) -> PreferencesResultPage {
    let words = |choices: &[preferences::Choice]| choices.iter().map(ToString::to_string).collect();
    PreferencesResultPage {
        brand,
        started: words(&changes.granted),
        stopped: words(&changes.withdrawn),
        continues: words(&changes.continues),
        tracking: changes.permissions.iter().filter_map(|(kind, change)| sentence(*kind, *change)).collect(),
        stopped_everything: false,
        preferences_url,
    }
}

fn sentence(kind: Kind, change: Change) -> Option<String> {
    let what = match kind {
        Kind::Opens => "when you open our emails",
        Kind::Clicks => "when you follow a link in our emails",
        Kind::Profiling => "what you do, to choose what we send you",
    };
    match change {
        Change::Nothing => None,
        Change::Granted => Some(format!("We now count {what}.")),
        Change::Refused => Some(format!("We do not count {what}.")),
        Change::Withdrawn => {
            Some(format!("We no longer count {what}, and we have deleted what we had recorded."))
        }
    }
}
