//! Sign-ups by a brand's own site: the same intake as the brand's form, with a double opt-in, and as open as that.

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::{brand, topic};
use crate::domain::intake::request;
use crate::domain::intake::sign_up::SignUpForm;
use crate::email_address::EmailAddress;
use crate::error::Error;
use crate::id::Slug;
use crate::web::api::Answer;
use crate::web::api::body::Body;
use crate::web::limit::{FormCounted, Limits};

/// The largest sign-up, in octets. Anybody may post one, so it is far smaller than what needs a key.
const BYTES_MAX: usize = 64 * 1024;

/// Sign somebody up
///
/// Needs no key: it is what a brand's own form posts. The person gets a mail and has agreed to nothing before they
/// press its button. The answer is the same for known and unknown addresses.
#[utoipa::path(post, path = "/api/v1/brands/{brand}/sign-ups", operation_id = "sign_up", tag = "Sign-ups",
    params(("brand" = Slug, Path, description = "The brand's slug")), request_body = SignUpForm,
    responses((status = 202, description = "Taken; a mail follows where one may")))]
pub async fn create(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    _: FormCounted,
    slug: web::Path<Slug>,
    form: Body<SignUpForm, BYTES_MAX>,
) -> Answer {
    let (brand, topics) = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            let topics = topic::of_brand(conn, brand.id)?;
            Ok((brand, topics))
        })
        .await?;
    let email = EmailAddress::parse(&form.0.email).map_err(|problem| Error::Invalid(vec![problem]))?;
    let sign_up = form.0.check(&brand, &topics)?;
    limits.address(&email)?;
    let now = app.clock.now();
    app.db.write(move |conn| request::leave_sign_up(conn, brand.id, sign_up, now)).await?;
    app.wake();
    Ok(HttpResponse::Accepted().finish())
}
