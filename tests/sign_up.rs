//! Signing up: the form, the mail that asks to confirm, the button, and "send me my link".

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::schema::{confirmation, opt_in, permission, subscriber};
use mannerly::domain::audience::subscriber::find_by_email;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::suppression::{self, Reason};
use mannerly::domain::consent::{ledger, opt_in as opt_ins};
use mannerly::email_address::EmailAddress;
use serde_json::Value;

use crate::support::http::Answer;
use crate::support::server::TestServer;

const SHOWN: [(&str, &str); 4] = [
    ("shown", "newsletter:email"),
    ("shown", "transport:email"),
    ("shown_permission", "opens"),
    ("shown_permission", "clicks"),
];

pub(crate) async fn sign_up(server: &TestServer, email: &str, more: &[(&str, &str)]) -> Answer {
    let fields = [&[("email", email)], &SHOWN[..], more].concat();
    server.post_read("/b/civic/sign-up", &fields).await
}

pub(crate) async fn sign_up_for_the_newsletter(server: &TestServer, email: &str) -> Answer {
    sign_up(server, email, &[("choice", "newsletter:email")]).await
}

pub(crate) fn states(server: &TestServer) -> Vec<String> {
    server.read(|conn| {
        let states: Vec<String> = opt_in::table.order(opt_in::topic_id).select(opt_in::state).load(conn)?;
        Ok(states)
    })
}

fn suppressions(server: &TestServer) -> Vec<(Option<i64>, Reason)> {
    server.read(|conn| {
        let all = suppression::list(conn, 0, 100)?;
        Ok(all.into_iter().map(|found| (found.brand_id, found.reason)).collect())
    })
}

both_databases! {
    async fn the_form_shows_every_topic_and_nothing_is_ticked(server: TestServer) {
        server.demo_brand();
        let form = server.get("/b/civic/sign-up").await.expect(200);
        for name in ["newsletter:email", "events:phone", "transport:post", "sexual-health:email"] {
            assert!(form.text.contains(&format!("name=\"shown\" value=\"{name}\"")), "{name}");
        }
        assert!(!form.text.contains(" checked"));
        assert_eq!(form.text.matches(" required").count(), 1, "only the address");
        server.get("/b/unknown/sign-up").await.expect(404);
    }

    async fn an_opt_in_is_pending_until_the_button_behind_the_mailed_link_is_pressed(server: TestServer) {
        let brand = server.demo_brand();
        let chosen = [
            ("choice", "newsletter:email"), ("choice", "transport:email"), ("permission", "opens"),
            ("first_name", "Ana"),
        ];
        sign_up(&server, "ana@example.com", &chosen).await.expect(200);
        server.run_jobs().await;
        assert_eq!(states(&server), ["pending", "pending"]);

        let mail = server.mail_to("ana@example.com");
        assert!(!mail.marketing && mail.subject.starts_with("Please confirm"));
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert!(mail.headers("List-Unsubscribe").is_empty() && !mail.html.contains("<img"));
        assert!(mail.header("From").contains("service@civic.example.com"));
        assert!(mail.text.contains("Newsletter by email") && mail.text.contains("open an email"));

        let link = mail.link("/confirm/");
        let before = server.snapshot();
        for _ in 0..100 {
            let shown = server.get(&link).await.expect(200);
            assert!(shown.text.contains("<button") && shown.text.contains("Transport by email"));
        }
        assert_eq!(server.snapshot(), before);

        let done = server.confirm(&link).await.expect(200);
        assert!(done.text.contains("Newsletter by email") && done.text.contains("/p/"));
        assert_eq!(states(&server), ["granted", "granted"]);
        let after = server.snapshot();
        assert_eq!(server.confirm(&link).await.expect(200).text, done.text);
        assert_eq!(server.snapshot(), after, "pressing again adds nothing");

        let person = server.read(|conn| find_by_email(conn, &EmailAddress::parse("ana@example.com").unwrap()));
        let person = person.unwrap();
        assert_eq!(person.first_name.as_deref(), Some("Ana"));
        let entries = server.read(|conn| ledger::of_subscriber(conn, person.id, 0, 100));
        let told: Vec<String> = entries
            .iter()
            .map(|e| {
                let what = e.topic.clone().or(e.permission.map(|kind| kind.to_string())).unwrap();
                format!("{} {what} {}", e.decision, e.method)
            })
            .collect();
        assert_eq!(told, [
            "requested newsletter sign_up_form", "requested transport sign_up_form",
            "granted newsletter double_opt_in", "granted transport double_opt_in", "granted opens double_opt_in",
        ]);
        for entry in &entries {
            assert!(entry.wording.starts_with(&brand.consent_wording) && entry.wording.contains("count when I open"));
            assert_eq!(entry.policy_version, brand.policy_version);
            let shown: Value = serde_json::from_str(&entry.shown).unwrap();
            assert_eq!(shown.as_array().unwrap().len(), 4);
            assert!(shown.as_array().unwrap().iter().all(|b| b["ticked"] == false));
        }
    }

    async fn known_and_unknown_addresses_get_the_same_bytes_and_leave_one_row_each(server: TestServer) {
        server.demo_brand();
        let first = sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        let mail = server.mail_to("ana@example.com");
        server.confirm(&mail.link("/confirm/")).await.expect(200);
        let known = sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let unknown = sign_up_for_the_newsletter(&server, "nobody@example.com").await.expect(200);
        assert_eq!((&first.bytes, &known.bytes), (&unknown.bytes, &unknown.bytes));
        let known = server.post_form("/b/civic/link", &[("email", "ana@example.com")]).await.expect(200);
        let unknown = server.post_form("/b/civic/link", &[("email", "stranger@example.com")]).await.expect(200);
        assert_eq!(known.bytes, unknown.bytes);
        server.run_jobs().await;
        let mut mails: Vec<(String, bool)> =
            server.mails().into_iter().map(|m| (m.to, m.text.contains("/p/"))).collect();
        mails.sort();
        assert_eq!(mails, [("ana@example.com".into(), true), ("nobody@example.com".into(), false)]);
    }

    async fn a_hundred_sign_ups_of_one_address_are_one_mail(server: TestServer) {
        server.demo_brand();
        for _ in 0..100 {
            sign_up_for_the_newsletter(&server, "ana@example.com").await;
            server.advance(Duration::from_secs(6 * 60));
            server.run_jobs().await;
        }
        assert_eq!(server.mails().len(), 1, "within ten hours");
        let rows: i64 = server.read(|conn| Ok(confirmation::table.count().get_result(conn)?));
        assert_eq!(rows, 1);
        server.advance(Duration::from_secs(24 * 3600));
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        assert_eq!(server.mails().len(), 1, "and one more on the next day");
    }

    async fn the_first_link_confirms_what_was_chosen_later_that_day(server: TestServer) {
        server.demo_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let later = [("choice", "newsletter:email"), ("choice", "transport:email"), ("permission", "clicks")];
        sign_up(&server, "ana@example.com", &later).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to("ana@example.com").link("/confirm/");
        assert!(server.get(&link).await.text.contains("follow a link"));
        server.confirm(&link).await.expect(200);
        assert_eq!(states(&server), ["granted", "granted"]);
        let kinds: Vec<(String, String)> = server
            .read(|conn| Ok(permission::table.select((permission::kind, permission::state)).load(conn)?));
        assert_eq!(kinds, [("clicks".into(), "granted".into())]);
    }

    async fn a_link_that_is_too_old_confirms_nothing(server: TestServer) {
        server.demo_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to("ana@example.com").link("/confirm/");
        server.advance(Duration::from_secs(7 * 24 * 3600 + 1));
        server.get(&link).await.expect(410);
        server.confirm(&link).await.expect(410);
        assert_eq!(states(&server), ["pending"]);
        server.get("/confirm/nonsense").await.expect(404);
        server.post_form("/confirm/nonsense", &[]).await.expect(404);
    }

    async fn a_stop_in_between_ends_the_link_and_a_new_sign_up_gets_a_new_one(server: TestServer) {
        let brand = server.demo_brand();
        sign_up(&server, "ana@example.com", &[("choice", "newsletter:email"), ("permission", "opens")]).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to("ana@example.com").link("/confirm/");
        server.advance(Duration::from_secs(60));
        server.write(|conn, now| {
            let (person, evidence): (i64, i64) =
                confirmation::table.select((confirmation::subscriber_id, confirmation::evidence_id)).first(conn)?;
            let statement = mannerly::domain::consent::Statement {
                subscriber: person, brand: brand.id, evidence, method: mannerly::domain::consent::Method::OneClick,
                actor: ledger::SUBSCRIBER, campaign: None, at: now, source: None,
            };
            opt_ins::withdraw_all(conn, &statement, opt_ins::Scope::Channel(Channel::Email))
        });
        server.confirm(&link).await.expect(410);
        assert_eq!(states(&server), ["withdrawn"]);
        server.advance(Duration::from_secs(60));
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        server.confirm(&server.mail_to("ana@example.com").link("/confirm/")).await.expect(200);
        assert_eq!(states(&server), ["granted"]);
        let permissions: i64 = server.read(|conn| Ok(permission::table.count().get_result(conn)?));
        assert_eq!(permissions, 0, "what was asked for before the stop is not granted after it");
    }

    async fn what_the_form_cannot_have_sent_is_refused_and_changes_nothing(server: TestServer) {
        server.demo_brand();
        server.other_brand();
        let before = server.snapshot();
        let cases: [&[(&str, &str)]; 12] = [
            &[("choice", "no-such-topic:email")],
            &[("choice", "newsletter:phone"), ("shown", "newsletter:phone")],
            &[("choice", "newsletter:pigeon")],
            &[("choice", "events:email")],
            &[("choice", "newsletter:email"), ("shown", "made-up:email")],
            &[("choice", "newsletter:email"), ("permission", "profiling"), ("shown_permission", "profiling")],
            &[("choice", "newsletter:email"), ("first_name", "Ana\r\nBcc: x@example.com")],
            &[("choice", "newsletter:email"), ("country", "GBR")],
            &[("choice", "newsletter:email"), ("email", "two@example.com")],
            &[("choice", "newsletter:email"), ("last_name", "\u{1b}[31m")],
            &[("choice", "transport:email")],
            &[],
        ];
        for case in cases {
            let answer = sign_up(&server, "ana@example.com", case).await;
            assert_eq!(answer.status, 422, "{case:?}");
            server.advance(Duration::from_secs(10));
        }
        let asked = [("email", "ana@example.com"), ("shown", "newsletter:email"), ("choice", "newsletter:email")];
        for words in [&[][..], &[("seen", "")], &[("seen", "words of last year")]] {
            let answer = server.post_form("/b/civic/sign-up", &[&asked[..], words].concat()).await.expect(409);
            assert!(answer.text.contains("has changed since you opened this page"));
        }
        for email in ["", "ana", "ana@example.com\r\nBcc: x@example.com", "ana@exa mple.com"] {
            let answer = sign_up_for_the_newsletter(&server, email).await.expect(422);
            assert!(answer.text.contains("There is a problem") && answer.text.contains(" checked"));
        }
        for body in ["email=%", "email=%ff", "email=a%00"] {
            let request = server.request("POST", "/b/civic/sign-up").body(body);
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            Answer::to(request).await.expect(400);
        }
        Answer::to(server.request("POST", "/b/civic/sign-up").body("{}").header("Content-Type", "application/json"))
            .await
            .expect(415);
        assert_eq!(server.snapshot(), before);
    }

    async fn a_call_needs_a_number_and_a_letter_an_address(server: TestServer) {
        server.demo_brand();
        let phone = [("shown", "events:phone"), ("choice", "events:phone")];
        sign_up(&server, "ana@example.com", &phone).await.expect(422);
        let with_number = [&phone[..], &[("phone", "+44 118 496 0000")]].concat();
        sign_up(&server, "ana@example.com", &with_number).await.expect(200);
        server.run_jobs().await;
        assert!(server.mail_to("ana@example.com").text.contains("Exhibitions and Events by phone"));
    }

    async fn a_stranger_cannot_rename_a_person_who_has_confirmed(server: TestServer) {
        server.demo_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        server.confirm(&server.mail_to("ana@example.com").link("/confirm/")).await.expect(200);
        let rude = [("choice", "transport:email"), ("choice", "newsletter:email"), ("first_name", "Rude")];
        sign_up(&server, "ana@example.com", &rude).await.expect(200);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        let name: Option<String> =
            server.read(|conn| Ok(subscriber::table.select(subscriber::first_name).first(conn)?));
        assert_eq!(name, None);
    }

    async fn after_an_objection_only_the_persons_own_press_opens_one_brand_again(server: TestServer) {
        let brand = server.demo_brand();
        server.suppress("ana@example.com", None, Reason::Objection);
        server.suppress("ana@example.com", Some(brand.id), Reason::Erasure);
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        assert_eq!(suppressions(&server).len(), 2, "a sign-up alone lifts nothing");
        server.confirm(&server.mail_to("ana@example.com").link("/confirm/")).await.expect(200);
        assert_eq!(suppressions(&server), [(None, Reason::Objection)], "it still holds for all other brands");
        let hash = suppression::hash(&server.app.keys, Channel::Email, "ana@example.com").unwrap();
        let other = server.other_brand();
        for (brand, reasons) in [(brand.id, 0), (other.id, 1)] {
            let found = server.read(|conn| {
                suppression::of_addresses(conn, vec![hash.clone()], Channel::Email, brand)
            });
            assert_eq!(found.len(), reasons);
        }
    }

    async fn a_childs_address_and_a_complaint_are_passed_over_in_silence(server: TestServer) {
        server.demo_brand();
        server.suppress("child@example.com", None, Reason::Under13);
        server.suppress("angry@example.com", None, Reason::Complaint);
        for email in ["child@example.com", "angry@example.com"] {
            sign_up_for_the_newsletter(&server, email).await.expect(200);
        }
        server.run_jobs().await;
        assert!(server.mails().is_empty() && states(&server).is_empty());
    }

    async fn the_link_is_mailed_at_most_three_times_a_day_and_only_by_a_brand_the_person_knows(server: TestServer) {
        server.demo_brand();
        server.other_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        for _ in 0..5 {
            server.post_form("/b/civic/link", &[("email", "Ana@Example.com")]).await.expect(200);
        }
        server.post_form("/b/harbour/link", &[("email", "ana@example.com")]).await.expect(200);
        server.run_jobs().await;
        let mails = server.mails();
        assert_eq!(mails.len(), 3);
        assert!(mails.iter().all(|mail| mail.text.contains("/p/") && mail.subject.contains("Civic Notes")));
        server.post_form("/b/civic/link", &[("email", "ana")]).await.expect(422);
    }

    async fn a_brand_in_a_path_is_a_slug_or_there_is_no_such_page(server: TestServer) {
        server.demo_brand();
        for brand in ["%00", "civic%00", "Civic", "%F0%9F%92%A9", "no-such-brand"] {
            for page in ["sign-up", "link"] {
                let path = format!("/b/{brand}/{page}");
                server.get(&path).await.expect(404);
                server.post_form(&path, &[("email", "ana@example.com")]).await.expect(404);
            }
        }
    }

    async fn an_address_that_does_not_exist_is_not_used_again(server: TestServer) {
        use mannerly::mail::transport::{Outcome, Reply, Stage};
        server.demo_brand();
        let gone = Outcome::Refused { stage: Stage::Recipient, reply: Reply::new(550, Some((5, 1, 1))) };
        server.relay.answer_next(gone, 1);
        sign_up_for_the_newsletter(&server, "gone@example.com").await.expect(200);
        server.run_jobs().await;
        assert_eq!(suppressions(&server), [(None, Reason::HardBounce)]);
    }

    async fn a_service_mail_waits_for_a_relay_that_is_down(server: TestServer) {
        server.demo_brand();
        server.relay.refuse_connections(true);
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.run_jobs().await;
        server.relay.refuse_connections(false);
        server.advance(Duration::from_secs(60));
        server.run_jobs().await;
        server.mail_to("ana@example.com");
    }
}
