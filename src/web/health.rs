//! Two questions of those who run the server: does the process live, and can it work?

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::brand;
use crate::domain::tracking::recorder::Counts;
use crate::web::problem::ApiError;

/// `GET /healthz`: the process lives.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: the database answers; otherwise 503. It also says what became of opens and clicks since the start:
/// how many were stored, refused by the gate, shed because the database was away for too long, and surplus because
/// there were too many of one letter.
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    app.db.read(|conn| brand::list(conn, 0, 1)).await?;
    let Counts { stored, refused, shed, surplus } = app.recorder.counts();
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(format!("ready\nhits stored {stored}, refused {refused}, shed {shed}, surplus {surplus}\n")))
}
