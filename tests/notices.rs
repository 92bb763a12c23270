//! Privacy notices that a brand keeps here: added by version, never changed, and named by all evidence.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::DbConnection;
use mannerly::domain::catalog::Channel;
use serde_json::{Value, json};

use crate::api::{admin, expect_problem, pointer};
use crate::person::Person;
use crate::support::http::Answer;
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn notice(version: &str, text: &str) -> Value {
    json!({ "version": version, "text": text })
}

async fn add(server: &TestServer, key: &str, body: Value) -> Answer {
    server.api(key, "POST", "/brands/civic/notices", body).await
}

async fn policy(server: &TestServer, key: &str) -> (String, String) {
    let brand = server.api(key, "GET", "/brands/civic", Value::Null).await.expect(200).json();
    let text = |field: &str| brand[field].as_str().unwrap().to_owned();
    (text("policy_version"), text("policy_url"))
}

both_databases! {
    async fn a_brand_that_keeps_none_here_is_as_it_was(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        server.get("/b/civic/privacy").await.expect(404);
        server.get("/b/civic/privacy/2026-05").await.expect(404);
        assert_eq!(policy(&server, &key).await, ("2026-05".to_owned(), "https://civic.example.com/privacy".to_owned()));
        let list = server.api(&key, "GET", "/brands/civic/notices", Value::Null).await.expect(200).json();
        assert_eq!(list["items"], json!([]));
    }

    async fn a_version_that_is_added_is_in_force_and_can_be_read(server: TestServer) {
        let brand = server.demo_brand();
        let key = admin(&server);
        let made = add(&server, &key, notice("1.1", "# What we keep\n\nYour *address*.")).await.expect(201).json();
        let url = format!("{}/b/civic/privacy", brand.base_url);
        assert_eq!((&made["url"], &made["language"]), (&json!(format!("{url}/1.1")), &json!("en-GB")));
        assert_eq!(policy(&server, &key).await, ("1.1".to_owned(), url.clone()));
        for path in ["/b/civic/privacy", "/b/civic/privacy/1.1"] {
            let page = server.get(path).await.expect(200).text;
            assert!(page.contains("<h2>What we keep</h2>") && page.contains("Version 1.1"), "{page}");
            assert!(page.contains("In force since 21 November 2026."), "{page}");
        }
        let form = server.get("/b/civic/sign-up").await.expect(200).text;
        assert!(form.contains(&url), "pages lead to it");
        server.get("/b/civic/privacy/1.2").await.expect(404);
        server.get("/b/harbour/privacy/1.1").await.expect(404);
    }

    async fn a_version_of_a_later_day_comes_into_force_by_itself(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        add(&server, &key, notice("1", "The first.")).await.expect(201);
        let mut second = notice("2", "The second.");
        second["valid_from"] = json!("2026-12-01T00:00:00Z");
        add(&server, &key, second).await.expect(201);
        server.run_jobs().await;
        assert_eq!(policy(&server, &key).await.0, "1");
        assert!(server.get("/b/civic/privacy").await.text.contains("The first."));
        let coming = server.get("/b/civic/privacy/2").await.expect(200).text;
        assert!(coming.contains("The second.") && coming.contains("Comes into force on 1 December 2026."));
        server.advance(10 * DAY);
        assert!(server.get("/b/civic/privacy").await.text.contains("The second."));
        server.run_jobs().await;
        assert_eq!(policy(&server, &key).await.0, "2");
        let first = server.get("/b/civic/privacy/1").await.expect(200).text;
        assert!(first.contains("The first.") && first.contains("In force from 21 November 2026 to 1 December 2026."));
        assert!(first.contains("Another version is in force now"));
    }

    async fn which_was_in_force_on_a_day_is_told(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        for (version, from) in [("1", "2020-03-01T00:00:00Z"), ("2", "2024-05-03T12:00:00Z")] {
            let mut body = notice(version, &format!("This is number {version}."));
            body["valid_from"] = json!(from);
            add(&server, &key, body).await.expect(201);
        }
        for (day, words) in [
            ("2020-02-29", "None of these was in force on 29 February 2020."),
            ("2020-03-01", "This is number 1."),
            ("2024-05-02", "This is number 1."),
            ("2024-05-03", "This is number 2."),
            ("2031-01-01", "This is number 2."),
            ("no-day", "This is number 2."),
        ] {
            let page = server.get(&format!("/b/civic/privacy?on={day}")).await.expect(200).text;
            assert!(page.contains(words), "{day}: {page}");
        }
    }

    async fn a_version_is_never_changed_and_time_only_goes_on(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        add(&server, &key, notice("1", "The first.")).await.expect(201);
        expect_problem(add(&server, &key, notice("1", "Another first.")).await, 409);
        let mut earlier = notice("0", "Before.");
        earlier["valid_from"] = json!("2020-01-01T00:00:00Z");
        assert_eq!(pointer(&expect_problem(add(&server, &key, earlier).await, 422)), "/valid_from");
        for (body, field) in [
            (notice("", "x"), "/version"),
            (notice("..", "x"), "/version"),
            (notice("a/b", "x"), "/version"),
            (notice("2", "  "), "/text"),
            (notice("2", &"> ".repeat(20_000)), "/text"),
            (json!({ "version": "2", "text": "x", "language": "xx" }), "/language"),
        ] {
            assert_eq!(pointer(&expect_problem(add(&server, &key, body).await, 422)), field);
        }
        for sql in ["UPDATE notice SET markdown = 'x'", "DELETE FROM notice"] {
            let outcome = server.app.db.write_here(|conn| {
                Ok(match conn {
                    DbConnection::Sqlite(c) => diesel::sql_query(sql).execute(c)?,
                    DbConnection::Postgres(c) => diesel::sql_query(sql).execute(c)?,
                })
            });
            assert!(outcome.is_err(), "{sql}");
        }
        assert!(server.get("/b/civic/privacy").await.text.contains("The first."));
    }

    async fn a_version_speaks_the_readers_language_where_it_is_there(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        add(&server, &key, notice("1", "In English.")).await.expect(201);
        add(&server, &key, json!({ "version": "1", "language": "cy", "text": "Yn Gymraeg." })).await.expect(201);
        for (lang, words) in [("cy", "Yn Gymraeg."), ("en", "In English."), ("fr", "In English.")] {
            let page = server.get(&format!("/b/civic/privacy?lang={lang}")).await.expect(200).text;
            assert!(page.contains(words), "{lang}: {page}");
        }
        let page = server.get("/b/civic/privacy?lang=fr").await.text;
        assert!(page.contains("<article class=\"prose\" lang=\"en-GB\" dir=\"ltr\">") && page.contains("En vigueur depuis le"));
        let mut other = json!({ "version": "1", "language": "de", "text": "Auf Deutsch." });
        other["valid_from"] = json!("2027-01-01T00:00:00Z");
        assert_eq!(pointer(&expect_problem(add(&server, &key, other).await, 422)), "/valid_from");
    }

    async fn a_brand_cannot_name_another_version_than_the_one_in_force(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        add(&server, &key, notice("1", "The first.")).await.expect(201);
        let read = server.api(&key, "GET", "/brands/civic", Value::Null).await.json();
        let mut form = read.clone();
        form.as_object_mut().unwrap().remove("changed_at");
        form["policy_url"] = json!("https://elsewhere.example/");
        server.api(&key, "PUT", "/brands/civic", form.clone()).await.expect(200);
        assert_eq!(policy(&server, &key).await.1, read["policy_url"].as_str().unwrap(), "the one kept here stays");
        form["policy_version"] = json!("2");
        assert_eq!(pointer(&expect_problem(server.api(&key, "PUT", "/brands/civic", form).await, 422)), "/policy_version");
    }

    async fn evidence_leads_to_the_version_that_was_in_force(server: TestServer) {
        let person = Person::reader(&server);
        let key = admin(&server);
        add(&server, &key, notice("1", "The first.")).await.expect(201);
        let url = person.preferences(&server);
        server.advance(Duration::from_secs(1));
        let fields = [("action", "save"), ("shown", "newsletter:email:on"), ("shown", "newsletter:post:on"), ("choice", "newsletter:post")];
        let result = server.post_read(&url, &fields).await.expect(200).text;
        assert!(result.contains("<a href=\"/b/civic/privacy/1\">Version 1</a>"), "{result}");
        let receipt = result.split("href=\"").find(|rest| rest.contains("/receipt.json")).unwrap().split('"').next().unwrap();
        server.advance(DAY);
        add(&server, &key, notice("2", "The second.")).await.expect(201);
        let about = server.get(receipt).await.expect(200).json()["receipt"]["processing"]["privacy_notice"].clone();
        assert_eq!(about["version"], "1");
        assert_eq!(about["url"], format!("{}/b/civic/privacy/1", person.brand.base_url));
        let hash = mannerly::secret::hex(&mannerly::secret::sha256(b"The first."));
        assert_eq!(about["sha256"], hash);
        let copy = server.post_form(&person.data(&server), &[("action", "copy")]).await.expect(200).json();
        let kept = copy["about"]["brands"][0]["notices"].as_array().unwrap().clone();
        assert_eq!((kept.len(), &kept[0]["sha256"]), (2, &json!(hash)));
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(mannerly::domain::consent::opt_in::State::Withdrawn));
    }
}
