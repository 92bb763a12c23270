//! What all tests of the API need: keys, and the data that they write.

use mannerly::clock::Moment;
use mannerly::domain::account::{Scope, api_key};
use serde_json::{Value, json};

use crate::support::http::Answer;
use crate::support::server::TestServer;

/// The secret of a new key with these scopes.
pub(crate) fn key(server: &TestServer, scopes: &[Scope]) -> String {
    server.write(|conn, now| api_key::create(conn, "test", scopes, now)).1.reveal().to_owned()
}

/// A key that may do everything.
pub(crate) fn admin(server: &TestServer) -> String {
    key(server, &[Scope::Admin])
}

/// A brand as a program writes it.
pub(crate) fn brand(slug: &str) -> Value {
    json!({
        "slug": slug, "name": "Example News", "legal_name": "Example News Ltd",
        "registered_address": "1 Example Street, Exampleton",
        "contact_email": "privacy@brand.test", "marketing_from": "news@brand.test",
        "service_from": "service@brand.test", "base_url": "https://news.brand.test",
        "policy_url": "https://brand.test/privacy", "policy_version": "1",
    })
}

/// A draft of the demo's first brand.
pub(crate) fn draft(server: &TestServer) -> Value {
    json!({
        "brand": server.demo_brand().slug, "name": "November", "topic": "newsletter",
        "subject": "Hello {{ first_name|default(\"reader\") }}",
        "html": "<p>Dear {{ first_name|default(\"reader\") }}, <a href=\"https://example.org/a\">read</a></p>",
    })
}

/// Records a person and answers with their id.
pub(crate) async fn person(server: &TestServer, key: &str, email: &str) -> String {
    let body = json!({
        "email": email, "profile": {"first_name": "Ana"}, "source": {"name": "Shop", "kind": "api"},
    });
    let answer = server.api(key, "POST", "/subscribers", body).await.expect(201);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// What a person saw when they agreed, which is some weeks ago.
pub(crate) fn evidence() -> Value {
    json!({
        "given_at": "2026-11-01T09:00:00Z", "form": "checkout 3", "wording": "Yes, write to me",
        "boxes": [{"name": "newsletter:email", "ticked": false}],
    })
}

/// The same, given at another moment.
pub(crate) fn evidence_of(given_at: Moment) -> Value {
    let mut evidence = evidence();
    evidence["given_at"] = json!(given_at.to_string());
    evidence
}

/// Sees that an answer is a problem of this status, complete, as JSON.
#[track_caller]
pub(crate) fn expect_problem(answer: Answer, status: u16) -> Value {
    let answer = answer.expect(status);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    for field in ["type", "title", "detail"] {
        assert!(!problem[field].as_str().unwrap().is_empty(), "{problem}");
    }
    problem
}

/// Where the first wrong field of a problem is.
#[track_caller]
pub(crate) fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().unwrap_or_else(|| panic!("{problem}"))
}
