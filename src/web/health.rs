//! Two questions of those who run the server: does the process live, and can it work?

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::brand;
use crate::web::problem::ApiError;

/// `GET /healthz`: the process lives.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: the database answers; otherwise 503. It says no more than that, since everybody may ask: whoever counts
/// along could tell what became of a single open or click, and so what its reader allows.
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    app.db.read(|conn| brand::list(conn, 0, 1)).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
}
