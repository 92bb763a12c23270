//! Trying letters again, by the name of what became of them.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::account::ApiKey;
use crate::domain::campaign::{self, State as CampaignState, state};
use crate::domain::delivery::State;
use crate::domain::delivery::retry::{self, STATES};
use crate::error::{Error, Problem, Result};
use crate::id::PublicId;
use crate::web::api::body::Body;
use crate::web::api::{Answer, ok};

/// What to try again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryForm {
    /// `failed`: letters that the relay refused for good. `uncertain`: letters of which nobody knows whether they
    /// arrived; some of these people will get a second one. Each has to be named.
    states: Vec<String>,
}

/// How many letters will be tried again.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Retried {
    /// Letters that had failed.
    failed: usize,
    /// Letters that were uncertain.
    uncertain: usize,
}

/// Try letters again
///
/// Letters that failed, or are uncertain, are planned anew: a campaign that was sent or paused goes on sending, and
/// everybody goes through the gate again, so who has withdrawn since or whose address turned out to be bad is
/// skipped. The preflight runs first. Where there is no such letter nothing is changed.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/retry", operation_id = "retry_campaign", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id")), request_body = RetryForm,
    responses((status = 200, description = "How many letters will be tried again", body = Retried),
        (status = 409, description = "It is not sent, sending or paused, or could not be sent")))]
pub async fn retry(
    app: web::Data<App>,
    id: web::Path<PublicId>,
    key: web::ReqData<ApiKey>,
    form: Body<RetryForm>,
) -> Answer {
    let states = named(&form.0.states)?;
    let found = app.db.read(move |conn| campaign::find(conn, id.into_inner())).await?;
    retry::permit(found.state)?;
    let checked = app.preflight(found.id).await?;
    checked.log();
    checked.permit()?;
    let retried = put_back(&app, found.id, states).await?;
    tracing::info!(
        campaign = %found.public_id,
        key = %key.public_id,
        failed = retried.failed,
        uncertain = retried.uncertain,
        "letters are tried again"
    );
    app.wake();
    ok(&retried)
}

/// The states that a request names.
fn named(words: &[String]) -> Result<Vec<State>> {
    let known = |word: &String| State::parse(word).filter(|state| STATES.contains(state));
    let mut problems: Vec<Problem> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| known(word).is_none())
        .map(|(at, _)| Problem::new(format!("states.{at}"), MEANING))
        .collect();
    if words.is_empty() {
        problems.push(Problem::new("states", MEANING));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let mut states: Vec<State> = words.iter().filter_map(known).collect();
    states.sort_unstable();
    states.dedup();
    Ok(states)
}

/// What each word does, for those who did not name one.
const MEANING: &str = "Name what to try again: failed (the relay refused the letter for good), uncertain (the \
                       connection died before the relay's answer, so the letter may have arrived, and trying again \
                       may bring somebody a second one), or both";

/// Batch after batch, each in a transaction of its own; the first lets a paused campaign go on. Whoever pauses or
/// cancels it in the meantime is obeyed.
async fn put_back(app: &App, id: i64, states: Vec<State>) -> Result<Retried> {
    let now = app.clock.now();
    let mut retried = Retried::default();
    let mut after = 0;
    let mut first = true;
    loop {
        let wanted = states.clone();
        let people = app.db.read(move |conn| retry::next(conn, id, &wanted, after)).await?;
        let Some(last) = people.last() else { return Ok(retried) };
        after = *last;
        let (wanted, resumes) = (states.clone(), std::mem::take(&mut first));
        let counts = app.db.write(move |conn| {
            let counts = retry::put_back(conn, id, &wanted, &people, now)?;
            if resumes && state::hold(conn, id)?.state == CampaignState::Paused {
                state::resume(conn, id, now)?;
            }
            Ok(counts)
        });
        let counts = match counts.await {
            Ok(counts) => counts,
            // Cancelled in the middle: what was put back has been skipped, the rest stays as it is.
            Err(Error::Conflict(_)) if !resumes => return Ok(retried),
            Err(error) => return Err(error),
        };
        for (state, count) in counts {
            match state {
                State::Failed => retried.failed += count,
                _ => retried.uncertain += count,
            }
        }
    }
}
