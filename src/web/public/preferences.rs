//! `/p/{token}`: the preference page. It shows choices and a masked address, never more (SEC-04); what is saved
//! works at once, and leads to the page of what was done (`/r/{token}`).

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::clock::{DAY, Moment};
use crate::domain::catalog::{Channel, Topic};
use crate::domain::consent::brand_choice::{AtMost, PAUSE_MAX};
use crate::domain::consent::lock;
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Permission, State as PermissionState};
use crate::domain::intake::{request, topic_item};
use crate::domain::outbox;
use crate::domain::preferences::act;
use crate::domain::preferences::{self, Posted, Preferences, TopicAnswers};
use crate::domain::tracking::permission::words;
use crate::error::{Error, Problem, Result};
use crate::i18n::Lang;
use crate::token::{PreferencesLink, ReceiptLink};
use crate::web::form::{Form, FormError};
use crate::web::gpc::asks_not_to_be_tracked;
use crate::web::language::Spoken;
use crate::web::limit::Limits;
use crate::web::page::{
    BoxState, BrandView, DataLinkSentPage, Kept, OtherBrand, OtherLinkSentPage, PermissionBox,
    PermissionView, PreferencesPage, Radio, TopicGroup, UnchangedPage,
};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::open;
use crate::web::public::result::see;
use crate::web::public::view::{brand_view, restricted, seen_choices, topic_groups};
use crate::web::public::wish::{self, Wish};

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
    let visit = Visit { link: open(&app, &token)?, url: format!("/p/{token}"), spoken };
    page(&visit.page(&app, &request, Typed::default(), Vec::new()).await?)
}

/// Whose page it is, where it is, and in which language it is spoken.
struct Visit {
    link: PreferencesLink,
    url: String,
    spoken: Spoken,
}

/// `POST /p/{token}`: saves, pauses, stops everything, or mails a link.
///
/// # Errors
/// 404 as [`show`]; 400, 413, 415 or 422 for a form that is not this page's, 429 for too many
/// of them; 409 with the page shown anew if the choices or the words changed since it was opened, 422 with it
/// for a day that cannot be chosen. Nothing is changed then.
pub async fn change(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    token: web::Path<String>,
    request: HttpRequest,
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: PreferencesLink = open(&app, &token)?;
    let form = form?;
    let visit = Visit { link, url: format!("/p/{token}"), spoken: spoken.in_form(&form) };
    let action = form.one("action")?;
    let unsaved = wish::leaves_unsaved(action, &form);
    if action == Some(PreferencesPage::DATA_LINK) {
        limits.form(&request)?;
        return visit.mail_data_link(&app, unsaved).await;
    }
    if let Some(brand) = action.and_then(|action| action.strip_prefix(PreferencesPage::OTHER_LINK)) {
        limits.form(&request)?;
        return visit.mail_other_link(&app, brand.to_owned(), unsaved).await;
    }
    // Whoever wants nothing any more is heard however often they say it.
    if action != Some(PreferencesPage::STOP) {
        limits.link(link.subscriber)?;
    }
    let done = match Wish::read(action, &form, app.clock.now()) {
        Ok(wish) => {
            // Who chose another language reads on in that one.
            let lang = visit.spoken.read_in().filter(|_| !wish.chooses_language());
            let opened = form.text("opened")?.parse().map_or(app.clock.now(), Moment::from_micros);
            visit.fulfil(&app, wish, opened).await.map(|done| (done, lang))
        }
        Err(error) => Err(error),
    };
    let again = |why: Problem, status| {
        let (visit, app, request, typed) = (&visit, &app, &request, Typed::of(&form, status));
        async move { page_with(status, &visit.page(app, request, typed, vec![why]).await?) }
    };
    match done {
        Ok((Done::Act(act), lang)) => Ok(see(&app, ReceiptLink { act }, lang, unsaved)),
        Ok((Done::Nothing(nothing), _)) => page(&UnchangedPage { unsaved, ..nothing }),
        Err(Error::Outdated(why)) => again(why, StatusCode::CONFLICT).await,
        Err(Error::Invalid(problems)) if problems.iter().all(|problem| problem.message.is_some()) => {
            let why = problems.into_iter().next().unwrap_or_else(|| Problem::new("", ""));
            again(why, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What a person left in the form that comes back to them.
#[derive(Default)]
struct Typed {
    /// The day of a pause.
    day: String,
    /// How they left the boxes; none where the page is shown as things are now.
    left: Option<Posted>,
}

impl Typed {
    /// Where the choices themselves changed meanwhile, they have to be looked at again.
    fn of(form: &Form, status: StatusCode) -> Self {
        let left = wish::left(form).filter(|_| status != StatusCode::CONFLICT);
        Self { day: form.text("pause_until").unwrap_or_default(), left }
    }

    fn boxes(&self, mut groups: Vec<TopicGroup>) -> Vec<TopicGroup> {
        let Some(left) = &self.left else { return groups };
        for one in groups.iter_mut().flat_map(|group| &mut group.topics).flat_map(|topic| &mut topic.boxes) {
            let ticked =
                left.ticked.iter().any(|(topic, channel)| format!("{topic}:{channel}") == one.value());
            *one = one.clone().left(ticked);
        }
        groups
    }

    /// A box that shows what is stored is empty while the browser asks not to be tracked (`gpc`).
    fn permissions(&self, mut boxes: Vec<PermissionBox>, gpc: bool) -> Vec<PermissionBox> {
        for one in &mut boxes {
            one.ticked = match &self.left {
                Some(left) => left.ticked_permissions.iter().any(|kind| kind.as_str() == one.kind),
                None => one.ticked && !gpc,
            };
        }
        boxes
    }

    fn at_most(&self, stored: AtMost) -> AtMost {
        self.left.as_ref().and_then(|left| left.at_most).map_or(stored, |(_, chosen)| chosen)
    }

    fn locale(&self, stored: &str) -> String {
        let chosen = self.left.as_ref().and_then(|left| left.locale.as_ref());
        chosen.map_or(stored, |(_, chosen)| chosen).to_owned()
    }
}

/// What became of a wish.
enum Done {
    /// It is an act now, or was one already.
    Act(i64),
    /// There was nothing to do.
    Nothing(UnchangedPage),
}

impl Visit {
    /// The page with the choices as they are stored now, and as they were left where the form comes back.
    async fn page(
        &self,
        app: &App,
        request: &HttpRequest,
        typed: Typed,
        errors: Vec<Problem>,
    ) -> Result<PreferencesPage> {
        let (now, link) = (app.clock.now(), self.link);
        let (stored, brand) = app
            .db
            .read(move |conn| {
                let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
                let brand = brand_view(conn, &stored.brand)?;
                Ok((stored, brand))
            })
            .await?;
        let lang = self.spoken.at(stored.brand.lang()).to(stored.person.lang());
        let topics = stored.topics.iter().map(|answers| (&answers.topic, box_states(answers)));
        let (keep, gpc) = (app.options.tracking.keep, asks_not_to_be_tracked(request.headers()));
        let stored_locale = stored.person.lang().map(|lang| lang.tag().to_owned()).unwrap_or_default();
        Ok(PreferencesPage {
            lang,
            action: self.url.clone(),
            masked_address: stored.person.masked_email(),
            restricted: restricted(lang, stored.person.restricted_at),
            groups: typed.boxes(topic_groups(lang, topics)),
            permissions: typed.permissions(permission_boxes(&stored, lang, keep), gpc),
            wording: stored.brand.consent_wording.clone(),
            seen: seen_choices(&stored.brand, stored.topics.iter().map(|of| &of.topic), lang, keep),
            can_keep: kept_options(&stored, lang),
            is_tracked: stored.allowed().next().is_some(),
            opened: now.as_micros(),
            paused_until: stored.choice.paused_until.map(|until| lang.day(until)).unwrap_or_default(),
            pause_typed: typed.day.clone(),
            pause_first: now.plus(DAY).day_in_form(),
            pause_last: now.plus(PAUSE_MAX).minus(DAY).day_in_form(),
            at_most: stored.choice.at_most.to_string(),
            at_most_radios: at_most_radios(lang, typed.at_most(stored.choice.at_most)),
            chosen_locale: typed.locale(&stored_locale),
            locale: stored_locale,
            others: others(&stored),
            gpc,
            errors: errors.into_iter().map(|problem| problem.in_language(lang)).collect(),
            brand,
        })
    }

    /// Does what a person wants. Where there is nothing to do, it was perhaps done already since the page was opened: by
    /// the first of two presses, or in another tab.
    async fn fulfil(&self, app: &App, wish: Wish, opened: Moment) -> Result<Done> {
        let (now, link, spoken, url) = (app.clock.now(), self.link, self.spoken, self.url.clone());
        let keep = app.options.tracking.keep;
        app.db
            .write(move |conn| {
                lock(conn, link.subscriber)?;
                let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
                let lang = spoken.at(stored.brand.lang()).to(stored.person.lang());
                let done = match wish::carry_out(conn, &link, wish, (&stored, lang, keep), now)? {
                    Some(act) => Some(act),
                    None => act::last_since(conn, link, opened)?,
                };
                Ok(match done {
                    Some(act) => Done::Act(act.id),
                    None => {
                        let brand = brand_view(conn, &stored.brand)?;
                        Done::Nothing(UnchangedPage { lang, brand, unsaved: false, preferences_url: url })
                    }
                })
            })
            .await
    }

    /// Mails a fresh link to the address; at most three a day. Whoever is here has a link already, so they are told.
    async fn mail_data_link(&self, app: &App, unsaved: bool) -> Result<HttpResponse, PageError> {
        let here = |stored: &Preferences| Ok(stored.brand.id);
        let (stored, brand, sent) = self.mail(app, outbox::Kind::DataLink, here).await?;
        page(&DataLinkSentPage {
            lang: self.spoken.at(stored.brand.lang()).to(stored.person.lang()),
            brand,
            masked_address: stored.person.masked_email(),
            sent,
            most: request::LINKS_MAX,
            unsaved,
            valid_hours: outbox::DATA_LINK_HOURS,
            preferences_url: self.url.clone(),
        })
    }

    /// Mails the link to the choices at another brand that deals with the person. The page only names it: whoever was
    /// sent on a letter of one brand sees and changes nothing at another.
    async fn mail_other_link(
        &self,
        app: &App,
        slug: String,
        unsaved: bool,
    ) -> Result<HttpResponse, PageError> {
        let wanted = slug.clone();
        let other = move |stored: &Preferences| {
            let found = stored.elsewhere.iter().find(|brand| brand.slug.as_str() == wanted);
            found.map(|brand| brand.id).ok_or_else(|| Error::invalid("brand", "There is no such brand here"))
        };
        let (stored, brand, sent) = self.mail(app, outbox::Kind::PreferencesLink, other).await?;
        let name = stored.elsewhere.iter().find(|brand| brand.slug.as_str() == slug);
        page(&OtherLinkSentPage {
            lang: self.spoken.at(stored.brand.lang()).to(stored.person.lang()),
            brand,
            other: name.map(|brand| brand.name.clone()).unwrap_or_default(),
            masked_address: stored.person.masked_email(),
            sent,
            most: request::LINKS_MAX,
            unsaved,
            preferences_url: self.url.clone(),
        })
    }

    /// Mails a link, and says whether one more may go today.
    async fn mail(
        &self,
        app: &App,
        kind: outbox::Kind,
        of: impl FnOnce(&Preferences) -> Result<i64> + Send + 'static,
    ) -> Result<(Preferences, BrandView, bool)> {
        let (now, link) = (app.clock.now(), self.link);
        let mailed = app
            .db
            .write(move |conn| {
                let stored = preferences::load(conn, link.brand, link.subscriber, now)?;
                let sent = request::mail_link(conn, kind, of(&stored)?, link.subscriber, now)?;
                let brand = brand_view(conn, &stored.brand)?;
                Ok((stored, brand, sent))
            })
            .await?;
        app.wake();
        Ok(mailed)
    }
}

/// The choices of which one can be kept alone.
fn kept_options(stored: &Preferences, lang: Lang) -> Vec<Kept> {
    let option = |(topic, channel): (&Topic, Channel)| Kept {
        value: format!("{}:{channel}", topic.slug),
        label: topic_item(lang, &topic.name, channel).to_string(),
    };
    wish::can_be_kept(stored).into_iter().map(option).collect()
}

fn at_most_radios(lang: Lang, stored: AtMost) -> Vec<Radio> {
    let radio = |at_most: &AtMost| Radio {
        name: "at_most",
        value: at_most.to_string(),
        label: preferences::at_most_words(*at_most, lang),
        checked: *at_most == stored,
    };
    AtMost::ALL.iter().map(radio).collect()
}

fn others(stored: &Preferences) -> Vec<OtherBrand> {
    let other = stored.elsewhere.iter();
    other.map(|brand| OtherBrand { slug: brand.slug.to_string(), name: brand.name.clone() }).collect()
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

fn permission_boxes(stored: &Preferences, lang: Lang, keep: Duration) -> Vec<PermissionBox> {
    let asked = stored.permissions.iter().map(|(kind, answer)| {
        let unasked = PermissionBox::unasked(lang, kind.as_str(), words(*kind, lang, keep));
        unasked.with_state(lang, &permission_state(lang, answer.as_ref()))
    });
    asked.collect()
}

fn permission_state(lang: Lang, stored: Option<&Permission>) -> PermissionView {
    match stored.map(|permission| (permission.state, lang.day(permission.changed_at))) {
        None => PermissionView::NeverAsked,
        Some((PermissionState::Granted, since)) => PermissionView::Granted(since),
        Some((PermissionState::Refused, since)) => PermissionView::Refused(since),
    }
}
