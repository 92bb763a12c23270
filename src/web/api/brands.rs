//! Brands: the named entities that people deal with, and their logos.

use actix_web::web;
use serde::Serialize;

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::catalog::brand::{self, Brand, BrandForm};
use crate::domain::catalog::{host, logo};
use crate::domain::consent::Permit;
use crate::error::{Error, Result};
use crate::id::Slug;
use crate::mail::relay::Relays;
use crate::web::api::body::{Body, Upload};
use crate::web::api::paging::{Page, Paging};
use crate::web::api::version::{self, Expectation, Known};
use crate::web::api::{Answer, created, no_content};

/// A brand.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Brand)]
pub struct BrandView {
    /// The brand's word in URLs.
    slug: Slug,
    /// What people call it.
    name: String,
    /// The company behind it.
    legal_name: String,
    /// That company's registered address.
    registered_address: String,
    /// Where people can write about their data.
    contact_email: String,
    /// Sender of marketing mail.
    marketing_from: String,
    /// Sender of service mail.
    service_from: String,
    /// Where answers to marketing mail go.
    reply_to: Option<String>,
    /// The public address of the brand's pages.
    base_url: String,
    /// Hosts that are this brand's alone.
    hosts: Vec<String>,
    /// The privacy policy.
    policy_url: String,
    /// The version of it that is in force.
    policy_version: String,
    /// The sentence a person agrees to on the brand's forms.
    consent_wording: String,
    /// Consents given before this moment have to be asked for again, also those that wait to be confirmed.
    refresh_consents_before: Option<Moment>,
    /// Whether opens and clicks of those who gave no permission are counted, without any person.
    anonymous_tracking: bool,
    /// When it was last changed.
    changed_at: Moment,
    /// The domain at which this server receives the brand's bounces and unsubscribes by mail.
    incoming_domain: Option<String>,
    /// The one relay that carries the brand's marketing mail.
    relay: Option<String>,
    /// The colour of links and buttons on light pages.
    accent: Option<String>,
    /// The colour of links and buttons on dark pages.
    accent_dark: Option<String>,
    /// The language in which the brand writes.
    language: Option<String>,
}

impl BrandView {
    fn of(conn: &mut DbConnection, brand: Brand) -> Result<Self> {
        let text = |address: &crate::email_address::EmailAddress| address.as_str().to_owned();
        Ok(Self {
            hosts: host::of_brand(conn, brand.id)?,
            contact_email: text(&brand.contact_email),
            marketing_from: text(&brand.marketing_from),
            service_from: text(&brand.service_from),
            reply_to: brand.reply_to.as_ref().map(text),
            slug: brand.slug,
            name: brand.name,
            legal_name: brand.legal_name,
            registered_address: brand.registered_address,
            base_url: brand.base_url,
            policy_url: brand.policy_url,
            policy_version: brand.policy_version,
            consent_wording: brand.consent_wording,
            refresh_consents_before: brand.refresh_consents_before,
            anonymous_tracking: brand.anonymous_tracking,
            changed_at: brand.changed_at,
            incoming_domain: brand.incoming_domain,
            relay: brand.relay,
            accent: brand.accent,
            accent_dark: brand.accent_dark,
            language: brand.language,
        })
    }
}

fn found(conn: &mut DbConnection, slug: &str) -> Result<BrandView> {
    let brand = brand::find(conn, slug)?;
    BrandView::of(conn, brand)
}

/// A brand whose relay is not there could write to nobody: said now, and not when it is to send.
fn check_relay(relays: &Relays<Permit>, brand: &Brand) -> Result<()> {
    let Some(name) = &brand.relay else { return Ok(()) };
    relays.check("relay", name).map_err(|problem| Error::Invalid(vec![problem]))
}

/// List brands
#[utoipa::path(get, path = "/api/v1/brands", operation_id = "list_brands", tag = "Brands", params(Paging),
    responses((status = 200, description = "A page of brands", body = Page<BrandView>)))]
pub async fn list(app: web::Data<App>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("brands")?;
    let (after, rows) = (window.after, window.rows());
    let brands = app
        .db
        .read(move |conn| {
            let brands = brand::list(conn, after, rows)?;
            brands
                .into_iter()
                .map(|brand| Ok((brand.id, BrandView::of(conn, brand)?)))
                .collect::<Result<Vec<_>>>()
        })
        .await?;
    Ok(window.page("/api/v1/brands", brands, |(id, _)| *id, |(_, view)| view))
}

/// Create a brand
#[utoipa::path(post, path = "/api/v1/brands", operation_id = "create_brand", tag = "Brands", request_body = BrandForm,
    responses((status = 201, description = "The brand", body = BrandView),
        (status = 409, description = "There is a brand of this slug already")))]
pub async fn create(app: web::Data<App>, form: Body<BrandForm>) -> Answer {
    let now = app.clock.now();
    let relays = app.relays.clone();
    let create = move |conn: &mut DbConnection| {
        let brand = brand::create(conn, form.0, now)?;
        check_relay(&relays, &brand)?;
        BrandView::of(conn, brand)
    };
    let view = app.db.write(create).await?;
    created(&format!("/api/v1/brands/{}", view.slug), &view)
}

/// Get a brand
#[utoipa::path(get, path = "/api/v1/brands/{brand}", operation_id = "get_brand", tag = "Brands",
    params(("brand" = Slug, Path, description = "The brand's slug")),
    responses((status = 200, description = "The brand", body = BrandView)))]
pub async fn get(app: web::Data<App>, slug: web::Path<Slug>, known: Known) -> Answer {
    known.answer(&app.db.read(move |conn| found(conn, slug.as_str())).await?)
}

/// Replace a brand
///
/// All of it is written anew; only the slug must stay as it is.
#[utoipa::path(put, path = "/api/v1/brands/{brand}", operation_id = "replace_brand", tag = "Brands",
    params(("brand" = Slug, Path, description = "The brand's slug"), Expectation), request_body = BrandForm,
    responses((status = 200, description = "The brand", body = BrandView)))]
pub async fn replace(
    app: web::Data<App>,
    slug: web::Path<Slug>,
    known: Known,
    form: Body<BrandForm>,
) -> Answer {
    let (now, relays) = (app.clock.now(), app.relays.clone());
    let view = app
        .db
        .write(move |conn| {
            known.expect(|| found(conn, slug.as_str()))?;
            let brand = brand::replace(conn, slug.as_str(), form.0, now)?;
            check_relay(&relays, &brand)?;
            BrandView::of(conn, brand)
        })
        .await?;
    version::tagged(&view)
}

/// Replace a brand's logo
///
/// A PNG, JPEG, GIF or WebP picture of at most 2 MB. It is encoded anew, at most 400 pixels a side, so that no
/// metadata survives. The brand's pages show it, and anybody can get it at `/b/{brand}/logo.png`.
#[utoipa::path(put, path = "/api/v1/brands/{brand}/logo", operation_id = "replace_logo", tag = "Brands",
    params(("brand" = Slug, Path, description = "The brand's slug")),
    request_body(content_type = "image/png", description = "The picture", content = Vec<u8>),
    responses((status = 204, description = "The logo is in place")))]
pub async fn replace_logo(
    app: web::Data<App>,
    slug: web::Path<Slug>,
    upload: Upload<{ logo::UPLOAD_BYTES_MAX }>,
) -> Answer {
    // First: work on a picture is not worth it for a brand that does not exist.
    let brand = app.db.read(move |conn| brand::find(conn, slug.as_str())).await?;
    let png = web::block(move || logo::normalise(&upload.0)).await.map_err(Error::internal)??;
    app.db.write(move |conn| logo::store(conn, brand.id, &png)).await?;
    no_content()
}
