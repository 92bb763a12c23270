//! `Idempotency-Key`: what a program asked for is done once, however often it asks.

use std::time::Duration;

use diesel::prelude::*;
use futures_util::future::join_all;
use mannerly::db::schema::idempotency;
use mannerly::domain::account::Scope;
use mannerly::domain::account::idempotency::{self as names, Named};
use serde_json::{Value, json};

use crate::api::{admin, draft, expect_problem, key};
use crate::support::http::Answer;
use crate::support::server::TestServer;

const NAME: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

fn ana() -> Value {
    json!({"email": "ana@council.test", "profile": {"first_name": "Ana"}, "source": {"name": "Shop", "kind": "api"}})
}

async fn post(server: &TestServer, key: &str, path: &str, name: &str, body: &Value) -> Answer {
    let request = server.request("POST", &format!("/api/v1{path}")).bearer_auth(key);
    Answer::to(request.header("idempotency-key", name).json(body)).await
}

async fn count(server: &TestServer, key: &str, path: &str) -> usize {
    server.api(key, "GET", path, Value::Null).await.expect(200).json()["items"].as_array().unwrap().len()
}

/// What is kept of a request: the hash of its name, its own hash, and the answer.
type Kept = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

fn kept(server: &TestServer) -> Vec<Kept> {
    let columns = (idempotency::name_hash, idempotency::request_hash, idempotency::answer);
    server.read(|conn| Ok(idempotency::table.select(columns).load(conn)?))
}

both_databases! {
    async fn what_is_sent_again_is_answered_as_before_and_done_once(server: TestServer) {
        let key = admin(&server);
        let first = post(&server, &key, "/subscribers", NAME, &ana()).await.expect(201);
        let again = post(&server, &key, "/subscribers", NAME.trim_matches('"'), &ana()).await.expect(201);
        assert_eq!(again.bytes, first.bytes);
        for header in ["location", "content-type", "cache-control", "x-content-type-options"] {
            assert_eq!(again.header(header), first.header(header), "{header}");
        }
        expect_problem(post(&server, &key, "/subscribers", "another", &ana()).await, 409);
        expect_problem(server.api(&key, "POST", "/subscribers", ana()).await, 409);
    }

    async fn the_answer_about_a_person_goes_with_them(server: TestServer) {
        let key = admin(&server);
        let made = post(&server, &key, "/subscribers", NAME, &ana()).await.expect(201).json();
        let path = format!("/subscribers/{}", made["id"].as_str().unwrap());
        server.api(&key, "DELETE", &path, Value::Null).await.expect(204);
        for _ in 0..2 {
            let problem = expect_problem(post(&server, &key, "/subscribers", NAME, &ana()).await, 409);
            assert!(!problem.to_string().to_lowercase().contains("ana"), "{problem}");
            assert_eq!(kept(&server), []);
        }
    }

    async fn a_key_counts_for_a_day(server: TestServer) {
        let key = admin(&server);
        post(&server, &key, "/subscribers", NAME, &ana()).await.expect(201);
        server.advance(Duration::from_secs(24 * 60 * 60));
        server.run_jobs().await;
        post(&server, &key, "/subscribers", NAME, &ana()).await.expect(201);
        server.advance(Duration::from_secs(1));
        expect_problem(post(&server, &key, "/subscribers", NAME, &ana()).await, 409);
        post(&server, &key, "/campaigns", "of-today", &draft(&server)).await.expect(201);
        server.advance(Duration::from_secs(24 * 60 * 60 + 1));
        server.run_jobs().await;
        assert_eq!(kept(&server), []);
    }

    async fn a_key_belongs_to_one_request_of_one_program(server: TestServer) {
        let (key, other) = (admin(&server), admin(&server));
        let draft = draft(&server);
        post(&server, &key, "/campaigns", NAME, &draft).await.expect(201);
        let mut changed = draft.clone();
        changed["name"] = json!("December");
        expect_problem(post(&server, &key, "/campaigns", NAME, &changed).await, 422);
        expect_problem(post(&server, &key, "/campaigns?a", NAME, &draft).await, 422);
        expect_problem(post(&server, &key, "/sources", NAME, &draft).await, 422);
        assert_eq!(count(&server, &key, "/campaigns").await, 1);
        post(&server, &other, "/campaigns", NAME, &changed).await.expect(201);
        assert_eq!(count(&server, &key, "/campaigns").await, 2);
    }

    async fn what_was_refused_may_be_sent_again_with_the_same_key(server: TestServer) {
        let key = admin(&server);
        let mut body = ana();
        body["email"] = json!("no address");
        expect_problem(post(&server, &key, "/subscribers", NAME, &body).await, 422);
        expect_problem(post(&server, &key, "/subscribers", NAME, &json!({"x": 1})).await, 422);
        post(&server, &key, "/subscribers", NAME, &ana()).await.expect(201);
    }

    async fn of_several_at_the_same_moment_one_is_done(server: TestServer) {
        let key = admin(&server);
        let draft = draft(&server);
        let answers = join_all((0..8).map(|_| post(&server, &key, "/campaigns", NAME, &draft))).await;
        let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert!(!made.is_empty() && made.iter().all(|answer| answer.bytes == made[0].bytes));
        assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
        assert_eq!(count(&server, &key, "/campaigns").await, 1);
    }

    async fn what_was_cut_off_is_not_done_again(server: TestServer) {
        let key = admin(&server);
        post(&server, &key, "/subscribers", NAME, &ana()).await.expect(201);
        // As if the server had died before it could keep the answer.
        server.write(|conn, _| {
            Ok(diesel::update(idempotency::table).set(idempotency::answer.eq(None::<Vec<u8>>)).execute(conn)?)
        });
        let problem = expect_problem(post(&server, &key, "/subscribers", NAME, &ana()).await, 409);
        assert!(problem["detail"].as_str().unwrap().contains("cut off"), "{problem}");
    }

    async fn a_key_that_is_none_is_told_and_changes_nothing(server: TestServer) {
        let key = admin(&server);
        server.api(&key, "GET", "/brands", Value::Null).await.expect(200);
        let before = server.snapshot();
        let long = "x".repeat(256);
        for name in ["\"\"", "two words", "\"a\"b\"", &long] {
            expect_problem(post(&server, &key, "/subscribers", name, &ana()).await, 400);
        }
        let twice = server.request("POST", "/api/v1/subscribers").bearer_auth(&key).json(&ana());
        let twice = twice.header("idempotency-key", "a").header("idempotency-key", "b");
        expect_problem(Answer::to(twice).await, 400);
        let large = json!({"x": "x".repeat(1024 * 1024)});
        expect_problem(post(&server, &key, "/subscribers", NAME, &large).await, 413);
        assert_eq!(server.snapshot(), before);
    }

    async fn nothing_that_is_kept_can_be_read_without_the_secret_and_the_key(server: TestServer) {
        let admin_key = admin(&server);
        post(&server, &admin_key, "/subscribers", "ana@council.test", &ana()).await.expect(201);
        let rows = kept(&server);
        let (name, request, Some(answer)) = &rows[0] else { panic!("an answer should be kept") };
        for octets in [name, request, answer] {
            let text = String::from_utf8_lossy(octets);
            assert!(!text.contains("ana") && !text.contains("Ana"));
        }
        // What only reads is done each time and nothing of it is kept.
        let lookup = json!({"email": "ana@council.test"});
        let reader = key(&server, &[Scope::ReadPerson]);
        for _ in 0..2 {
            post(&server, &reader, "/subscribers/lookup", NAME, &lookup).await.expect(200);
        }
        assert_eq!(kept(&server).len(), 1);
    }

    async fn a_file_of_people_is_imported_once(server: TestServer) {
        let key = admin(&server);
        let query = format!("brand={}&source=Shop&basis=consent&wording=Yes", server.demo_brand().slug);
        let send = || {
            let request = server.request("POST", &format!("/api/v1/imports?{query}")).bearer_auth(&key);
            let csv = "email,topics,consented_at\nana@council.test,newsletter:email,2026-01-05T10:00:00Z\n";
            Answer::to(request.header("content-type", "text/csv").header("idempotency-key", NAME).body(csv))
        };
        let first = send().await.expect(200).json();
        assert_eq!(first["created"], 1);
        assert_eq!(send().await.expect(200).json(), first);
    }
}

both_databases! {
    async fn who_asks_while_it_is_worked_on_is_told_to_wait(server: TestServer) {
        let named = Named { api_key: 1, name_hash: vec![1], request_hash: vec![2] };
        admin(&server);
        let begin = |named: &Named| server.write(|conn, now| Ok(names::begin(conn, named, now).map_err(|e| e.to_string())));
        assert_eq!(begin(&named), Ok(names::Begun::First));
        assert!(begin(&named).unwrap_err().contains("still being worked on"));
        let other = Named { request_hash: vec![3], ..named.clone() };
        assert!(begin(&other).unwrap_err().contains("another request"));
    }
}
