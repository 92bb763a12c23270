//! Suppressions: addresses that must never be used. Only a keyed hash is stored, so a list shows no address.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::account::ApiKey;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::{Channel, brand};
use crate::domain::consent;
use crate::domain::consent::suppression::{self, Reason, Suppression};
use crate::domain::privacy;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::id::{PublicId, Slug};
use crate::web::api::body::Body;
use crate::web::api::paging::{Page, Paging};
use crate::web::api::{Answer, Names, no_content, ok};

/// A suppression; the address itself is not known any more.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Suppression)]
pub struct SuppressionView {
    /// Its identity.
    id: PublicId,
    /// Which kind of address.
    channel: Channel,
    /// The brand it holds for; null for all but those that the person opted in to by themselves since.
    brand: Option<String>,
    /// Why.
    reason: Reason,
    /// Since when.
    created_at: Moment,
}

/// An address that must never be used.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionForm {
    /// The email address, the phone number in international form, or the postal address.
    address: String,
    /// Which of these it is.
    channel: Channel,
    /// For one brand only; for all if left out.
    #[serde(default)]
    brand: Option<Slug>,
    /// Why.
    reason: Reason,
}

fn view(conn: &mut DbConnection, words: &mut Names, row: Suppression) -> Result<SuppressionView> {
    let brand = row.brand_id.map(|id| words.of(conn, id)).transpose()?;
    let Suppression { public_id, channel, reason, created_at, .. } = row;
    Ok(SuppressionView { id: public_id, channel, brand, reason, created_at })
}

/// List suppressions
#[utoipa::path(get, path = "/api/v1/suppressions", operation_id = "list_suppressions", tag = "Suppressions",
    params(Paging), responses((status = 200, description = "A page of suppressions", body = Page<SuppressionView>)))]
pub async fn list(app: web::Data<App>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("suppressions")?;
    let (after, rows) = (window.after, window.rows());
    let views = app
        .db
        .read(move |conn| {
            let mut words = Names::of_brands();
            let found = suppression::list(conn, after, rows)?;
            found
                .into_iter()
                .map(|row| Ok((row.id, view(conn, &mut words, row)?)))
                .collect::<Result<Vec<(i64, SuppressionView)>>>()
        })
        .await?;
    Ok(window.page("/api/v1/suppressions", views, |(id, _)| *id, |(_, view)| view))
}

/// Suppress an address
///
/// Nothing is sent to it any more, whatever it agreed to and whichever import names it. Doing it again changes
/// nothing.
///
/// With the reason `under_13` or `erasure` and an email address that somebody has, their data is erased by the same
/// request, as by `DELETE /api/v1/subscribers/{subscriber}`: at every brand, so no brand can be named. A child's address
/// also gets no service mail, and cannot be recorded again. A phone number or a postal address may be shared, so nobody is
/// erased by one.
#[utoipa::path(post, path = "/api/v1/suppressions", operation_id = "create_suppression", tag = "Suppressions",
    request_body = SuppressionForm, responses((status = 200, description = "The suppression", body = SuppressionView)))]
pub async fn create(app: web::Data<App>, key: web::ReqData<ApiKey>, form: Body<SuppressionForm>) -> Answer {
    let SuppressionForm { address, channel, brand: word, reason } = form.0;
    let hash = suppression::hash(&app.keys, channel, &address)?;
    let removes = matches!(reason, Reason::Under13 | Reason::Erasure);
    if removes && word.is_some() {
        let detail = "The data goes at every brand for this reason, so it holds for all; leave the brand out";
        return Err(Error::invalid("brand", detail).into());
    }
    let email = EmailAddress::parse(&address).ok().filter(|_| channel == Channel::Email);
    let (now, keys, actor) = (app.clock.now(), app.keys.clone(), key.actor());
    let work = move |conn: &mut DbConnection| {
        let brand = word.map(|word| brand::find(conn, word.as_str())).transpose()?;
        // A letter that is being claimed at this moment is finished first; none is claimed after the answer.
        if let Some(email) = email
            && let Some(person) = hold(conn, &email)?
            && removes
        {
            privacy::erase(conn, &keys, person.id, &actor, now)?;
        }
        let row = suppression::add(conn, &hash, channel, brand.map(|brand| brand.id), reason, now)?;
        view(conn, &mut Names::of_brands(), row)
    };
    ok(&if removes { app.db.erase(work).await? } else { app.db.write(work).await? })
}

/// Who has this address, if anybody, held until the end of the transaction.
fn hold(conn: &mut DbConnection, email: &EmailAddress) -> Result<Option<Subscriber>> {
    let Some(known) = subscriber::find_by_email(conn, email)? else { return Ok(None) };
    consent::lock(conn, known.id)?;
    // Read again under the lock: they may have another address by now.
    Ok(subscriber::find_by_email(conn, email)?.filter(|found| found.id == known.id))
}

/// Take a suppression back
///
/// Only because it was a mistake. One of a child's address is never taken back.
#[utoipa::path(delete, path = "/api/v1/suppressions/{suppression}", operation_id = "delete_suppression",
    tag = "Suppressions", params(("suppression" = PublicId, Path, description = "The suppression's id")),
    responses((status = 204, description = "It is gone"),
        (status = 409, description = "It is of a child's address")))]
pub async fn delete(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    app.db.write(move |conn| suppression::remove(conn, id.into_inner())).await?;
    no_content()
}
