//! Campaigns through the API, from the draft to the report.

use std::time::Duration;

use mannerly::domain::consent::suppression::Reason;
use serde_json::{Value, json};

use crate::api::{admin, brand, draft, evidence, expect_problem, person, pointer};
use crate::support::http::Answer;
use crate::support::server::TestServer;

async fn save(server: &TestServer, key: &str) -> (String, Value) {
    let form = draft(server);
    let made = server.api(key, "POST", "/campaigns", form.clone()).await.expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("/api/v1/campaigns/{id}"));
    (format!("/campaigns/{id}"), form)
}

async fn opt_in(server: &TestServer, key: &str, id: &str, brand: &Value) {
    let body = json!({"opt_ins": [{"brand": brand, "topic": "newsletter", "channel": "email", "state": "granted"}],
        "evidence": evidence()});
    server.api(key, "PUT", &format!("/subscribers/{id}/opt-ins"), body).await.expect(200);
}

async fn step(server: &TestServer, key: &str, path: &str, step: &str) -> Answer {
    let body = if step == "schedule" { json!({}) } else { Value::Null };
    server.api(key, "POST", &format!("{path}/{step}"), body).await
}

both_databases! {
    async fn a_draft_is_saved_replaced_and_deleted(server: TestServer) {
        let key = admin(&server);
        let (path, mut form) = save(&server, &key).await;
        let read = server.api(&key, "GET", &path, Value::Null).await.expect(200);
        assert_eq!(read.json()["state"], "draft");
        form["subject"] = json!("Another subject");
        let put = || {
            let request = server.request("PUT", &format!("/api/v1{path}")).bearer_auth(&key).json(&form);
            request.header("if-match", read.header("etag"))
        };
        assert_eq!(Answer::to(put()).await.expect(200).json()["subject"], "Another subject");
        expect_problem(Answer::to(put()).await, 412);
        let list = server.api(&key, "GET", "/campaigns", Value::Null).await.expect(200).json();
        assert_eq!(list["items"][0]["name"], "November");
        assert!(list["items"][0].get("html").is_none());
        server.api(&key, "DELETE", &path, Value::Null).await.expect(204);
        expect_problem(server.api(&key, "GET", &path, Value::Null).await, 404);
    }

    async fn what_is_wrong_with_a_draft_is_told_when_it_is_saved(server: TestServer) {
        let key = admin(&server);
        let form = draft(&server);
        for (field, wrong) in [
            ("subject", "Hello {{ nobody }}"), ("subject", "two\r\nBcc: lines"),
            ("subject", "Stop: {{ unsubscribe_url }}"), ("subject", "{{ view_url|lower }}"),
            ("subject", "{% if preferences_url %}a{% endif %}"), ("html", "{% if %}"),
            ("topic", "no-such-topic"), ("brand", "no-such-brand"), ("html", "<a href=\"javascript:x\">y</a>"),
        ] {
            let mut form = form.clone();
            form[field] = json!(wrong);
            let problem = expect_problem(server.api(&key, "POST", "/campaigns", form).await, 422);
            assert_eq!(pointer(&problem), format!("/{field}"), "{wrong}");
        }
    }

    async fn a_letter_may_be_written_in_markdown_or_mjml_and_keeps_its_links_and_ending(server: TestServer) {
        let (key, draft) = (admin(&server), draft(&server));
        let markdown = "# Hello {{ first_name|default(\"reader\") }}\n\n[Read on](https://www.example.com/on)\n";
        let mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ first_name|default(\"reader\") }}, \
            <a href=\"https://www.example.com/on\">read on</a></mj-text></mj-column></mj-section></mj-body></mjml>";
        let crossed = "<mjml><mj-body><mj-section><mj-column>\n<mj-button href=\"https://www.example.com/\">a</mj-text>\
            </mj-column></mj-section></mj-body></mjml>";
        let styled = "<style>p { color: #123456 }</style><p>Hello {{ first_name|default(\"reader\") }}, \
            <a href=\"https://www.example.com/on\">read on</a></p>";
        for (format, source, template) in [
            ("markdown", markdown, Some("newsletter")), ("markdown", markdown, None), ("mjml", mjml, None),
            ("html", styled, None), ("html", styled, Some("announcement")),
        ] {
            let mut form = draft.clone();
            form["html"] = json!(source);
            form["format"] = json!(format);
            form["template"] = json!(template);
            let made = server.api(&key, "POST", "/campaigns", form).await.expect(201).json();
            assert_eq!((&made["html"], &made["format"]), (&json!(source), &json!(format)), "what was written stays");
            assert_eq!(made["template"], json!(template));
            assert_eq!(made["links"][0]["url"], "https://www.example.com/on");
            let path = format!("/campaigns/{}/preview", made["id"].as_str().unwrap());
            let seen = server.api(&key, "POST", &path, Value::Null).await.expect(200).json();
            let (html, text) = (seen["html"].as_str().unwrap(), seen["text"].as_str().unwrap());
            for part in [html, text] {
                assert!(part.contains("Hello reader") && part.contains("https://www.example.com/on"), "{format}: {part}");
                assert!(part.contains("/u/preview") && part.contains("/p/preview"), "{format}: {part}");
            }
            assert!(!html.contains("{{") && !html.contains("<link"), "{html}");
            assert!(html.contains("<html lang=\"en-GB\" dir=\"ltr\"") || format == "html", "{format}: {html}");
            assert!(html.contains("<title>Civic Notes</title>") || format == "html", "{format}: {html}");
            assert!(format != "html" || html.contains("color: #123456"), "{html}");
        }
        for (format, source, template, at) in [
            ("mjml", "<p>No MJML</p>", None, "/html"), ("mjml", crossed, None, "/html"), ("mjml", mjml, Some("plain"), "/template"),
            ("markdown", "{{ open", None, "/html"), ("markdown", "<script>alert(1)</script>", None, "/html"),
            ("html", "<html><body>Whole</body></html>", Some("event"), "/template"),
        ] {
            let mut form = draft.clone();
            form["html"] = json!(source);
            form["format"] = json!(format);
            form["template"] = json!(template);
            let problem = expect_problem(server.api(&key, "POST", "/campaigns", form).await, 422);
            assert_eq!(pointer(&problem), at, "{problem}");
        }
    }

    async fn a_preview_fills_in_one_person_and_leads_nowhere(server: TestServer) {
        let key = admin(&server);
        let (path, _) = save(&server, &key).await;
        let id = person(&server, &key, "ana@council.test").await;
        let before = server.snapshot();
        let one = server.api(&key, "POST", &format!("{path}/preview"), json!({"subscriber": id})).await;
        let one = one.expect(200).json();
        assert_eq!(one["subject"], "Hello Ana");
        assert!(one["html"].as_str().unwrap().contains("/u/preview"));
        let nobody = step(&server, &key, &path, "preview").await.expect(200).json();
        assert_eq!(nobody["subject"], "Hello reader");
        let unknown = json!({"subscriber": mannerly::id::PublicId::new()});
        let problem = server.api(&key, "POST", &format!("{path}/preview"), unknown).await;
        assert_eq!(pointer(&expect_problem(problem, 422)), "/subscriber");
        assert_eq!(server.snapshot(), before);
    }

    async fn the_audience_adds_up_and_nothing_is_written(server: TestServer) {
        let key = admin(&server);
        let (path, form) = save(&server, &key).await;
        let yes = person(&server, &key, "ana@council.test").await;
        opt_in(&server, &key, &yes, &form["brand"]).await;
        person(&server, &key, "ben@council.test").await;
        let restricted = person(&server, &key, "cy@council.test").await;
        opt_in(&server, &key, &restricted, &form["brand"]).await;
        server.api(&key, "PUT", &format!("/subscribers/{restricted}/restriction"), Value::Null).await.expect(200);
        let before = server.snapshot();
        let counts = step(&server, &key, &path, "audience-preview").await.expect(200).json();
        assert_eq!((&counts["people"], &counts["allowed"]), (&json!(3), &json!(1)));
        assert_eq!(counts["refused"], json!({"other_brand": 1, "restricted": 1}));
        assert_eq!(server.snapshot(), before);
    }

    async fn a_test_goes_to_colleagues_only_and_says_so(server: TestServer) {
        let key = admin(&server);
        let (path, form) = save(&server, &key).await;
        let domain = format!("{}.example.com", form["brand"].as_str().unwrap());
        let own = format!("colleague@{domain}");
        let body = json!({"to": [own]});
        let answer = server.api(&key, "POST", &format!("{path}/test"), body).await.expect(200).json();
        assert_eq!(answer["results"][0]["outcome"], "accepted");
        let mail = server.mail_to(&own);
        assert!(mail.subject.starts_with("[Test] "), "{}", mail.subject);
        let stranger = json!({"to": ["ana@council.test"]});
        expect_problem(server.api(&key, "POST", &format!("{path}/test"), stranger).await, 422);
        for wrong in [json!([]), json!(["x"]), json!([own, own, own, own, own, own])] {
            let body = json!({"to": wrong});
            expect_problem(server.api(&key, "POST", &format!("{path}/test"), body).await, 422);
        }
        assert!(server.mails().is_empty());
        server.suppress(&own, None, Reason::Objection);
        let suppressed = server.api(&key, "POST", &format!("{path}/test"), json!({"to": [own]})).await;
        expect_problem(suppressed, 422);
        assert!(server.mails().is_empty());
        let own = format!("other@{domain}");
        server.relay.refuse_connections(true);
        let body = json!({"to": [own]});
        let answer = server.api(&key, "POST", &format!("{path}/test"), body).await.expect(200).json();
        assert_eq!(answer["results"][0]["outcome"], "deferred");
    }

    async fn a_test_goes_not_to_all_of_a_providers_addresses(server: TestServer) {
        let key = admin(&server);
        let mut brand = brand("freemail");
        brand["reply_to"] = json!("office@provider.test");
        brand["contact_email"] = json!("privacy@provider.test");
        server.api(&key, "POST", "/brands", brand).await.expect(201);
        let topic = json!({"slug": "newsletter", "kind": "communication", "name": "News", "channels": ["email"]});
        server.api(&key, "POST", "/brands/freemail/topics", topic).await.expect(201);
        let mut form = draft(&server);
        form["brand"] = json!("freemail");
        let saved = server.api(&key, "POST", "/campaigns", form).await.expect(201).json();
        let path = format!("/campaigns/{}/test", saved["id"].as_str().unwrap());
        let stranger = json!({"to": ["anybody@provider.test"]});
        expect_problem(server.api(&key, "POST", &path, stranger).await, 422);
        let own = ["office@provider.test", "privacy@provider.test", "ana@brand.test"];
        server.api(&key, "POST", &path, json!({"to": own})).await.expect(200);
        for address in own {
            server.mail_to(address);
        }
    }

    async fn the_links_of_a_draft_are_shown_with_both_forms_of_their_hosts(server: TestServer) {
        let key = admin(&server);
        let mut form = draft(&server);
        form["html"] = json!("<p><a href=\"https://b\u{fc}cher.example/%7Ea\">read</a></p>");
        let saved = server.api(&key, "POST", "/campaigns", form).await.expect(201).json();
        let link = json!({
            "url": "https://b\u{fc}cher.example/%7Ea", "host": "xn--bcher-kva.example",
            "shown_host": "b\u{fc}cher.example",
        });
        assert_eq!(saved["links"], json!([link]));
    }

    async fn a_campaign_goes_out_to_those_who_agreed_and_is_reported(server: TestServer) {
        let key = admin(&server);
        let (path, form) = save(&server, &key).await;
        let id = person(&server, &key, "ana@council.test").await;
        opt_in(&server, &key, &id, &form["brand"]).await;
        person(&server, &key, "ben@council.test").await;
        let scheduled = step(&server, &key, &path, "schedule").await.expect(200).json();
        assert_eq!(scheduled["state"], "scheduled");
        expect_problem(step(&server, &key, &path, "schedule").await, 409);
        expect_problem(server.api(&key, "PUT", &path, form).await, 409);
        expect_problem(server.api(&key, "DELETE", &path, Value::Null).await, 409);
        server.run_jobs().await;
        assert_eq!(server.mail_to("ana@council.test").subject, "Hello Ana");
        let report = server.api(&key, "GET", &format!("{path}/report"), Value::Null).await.expect(200).json();
        assert_eq!((&report["audience"], &report["sent"]), (&json!("<10"), &json!("<10")));
        assert_eq!(report["skipped"]["total"], "<10");
        assert_eq!(report["failed"]["total"], 0);
        // Its links are in letters, and have to lead on for years (O-15).
        expect_problem(server.api(&key, "DELETE", &path, Value::Null).await, 409);
        assert_eq!(server.api(&key, "GET", &path, Value::Null).await.json()["state"], "sent");
    }

    async fn a_moment_that_is_past_or_far_away_sends_nothing(server: TestServer) {
        let key = admin(&server);
        let (path, _) = save(&server, &key).await;
        let before = server.snapshot();
        let [minute, day] = [60, 24 * 60 * 60].map(Duration::from_secs);
        for wrong in [server.now().minus(6 * minute), server.now().minus(366 * day), server.now().plus(367 * day)] {
            let at = json!({"at": wrong});
            let problem = expect_problem(server.api(&key, "POST", &format!("{path}/schedule"), at).await, 422);
            assert_eq!(pointer(&problem), "/at", "{wrong}");
        }
        // Without a body, and so without a content type: nobody said that it is to begin now.
        expect_problem(server.api(&key, "POST", &format!("{path}/schedule"), Value::Null).await, 415);
        assert_eq!(server.snapshot(), before);
        // The clocks of two machines differ a little.
        let at = json!({"at": server.now().minus(4 * minute)});
        let scheduled = server.api(&key, "POST", &format!("{path}/schedule"), at).await.expect(200).json();
        assert_eq!(scheduled["scheduled_at"], json!(server.now()));
        server.run_jobs().await;
    }

    async fn what_waits_for_its_time_can_be_taken_back_and_changed(server: TestServer) {
        let key = admin(&server);
        let (path, mut form) = save(&server, &key).await;
        let id = person(&server, &key, "ana@council.test").await;
        opt_in(&server, &key, &id, &form["brand"]).await;
        let later = json!({"at": server.now().plus(Duration::from_secs(3600))});
        for pauses in [false, true] {
            server.api(&key, "POST", &format!("{path}/schedule"), later.clone()).await.expect(200);
            if pauses {
                step(&server, &key, &path, "pause").await.expect(200);
            }
            let draft = step(&server, &key, &path, "unschedule").await.expect(200).json();
            assert_eq!((&draft["state"], &draft["scheduled_at"]), (&json!("draft"), &Value::Null));
        }
        expect_problem(step(&server, &key, &path, "unschedule").await, 409);
        server.advance(Duration::from_secs(7200));
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "nothing goes out of a draft");
        form["subject"] = json!("Another subject");
        server.api(&key, "PUT", &path, form).await.expect(200);
        step(&server, &key, &path, "schedule").await.expect(200);
        server.run_jobs().await;
        assert_eq!(server.mail_to("ana@council.test").subject, "Another subject");
        expect_problem(step(&server, &key, &path, "unschedule").await, 409);
    }

    async fn a_campaign_is_paused_resumed_and_cancelled(server: TestServer) {
        let key = admin(&server);
        let (path, _) = save(&server, &key).await;
        for too_early in ["pause", "resume"] {
            expect_problem(step(&server, &key, &path, too_early).await, 409);
        }
        let later = json!({"at": "2027-01-01T08:00:00Z"});
        let scheduled = server.api(&key, "POST", &format!("{path}/schedule"), later).await.expect(200).json();
        assert_eq!(scheduled["scheduled_at"], "2027-01-01T08:00:00Z");
        for (name, state) in [("pause", "paused"), ("resume", "scheduled"), ("cancel", "cancelled")] {
            assert_eq!(step(&server, &key, &path, name).await.expect(200).json()["state"], state);
        }
        expect_problem(step(&server, &key, &path, "cancel").await, 409);
    }
}
