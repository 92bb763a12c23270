//! `mannerly openapi`: prints the API's document, for code generators and for a diff between two versions.

use crate::error::Result;
use crate::web::openapi::document;

/// Prints the document as the server serves it at `/api/openapi.json`.
pub(super) fn run() -> Result<()> {
    super::say(&serde_json::to_string_pretty(document())?);
    Ok(())
}
