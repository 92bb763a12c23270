//! What stood beside each box when somebody ticked it is kept with their answer, whatever becomes of the topic later
//! (L-02, L-15).

use serde_json::{Value, json};

use crate::api::{admin, expect_problem};
use crate::person::Person;
use crate::sign_up::sign_up;
use crate::support::form::BrowserForm;
use crate::support::server::TestServer;

const BEFORE: &str =
    "Videos, Podcasts and Webinars\nInvitations to live sessions, and the recordings. About two a month.";
const AFTER: &str = "Daily offers of our partners\nWhatever they have. Twice a day.";
const WEBINARS: &str = "/brands/civic/topics/webinars";

/// Gives the topic "webinars" another name, description and frequency.
async fn rename(server: &TestServer, key: &str) {
    let topic = json!({
        "slug": "webinars", "kind": "communication", "name": "Daily offers of our partners",
        "description": "Whatever they have.", "frequency_note": "Twice a day.", "channels": ["email"],
    });
    server.api(key, "PUT", WEBINARS, topic).await.expect(200);
}

/// The words beside a box in each entry of the only person's ledger, and how it was decided.
async fn beside(server: &TestServer, key: &str, name: &str) -> Vec<(String, Option<String>)> {
    let people = server.api(key, "GET", "/subscribers", Value::Null).await.expect(200).json();
    let path = format!("/subscribers/{}/ledger?limit=100", people["items"][0]["id"].as_str().unwrap());
    let entries = server.api(key, "GET", &path, Value::Null).await.expect(200).json();
    let entries = entries["items"].as_array().unwrap().clone();
    let of_entry = |entry: &Value| {
        let shown = entry["boxes"].as_array().unwrap().iter().find(|shown| shown["name"] == name)?.clone();
        Some((entry["method"].as_str().unwrap().to_owned(), shown["words"].as_str().map(str::to_owned)))
    };
    entries.iter().filter_map(of_entry).collect()
}

fn said(method: &str, words: &str) -> (String, Option<String>) {
    (method.to_owned(), Some(words.to_owned()))
}

both_databases! {
    async fn the_words_beside_a_box_are_kept_as_they_were_at_sign_up(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        let boxes = [("shown", "webinars:email"), ("choice", "webinars:email")];
        sign_up(&server, "ana@example.com", &boxes).await.expect(200);
        server.run_jobs().await;
        server.confirm(&server.mail_to("ana@example.com").link("/confirm/")).await.expect(200);
        let kept = [said("sign_up_form", BEFORE), said("double_opt_in", BEFORE)];
        assert_eq!(beside(&server, &key, "webinars:email").await, kept);
        rename(&server, &key).await;
        assert_eq!(beside(&server, &key, "webinars:email").await, kept, "what was shown stays as it was");
    }

    async fn the_preference_page_and_undo_keep_what_stands_on_them(server: TestServer) {
        let person = Person::reader(&server);
        let key = admin(&server);
        let url = person.preferences(&server);
        rename(&server, &key).await;
        let page = server.get(&url).await.expect(200).text;
        assert!(page.contains("Whatever they have.") && page.contains("Twice a day."));
        let choices = BrowserForm::with_button(&page, "save").tick("choice", "webinars:email");
        server.press(&choices).await.expect(200);
        let kept = beside(&server, &key, "webinars:email").await;
        assert!(!kept.is_empty() && kept.iter().all(|entry| *entry == said("preference_page", AFTER)), "{kept:?}");
        let nothing = server.press(&server.form(&url, "stop").await).await.expect(200).text;
        server.press(&BrowserForm::with_button(&nothing, "undo")).await.expect(200);
        let kept = beside(&server, &key, "webinars:email").await;
        assert_eq!(kept.last(), Some(&said("undo", "Daily offers of our partners by email")));
    }

    async fn a_page_that_was_opened_under_other_words_agrees_to_nothing(server: TestServer) {
        let person = Person::reader(&server);
        let key = admin(&server);
        let choices = server.form(&person.preferences(&server), "save").await.tick("choice", "webinars:email");
        let sign_up = server.get("/b/civic/sign-up").await.expect(200).text;
        rename(&server, &key).await;
        let before = server.snapshot();
        let again = server.press(&choices).await.expect(409).text;
        assert!(again.contains("has changed since you opened this page") && again.contains("Twice a day."));
        let fields = [
            ("email", "ben@example.com"), ("shown", "webinars:email"), ("choice", "webinars:email"),
            ("seen", crate::support::http::seen(&sign_up)),
        ];
        let again = server.post_form("/b/civic/sign-up", &fields).await.expect(409).text;
        assert!(again.contains("Twice a day.") && again.contains("ben@example.com"), "what was typed is kept");
        assert_eq!(server.snapshot(), before);
        // To end something nobody has to have read the newest words.
        let choices = BrowserForm::with_button(&server.get(&person.preferences(&server)).await.text, "save");
        server.press(&choices.untick("choice", "newsletter:email")).await.expect(200);
    }

    async fn a_topic_that_somebody_agreed_to_cannot_become_sensitive(server: TestServer) {
        Person::reader(&server);
        let key = admin(&server);
        for (slug, status) in [("newsletter", 409), ("webinars", 200), ("sexual-health", 200)] {
            let path = format!("/brands/civic/topics/{slug}");
            let mut topic = server.api(&key, "GET", &path, Value::Null).await.expect(200).json();
            topic["sensitive"] = json!(true);
            let before = server.snapshot();
            let answer = server.api(&key, "PUT", &path, topic).await;
            if status == 409 {
                let problem = expect_problem(answer, 409);
                assert!(problem["detail"].as_str().unwrap().contains("make a new topic"), "{problem}");
                assert_eq!(server.snapshot(), before);
            } else {
                answer.expect(200);
            }
        }
    }

    async fn a_program_may_say_which_words_stood_beside_a_box(server: TestServer) {
        let person = Person::reader(&server);
        let key = admin(&server);
        let people = server.api(&key, "GET", "/subscribers", Value::Null).await.expect(200).json();
        let path = format!("/subscribers/{}/opt-ins", people["items"][0]["id"].as_str().unwrap());
        let put = |words: &str| json!({
            "opt_ins": [{"brand": person.brand.slug, "topic": "webinars", "channel": "email", "state": "granted"}],
            "evidence": {"given_at": server.now().to_string(), "form": "stand 4", "wording": "Yes", "boxes": [
                {"name": "webinars:email", "ticked": false, "words": words}
            ]},
        });
        let refused = expect_problem(server.api(&key, "PUT", &path, put(" ")).await, 422);
        assert_eq!(refused["errors"][0]["pointer"], "/evidence/boxes");
        server.api(&key, "PUT", &path, put("Webinars, live")).await.expect(200);
        assert_eq!(beside(&server, &key, "webinars:email").await, [said("api", "Webinars, live")]);
    }
}
