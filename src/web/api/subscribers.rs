//! Subscribers: people. An address is never part of a URL: it is looked up by a `POST`.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::account::{ApiKey, Scope};
use crate::domain::audience::former_address;
use crate::domain::audience::source::{self, SourceForm};
use crate::domain::audience::subscriber::{self, Profile, Subscriber};
use crate::domain::consent::{self, suppression};
use crate::domain::privacy::{self, correct};
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::web::api::body::Body;
use crate::web::api::paging::{Page, Paging};
use crate::web::api::{Answer, Names, changed, created, no_content, ok};

/// A person.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Subscriber)]
pub struct SubscriberView {
    /// Their identity.
    id: PublicId,
    /// Their address.
    email: Option<String>,
    /// What is kept of them besides the address.
    profile: Profile,
    /// The name of the source their data came from.
    source: String,
    /// When they were first recorded.
    created_at: Moment,
    /// When a marketing letter last told them of a supplier for the first time.
    informed_at: Option<Moment>,
    /// Since when processing is restricted.
    restricted_at: Option<Moment>,
}

/// A person to record.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriberForm {
    /// Their address.
    email: String,
    /// What is kept of them besides the address.
    #[serde(default)]
    profile: Profile,
    /// Where the data came from: found by its name, or made.
    source: SourceForm,
}

/// An address to look up.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The address, in any case.
    email: String,
}

fn view(conn: &mut DbConnection, names: &mut Names, person: Subscriber) -> Result<SubscriberView> {
    Ok(SubscriberView {
        id: person.public_id,
        email: person.email.as_ref().map(|email| email.as_str().to_owned()),
        source: names.of(conn, person.source_id)?,
        created_at: person.created_at,
        informed_at: person.informed_at,
        restricted_at: person.restricted_at,
        profile: Profile {
            attributes: person.attributes(),
            phone: person.phone,
            postal_address: person.postal_address,
            first_name: person.first_name,
            last_name: person.last_name,
            company: person.company,
            country: person.country,
            locale: person.locale,
        },
    })
}

/// The person of this identity, unless erased.
pub(super) fn living(conn: &mut DbConnection, id: PublicId) -> Result<Subscriber> {
    let person = subscriber::find(conn, id)?;
    if person.erased_at.is_some() { Err(Error::NotFound("subscriber")) } else { Ok(person) }
}

/// [`living`], and nobody else changes or erases them until the end of the transaction.
pub(super) fn hold_living(conn: &mut DbConnection, id: PublicId) -> Result<Subscriber> {
    let row = subscriber::find(conn, id)?.id;
    // First the lock and then the look: between the two an erasure could end.
    consent::lock(conn, row)?;
    living(conn, id)
}

/// List subscribers
#[utoipa::path(get, path = "/api/v1/subscribers", operation_id = "list_subscribers", tag = "Subscribers",
    params(Paging), responses((status = 200, description = "A page of subscribers", body = Page<SubscriberView>)))]
pub async fn list(app: web::Data<App>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("subscribers")?;
    let (after, rows) = (window.after, window.rows());
    let views = app
        .db
        .read(move |conn| {
            let mut names = Names::of_sources();
            let people = subscriber::list(conn, after, rows)?;
            people
                .into_iter()
                .map(|person| Ok((person.id, view(conn, &mut names, person)?)))
                .collect::<Result<Vec<(i64, SubscriberView)>>>()
        })
        .await?;
    Ok(window.page("/api/v1/subscribers", views, |(id, _)| *id, |(_, view)| view))
}

/// Find a subscriber by address
#[utoipa::path(post, path = "/api/v1/subscribers/lookup", operation_id = "lookup_subscriber", tag = "Subscribers",
    request_body = Lookup, responses((status = 200, description = "The subscriber", body = SubscriberView),
        (status = 404, description = "Nobody has this address")))]
pub async fn lookup(app: web::Data<App>, form: Body<Lookup>) -> Answer {
    let email = EmailAddress::parse(&form.0.email).map_err(|problem| Error::Invalid(vec![problem]))?;
    let found = app
        .db
        .read(move |conn| {
            let person = subscriber::find_by_email(conn, &email)?.ok_or(Error::NotFound("subscriber"))?;
            view(conn, &mut Names::of_sources(), person)
        })
        .await?;
    ok(&found)
}

/// Why nobody is recorded at an address that was left, and what to do.
const LEFT: &str =
    "Whoever had this address uses another one now; whoever has it now can sign up on a form of the brand";

/// Record a subscriber
///
/// They have agreed to nothing by that: opt-ins are set apart, with their evidence. Who was erased comes back only by what
/// they do themselves, and a child not at all. A key without `catalog` names a supplier that is known, with no other terms.
#[utoipa::path(post, path = "/api/v1/subscribers", operation_id = "create_subscriber", tag = "Subscribers",
    request_body = SubscriberForm, responses((status = 201, description = "The subscriber", body = SubscriberView),
        (status = 403, description = "The key lacks the scope `write_person`, or `catalog` to make a supplier or change one"),
        (status = 409, description = "The address is known already, must not be recorded or was left for another one, or the \
            source's name stands for another kind")))]
pub async fn create(app: web::Data<App>, key: web::ReqData<ApiKey>, form: Body<SubscriberForm>) -> Answer {
    let SubscriberForm { email, profile, source: origin } = form.0;
    let email = EmailAddress::parse(&email).map_err(|problem| Error::Invalid(vec![problem]))?;
    let profile = check_profile(profile, "profile.")?;
    let (now, keys) = (app.clock.now(), app.keys.clone());
    let writes_sources = key.allows(Scope::Catalog);
    let person = app
        .db
        .write(move |conn| {
            if !writes_sources && !source::is_nothing_new(conn, &origin)? {
                return Err(Error::Forbidden(Scope::Catalog.as_str()));
            }
            let origin = source::ensure(conn, &origin, now)?;
            let person = subscriber::create(conn, &keys, &email, &profile, origin.id, now)?;
            let hash = email.keyed_hash(&keys);
            // Looked at last: an erasure that ends in this very moment is seen too.
            suppression::recordable(conn, &hash)?;
            // Which of its owners is meant nobody can say but the one who reads mail there.
            if !former_address::among(conn, vec![hash])?.is_empty() {
                return Err(Error::conflict(LEFT));
            }
            view(conn, &mut Names::of_sources(), person)
        })
        .await?;
    created(&format!("/api/v1/subscribers/{}", person.id), &person)
}

fn check_profile(profile: Profile, place: &str) -> Result<Profile> {
    profile.check().map_err(|mut problems| {
        problems.iter_mut().for_each(|problem| problem.field.insert_str(0, place));
        Error::Invalid(problems)
    })
}

/// Get a subscriber
#[utoipa::path(get, path = "/api/v1/subscribers/{subscriber}", operation_id = "get_subscriber", tag = "Subscribers",
    params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    responses((status = 200, description = "The subscriber", body = SubscriberView)))]
pub async fn get(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let found = app
        .db
        .read(move |conn| {
            let person = living(conn, id.into_inner())?;
            view(conn, &mut Names::of_sources(), person)
        })
        .await?;
    ok(&found)
}

/// Replace a subscriber's profile
///
/// All of it: a field that is left out is forgotten. Where a phone number or a postal address goes, what was agreed to by
/// that way ends at every brand. A key without `read_person` is answered without a body (204).
#[utoipa::path(put, path = "/api/v1/subscribers/{subscriber}/profile", operation_id = "replace_profile",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    request_body = Profile, responses((status = 200, description = "The subscriber", body = SubscriberView),
        (status = 204, description = "Done; the key may not read people")))]
pub async fn replace_profile(
    app: web::Data<App>,
    key: web::ReqData<ApiKey>,
    id: web::Path<PublicId>,
    profile: Body<Profile>,
) -> Answer {
    let profile = check_profile(profile.0, "")?;
    let (now, actor) = (app.clock.now(), key.actor());
    let person = app
        .db
        .write(move |conn| {
            let person = hold_living(conn, id.into_inner())?;
            correct::replace(conn, &person, &profile, correct::Door::Program(&actor), now)?;
            let person = subscriber::get(conn, person.id)?;
            view(conn, &mut Names::of_sources(), person)
        })
        .await?;
    changed(&key, &person)
}

/// Erase a subscriber
///
/// Their data goes for good (GDPR Art. 17). The ledger stays as proof, and the address is suppressed as a keyed hash,
/// so that no import brings it back.
#[utoipa::path(delete, path = "/api/v1/subscribers/{subscriber}", operation_id = "erase_subscriber",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    responses((status = 204, description = "It is gone")))]
pub async fn erase(app: web::Data<App>, key: web::ReqData<ApiKey>, id: web::Path<PublicId>) -> Answer {
    let (now, keys, actor) = (app.clock.now(), app.keys.clone(), key.actor());
    app.db
        .erase(move |conn| {
            let person = hold_living(conn, id.into_inner())?;
            privacy::erase(conn, &keys, person.id, &actor, now)
        })
        .await?;
    no_content()
}

/// Restrict processing
///
/// Nothing is sent to them, nothing that they do with old letters is recorded, and nothing is granted for them by an import
/// or a program, until the restriction ends (GDPR Art. 18); withdrawing and erasing stay possible, and the link to their own
/// data goes to them when they ask for it. What they choose on their pages meanwhile is kept and counts from then on, and
/// the pages tell them so. A key without `read_person` is answered without a body (204).
#[utoipa::path(put, path = "/api/v1/subscribers/{subscriber}/restriction", operation_id = "restrict_subscriber",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    responses((status = 200, description = "The subscriber", body = SubscriberView),
        (status = 204, description = "Done; the key may not read people")))]
pub async fn restrict(app: web::Data<App>, key: web::ReqData<ApiKey>, id: web::Path<PublicId>) -> Answer {
    set_restriction(&app, &key, id.into_inner(), Some(app.clock.now())).await
}

/// End the restriction of processing
#[utoipa::path(delete, path = "/api/v1/subscribers/{subscriber}/restriction", operation_id = "unrestrict_subscriber",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    responses((status = 200, description = "The subscriber", body = SubscriberView),
        (status = 204, description = "Done; the key may not read people")))]
pub async fn unrestrict(app: web::Data<App>, key: web::ReqData<ApiKey>, id: web::Path<PublicId>) -> Answer {
    set_restriction(&app, &key, id.into_inner(), None).await
}

async fn set_restriction(app: &App, key: &ApiKey, id: PublicId, since: Option<Moment>) -> Answer {
    let person = app
        .db
        .write(move |conn| {
            // Whoever claims a letter for this person has finished before this is answered.
            let person = hold_living(conn, id)?;
            if person.restricted_at.is_none() || since.is_none() {
                subscriber::restrict(conn, person.id, since)?;
            }
            let person = subscriber::get(conn, person.id)?;
            view(conn, &mut Names::of_sources(), person)
        })
        .await?;
    changed(key, &person)
}
