//! `/r/{token}`: what was done on a page, its receipt, and the button that undoes it. The address is where a form leads
//! to, so it can be reloaded and kept.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::topic::Kind as TopicKind;
use crate::domain::catalog::{Brand, Channel, notice, topic};
use crate::domain::consent::brand_choice::AtMost;
use crate::domain::consent::lock;
use crate::domain::consent::permission::{Change, Kind};
use crate::domain::intake::permission_item;
use crate::domain::preferences::act::{self, Act};
use crate::domain::preferences::reason::{self, Reason};
use crate::domain::preferences::undo::{self, Undo};
use crate::domain::preferences::{self, Changes, receipt};
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message, Saying};
use crate::token::{Keys, PreferencesLink, ReceiptLink};
use crate::web::form::{Form, FormError};
use crate::web::language::Spoken;
use crate::web::limit::Limits;
use crate::web::page::{Fact, Radio, ResultPage};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::view::{brand_view, restricted, seen_choices};
use crate::web::public::{choices_url, open};
use crate::web::query;

/// What the address of the page says where boxes were changed and not saved.
const UNSAVED: &str = "unsaved";

/// `GET /r/{token}`: what was done.
///
/// # Errors
/// 404 for a token that is not ours and for a person who was erased.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    request: HttpRequest,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let link: ReceiptLink = open(&app, &token)?;
    let unsaved = query::value(&request, UNSAVED).is_some();
    page(&ResultPage { unsaved, ..result_page(&app, link, spoken, Vec::new()).await? })
}

/// `POST /r/{token}`: undoes it, or counts the reason for it.
///
/// # Errors
/// 404 as [`show`]; 400, 413, 415 or 422 for a form that is not this page's; 429 for too many of them; 409 with the
/// page shown anew if it can no longer be undone or the words changed. Nothing is changed then.
pub async fn act(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    token: web::Path<String>,
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: ReceiptLink = open(&app, &token)?;
    let act = link.act;
    limits.link(app.db.read(move |conn| Ok(act::get(conn, act)?.subscriber)).await?)?;
    let form = form?;
    let spoken = spoken.in_form(&form);
    let done = match form.one("action")? {
        Some(ResultPage::UNDO) => undo(&app, link, spoken, form.text("seen")?).await,
        Some(ResultPage::REASON) => match form.one("reason")? {
            Some(word) => give_reason(&app, link, Reason::parse(word)).await,
            // The question may be left open.
            None => Ok(link),
        },
        _ => return Err(Error::invalid("action", "Press one of the buttons of the page").into()),
    };
    match done {
        Ok(link) => Ok(see(&app, link, spoken.read_in(), false)),
        Err(Error::Outdated(why)) => {
            page_with(StatusCode::CONFLICT, &result_page(&app, link, spoken, vec![why]).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn undo(app: &App, link: ReceiptLink, spoken: Spoken, words: String) -> Result<ReceiptLink> {
    let (keys, keep, now) = (app.keys.clone(), app.options.tracking.keep, app.clock.now());
    app.db
        .write(move |conn| {
            let act = act::get(conn, link.act)?;
            // Pressed twice, also at the same moment: the second press finds what the first one did.
            lock(conn, act.subscriber)?;
            if let Some(undone) = act::undone_by(conn, act.id)? {
                return Ok(ReceiptLink { act: undone });
            }
            let brand = act::brand_of(conn, &act)?;
            let lang = spoken.at(brand.lang()).to(subscriber::get(conn, act.subscriber)?.lang());
            let grants = undo::look(conn, &keys, &act, now)? == Undo::Possible { grants: true };
            if grants && words != seen_choices(&brand, &topic::of_brand(conn, brand.id)?, lang, keep) {
                return Err(Error::outdated(Message::new("problem-words-changed")));
            }
            Ok(ReceiptLink { act: undo::undo(conn, &keys, &act, (lang, keep), now)?.id })
        })
        .await
}

async fn give_reason(app: &App, link: ReceiptLink, reason: Option<Reason>) -> Result<ReceiptLink> {
    let reason = reason.ok_or_else(|| Error::invalid("reason", "There is no such reason"))?;
    app.db
        .write(move |conn| {
            let act = act::get(conn, link.act)?;
            reason::give(conn, &act, reason)
        })
        .await?;
    Ok(link)
}

/// `GET /r/{token}/receipt.json`: the signed receipt, as a file.
///
/// # Errors
/// 404 as [`show`].
pub async fn receipt(app: web::Data<App>, token: web::Path<String>) -> Result<HttpResponse, PageError> {
    let link: ReceiptLink = open(&app, &token)?;
    let keys = app.keys.clone();
    let signed = app
        .db
        .read(move |conn| {
            let act = act::get(conn, link.act)?;
            receipt::signed(conn, &keys, &act)
        })
        .await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"receipt.json\""))
        .body(serde_json::to_string_pretty(&signed).map_err(Error::from)?))
}

/// `GET /.well-known/receipt-keys.json`: the public keys behind the receipts, as a JSON Web Key Set (RFC 7517).
pub async fn keys(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        .json(serde_json::json!({ "keys": app.keys.verifying_keys() }))
}

/// Leads a browser to the page of an act, in a language, or in the one that the person reads; `unsaved` says that they
/// had changed boxes besides.
pub(super) fn see(app: &App, link: ReceiptLink, lang: Option<Lang>, unsaved: bool) -> HttpResponse {
    let lang = lang.map(|lang| format!("lang={}", lang.tag()));
    let asked: Vec<String> = lang.into_iter().chain(unsaved.then(|| UNSAVED.to_owned())).collect();
    let mark = if asked.is_empty() { "" } else { "?" };
    let address = format!("/r/{}{mark}{}", app.keys.seal(&link), asked.join("&"));
    HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()
}

/// The page of an act as things are now.
pub(super) async fn result_page(
    app: &App,
    link: ReceiptLink,
    spoken: Spoken,
    errors: Vec<Problem>,
) -> Result<ResultPage> {
    let (keys, keep, now) = (app.keys.clone(), app.options.tracking.keep, app.clock.now());
    let shown = app.db.read(move |conn| view(conn, (&keys, keep), link, spoken, now)).await?;
    let errors = errors.into_iter().map(|problem| problem.in_language(shown.lang)).collect();
    Ok(ResultPage { errors, ..shown })
}

fn view(
    conn: &mut DbConnection,
    (keys, keep): (&Keys, Duration),
    link: ReceiptLink,
    spoken: Spoken,
    now: Moment,
) -> Result<ResultPage> {
    let act = act::get(conn, link.act)?;
    let person = subscriber::get(conn, act.subscriber)?;
    if person.erased_at.is_some() {
        return Err(Error::NotFound("page"));
    }
    let brand = act::brand_of(conn, &act)?;
    let lang = spoken.at(brand.lang()).to(person.lang());
    let changes = act::changes(conn, &act)?;
    let undo = undo::look(conn, keys, &act, now)?;
    let undo_words = undo::words(conn, &act, (&brand, undo), (lang, keep), now)?;
    let can_undo = matches!(undo, Undo::Possible { .. });
    let url = format!("/r/{}", keys.seal(&link));
    let choices = PreferencesLink { campaign: 0, ..act.link() };
    let (heading, lead, scope) = headline(lang, &act, &brand);
    let words = |choices: &[preferences::Choice]| choices.iter().map(|choice| choice.say(lang)).collect();
    let notice = match receipt::version(conn, &act, &brand)? {
        version if notice::kept(conn, &brand, &version)?.is_some() => version,
        _ => String::new(),
    };
    let tracking = changes.permissions.iter().filter_map(|(kind, change)| sentence(lang, *kind, *change));
    let stopped = matches!(act.kind, act::Kind::Unsubscribed | act::Kind::Stopped);
    Ok(ResultPage {
        lang,
        heading,
        lead,
        scope,
        when: lang
            .say("result-when")
            .with("day", lang.day(act.at))
            .with("time", act.at.time_of_day())
            .to_string(),
        restricted: restricted(lang, person.restricted_at),
        pause: running_pause(lang, &act, &brand),
        is_paused: act.after.paused_until.is_some(),
        started: words(&changes.granted),
        stopped: words(&changes.withdrawn),
        continues: words(&changes.continues),
        tracking: tracking.map(|sentence| sentence.to_string()).collect(),
        more: more(lang, &act),
        late: late(lang, &act, &changes),
        subjects_only: only_subjects(&changes),
        gets_nothing: changes.granted.is_empty() && changes.continues.is_empty(),
        can_undo,
        undo_note: undo_note(lang, undo),
        undo_not_offered: undo_words.not_offered,
        undo_topics: undo_words.topics,
        undo_wording: undo_words.agrees,
        undo_permissions: undo_words.permissions.into_iter().map(|(_, words)| words).collect(),
        seen: seen_choices(&brand, &topic::of_brand(conn, brand.id)?, lang, keep),
        reasons: if stopped && !act.gave_reason { reasons(lang) } else { Vec::new() },
        thanks: act.gave_reason,
        unsaved: false,
        receipt: receipt_facts(lang, &act, &brand, person.masked_email()),
        receipt_url: format!("{url}/receipt.json"),
        notice_url: format!("/b/{}/privacy/{notice}", brand.slug),
        notice,
        preferences_url: choices_url(keys, &choices),
        errors: Vec::new(),
        action: url,
        brand: brand_view(conn, &brand)?,
    })
}

/// The heading, and either a sentence or the scope of what stopped.
fn headline(lang: Lang, act: &Act, brand: &Brand) -> (String, String, String) {
    let name = brand.name.as_str();
    let until = act.after.paused_until.map(|until| lang.day(until)).unwrap_or_default();
    let (heading, lead) = match act.kind {
        act::Kind::Saved => {
            (lang.say("result-heading-saved"), lang.say("result-saved-lead").with("brand", name))
        }
        act::Kind::Stopped => {
            (lang.say("result-stopped"), lang.say("result-stopped-lead").with("brand", name))
        }
        act::Kind::Paused => {
            let heading = lang.say("result-paused").with("day", until);
            (heading, lang.say("result-paused-lead").with("brand", name))
        }
        act::Kind::Resumed => {
            (lang.say("result-resumed"), lang.say("result-resumed-lead").with("brand", name))
        }
        act::Kind::Undone => (lang.say("result-undone"), lang.say("result-undone-lead").with("brand", name)),
        act::Kind::Unsubscribed => {
            let scope = preferences::unsubscribe_scope(brand, lang);
            return (lang.say("unsubscribed-heading").to_string(), String::new(), scope);
        }
    };
    (heading.to_string(), lead.to_string(), String::new())
}

/// A pause that runs after an act, as a sentence; empty where the heading is about it.
fn running_pause(lang: Lang, act: &Act, brand: &Brand) -> String {
    let until = act.after.paused_until.filter(|_| act.kind != act::Kind::Paused);
    let words = |until| lang.say("pause-runs").with("brand", &brand.name).with("day", lang.day(until));
    until.map(|until| words(until).to_string()).unwrap_or_default()
}

fn only_subjects(changes: &Changes) -> bool {
    let mut running = changes.granted.iter().chain(&changes.continues).peekable();
    running.peek().is_some() && running.all(|choice| choice.kind == TopicKind::Subject)
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

/// What changed besides topics and tracking, and is not said elsewhere on the page.
fn more(lang: Lang, act: &Act) -> Vec<String> {
    let mut more = Vec::new();
    let was_paused = act.before.paused_until.is_some();
    if was_paused && act.after.paused_until.is_none() && act.kind != act::Kind::Resumed {
        more.push(lang.say("changed-pause-over"));
    }
    if act.before.at_most != act.after.at_most {
        more.push(match act.after.at_most {
            AtMost::Each => lang.say("changed-at-most-each"),
            AtMost::Weekly => lang.say("changed-at-most-weekly"),
            AtMost::Monthly => lang.say("changed-at-most-monthly"),
        });
    }
    if act.before.locale != act.after.locale {
        more.push(match act.after.locale.as_deref().and_then(Lang::read) {
            Some(spoken) => lang.say("changed-language").with("language", spoken.tag()),
            None => lang.say("changed-language-browser"),
        });
    }
    more.iter().map(Saying::to_string).collect()
}

/// What may still arrive of what was stopped.
fn late(lang: Lang, act: &Act, changes: &Changes) -> Vec<String> {
    let ended = |channel| changes.withdrawn.iter().any(|choice| choice.channel == channel);
    let holds_back = act.before.paused_until < act.after.paused_until;
    let mut late = Vec::new();
    if ended(Channel::Email) || holds_back {
        late.push(lang.say("result-late-email").to_string());
    }
    let by_post = changes.continues.iter().any(|choice| choice.channel == Channel::Post);
    if ended(Channel::Post) || (holds_back && by_post) {
        late.push(lang.say("result-late-post").to_string());
    }
    late
}

fn undo_note(lang: Lang, undo: Undo) -> String {
    match undo {
        Undo::Done => lang.say("undo-done").to_string(),
        Undo::Overtaken => lang.say("undo-overtaken").to_string(),
        Undo::Forbidden => lang.say("undo-forbidden").to_string(),
        Undo::Possible { .. } | Undo::TooLate | Undo::Empty => String::new(),
    }
}

fn reasons(lang: Lang) -> Vec<Radio> {
    let radio = |reason: &Reason| Radio {
        name: "reason",
        value: reason.as_str().to_owned(),
        label: match reason {
            Reason::TooMany => lang.say("reason-too-many"),
            Reason::NotForMe => lang.say("reason-not-for-me"),
            Reason::NeverAsked => lang.say("reason-never-asked"),
            Reason::Other => lang.say("reason-other"),
        }
        .to_string(),
        checked: false,
    };
    Reason::ALL.iter().map(radio).collect()
}

/// What may be recorded after an act, one kind a line.
fn allowed(lang: Lang, act: &Act) -> String {
    let allowed = Kind::ALL.iter().filter(|kind| act.after.allows(**kind));
    let allowed: Vec<String> = allowed.map(|kind| permission_item(lang, *kind).to_string()).collect();
    if allowed.is_empty() { lang.say("receipt-nothing").to_string() } else { allowed.join("\n") }
}

fn receipt_facts(lang: Lang, act: &Act, brand: &Brand, masked_address: String) -> Vec<Fact> {
    vec![
        Fact::new(lang.say("receipt-number").to_string(), act.public_id.to_string()),
        Fact::new(lang.say("receipt-when").to_string(), lang.time(act.at)),
        Fact::new(lang.say("receipt-for").to_string(), masked_address),
        Fact::new(
            lang.say("receipt-with").to_string(),
            format!("{}, {}", brand.legal_name, brand.registered_address),
        ),
        Fact::new(lang.say("receipt-tracking").to_string(), allowed(lang, act)),
    ]
}
