//! A person's opt-ins: read, and set by a program that asked them and can prove it.

use std::collections::HashMap;

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::account::ApiKey;
use crate::domain::audience::source;
use crate::domain::audience::subscriber::Subscriber;
use crate::domain::catalog::{Brand, Channel, brand, topic};
use crate::domain::consent::opt_in::{self, Answer as Choice, Basis, State};
use crate::domain::consent::told::{self, Claim, Told};
use crate::domain::consent::{Method, Statement};
use crate::error::{Error, Result, if_there};
use crate::id::{PublicId, Slug};
use crate::web::api::body::Body;
use crate::web::api::evidence::{self, Evidence};
use crate::web::api::paging::Page;
use crate::web::api::subscribers::{hold_living, living};
use crate::web::api::{Answer, Names, changed, ok};

/// How many answers one request may set.
const CHANGES_MAX: usize = 200;

/// The present answer about one topic on one channel. What was never asked is not there.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OptIn)]
pub struct OptInView {
    /// The brand.
    brand: String,
    /// The topic.
    topic: String,
    /// The channel.
    channel: Channel,
    /// The present answer.
    state: State,
    /// Its lawful basis.
    basis: Basis,
    /// Since when it is the answer.
    changed_at: Moment,
    /// Until when it holds.
    expires_at: Option<Moment>,
}

/// Answers to set, and what the person saw when they gave them.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptInChanges {
    /// The answers, at most 200; those not named stay as they are.
    opt_ins: Vec<OptInChange>,
    /// What the person saw; required unless all of them end.
    #[serde(default)]
    evidence: Option<Evidence>,
}

/// One answer to set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptInChange {
    /// The brand.
    brand: Slug,
    /// The topic.
    topic: Slug,
    /// A channel that the topic offers.
    channel: Channel,
    /// The answer to set.
    state: NewState,
    /// The lawful basis of a grant: consent if left out.
    #[serde(default)]
    basis: Option<Basis>,
    /// Until when a grant holds; without an end if left out.
    #[serde(default)]
    expires_at: Option<Moment>,
    /// For the soft opt-in: that the person could object when the address was collected, and in every message since.
    #[serde(default)]
    optout_offered_at_collection: bool,
}

/// The answers that a program can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewState {
    /// Agreed.
    Granted,
    /// Ended.
    Withdrawn,
}

/// Read a subscriber's opt-ins
#[utoipa::path(get, path = "/api/v1/subscribers/{subscriber}/opt-ins", operation_id = "list_opt_ins",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    responses((status = 200, description = "All of them at once", body = Page<OptInView>)))]
pub async fn list(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let page = app
        .db
        .read(move |conn| {
            let person = living(conn, id.into_inner())?;
            views(conn, person.id)
        })
        .await?;
    ok(&page)
}

/// Set opt-ins of a subscriber
///
/// All of them or none. Agreeing needs evidence that says when; each change is written to the ledger with it. An answer
/// that is in force already changes nothing. What the person ended since, what they object to and anything of a person
/// whose processing is restricted is not granted, whatever else the request has in it: leave that out. Who should confirm
/// their address first is signed up instead. A key without `read_person` is answered without a body (204).
#[utoipa::path(put, path = "/api/v1/subscribers/{subscriber}/opt-ins", operation_id = "set_opt_ins",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    request_body = OptInChanges,
    responses((status = 200, description = "All opt-ins of the subscriber", body = Page<OptInView>),
        (status = 204, description = "Done; the key may not read people"),
        (status = 409, description = "The person ended it since, objects, or processing is restricted")))]
pub async fn set(
    app: web::Data<App>,
    key: web::ReqData<ApiKey>,
    id: web::Path<PublicId>,
    changes: Body<OptInChanges>,
) -> Answer {
    let (now, actor) = (app.clock.now(), key.actor());
    let page = app
        .db
        .write(move |conn| {
            let person = hold_living(conn, id.into_inner())?;
            apply(conn, &person, &changes.0, &actor, now)?;
            views(conn, person.id)
        })
        .await?;
    changed(&key, &page)
}

fn apply(
    conn: &mut DbConnection,
    person: &Subscriber,
    changes: &OptInChanges,
    actor: &str,
    now: Moment,
) -> Result<()> {
    if changes.opt_ins.len() > CHANGES_MAX {
        return Err(Error::invalid("opt_ins", "At most 200 answers at once"));
    }
    for (index, change) in changes.opt_ins.iter().enumerate() {
        let place = format!("opt_ins.{index}");
        let wrong = |field: &str, detail: &str| Error::invalid(format!("{place}.{field}"), detail);
        let brand = if_there(brand::find(conn, change.brand.as_str()))?
            .ok_or_else(|| wrong("brand", "There is no such brand"))?;
        let topic = if_there(topic::find(conn, brand.id, change.topic.as_str()))?
            .ok_or_else(|| wrong("topic", "The brand has no such topic"))?;
        let granted = change.state == NewState::Granted;
        if granted && !topic.offers(change.channel) {
            return Err(wrong("channel", "The topic is not offered on this channel"));
        }
        let statement = Statement {
            subscriber: person.id,
            brand: brand.id,
            evidence: evidence::keep(conn, changes.evidence.as_ref(), &brand, granted)?,
            method: Method::Api,
            actor,
            campaign: None,
            at: now,
            source: Some(person.source_id),
        };
        if !granted {
            opt_in::set(conn, &statement, topic.id, change.channel, Choice::Withdrawn)?;
            continue;
        }
        told::unrestricted(person)?;
        let given_at = believable(conn, (person, &brand), &place, (change, changes.evidence.as_ref()), now)?;
        let told = Told { statement, given_at, name: &place };
        let basis = change.basis.unwrap_or(Basis::Consent);
        told::grant(conn, &told, (topic.id, change.channel), (basis, change.expires_at))?;
    }
    Ok(())
}

/// When a grant was given, if what is said of it can be a right to write to the person.
fn believable(
    conn: &mut DbConnection,
    (person, brand): (&Subscriber, &Brand),
    place: &str,
    (change, shown): (&OptInChange, Option<&Evidence>),
    now: Moment,
) -> Result<Moment> {
    let basis = change.basis.unwrap_or(Basis::Consent);
    let boxes = [change.topic.to_string(), format!("{}:{}", change.topic, change.channel)];
    let own =
        if basis == Basis::Consent { boxes.each_ref().map(String::as_str).to_vec() } else { Vec::new() };
    let given = evidence::given(shown, &own, now)?;
    let claim = Claim {
        basis,
        supplied: source::get(conn, person.source_id)?.kind == source::Kind::Supplier,
        wording: given.wording,
        optout_offered: change.optout_offered_at_collection,
    };
    match told::fault(brand, &claim) {
        Some(("wording", detail)) => Err(Error::invalid("evidence.wording", detail)),
        Some((field, detail)) => Err(Error::invalid(format!("{place}.{field}"), detail)),
        None => Ok(given.at),
    }
}

fn views(conn: &mut DbConnection, person: i64) -> Result<Page<OptInView>> {
    let mut brands = Names::of_brands();
    let mut topics: HashMap<i64, String> = HashMap::new();
    let mut items = Vec::new();
    for row in opt_in::of_subscriber(conn, person)? {
        let topic = match topics.get(&row.topic_id) {
            Some(word) => word.clone(),
            None => topic::get(conn, row.topic_id)?.slug.to_string(),
        };
        topics.insert(row.topic_id, topic.clone());
        items.push(OptInView {
            brand: brands.of(conn, row.brand_id)?,
            topic,
            channel: row.channel,
            state: row.state,
            basis: row.basis,
            changed_at: row.changed_at,
            expires_at: row.expires_at,
        });
    }
    items.sort_by(|a, b| (&a.brand, &a.topic, a.channel).cmp(&(&b.brand, &b.topic, b.channel)));
    Ok(Page { items, next: None })
}
