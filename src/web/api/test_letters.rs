//! Tests of a campaign: its letter to colleagues, before anybody else gets it.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::campaign;
use crate::domain::delivery::letter;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::id::PublicId;
use crate::mail::transport::Outcome;
use crate::web::api::body::Body;
use crate::web::api::{Answer, ok};

/// To how many addresses one test goes at most.
const TEST_ADDRESSES_MAX: usize = 5;

/// Where to send a test.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestForm {
    /// 1 to 5 addresses: at the domains of `marketing_from` or `service_from`, or exactly `contact_email` or
    /// `reply_to`; no suppressed one.
    to: Vec<String>,
}

/// What became of a test.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestResults {
    /// One for each address, in the same order.
    results: Vec<TestResult>,
}

/// What the relay said about one address.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestResult {
    /// What happened.
    outcome: TestOutcome,
    /// The relay's code, such as `550 5.1.1`, if it gave one.
    reply: Option<String>,
}

/// What happened to a test letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// The relay took it.
    Accepted,
    /// Not sent: the relay could not be reached, or asks to try again later.
    Deferred,
    /// Not sent: the relay refused it.
    Refused,
    /// The connection died before the answer came.
    Uncertain,
}

impl From<Outcome> for TestResult {
    fn from(outcome: Outcome) -> Self {
        let (outcome, reply) = match outcome {
            Outcome::Accepted(reply) => (TestOutcome::Accepted, Some(reply)),
            Outcome::Deferred { reply, .. } => (TestOutcome::Deferred, reply),
            Outcome::Refused { reply, .. } => (TestOutcome::Refused, Some(reply)),
            Outcome::Uncertain => (TestOutcome::Uncertain, None),
        };
        Self { outcome, reply: reply.map(|reply| reply.to_string()) }
    }
}

/// Send a test to colleagues
///
/// The letter of somebody of whom nothing is known, marked `[Test]`, with links that lead nowhere. It is no way
/// around the gate: it goes only to the brand's own addresses and to the domains that it sends from.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/test", operation_id = "test_campaign", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id")), request_body = TestForm,
    responses((status = 200, description = "What the relay said", body = TestResults)))]
pub async fn send(app: web::Data<App>, id: web::Path<PublicId>, form: Body<TestForm>) -> Answer {
    let to = test_addresses(&form.0.to)?;
    let (now, keys) = (app.clock.now(), app.keys.clone());
    let letters = app
        .db
        .read(move |conn| {
            let campaign = campaign::find(conn, id.into_inner())?;
            let write = |to: EmailAddress| {
                let (sender, bytes) = letter::test_letter(conn, &keys, &campaign, None, &to, now)?;
                Ok((to, sender, bytes))
            };
            to.into_iter().map(write).collect::<Result<Vec<_>>>()
        })
        .await?;
    let mut results = Vec::with_capacity(letters.len());
    if let Ok(mut connection) = app.relays.connect().await {
        for (to, sender, bytes) in &letters {
            let return_path = app.options.return_path.as_ref().unwrap_or(sender);
            results.push(connection.hand_over_service(to, return_path, bytes).await.into());
        }
        connection.close().await;
    } else {
        let unreached = || TestResult { outcome: TestOutcome::Deferred, reply: None };
        results.extend(letters.iter().map(|_| unreached()));
    }
    ok(&TestResults { results })
}

fn test_addresses(texts: &[String]) -> Result<Vec<EmailAddress>> {
    if texts.is_empty() || texts.len() > TEST_ADDRESSES_MAX {
        return Err(Error::invalid("to", "Name 1 to 5 addresses"));
    }
    let (mut addresses, mut problems) = (Vec::new(), Vec::new());
    for (index, text) in texts.iter().enumerate() {
        match EmailAddress::parse(text) {
            Ok(address) => addresses.push(address),
            Err(problem) => problems.push(Problem::new(format!("to.{index}"), problem.detail)),
        }
    }
    if problems.is_empty() { Ok(addresses) } else { Err(Error::Invalid(problems)) }
}
