//! `/p/{token}`: the preference page. It shows choices and a masked address, never more (SEC-04); what is saved
//! works at once.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};

use crate::app::App;
use crate::domain::catalog::topic::Kind as TopicKind;
use crate::domain::catalog::{Channel, brand};
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Change, Kind, Permission, State as PermissionAnswer};
use crate::domain::intake::{parse_choice, request};
use crate::domain::outbox;
use crate::domain::preferences::{self, Changes, Posted, Preferences, Screen, Start, TopicAnswers};
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Saying};
use crate::token::PreferencesLink;
use crate::web::form::{Form, FormError};
use crate::web::gpc::asks_not_to_be_tracked;
use crate::web::language::Spoken;
use crate::web::limit::Limits;
use crate::web::page::{
    BoxState, BrandView, DataLinkSentPage, PermissionBox, PermissionState, PreferencesPage,
    PreferencesResultPage, tracking_words,
};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::open;
use crate::web::public::view::{brand_view, seen, topic_groups};

/// `GET /p/{token}`: shows the choices.
///
/// # Errors
/// 404 for a token that is not ours and for a person who was erased.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    request: HttpRequest,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let link: PreferencesLink = open(&app, &token)?;
    page(&choices_page(&app, link, &request, format!("/p/{token}"), spoken, Vec::new()).await?)
}

/// The page with the choices as they are stored now.
async fn choices_page(
    app: &App,
    link: PreferencesLink,
    request: &HttpRequest,
    action: String,
    spoken: Spoken,
    errors: Vec<Problem>,
) -> Result<PreferencesPage> {
    let now = app.clock.now();
    let (stored, brand) = app
        .db
        .read(move |conn| {
            let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
            let brand = brand_view(conn, &stored.brand)?;
            Ok((stored, brand))
        })
        .await?;
    let lang = spoken.at(stored.brand.lang()).to(stored.language());
    Ok(PreferencesPage {
        lang,
        action,
        masked_address: stored.masked_address(),
        groups: topic_groups(lang, stored.topics.iter().map(|answers| (&answers.topic, box_states(answers)))),
        permissions: permission_boxes(&stored, lang),
        wording: stored.brand.consent_wording.clone(),
        seen: seen(&stored.brand, lang),
        gpc: asks_not_to_be_tracked(request.headers()),
        errors: errors.into_iter().map(|problem| problem.in_language(lang)).collect(),
        brand,
    })
}

/// `POST /p/{token}`: saves, stops everything, or mails a link to the data.
///
/// # Errors
/// 404 as [`show`]; 400, 413, 415 or 422 for a form that is not this page's, 429 for too many
/// wishes for a link; 409 with the page shown anew if the choices or the words changed since it was opened. Nothing
/// is changed then.
pub async fn change(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    token: web::Path<String>,
    request: HttpRequest,
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: PreferencesLink = open(&app, &token)?;
    let form = match form {
        Ok(form) => form,
        Err(error) => return Ok(error.error_response()),
    };
    let (url, spoken) = (format!("/p/{token}"), spoken.in_form(&form));
    match form.one("action")? {
        Some(PreferencesPage::SAVE) => {
            let (posted, words) = (read_posted(&form)?, form.text("seen")?);
            match save(&app, link, posted, words, spoken).await {
                Ok((changes, brand, lang)) => page(&result_page(&changes, lang, brand, url)),
                Err(Error::Outdated(why)) => {
                    let again = choices_page(&app, link, &request, url, spoken, vec![why]).await?;
                    page_with(StatusCode::CONFLICT, &again)
                }
                Err(error) => Err(error.into()),
            }
        }
        Some(PreferencesPage::STOP) => stop(&app, link, spoken, url).await,
        Some(PreferencesPage::DATA_LINK) => {
            limits.form(&request)?;
            mail_data_link(&app, link, spoken, url).await
        }
        _ => Err(Error::invalid("action", "Press one of the buttons of the page").into()),
    }
}

async fn save(
    app: &App,
    link: PreferencesLink,
    posted: Posted,
    words: String,
    spoken: Spoken,
) -> Result<(Changes, BrandView, Lang)> {
    let now = app.clock.now();
    app.db
        .write(move |conn| {
            let brand = brand::get(conn, link.brand)?;
            let lang = spoken
                .at(brand.lang())
                .to(preferences::load(conn, link.brand, link.subscriber, now)?.language());
            let [opens_wording, clicks_wording] = tracking_words(lang);
            let screen = Screen {
                opens_wording: &opens_wording,
                clicks_wording: &clicks_wording,
                is_current: words == seen(&brand, lang),
                language: lang,
            };
            let changes = preferences::save(conn, &link, &posted, &screen, now)?;
            Ok((changes, brand_view(conn, &brand)?, lang))
        })
        .await
}

async fn stop(
    app: &App,
    link: PreferencesLink,
    spoken: Spoken,
    url: String,
) -> Result<HttpResponse, PageError> {
    let now = app.clock.now();
    let (brand, lang) = app
        .db
        .write(move |conn| {
            let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
            let lang = spoken.at(stored.brand.lang()).to(stored.language());
            preferences::stop_everything(conn, &link, lang, now)?;
            Ok((brand_view(conn, &stored.brand)?, lang))
        })
        .await?;
    page(&PreferencesResultPage {
        lang,
        brand,
        stopped_everything: true,
        preferences_url: url,
        ..PreferencesResultPage::default()
    })
}

/// Mails a fresh link to the address; at most three a day, and the answer is the same whether it was the fourth.
async fn mail_data_link(
    app: &App,
    link: PreferencesLink,
    spoken: Spoken,
    url: String,
) -> Result<HttpResponse, PageError> {
    let now = app.clock.now();
    let (stored, brand) = app
        .db
        .write(move |conn| {
            let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
            request::mail_link(conn, outbox::Kind::DataLink, link.brand, link.subscriber, now)?;
            let brand = brand_view(conn, &stored.brand)?;
            Ok((stored, brand))
        })
        .await?;
    app.wake();
    page(&DataLinkSentPage {
        lang: spoken.at(stored.brand.lang()).to(stored.language()),
        brand,
        masked_address: stored.masked_address(),
        valid_hours: outbox::DATA_LINK_HOURS,
        preferences_url: url,
    })
}

fn read_posted(form: &Form) -> Result<Posted> {
    Ok(Posted {
        shown: read_all(form, "shown", |value| {
            let (item, start) = value.rsplit_once(':')?;
            let started = match start {
                "on" => true,
                "off" => false,
                _ => return None,
            };
            Some((read_choice(item)?, started))
        })?,
        ticked: read_all(form, "choice", read_choice)?,
        shown_permissions: read_all(form, "shown_permission", |value| {
            let (kind, start) = value.split_once(':')?;
            Some((Kind::parse(kind)?, Start::parse(start)?))
        })?,
        ticked_permissions: read_all(form, "permission", Kind::parse)?,
    })
}

fn read_all<T>(form: &Form, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let refuse = || Error::invalid(name, "This is no box of the page; reload it");
    form.all(name).map(|value| read(value).ok_or_else(refuse)).collect()
}

fn read_choice(value: &str) -> Option<(String, Channel)> {
    parse_choice(value).map(|(topic, channel)| (topic.to_owned(), channel))
}

fn box_states(stored: &TopicAnswers) -> Vec<(Channel, BoxState)> {
    let states = stored.answers.iter().map(|(channel, state)| {
        let state = match state {
            Some(State::Granted) => BoxState::On,
            Some(State::Pending) => BoxState::Pending,
            Some(State::Withdrawn) | None => BoxState::Off,
        };
        (*channel, state)
    });
    states.collect()
}

fn permission_boxes(stored: &Preferences, lang: Lang) -> Vec<PermissionBox> {
    let state_of = |kind: &str| {
        let answered = stored.permissions.iter().find(|(asked, _)| asked.as_str() == kind);
        permission_state(lang, answered.and_then(|(_, permission)| permission.as_ref()))
    };
    PermissionBox::unasked(lang)
        .into_iter()
        .map(|unasked| {
            let state = state_of(unasked.kind);
            unasked.with_state(lang, &state)
        })
        .collect()
}

fn permission_state(lang: Lang, stored: Option<&Permission>) -> PermissionState {
    match stored.map(|permission| (permission.state, lang.day(permission.changed_at))) {
        None => PermissionState::NeverAsked,
        Some((PermissionAnswer::Granted, since)) => PermissionState::Granted(since),
        Some((PermissionAnswer::Refused, since)) => PermissionState::Refused(since),
    }
}

fn result_page(
    changes: &Changes,
    lang: Lang,
    brand: BrandView,
    preferences_url: String,
) -> PreferencesResultPage {
    let words = |choices: &[preferences::Choice]| choices.iter().map(|choice| choice.say(lang)).collect();
    let mut running = changes.granted.iter().chain(&changes.continues).peekable();
    let subjects_only = running.peek().is_some() && running.all(|choice| choice.kind == TopicKind::Subject);
    let told = changes.permissions.iter().filter_map(|(kind, change)| sentence(lang, *kind, *change));
    PreferencesResultPage {
        lang,
        brand,
        started: words(&changes.granted),
        stopped: words(&changes.withdrawn),
        continues: words(&changes.continues),
        tracking: told.map(|sentence| sentence.to_string()).collect(),
        stopped_everything: false,
        subjects_only,
        preferences_url,
    }
}

fn sentence(lang: Lang, kind: Kind, change: Change) -> Option<Saying> {
    Some(match (change, kind) {
        (Change::Nothing, _) => return None,
        (Change::Granted, Kind::Opens) => lang.say("now-counting-opens"),
        (Change::Granted, Kind::Clicks) => lang.say("now-counting-clicks"),
        (Change::Granted, Kind::Profiling) => lang.say("now-profiling"),
        (Change::Refused, Kind::Opens) => lang.say("not-counting-opens"),
        (Change::Refused, Kind::Clicks) => lang.say("not-counting-clicks"),
        (Change::Refused, Kind::Profiling) => lang.say("not-profiling"),
        (Change::Withdrawn, Kind::Opens) => lang.say("no-longer-counting-opens"),
        (Change::Withdrawn, Kind::Clicks) => lang.say("no-longer-counting-clicks"),
        (Change::Withdrawn, Kind::Profiling) => lang.say("no-longer-profiling"),
    })
}
