//! What people touch, mostly by a signed link: one file per page. No cookies, no login, no JavaScript.

pub mod click;
pub mod data;
pub mod logo;
pub mod pixel;
pub mod preferences;
pub mod unsubscribe;

use crate::app::App;
use crate::db::DbConnection;
use crate::domain::catalog::{Brand, brand};
use crate::error::{Error, Result};
use crate::token::Link;
use crate::web::page::BrandView;

/// What a link's token stands for. A token that is not ours, was altered or belongs to another page finds the same
/// as any wrong address (SEC-03, SEC-05).
fn open<L: Link>(app: &App, token: &str) -> Result<L> {
    app.keys.open(token).ok_or(Error::NotFound("page"))
}

/// What the frame of a page says about a brand.
fn brand_view(conn: &mut DbConnection, brand: &Brand) -> Result<BrandView> {
    Ok(BrandView {
        name: brand.name.clone(),
        slug: brand.slug.to_string(),
        legal_name: brand.legal_name.clone(),
        registered_address: brand.registered_address.clone(),
        contact_email: brand.contact_email.as_str().to_owned(),
        policy_url: brand.policy_url.clone(),
        has_logo: brand::has_logo(conn, brand.id)?,
    })
}
