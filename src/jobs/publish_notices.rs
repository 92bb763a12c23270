//! Brings versions of privacy notices into force when their day comes.

use crate::app::App;
use crate::domain::catalog::notice;
use crate::error::Result;
use crate::jobs::Progress;

/// Looks which are due, and writes them into their brands.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let now = app.clock.now();
    let due = app.db.read(move |conn| notice::due(conn, now)).await?;
    if !due.is_empty() {
        let publish = move |conn: &mut crate::db::DbConnection| {
            due.iter().try_for_each(|brand| notice::bring_into_force(conn, brand, now).map(drop))
        };
        app.db.write(publish).await?;
    }
    Ok(Progress::Idle)
}
