//! Forgets from which networks letters were fetched, some seconds after they were. In memory only.

use crate::app::App;
use crate::error::Result;
use crate::jobs::Progress;

/// Looks through what is remembered.
///
/// # Errors
/// None.
pub async fn run_once(app: &App) -> Result<Progress> {
    app.crowds.forget_old(app.clock.now());
    Ok(Progress::Idle)
}
