//! A person's ledger: the proof of what they agreed to and what they ended.

use actix_web::web;
use serde::Serialize;

use crate::app::App;
use crate::clock::Moment;
use crate::domain::audience::subscriber;
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger::{self, Decision, Entry, Method, ShownBox};
use crate::domain::consent::opt_in::Basis;
use crate::domain::consent::permission::Kind;
use crate::id::PublicId;
use crate::secret::hex;
use crate::web::api::Answer;
use crate::web::api::paging::{Page, Paging};

/// An entry of the ledger. Without a topic and a permission it is about the whole brand.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LedgerEntry)]
pub struct EntryView {
    /// When.
    at: Moment,
    /// The brand.
    brand: String,
    /// The topic it is about.
    topic: Option<String>,
    /// The channel it is about; null for a permission and for all channels.
    channel: Option<Channel>,
    /// The tracking permission it is about.
    permission: Option<Kind>,
    /// What was decided.
    decision: Decision,
    /// The lawful basis.
    basis: Option<Basis>,
    /// How it was decided.
    method: Method,
    /// By whom: `subscriber`, or the key or import that said so.
    actor: String,
    /// The form that was shown.
    form: String,
    /// The wording that was shown, exactly.
    wording: String,
    /// SHA-256 of that wording, in hexadecimal.
    wording_sha256: String,
    /// The boxes that were shown, and whether they were ticked before the person touched them.
    boxes: Vec<ShownBox>,
    /// The version of the privacy policy in force.
    policy_version: String,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at,
            brand: entry.brand,
            topic: entry.topic,
            channel: entry.channel,
            permission: entry.permission,
            decision: entry.decision,
            basis: entry.basis,
            method: entry.method,
            actor: entry.actor,
            form: entry.form,
            wording: entry.wording,
            wording_sha256: hex(&entry.wording_sha256),
            // Written by `ledger::keep`; what is no list of boxes counts as none.
            boxes: serde_json::from_str(&entry.shown).unwrap_or_default(),
            policy_version: entry.policy_version,
        }
    }
}

/// Read a subscriber's ledger
///
/// In the order in which it was written. It can be read after the person's data was erased, too.
#[utoipa::path(get, path = "/api/v1/subscribers/{subscriber}/ledger", operation_id = "list_ledger",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id"), Paging),
    responses((status = 200, description = "A page of entries", body = Page<EntryView>)))]
pub async fn list(app: web::Data<App>, id: web::Path<PublicId>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("ledger")?;
    let (after, rows, id) = (window.after, window.rows(), id.into_inner());
    let entries = app
        .db
        .read(move |conn| {
            let person = subscriber::find(conn, id)?;
            ledger::of_subscriber(conn, person.id, after, rows)
        })
        .await?;
    let path = format!("/api/v1/subscribers/{id}/ledger");
    Ok(window.page(&path, entries, |entry| entry.id, EntryView::from))
}
