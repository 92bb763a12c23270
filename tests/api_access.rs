//! Who may use the API, and what refusals look like.

use std::time::Duration;

use mannerly::domain::account::{Scope, api_key};
use mannerly::id::PublicId;
use mannerly::web;
use serde_json::{Value, json};

use crate::api::{admin, brand, evidence, expect_problem, key, person, pointer};
use crate::support::http::Answer;

/// A personal datum that must come back in no error.
const CANARY: &str = "canary.person@private.test";

fn fill(path: &str) -> String {
    let id = PublicId::new().to_string();
    path.replace("{brand}", "nobody")
        .replace("{topic}", "nothing")
        .replace("{form}", "nothing")
        .replace("{subscriber}", &id)
        .replace("{suppression}", &id)
        .replace("{campaign}", &id)
}

both_databases! {
    async fn without_a_key_the_api_answers_401_and_says_how_to_come_in(server: TestServer) {
        for entry in web::table().into_iter().filter(|entry| entry.scope.is_some()) {
            let answer = Answer::to(server.request(entry.method.as_str(), &fill(entry.path))).await;
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"mannerly\"");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            expect_problem(answer, 401);
        }
        for wrong in ["mk_unknown", "", "something else"] {
            expect_problem(server.api(wrong, "GET", "/brands", Value::Null).await, 401);
        }
    }

    async fn a_key_opens_only_what_its_scopes_name(server: TestServer) {
        for entry in web::table() {
            let Some(scope) = entry.scope else { continue };
            let others: Vec<Scope> =
                Scope::ALL.iter().copied().filter(|other| ![scope, Scope::Admin].contains(other)).collect();
            let (other, right) = (key(&server, &others), key(&server, &[scope]));
            let ask = |key: &str| server.request(entry.method.as_str(), &fill(entry.path)).bearer_auth(key);
            let problem = expect_problem(Answer::to(ask(&other)).await, 403);
            assert!(problem["detail"].as_str().unwrap().contains(scope.as_str()), "{problem}");
            let answer = Answer::to(ask(&right)).await;
            assert!(![401, 403, 500].contains(&answer.status), "{} {}: {}", entry.method, entry.path, answer.text);
        }
    }

    async fn a_revoked_key_ends_at_once_and_use_is_written_down(server: TestServer) {
        let (made, secret) = server.write(|conn, now| api_key::create(conn, "test", &[Scope::Admin], now));
        server.advance(Duration::from_secs(5));
        let before = server.snapshot();
        server.api(secret.reveal(), "GET", "/brands", Value::Null).await.expect(200);
        assert_eq!(server.snapshot(), before, "reading writes nothing");
        server.run_jobs().await;
        let used = server.read(api_key::list).into_iter().find(|k| k.id == made.id).unwrap();
        assert_eq!(used.last_used_at, Some(server.now()));
        server.write(|conn, now| api_key::revoke(conn, made.public_id, now));
        expect_problem(server.api(secret.reveal(), "GET", "/brands", Value::Null).await, 401);
    }

    async fn every_refusal_is_a_problem_and_none_repeats_a_personal_datum(server: TestServer) {
        let key = admin(&server);
        let id = person(&server, &key, CANARY).await;
        let before = server.snapshot();
        let hostile = [
            json!({CANARY: CANARY}), json!({"email": CANARY, "source": CANARY}), json!([CANARY]), json!(CANARY),
            json!({"email": CANARY, "profile": {"first_name": format!("{CANARY}\r\nBcc: x"), "phone": CANARY,
                "country": CANARY}, "source": {"name": "Shop", "kind": CANARY}}),
            json!({"email": CANARY, "source": {"name": "Shop", "kind": "api"}}),
            json!({"email": format!("{CANARY}@{CANARY}"), "source": {"name": "Shop", "kind": "api"}}),
            json!({"slug": CANARY, "name": CANARY}), json!({"address": CANARY, "channel": "phone", "reason": "objection"}),
            json!({"address": CANARY, "channel": CANARY, "reason": CANARY}),
            json!({"to": [CANARY, "x"]}), json!({"subscriber": CANARY}), json!({"at": CANARY}),
            json!({"opt_ins": [{"brand": CANARY, "topic": CANARY, "channel": CANARY, "state": CANARY}]}),
        ];
        for entry in web::table().into_iter().filter(|entry| entry.scope.is_some()) {
            if entry.method == "GET" || entry.method == "DELETE" || entry.path.ends_with("/restriction") {
                continue;
            }
            let path = fill(entry.path);
            for body in &hostile {
                let request = server.request(entry.method.as_str(), &path).bearer_auth(&key).json(body);
                let answer = Answer::to(request).await;
                assert!((400..500).contains(&answer.status), "{} {path} {body}: {}", entry.method, answer.text);
                assert!(!answer.text.contains("canary"), "{} {path}: {}", entry.method, answer.text);
                assert_eq!(answer.header("content-type"), "application/problem+json");
            }
        }
        for path in [format!("/subscribers/{CANARY}"), format!("/brands/{CANARY}"),
            format!("/brands?after={CANARY}"), format!("/brands?{CANARY}=1"), format!("/{CANARY}")]
        {
            let answer = server.api(&key, "GET", &path, Value::Null).await;
            assert!(!answer.text.contains("canary"), "{}", answer.text);
            let status = answer.status;
            assert!((400..500).contains(&status), "{path}");
            expect_problem(answer, status);
        }
        let profile = json!({"first_name": "a\r\nBcc: x@y.test", "attributes": {"UPPER": CANARY}});
        let answer = server.api(&key, "PUT", &format!("/subscribers/{id}/profile"), profile).await;
        assert!(!answer.text.contains("canary"));
        expect_problem(answer, 422);
        assert_eq!(server.snapshot(), before);
    }

    async fn bad_bodies_are_told_apart(server: TestServer) {
        let key = admin(&server);
        let post = |path: &str| server.request("POST", &format!("/api/v1{path}")).bearer_auth(&key);
        let send = |body: &str, kind: &str| post("/brands").header("content-type", kind).body(body.to_owned());
        expect_problem(Answer::to(post("/brands")).await, 415);
        expect_problem(Answer::to(send("{}", "text/plain")).await, 415);
        expect_problem(Answer::to(send("{", "application/json")).await, 400);
        expect_problem(Answer::to(send("{\"slug\":\"a\\u0000\"}", "application/json")).await, 400);
        let large = format!("\"{}\"", "x".repeat(1024 * 1024));
        expect_problem(Answer::to(send(&large, "application/json")).await, 413);
        let problem = expect_problem(Answer::to(send("{\"slug\":\"a\"}", "application/json")).await, 422);
        assert_eq!(pointer(&problem), "/name");
        let mut wrong = brand("example");
        wrong["base_url"] = json!("http://elsewhere.test");
        wrong["service_from"] = wrong["marketing_from"].clone();
        let problem = expect_problem(server.api(&key, "POST", "/brands", wrong).await, 422);
        let places: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().filter_map(|e| e["pointer"].as_str()).collect();
        assert_eq!(places, ["/service_from", "/base_url"]);
        let change = json!({"opt_ins": [], "evidence": evidence(), "unknown": 1});
        let path = format!("/subscribers/{}/opt-ins", PublicId::new());
        expect_problem(server.api(&key, "PUT", &path, change).await, 422);
    }

    async fn what_is_not_there_and_what_is_not_allowed_is_said_as_a_problem(server: TestServer) {
        let key = admin(&server);
        expect_problem(server.api(&key, "GET", "/nothing", Value::Null).await, 404);
        expect_problem(server.api(&key, "GET", "/brands/nobody", Value::Null).await, 404);
        expect_problem(server.api(&key, "GET", "/subscribers/1", Value::Null).await, 404);
        expect_problem(server.api(&key, "GET", "/brands/%00", Value::Null).await, 404);
        let answer = server.api(&key, "DELETE", "/brands", Value::Null).await;
        assert_eq!(answer.header("allow"), "GET, POST, HEAD");
        expect_problem(answer, 405);
        let head = Answer::to(server.request("HEAD", "/api/v1/brands").bearer_auth(&key)).await.expect(200);
        assert!(head.bytes.is_empty());
    }

    async fn the_document_and_its_page_are_open_to_all(server: TestServer) {
        let document = server.get("/api/openapi.json").await.expect(200).json();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let page = server.get("/api/docs").await.expect(200);
        assert!(page.text.contains("/api/v1/campaigns/{campaign}/schedule"));
        assert!(!page.text.contains("<script"));
    }
}
