//! What a person chose about a brand as a whole: read, and set by a program that asked them and can prove it.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::account::ApiKey;
use crate::domain::audience::subscriber::Subscriber;
use crate::domain::catalog::brand;
use crate::domain::consent::brand_choice::{self, AtMost, BrandChoice};
use crate::domain::consent::{Method, Statement, told};
use crate::error::{Error, Result, if_there};
use crate::id::{PublicId, Slug};
use crate::web::api::body::Body;
use crate::web::api::evidence::{self, Evidence};
use crate::web::api::paging::Page;
use crate::web::api::subscribers::{hold_living, living};
use crate::web::api::{Answer, Names, changed, ok};

/// What a person chose about a brand. Brands of which nothing was chosen are not there: each letter may come.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BrandChoice)]
pub struct BrandChoiceView {
    /// The brand.
    brand: String,
    /// Until when nothing is sent. A pause ends by itself; one that is over is not shown.
    paused_until: Option<Moment>,
    /// How often the brand may write at most, on each channel.
    at_most: AtMost,
    /// Since when it holds.
    changed_at: Moment,
}

/// Choices to set, and what the person saw when they made them.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandChoiceChanges {
    /// The choices, at most 200; brands not named stay as they are.
    brand_choices: Vec<BrandChoiceChange>,
    /// What the person saw; required where more may be sent than before.
    #[serde(default)]
    evidence: Option<Evidence>,
}

/// The choice about one brand, whole: what is left out is no pause, and each letter.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandChoiceChange {
    /// The brand.
    brand: Slug,
    /// Until when nothing is sent: within a year; no pause if left out or null.
    #[serde(default)]
    paused_until: Option<Moment>,
    /// How often the brand may write at most; `each` if left out.
    #[serde(default)]
    at_most: Option<AtMost>,
}

/// Read what a subscriber chose about brands
#[utoipa::path(get, path = "/api/v1/subscribers/{subscriber}/brand-choices", operation_id = "list_brand_choices",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    responses((status = 200, description = "All of them at once", body = Page<BrandChoiceView>)))]
pub async fn list(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let now = app.clock.now();
    let page = app
        .db
        .read(move |conn| {
            let person = living(conn, id.into_inner())?;
            views(conn, person.id, now)
        })
        .await?;
    ok(&page)
}

/// Set what a subscriber chose about brands
///
/// A pause, and how often a brand may write at most. All of them or none. Letting more through than before needs
/// evidence, which says when, and is later than the person's last choice. Letters that a pause or the frequency holds back
/// are skipped, not sent later. A key without `read_person` is answered without a body (204).
#[utoipa::path(put, path = "/api/v1/subscribers/{subscriber}/brand-choices", operation_id = "set_brand_choices",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    request_body = BrandChoiceChanges,
    responses((status = 200, description = "All choices of the subscriber", body = Page<BrandChoiceView>),
        (status = 204, description = "Done; the key may not read people"),
        (status = 409, description = "Something else was chosen since, or processing is restricted")))]
pub async fn set(
    app: web::Data<App>,
    key: web::ReqData<ApiKey>,
    id: web::Path<PublicId>,
    changes: Body<BrandChoiceChanges>,
) -> Answer {
    let (now, actor) = (app.clock.now(), key.actor());
    let page = app
        .db
        .write(move |conn| {
            let person = hold_living(conn, id.into_inner())?;
            apply(conn, &person, &changes.0, &actor, now)?;
            views(conn, person.id, now)
        })
        .await?;
    changed(&key, &page)
}

fn apply(
    conn: &mut DbConnection,
    person: &Subscriber,
    changes: &BrandChoiceChanges,
    actor: &str,
    now: Moment,
) -> Result<()> {
    if changes.brand_choices.len() > 200 {
        return Err(Error::invalid("brand_choices", "At most 200 choices at once"));
    }
    for (index, change) in changes.brand_choices.iter().enumerate() {
        let field = |name: &str| format!("brand_choices.{index}.{name}");
        let brand = if_there(brand::find(conn, change.brand.as_str()))?
            .ok_or_else(|| Error::invalid(field("brand"), "There is no such brand"))?;
        let before = brand_choice::find(conn, person.id, brand.id)?;
        let at_most = change.at_most.unwrap_or(AtMost::Each);
        let choice = BrandChoice { paused_until: change.paused_until, at_most };
        let more = choice.allows_more_than(&before, now);
        let statement = Statement {
            subscriber: person.id,
            brand: brand.id,
            evidence: evidence::keep(conn, changes.evidence.as_ref(), &brand, more)?,
            method: Method::Api,
            actor,
            campaign: None,
            at: now,
            source: None,
        };
        if more {
            told::unrestricted(person)?;
            let given = evidence::given(changes.evidence.as_ref(), &[], now)?;
            let kept = brand_choice::of_subscriber(conn, person.id)?;
            if kept.iter().any(|kept| kept.brand == brand.id && kept.changed_at >= given.at) {
                return Err(Error::conflict(format!(
                    "brand_choices.{index}: less was chosen since given_at. Ask the person anew and send what they say then, \
                     or leave it out; nothing was changed"
                )));
            }
        }
        if let Some(why) = brand_choice::pause_fault(choice.pause_set(&before), now) {
            return Err(Error::invalid(field("paused_until"), why));
        }
        brand_choice::set(conn, &statement, choice)?;
    }
    Ok(())
}

fn views(conn: &mut DbConnection, person: i64, now: Moment) -> Result<Page<BrandChoiceView>> {
    let mut brands = Names::of_brands();
    let mut items = Vec::new();
    for kept in brand_choice::of_subscriber(conn, person)? {
        items.push(BrandChoiceView {
            brand: brands.of(conn, kept.brand)?,
            paused_until: kept.choice.pause(now),
            at_most: kept.choice.at_most,
            changed_at: kept.changed_at,
        });
    }
    items.sort_by(|a, b| a.brand.cmp(&b.brand));
    Ok(Page { items, next: None })
}
