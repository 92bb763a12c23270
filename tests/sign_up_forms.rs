//! Named sign-up forms: how an operator makes them, what they offer and ask for, and how they stand in other sites.

use diesel::prelude::*;
use mannerly::db::schema::{evidence, topic};
use mannerly::domain::audience::subscriber::find_by_email;
use mannerly::email_address::EmailAddress;
use serde_json::{Value, json};

use crate::api::{admin, expect_problem, pointer};
use crate::sign_up_safety::summary;
use crate::support::http::{Answer, seen};
use crate::support::server::TestServer;

const PATH: &str = "/brands/civic/sign-up-forms";

/// A form of the first brand that may stand in one other site.
pub(crate) fn fair() -> Value {
    json!({
        "slug": "fair",
        "heading": "Meet us at the fair",
        "intro": "We write when the doors open.",
        "topics": [
            { "topic": "events", "channels": ["email", "phone"] },
            { "topic": "newsletter", "channels": ["email"] },
            { "topic": "transport", "channels": ["email"] },
        ],
        "fields": [
            { "field": "first_name", "required": true, "purpose": "For your badge." },
            { "field": "phone", "purpose": "To tell you when the hall changes." },
        ],
        "origins": ["https://www.fair.example"],
    })
}

pub(crate) async fn with_a_form(server: &TestServer, form: Value) -> String {
    server.demo_brand();
    let key = admin(server);
    server.api(&key, "POST", PATH, form).await.expect(201);
    key
}

const ASKED: [(&str, &str); 5] = [
    ("email", "ana@example.com"),
    ("first_name", "Ana"),
    ("shown", "events:email"),
    ("shown", "newsletter:email"),
    ("choice", "events:email"),
];

fn person(server: &TestServer, email: &str) -> mannerly::domain::audience::subscriber::Subscriber {
    server.read(|conn| find_by_email(conn, &EmailAddress::parse(email).unwrap())).unwrap()
}

/// The form in a snippet as a browser would post it, with what a person did.
fn copied(html: &str, more: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
    let value = |tag: &str, name: &str| {
        let rest = tag.split(&format!(" {name}=\"")).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let hidden = html.split("<input type=\"hidden\"").skip(1).map(|rest| rest.split('>').next().unwrap());
    let hidden = hidden.map(|tag| (value(tag, "name"), value(tag, "value")));
    hidden.chain(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).collect()
}

async fn post(server: &TestServer, path: &str, fields: &[(String, String)]) -> Answer {
    Answer::to(server.request("POST", path).form(fields)).await
}

both_databases! {
    async fn a_form_is_made_read_replaced_listed_and_deleted(server: TestServer) {
        let key = with_a_form(&server, fair()).await;
        let path = format!("{PATH}/fair");
        expect_problem(server.api(&key, "POST", PATH, fair()).await, 409);
        let read = server.api(&key, "GET", &path, Value::Null).await.expect(200);
        assert!(read.json()["url"].as_str().unwrap().ends_with("/b/civic/sign-up/fair"));
        assert_eq!(read.json()["fields"][1]["required"], false);
        let mut changed = fair();
        changed["heading"] = json!("Another heading");
        changed["origins"] = json!(["https://WWW.Fair.example:443/", "https://www.fair.example"]);
        let put = |tag: &str| {
            let request = server.request("PUT", &format!("/api/v1{path}")).bearer_auth(&key);
            request.header("if-match", tag).json(&changed)
        };
        let replaced = Answer::to(put(read.header("etag"))).await.expect(200).json();
        assert_eq!((&replaced["heading"], &replaced["origins"]), (&json!("Another heading"), &json!(["https://www.fair.example"])));
        expect_problem(Answer::to(put(read.header("etag"))).await, 412);
        changed["slug"] = json!("other");
        assert_eq!(pointer(&expect_problem(server.api(&key, "PUT", &path, changed).await, 422)), "/slug");
        let list = server.api(&key, "GET", PATH, Value::Null).await.expect(200).json();
        let slugs: Vec<&str> = list["items"].as_array().unwrap().iter().map(|f| f["slug"].as_str().unwrap()).collect();
        assert_eq!(slugs, ["events", "fair"]);
        let first = server.api(&key, "GET", &format!("{PATH}?limit=1"), Value::Null).await.expect(200);
        assert!(first.header("link").contains(PATH));
        server.get("/b/civic/sign-up/fair").await.expect(200);
        server.api(&key, "DELETE", &path, Value::Null).await.expect(204);
        for gone in [server.get("/b/civic/sign-up/fair").await, server.post_form("/b/civic/sign-up/fair", &ASKED).await] {
            gone.expect(404);
        }
        expect_problem(server.api(&key, "DELETE", &path, Value::Null).await, 404);
        server.other_brand();
        server.get("/b/harbour/sign-up/events").await.expect(404);
    }

    async fn a_form_that_breaks_a_rule_is_refused_with_every_rule_named(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        let before = server.snapshot();
        for (field, value, place) in [
            ("heading", json!(" "), "/heading"),
            ("heading", json!("Two\nlines"), "/heading"),
            ("intro", json!("x".repeat(501)), "/intro"),
            ("slug", json!("sexual-health-fair"), "/slug"),
            ("topics", json!([]), "/topics"),
            ("topics", json!([{ "topic": "transport", "channels": ["email"] }]), "/topics"),
            ("topics", json!([{ "topic": "unknown", "channels": ["email"] }]), "/topics/0"),
            ("topics", json!([{ "topic": "events", "channels": [] }]), "/topics/0"),
            ("topics", json!([{ "topic": "webinars", "channels": ["email", "phone"] }]), "/topics/0"),
            ("fields", json!([]), "/fields"),
            ("fields", json!([{ "field": "phone" }, { "field": "phone" }]), "/fields/1"),
            ("fields", json!([{ "field": "phone", "required": true }]), "/fields/0"),
            ("fields", json!([{ "field": "phone" }, { "field": "postal_address" }]), "/fields/1"),
            ("fields", json!([{ "field": "phone", "purpose": "" }]), "/fields/0/purpose"),
            ("origins", json!(["https://a.example", "https://*.example"]), "/origins/1"),
            ("origins", json!(["https://a.example; script-src *"]), "/origins/0"),
        ] {
            let mut form = fair();
            form[field] = value.clone();
            let problem = expect_problem(server.api(&key, "POST", PATH, form).await, 422);
            assert_eq!(pointer(&problem), place, "{field} {value}: {problem}");
        }
        let mut twice = fair();
        twice["heading"] = json!("");
        twice["origins"] = json!(["x"]);
        let problem = expect_problem(server.api(&key, "POST", PATH, twice).await, 422);
        assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
        assert_eq!(server.snapshot(), before);
    }

    async fn its_page_offers_and_asks_for_what_the_form_names_and_no_more(server: TestServer) {
        with_a_form(&server, fair()).await;
        let page = server.get("/b/civic/sign-up/fair").await.expect(200).text;
        assert!(page.contains("Meet us at the fair</h1>") && page.contains("We write when the doors open."));
        assert!(page.contains("For your badge.") && page.contains("To tell you when the hall changes."));
        let boxes: Vec<&str> = page.split("name=\"shown\" value=\"").skip(1).map(|r| r.split('"').next().unwrap()).collect();
        assert_eq!(boxes, ["newsletter:email", "events:email", "events:phone", "transport:email"]);
        for field in ["last_name", "company", "country", "postal_address"] {
            assert!(!page.contains(&format!("name=\"{field}\"")), "{field}");
        }
        let own = server.get("/b/civic/sign-up").await.expect(200).text;
        assert!(own.contains("name=\"company\"") && own.contains("offers:post") && own.contains("Hear from Civic Notes"));
    }

    async fn what_the_form_does_not_ask_for_is_not_kept_and_the_evidence_names_the_form(server: TestServer) {
        with_a_form(&server, fair()).await;
        let more = [("last_name", "Lee"), ("company", "Acme"), ("phone", "+44 118 496 0111"), ("postal_address", "1 Road")];
        server.post_read("/b/civic/sign-up/fair", &[&ASKED[..], &more].concat()).await.expect(200);
        server.run_jobs().await;
        server.confirm(&server.mail_to("ana@example.com").link("/confirm/")).await.expect(200);
        let ana = person(&server, "ana@example.com");
        assert_eq!((ana.first_name.as_deref(), ana.last_name, ana.company), (Some("Ana"), None, None));
        assert_eq!((ana.phone, ana.postal_address), (None, None), "Phone was not ticked");
        let kept: Vec<(String, String)> = server.read(|conn| {
            Ok(evidence::table.select((evidence::form, evidence::wording)).load(conn)?)
        });
        assert_eq!(kept.len(), 1, "the same screen behind the request and the grant");
        assert_eq!(kept[0].0, "sign-up/fair");
        for words in ["Meet us at the fair", "We write when the doors open.", "For your badge."] {
            assert!(kept[0].1.contains(words), "{words}");
        }
    }

    async fn a_link_that_is_too_old_leads_back_to_the_form_as_long_as_it_is_there(server: TestServer) {
        let key = with_a_form(&server, fair()).await;
        let page = server.get("/b/civic/sign-up/fair").await.expect(200).text;
        let fields = [&ASKED[..], &[("seen", seen(&page))]].concat();
        server.post_form("/b/civic/sign-up/fair", &fields).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to("ana@example.com").link("/confirm/");
        server.advance(std::time::Duration::from_secs(8 * 24 * 3600));
        let page = server.get(&link).await.expect(410).text;
        assert!(page.contains("href=\"/b/civic/sign-up/fair\""), "{page}");
        server.api(&key, "DELETE", &format!("{PATH}/fair"), Value::Null).await.expect(204);
        let page = server.get(&link).await.expect(410).text;
        assert!(page.contains("href=\"/b/civic/sign-up\""), "{page}");
        server.run_jobs().await;
    }

    async fn a_box_of_another_form_a_missing_field_and_a_bad_address_are_told_together(server: TestServer) {
        with_a_form(&server, fair()).await;
        let page = server.get("/b/civic/sign-up/fair").await.text;
        let post = |fields: &[(&str, &str)]| {
            let fields: Vec<(String, String)> =
                fields.iter().chain(&[("seen", seen(&page))]).map(|(n, v)| ((*n).into(), (*v).into())).collect();
            Answer::to(server.request("POST", "/b/civic/sign-up/fair").form(&fields))
        };
        let wrong = post(&[("email", "ana@"), ("shown", "events:phone"), ("choice", "events:phone")]).await.expect(422);
        assert_eq!(summary(&wrong.text), ["email", "first_name", "phone"]);
        for foreign in ["company-updates:email", "newsletter:post"] {
            post(&[("email", "ana@example.com"), ("first_name", "Ana"), ("shown", foreign), ("choice", foreign)])
                .await
                .expect(422);
        }
        server.write(|conn, _| {
            diesel::update(topic::table.filter(topic::slug.eq("events"))).set(topic::offers_phone.eq(false)).execute(conn)?;
            Ok(())
        });
        let now = server.get("/b/civic/sign-up/fair").await.expect(200).text;
        assert!(!now.contains("events:phone") && !now.contains("name=\"phone\""), "a topic may offer less than it did");
    }

    async fn only_the_sites_that_a_form_names_may_show_it_and_only_in_its_frame(server: TestServer) {
        with_a_form(&server, fair()).await;
        let frames = |answer: &Answer| {
            let policy = answer.header("content-security-policy").split("; ").last().unwrap().to_owned();
            (policy, answer.header("x-frame-options").to_owned())
        };
        let (alone, allowed) = (
            ("frame-ancestors 'none'".to_owned(), "DENY".to_owned()),
            ("frame-ancestors https://www.fair.example".to_owned(), String::new()),
        );
        for path in ["/b/civic/sign-up", "/b/civic/sign-up?embed", "/b/civic/sign-up/fair", "/b/civic/link?embed", "/b/civic/sign-up/none?embed"] {
            assert_eq!(frames(&server.get(path).await), alone, "{path}");
        }
        let inside = "/b/civic/sign-up/fair?embed";
        let page = server.get(inside).await.expect(200);
        assert_eq!(frames(&page), allowed);
        assert!(!page.text.contains("<header") && !page.text.contains("<footer"));
        assert!(page.text.contains(&format!("action=\"{inside}\"")));
        let done = server.post_read(inside, &ASKED).await.expect(200);
        assert!(done.text.contains("Check your inbox") && !done.text.contains("<header"));
        for (answer, status) in [
            (done, 200),
            (server.post_form(inside, &ASKED).await, 409),
            (server.post_read(inside, &[]).await, 422),
            (server.post_form(inside, &[("email", "a"), ("email", "b")]).await, 422),
        ] {
            assert_eq!(answer.status, status);
            assert_eq!(frames(&answer), allowed, "{status}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
        }
        let mut last = server.post_form(inside, &ASKED).await;
        for _ in 0..40 {
            last = server.post_form(inside, &ASKED).await;
        }
        assert_eq!((last.status, frames(&last)), (429, allowed), "also what went wrong is shown where the form is");
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        let mut closed = fair();
        closed["origins"] = json!([]);
        server.api(&admin(&server), "PUT", &format!("{PATH}/fair"), closed).await.expect(200);
        assert_eq!(frames(&server.get(inside).await), alone);
    }

    async fn a_copy_on_another_site_posts_to_our_page_until_the_words_change(server: TestServer) {
        let key = with_a_form(&server, fair()).await;
        let snippets = server.api(&key, "GET", &format!("{PATH}/fair/snippets"), Value::Null).await.expect(200).json();
        let (html, iframe) = (snippets["html"].as_str().unwrap(), snippets["iframe"].as_str().unwrap());
        let url = server.url("/b/civic/sign-up/fair");
        assert!(html.contains(&format!("action=\"{url}\"")) && iframe.contains(&format!("src=\"{url}?embed\"")));
        let did = [("email", "ana@example.com"), ("first_name", "Ana"), ("choice", "events:email")];
        let fields = copied(html, &did);
        let done = post(&server, &url, &fields).await.expect(200);
        assert!(done.text.contains("Check your inbox"));
        server.run_jobs().await;
        server.confirm(&server.mail_to("ana@example.com").link("/confirm/")).await.expect(200);

        let mut changed = fair();
        changed["intro"] = json!("We write when the doors open, and close.");
        server.api(&key, "PUT", &format!("{PATH}/fair"), changed).await.expect(200);
        let stale = copied(html, &[("email", "bob@example.com"), ("first_name", "Bob"), ("choice", "events:email")]);
        let again = post(&server, &url, &stale).await.expect(409);
        for kept in ["value=\"bob@example.com\"", "value=\"Bob\"", "value=\"events:email\" checked", "and close."] {
            assert!(again.text.contains(kept), "{kept}");
        }
        let welsh = server.api(&key, "GET", &format!("{PATH}/fair/snippets?lang=cy"), Value::Null).await.expect(200).json();
        let welsh = copied(welsh["html"].as_str().unwrap(), &did);
        let done = post(&server, &url, &welsh).await.expect(200);
        assert_eq!(done.header("content-language"), "cy", "the language of the copy, whatever the browser says");
        expect_problem(server.api(&key, "GET", &format!("{PATH}/fair/snippets?lang=xx"), Value::Null).await, 422);
        server.run_jobs().await;
        server.mails();
    }

    async fn a_topic_that_comes_later_is_on_the_brands_own_form_and_on_no_named_one(server: TestServer) {
        let key = with_a_form(&server, fair()).await;
        let later = json!({ "slug": "later", "kind": "communication", "name": "Later News", "channels": ["email"] });
        server.api(&key, "POST", "/brands/civic/topics", later).await.expect(201);
        assert!(server.get("/b/civic/sign-up").await.text.contains("Later News"));
        assert!(!server.get("/b/civic/sign-up/fair").await.text.contains("Later News"));
    }
}
