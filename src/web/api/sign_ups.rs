//! Sign-ups by a brand's own site: the same intake as the brand's form, with a double opt-in, and as open as that.

use std::time::Duration;

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::{Brand, brand, topic};
use crate::domain::intake::request;
use crate::domain::intake::sign_up::SignUpForm;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::id::Slug;
use crate::secret::{hex, sha256};
use crate::web::api::Answer;
use crate::web::api::body::Body;
use crate::web::limit::{FormCounted, Limits};
use crate::web::public::view::whole_wording;

/// The largest sign-up, in octets. Anybody may post one, so it is far smaller than what needs a key.
const BYTES_MAX: usize = 64 * 1024;

/// Sign somebody up
///
/// Needs no key: it is what a brand's own form posts. The person gets a mail and has agreed to nothing before they
/// press its button. The answer is the same for known and unknown addresses. The mail waits a minute, or as long as the
/// operator says, and longer where many are asked for: the brand's own pages, which cost a browser some work, need no wait.
///
/// `wording` names the brand's present consent wording, and no other: the text itself or its SHA-256 in hexadecimal.
/// Where boxes for tracking were shown, it is that wording and the words beside the two boxes as the brand's own
/// form shows them in any of its languages, with an empty line between. For a form with words of its own there is the
/// consent of a subscriber with its evidence, which needs a key.
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
    let mut form = form.0;
    let (brand, topics) = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            let topics = topic::of_brand(conn, brand.id)?;
            Ok((brand, topics))
        })
        .await?;
    (form.wording, form.language) = present_wording(&brand, &form, app.options.tracking.keep)?;
    let typed = form.email.clone();
    let sign_up = form.check(&brand, &topics, None)?;
    let email = EmailAddress::parse(&typed).map_err(|problem| Error::Invalid(vec![problem]))?;
    limits.address(&email)?;
    let now = app.clock.now();
    app.db.write(move |conn| request::leave_sign_up(conn, brand.id, sign_up, None, now)).await?;
    app.wake();
    Ok(HttpResponse::Accepted().finish())
}

/// The wording that the form names, if it is in force: what anybody may post without a key is kept for ever.
fn present_wording(brand: &Brand, form: &SignUpForm, keep: Duration) -> Result<(String, Option<Lang>)> {
    let named = form.wording.replace("\r\n", "\n");
    let is_named =
        |wording: &String| *wording == named.trim() || hex(&sha256(wording.as_bytes())) == named.trim();
    let whole = Lang::ALL.into_iter().map(|lang| (whole_wording(brand, lang, keep), Some(lang)));
    let own = Some((brand.consent_wording.clone(), None)).filter(|_| form.shown_permissions.is_empty());
    own.into_iter().chain(whole).find(|(wording, _)| is_named(wording)).ok_or_else(|| {
        Error::conflict("The wording is not the one that the brand asks with now; show the present one")
    })
}
