//! How the server is doing, for those who run it and for what watches it: as JSON, or as the text that Prometheus reads.

use std::fmt::Write as _;

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::app::App;
use crate::domain::delivery::work::{self, Work};
use crate::domain::tracking::recorder::Counts;
use crate::web::api::{Answer, ok};

/// How the server is doing.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Status {
    /// The version of the program.
    version: &'static str,
    #[serde(flatten)]
    work: Work,
    /// Opens and clicks, of this server process.
    hits: Hits,
}

/// Opens and clicks that came to this server process since it was started.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StatusHits)]
pub struct Hits {
    /// Not stored yet.
    waiting: usize,
    /// Stored, or counted in the anonymous mode.
    stored: u64,
    /// Not stored, because nobody allowed it.
    refused: u64,
    /// Lost, because the database was away for too long.
    shed: u64,
    /// Not stored, because there were too many of one letter.
    surplus: u64,
}

/// See how the server is doing
///
/// What there is to do and whether it goes on: a few cheap counts, to be asked every few seconds if wanted. Whoever asks
/// for `text/plain` gets the numbers in the text format of Prometheus.
#[utoipa::path(get, path = "/api/v1/status", operation_id = "get_status", tag = "Server",
    responses((status = 200, description = "How it is doing",
        content((Status = "application/json"), (String = "text/plain")))))]
pub async fn show(app: web::Data<App>, request: HttpRequest) -> Answer {
    let now = app.clock.now();
    let work = app.db.read(move |conn| work::count(conn, now)).await?;
    let Counts { stored, refused, shed, surplus } = app.recorder.counts();
    let hits = Hits { waiting: app.recorder.waiting(), stored, refused, shed, surplus };
    let status = Status { version: env!("CARGO_PKG_VERSION"), work, hits };
    let wanted =
        request.headers().get(ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    if wanted.contains("text/plain") && !wanted.contains("application/json") {
        return Ok(HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(status.metrics()));
    }
    ok(&status)
}

impl Status {
    /// The numbers in the text format of Prometheus; no name and no reason is among them.
    fn metrics(&self) -> String {
        let Work { letters, campaigns, service_mail, requests_waiting } = &self.work;
        let mut text = String::new();
        for (name, kind, value) in [
            ("letters_due", "gauge", letters.due.to_string()),
            ("letters_in_hand", "gauge", letters.in_hand.to_string()),
            ("letters_uncertain", "gauge", letters.uncertain.to_string()),
            ("letters_sent_total", "counter", letters.sent_total.to_string()),
            ("campaigns_running", "gauge", campaigns.running.to_string()),
            ("campaigns_paused", "gauge", campaigns.paused.len().to_string()),
            ("service_mail_due", "gauge", service_mail.due.to_string()),
            ("service_mail_in_hand", "gauge", service_mail.in_hand.to_string()),
            ("requests_waiting", "gauge", requests_waiting.to_string()),
            ("hits_waiting", "gauge", self.hits.waiting.to_string()),
            ("hits_stored_total", "counter", self.hits.stored.to_string()),
            ("hits_refused_total", "counter", self.hits.refused.to_string()),
            ("hits_shed_total", "counter", self.hits.shed.to_string()),
            ("hits_surplus_total", "counter", self.hits.surplus.to_string()),
        ] {
            // Writing to a string never fails.
            let _ = writeln!(text, "# TYPE mannerly_{name} {kind}\nmannerly_{name} {value}");
        }
        text
    }
}
