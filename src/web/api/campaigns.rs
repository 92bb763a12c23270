//! Campaigns: written and looked at. What becomes of them is in `campaign_life`.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::campaign::audience::{self, Preview};
use crate::domain::campaign::compose::{Format, LetterTemplate, TemplateCard};
use crate::domain::campaign::content::Rendered;
use crate::domain::campaign::draft::{self, DraftForm};
use crate::domain::campaign::link::{self, Link};
use crate::domain::campaign::{self, Campaign, State, state};
use crate::domain::catalog::{Channel, topic};
use crate::domain::delivery::{letter, pace};
use crate::error::{Error, Result, if_there};
use crate::id::PublicId;
use crate::mail::link::hosts;
use crate::web::api::body::{Body, OptionalBody};
use crate::web::api::paging::{Page, Paging};
use crate::web::api::subscribers::living;
use crate::web::api::version::{self, Expectation, Known};
use crate::web::api::{Answer, Names, created, no_content, ok};

/// A campaign, without what it says.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CampaignSummary {
    /// Its identity.
    id: PublicId,
    /// The brand that speaks.
    brand: String,
    /// What the marketers call it; recipients never see it.
    name: String,
    /// How it travels.
    channel: Channel,
    /// The one communication topic.
    topic: String,
    /// The subjects: it goes to those who chose at least one of them.
    subjects: Vec<String>,
    /// Where it is in its life.
    state: State,
    /// Why it was paused, if the server did it.
    pause_reason: Option<String>,
    /// When it may begin.
    scheduled_at: Option<Moment>,
    /// When its audience was planned to the end.
    planned_at: Option<Moment>,
    /// When the last delivery ended, or it was cancelled.
    finished_at: Option<Moment>,
    /// When it was first saved.
    created_at: Moment,
    /// When it was last changed.
    changed_at: Moment,
    /// The language in which it is written; the brand's if null.
    language: Option<String>,
    /// Whether it is in the brand's public archive as soon as it is sent.
    archive: bool,
}

/// A campaign.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Campaign)]
pub struct CampaignView {
    #[serde(flatten)]
    summary: CampaignSummary,
    /// The subject line: a template.
    subject: String,
    /// What the letter says, written in `format`: a template.
    html: String,
    /// What it is written in.
    format: Format,
    /// The template around it.
    template: Option<LetterTemplate>,
    /// The text part: a template; made from the HTML if null.
    text: Option<String>,
    /// Its web links, each once, in their order. In the letters of those who allow it they are tracked.
    links: Vec<LinkView>,
}

/// Where a link leads, with its host in both forms: what looks alike in one differs in the other.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CampaignLink)]
pub struct LinkView {
    /// The address, as its author wrote it.
    url: String,
    /// The host as the network knows it, such as `xn--bcher-kva.example`.
    host: String,
    /// The host as people read it, such as `bücher.example`.
    shown_host: String,
}

impl LinkView {
    fn of(link: Link) -> Self {
        let (host, shown_host) = hosts(&link.url).unwrap_or_default();
        Self { url: link.url, host, shown_host }
    }
}

fn summarise(conn: &mut DbConnection, brands: &mut Names, campaign: &Campaign) -> Result<CampaignSummary> {
    let subjects = campaign::subjects(conn, campaign.id)?;
    let mut topic_word = |id| Ok::<String, Error>(topic::get(conn, id)?.slug.to_string());
    let topic = topic_word(campaign.topic_id)?;
    let subjects = subjects.into_iter().map(topic_word).collect::<Result<_>>()?;
    Ok(CampaignSummary {
        id: campaign.public_id,
        brand: brands.of(conn, campaign.brand_id)?,
        name: campaign.name.clone(),
        channel: campaign.channel,
        topic,
        subjects,
        state: campaign.state,
        pause_reason: campaign.pause_reason.clone(),
        scheduled_at: campaign.scheduled_at,
        planned_at: campaign.planned_at,
        finished_at: campaign.finished_at,
        created_at: campaign.created_at,
        changed_at: campaign.changed_at,
        language: campaign.language.clone(),
        archive: campaign.archive,
    })
}

/// What a program is shown of a campaign.
pub(super) fn view(conn: &mut DbConnection, campaign: Campaign) -> Result<CampaignView> {
    let summary = summarise(conn, &mut Names::of_brands(), &campaign)?;
    let links = link::of_campaign(conn, campaign.id)?.into_iter().map(LinkView::of).collect();
    Ok(CampaignView {
        summary,
        subject: campaign.subject,
        html: campaign.source.unwrap_or(campaign.html),
        format: campaign.format,
        template: campaign.template,
        text: campaign.text,
        links,
    })
}

/// List campaigns
///
/// Without what they say; get one to read it.
#[utoipa::path(get, path = "/api/v1/campaigns", operation_id = "list_campaigns", tag = "Campaigns", params(Paging),
    responses((status = 200, description = "A page of campaigns", body = Page<CampaignSummary>)))]
pub async fn list(app: web::Data<App>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("campaigns")?;
    let (after, rows) = (window.after, window.rows());
    let summaries = app
        .db
        .read(move |conn| {
            let mut brands = Names::of_brands();
            campaign::list(conn, after, rows)?
                .into_iter()
                .map(|campaign| Ok((campaign.id, summarise(conn, &mut brands, &campaign)?)))
                .collect::<Result<Vec<(i64, CampaignSummary)>>>()
        })
        .await?;
    Ok(window.page("/api/v1/campaigns", summaries, |(id, _)| *id, |(_, summary)| summary))
}

/// Save a new draft
///
/// Templates are checked now: an unknown field, a missing default or a broken link is an error here and not when it
/// is sent.
#[utoipa::path(post, path = "/api/v1/campaigns", operation_id = "create_campaign", tag = "Campaigns",
    request_body = DraftForm, responses((status = 201, description = "The draft", body = CampaignView)))]
pub async fn create(app: web::Data<App>, form: Body<DraftForm>) -> Answer {
    let now = app.clock.now();
    let saved = app
        .db
        .write(move |conn| {
            let campaign = draft::create(conn, &form.0, now)?;
            view(conn, campaign)
        })
        .await?;
    created(&format!("/api/v1/campaigns/{}", saved.summary.id), &saved)
}

/// Get a campaign
#[utoipa::path(get, path = "/api/v1/campaigns/{campaign}", operation_id = "get_campaign", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The campaign", body = CampaignView)))]
pub async fn get(app: web::Data<App>, id: web::Path<PublicId>, known: Known) -> Answer {
    let found = app
        .db
        .read(move |conn| {
            let campaign = campaign::find(conn, id.into_inner())?;
            view(conn, campaign)
        })
        .await?;
    known.answer(&found)
}

/// Replace a draft
#[utoipa::path(put, path = "/api/v1/campaigns/{campaign}", operation_id = "replace_campaign", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id"), Expectation), request_body = DraftForm,
    responses((status = 200, description = "The draft", body = CampaignView),
        (status = 409, description = "It is no draft any more")))]
pub async fn replace(
    app: web::Data<App>,
    id: web::Path<PublicId>,
    known: Known,
    form: Body<DraftForm>,
) -> Answer {
    let now = app.clock.now();
    let saved = app
        .db
        .write(move |conn| {
            let campaign = held(conn, *id)?;
            known.expect(|| view(conn, campaign))?;
            let campaign = draft::replace(conn, *id, &form.0, now)?;
            view(conn, campaign)
        })
        .await?;
    version::tagged(&saved)
}

/// Delete a draft
#[utoipa::path(delete, path = "/api/v1/campaigns/{campaign}", operation_id = "delete_campaign", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 204, description = "It is gone"), (status = 409, description = "It is no draft any more")))]
pub async fn delete(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let now = app.clock.now();
    app.db
        .write(move |conn| {
            draft::delete(conn, *id)?;
            pace::set_of_campaign(conn, &id.to_string(), None, now)
        })
        .await?;
    no_content()
}

/// Whose data to fill in.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewForm {
    /// The person; somebody of whom nothing is known if left out.
    #[serde(default)]
    subscriber: Option<PublicId>,
}

/// Preview the letter of one person
///
/// As this person would read it, with links that lead nowhere. Nothing is sent and nothing is counted.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/preview", operation_id = "preview_campaign",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    request_body(content = Option<PreviewForm>),
    responses((status = 200, description = "The letter", body = Rendered)))]
pub async fn preview(
    app: web::Data<App>,
    id: web::Path<PublicId>,
    form: OptionalBody<PreviewForm>,
) -> Answer {
    let rendered = app
        .db
        .read(move |conn| {
            let campaign = campaign::find(conn, id.into_inner())?;
            let person = match form.0.subscriber {
                Some(id) => Some(
                    if_there(living(conn, id))?
                        .ok_or_else(|| Error::invalid("subscriber", "There is no such subscriber"))?,
                ),
                None => None,
            };
            letter::preview(conn, &campaign, person.as_ref())
        })
        .await?;
    ok(&rendered)
}

/// Count who would get it
///
/// Everybody is put through the gate as it would be now, and nothing is written. `allowed` and the counts of
/// `refused` add up to `people`.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/audience-preview", operation_id = "preview_audience",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The counts", body = Preview)))]
pub async fn audience_preview(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let (db, now) = (app.db.clone(), app.clock.now());
    let counts = web::block(move || audience::preview(&db, id.into_inner(), now)).await;
    ok(&counts.map_err(Error::internal)??)
}

fn held(conn: &mut DbConnection, id: PublicId) -> Result<Campaign> {
    let row = campaign::find(conn, id)?.id;
    state::hold(conn, row)
}

/// List letter templates
///
/// Frames for letters in a brand's name and colours; a draft names one in `template`.
#[utoipa::path(get, path = "/api/v1/letter-templates", operation_id = "list_letter_templates", tag = "Campaigns",
    responses((status = 200, description = "All templates", body = Vec<TemplateCard>)))]
pub async fn templates() -> Answer {
    ok(&LetterTemplate::ALL.iter().map(|template| template.card()).collect::<Vec<_>>())
}
