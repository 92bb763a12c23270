//! Writes down when API keys were last used: the requests themselves only remember it, so that reading writes nothing.

use crate::app::App;
use crate::domain::account::api_key;
use crate::error::Result;
use crate::jobs::Progress;

/// Writes down what was remembered since the last run. What a crash or the end of the server loses is a minute.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let uses = app.key_uses.take();
    if !uses.is_empty() {
        app.db.write(move |conn| api_key::touch(conn, &uses)).await?;
    }
    Ok(Progress::Idle)
}
