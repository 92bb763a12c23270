//! Imports through the API.

use serde_json::{Value, json};

use crate::api::{admin, expect_problem};
use crate::support::http::Answer;
use crate::support::server::TestServer;

const CSV: &str = "email,first_name,topics,consented_at\n\
    ana@council.test,Ana,newsletter:email,2026-01-05T10:00:00Z\n\
    no address,Ben,newsletter:email,2026-01-05T10:00:00Z\n";

async fn send(server: &TestServer, key: &str, query: &str, kind: &str, body: &str) -> Answer {
    let request = server.request("POST", &format!("/api/v1/imports?{query}")).bearer_auth(key);
    Answer::to(request.header("content-type", kind).body(body.to_owned())).await
}

both_databases! {
    async fn good_rows_are_kept_and_bad_ones_told_by_their_line(server: TestServer) {
        let key = admin(&server);
        let query = format!("brand={}&source=Shop&basis=consent&wording=Yes", server.demo_brand().slug);
        let report = send(&server, &key, &query, "text/csv; charset=utf-8", CSV).await.expect(200).json();
        assert_eq!((&report["rows"], &report["created"], &report["refused"]), (&json!(2), &json!(1), &json!(1)));
        assert_eq!(report["problems"][0]["line"], 3);
        let found = server.api(&key, "POST", "/subscribers/lookup", json!({"email": "ana@council.test"})).await;
        let path = format!("/subscribers/{}/opt-ins", found.expect(200).json()["id"].as_str().unwrap());
        let opt_ins = server.api(&key, "GET", &path, Value::Null).await.expect(200).json();
        assert_eq!(opt_ins["items"][0]["state"], "granted");
    }

    async fn a_file_that_cannot_be_taken_changes_nothing(server: TestServer) {
        let key = admin(&server);
        let query = format!("brand={}&source=Shop&basis=consent", server.demo_brand().slug);
        server.api(&key, "GET", "/brands", Value::Null).await.expect(200);
        let before = server.snapshot();
        expect_problem(send(&server, &key, &query, "text/csv", CSV).await, 422);
        let whole = format!("{query}&wording=Yes");
        expect_problem(send(&server, &key, &whole, "application/json", CSV).await, 415);
        expect_problem(send(&server, &key, "brand=a", "text/csv", CSV).await, 400);
        expect_problem(send(&server, &key, &whole.replace("brand=", "brand=x"), "text/csv", CSV).await, 404);
        let large = "x".repeat(32 * 1024 * 1024 + 1);
        expect_problem(send(&server, &key, &whole, "text/csv", &large).await, 413);
        assert_eq!(server.snapshot(), before);
    }
}
