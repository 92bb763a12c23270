//! Named sign-up forms of a brand, and what another site needs to show them.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Moment;
use crate::domain::catalog::sign_up_form::{self, Asked, NamedForm, NamedFormDraft, Offered};
use crate::domain::catalog::{Brand, brand, topic};
use crate::error::Error;
use crate::i18n::Lang;
use crate::id::Slug;
use crate::web::api::body::Body;
use crate::web::api::paging::{Page, Paging};
use crate::web::api::version::{self, Expectation, Known};
use crate::web::api::{Answer, created, no_content, ok};
use crate::web::page::{SignUpCopy, SignUpIframe, SignUpPage, render};
use crate::web::public::sign_up::Offer;

/// A named sign-up form.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = NamedForm)]
pub struct NamedFormView {
    /// Its word in URLs; one per brand.
    slug: Slug,
    /// Where its page is.
    url: String,
    /// The heading of its page.
    heading: String,
    /// One line below the heading.
    intro: String,
    /// What it offers. What a topic itself no longer offers is not on the page.
    topics: Vec<Offered>,
    /// What it asks for besides the address.
    fields: Vec<Asked>,
    /// The sites that may show it inside of theirs.
    origins: Vec<String>,
    /// When it was last changed.
    changed_at: Moment,
}

impl NamedFormView {
    fn of(brand: &Brand, form: NamedForm) -> Self {
        Self {
            url: format!("{}/b/{}/sign-up/{}", brand.base_url, brand.slug, form.slug),
            slug: form.slug,
            heading: form.heading,
            intro: form.intro,
            topics: form.topics,
            fields: form.fields,
            origins: form.origins,
            changed_at: form.changed_at,
        }
    }
}

/// A form ready for another site.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SignUpSnippets {
    /// Plain HTML to be copied into a page: a form without style and script, which posts to the brand's page. When the
    /// words that a person agrees to change, whoever posts an old copy is shown the present form with what they typed.
    html: String,
    /// An element that shows the brand's page inside of another one. It works on the sites in `origins`.
    iframe: String,
}

/// Which language.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InLanguage {
    /// The language of our own words: `en-GB`, `cy`, `de` or `fr`; that of the brand if left out.
    lang: Option<String>,
}

/// List the named sign-up forms of a brand
#[utoipa::path(get, path = "/api/v1/brands/{brand}/sign-up-forms", operation_id = "list_sign_up_forms", tag = "Sign-up forms",
    params(("brand" = Slug, Path, description = "The brand's slug"), Paging),
    responses((status = 200, description = "A page of forms", body = Page<NamedFormView>)))]
pub async fn list(app: web::Data<App>, slug: web::Path<Slug>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("sign-up-forms")?;
    let (after, rows) = (window.after, window.rows());
    let (brand, forms) = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            let forms = sign_up_form::list(conn, brand.id, after, rows)?;
            Ok((brand, forms))
        })
        .await?;
    let path = format!("/api/v1/brands/{}/sign-up-forms", brand.slug);
    Ok(window.page(&path, forms, |form| form.id, |form| NamedFormView::of(&brand, form)))
}

/// Add a named sign-up form to a brand
///
/// Besides the brand's own form at `/b/{brand}/sign-up`, which offers every topic. It offers less, asks for less, says
/// what each field is for, and may stand inside of other sites.
#[utoipa::path(post, path = "/api/v1/brands/{brand}/sign-up-forms", operation_id = "create_sign_up_form", tag = "Sign-up forms",
    params(("brand" = Slug, Path, description = "The brand's slug")), request_body = NamedFormDraft,
    responses((status = 201, description = "The form", body = NamedFormView),
        (status = 409, description = "The brand has a form of this slug already")))]
pub async fn create(app: web::Data<App>, slug: web::Path<Slug>, draft: Body<NamedFormDraft>) -> Answer {
    let now = app.clock.now();
    let view = app
        .db
        .write(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            let topics = topic::of_brand(conn, brand.id)?;
            let form = sign_up_form::create(conn, brand.id, &topics, draft.0, now)?;
            Ok((brand.slug.clone(), NamedFormView::of(&brand, form)))
        })
        .await?;
    let (brand, view) = view;
    created(&format!("/api/v1/brands/{brand}/sign-up-forms/{}", view.slug), &view)
}

/// Get a named sign-up form
#[utoipa::path(get, path = "/api/v1/brands/{brand}/sign-up-forms/{form}", operation_id = "get_sign_up_form", tag = "Sign-up forms",
    params(("brand" = Slug, Path, description = "The brand's slug"), ("form" = Slug, Path, description = "The form's slug")),
    responses((status = 200, description = "The form", body = NamedFormView)))]
pub async fn get(app: web::Data<App>, path: web::Path<(Slug, Slug)>, known: Known) -> Answer {
    let (brand, form) = path.into_inner();
    let view = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, brand.as_str())?;
            Ok(NamedFormView::of(&brand, sign_up_form::find(conn, brand.id, form.as_str())?))
        })
        .await?;
    known.answer(&view)
}

/// Replace a named sign-up form
///
/// All of it is written anew; only the slug must stay as it is. Where its words change, copies on other sites are shown
/// the present form before they are taken.
#[utoipa::path(put, path = "/api/v1/brands/{brand}/sign-up-forms/{form}", operation_id = "replace_sign_up_form", tag = "Sign-up forms",
    params(("brand" = Slug, Path, description = "The brand's slug"), ("form" = Slug, Path, description = "The form's slug"), Expectation),
    request_body = NamedFormDraft, responses((status = 200, description = "The form", body = NamedFormView)))]
pub async fn replace(
    app: web::Data<App>,
    path: web::Path<(Slug, Slug)>,
    known: Known,
    draft: Body<NamedFormDraft>,
) -> Answer {
    let (brand, form) = path.into_inner();
    let now = app.clock.now();
    let view = app
        .db
        .write(move |conn| {
            let brand = brand::find(conn, brand.as_str())?;
            let present = sign_up_form::find(conn, brand.id, form.as_str())?;
            known.expect(|| Ok(NamedFormView::of(&brand, present)))?;
            let topics = topic::of_brand(conn, brand.id)?;
            let form = sign_up_form::replace(conn, brand.id, form.as_str(), &topics, draft.0, now)?;
            Ok(NamedFormView::of(&brand, form))
        })
        .await?;
    version::tagged(&view)
}

/// Delete a named sign-up form
///
/// Its page and its copies are gone with it. What people agreed to by it stays as it is.
#[utoipa::path(delete, path = "/api/v1/brands/{brand}/sign-up-forms/{form}", operation_id = "delete_sign_up_form", tag = "Sign-up forms",
    params(("brand" = Slug, Path, description = "The brand's slug"), ("form" = Slug, Path, description = "The form's slug")),
    responses((status = 204, description = "It is gone")))]
pub async fn delete(app: web::Data<App>, path: web::Path<(Slug, Slug)>) -> Answer {
    let (brand, form) = path.into_inner();
    app.db
        .write(move |conn| {
            let brand = brand::find(conn, brand.as_str())?;
            sign_up_form::delete(conn, brand.id, form.as_str())
        })
        .await?;
    no_content()
}

/// Get a named sign-up form for another site
///
/// As HTML to be copied, and as an element that shows the page itself.
#[utoipa::path(get, path = "/api/v1/brands/{brand}/sign-up-forms/{form}/snippets", operation_id = "get_sign_up_snippets", tag = "Sign-up forms",
    params(("brand" = Slug, Path, description = "The brand's slug"), ("form" = Slug, Path, description = "The form's slug"), InLanguage),
    responses((status = 200, description = "The snippets", body = SignUpSnippets)))]
pub async fn snippets(
    app: web::Data<App>,
    path: web::Path<(Slug, Slug)>,
    query: web::Query<InLanguage>,
) -> Answer {
    let (brand, form) = path.into_inner();
    let asked = query.lang.as_deref().map(|tag| {
        Lang::read(tag).ok_or_else(|| Error::invalid("lang", format!("Ask for one of {}", Lang::choices())))
    });
    let asked = asked.transpose()?;
    let offer = Offer::load(&app, brand, Some(form), false).await?;
    let page = offer.untouched(asked.unwrap_or(offer.brand().lang()));
    let url = format!("{}{}", offer.brand().base_url, offer.path());
    let iframe = SignUpIframe::of(&page, format!("{url}?embed"));
    let copy = SignUpCopy { form: SignUpPage { action: url, ..page } };
    ok(&SignUpSnippets { html: render(&copy)?, iframe: render(&iframe)? })
}
