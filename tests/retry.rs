//! Trying letters again by name: what failed, and what is uncertain only when it is asked for.

use mannerly::domain::campaign::{Campaign, State, state};
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::opt_in::{self, Scope};
use mannerly::domain::consent::permission::{self, Kind};
use mannerly::email_address::EmailAddress;
use mannerly::mail::transport::{Outcome, Reply, Stage};
use serde_json::{Value, json};

use crate::api::{admin, expect_problem, pointer};
use crate::support::programs::until;
use crate::support::relay::{End, Manners, POLITE};
use crate::support::rig::Rig;
use crate::support::server::TestServer;

fn to(name: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{name}@example.com")).unwrap()
}

/// A campaign to `fine`, `full` (refused: the mailbox is full), `gone` (refused: a bad address) and `lost` (uncertain).
async fn campaign(server: &TestServer) -> Campaign {
    let brand = server.demo_brand();
    for name in ["fine", "full", "gone", "lost"] {
        server.person(&brand, to(name).as_str()).agrees("newsletter");
    }
    let refused = |status| Outcome::Refused { stage: Stage::Recipient, reply: Reply::new(550, Some(status)) };
    server.relay.answer_to(&to("full"), refused((5, 2, 2)));
    server.relay.answer_to(&to("gone"), refused((5, 1, 1)));
    server.relay.answer_to(&to("lost"), Outcome::Uncertain);
    let campaign = server.campaign(&brand);
    server.run_jobs().await;
    assert_eq!(server.mails().len(), 2, "one that arrived and one that may have");
    for name in ["full", "gone", "lost"] {
        server.relay.answer_to(&to(name), Outcome::Accepted(Reply::new(250, None)));
    }
    campaign
}

async fn retry(server: &TestServer, campaign: &Campaign, states: Value) -> crate::support::http::Answer {
    let key = admin(server);
    let path = format!("/campaigns/{}/retry", campaign.public_id);
    server.api(&key, "POST", &path, json!({"states": states})).await
}

both_databases! {
    async fn what_failed_is_tried_once_more_and_what_is_uncertain_only_when_it_is_named(server: TestServer) {
        let campaign = campaign(&server).await;
        assert_eq!(server.reload(&campaign).state, State::Sent);
        let answer = retry(&server, &campaign, json!(["failed"])).await.expect(200).json();
        assert_eq!(answer, json!({"failed": 2, "uncertain": 0}));
        let going_on = server.reload(&campaign);
        assert_eq!((going_on.state, going_on.finished_at), (State::Sending, None));
        server.run_jobs().await;
        server.mail_to("full@example.com");
        let before = [
            ("sent".to_owned(), 2), ("skipped bad_address".to_owned(), 1),
            ("uncertain connection_lost".to_owned(), 1),
        ];
        assert_eq!(server.outcomes(&campaign), before);
        assert_eq!(server.reload(&campaign).state, State::Sent);

        let nothing = retry(&server, &campaign, json!(["failed"])).await.expect(200).json();
        assert_eq!(nothing, json!({"failed": 0, "uncertain": 0}));
        assert_eq!((server.outcomes(&campaign), server.reload(&campaign).state), (before.to_vec(), State::Sent));

        let both = retry(&server, &campaign, json!(["uncertain", "failed", "uncertain"])).await.expect(200).json();
        assert_eq!(both, json!({"failed": 0, "uncertain": 1}));
        server.run_jobs().await;
        server.mail_to("lost@example.com");
        assert_eq!(server.outcomes(&campaign), [
            ("sent".to_owned(), 3), ("skipped bad_address".to_owned(), 1),
        ]);
    }

    async fn the_real_server_tries_again_what_failed_and_what_is_uncertain_only_when_it_is_named(server: TestServer) {
        const PEOPLE: usize = 12;
        let full = Manners { rcpt: "552 5.2.2 the mailbox is full", ..POLITE };
        // Each connection takes one letter and loses the next.
        let rig = Rig::new(server, PEOPLE, Manners { mails: 1, end: End::AfterLosing, ..POLITE });
        let _running = rig.boot_and_wait();
        rig.until_sent();
        let lost = rig.relay.log().dropped;
        assert!(lost > 0, "nothing was lost");
        assert_eq!((rig.count("sent"), rig.count("uncertain")), (PEOPLE - lost, lost));
        rig.relay.turns(full);
        let path = format!("/campaigns/{}/retry", rig.campaign.public_id);
        let retry = async |states: Value| {
            rig.api("POST", &path, json!({"states": states})).await.expect(200).json()
        };
        assert_eq!(retry(json!(["failed"])).await, json!({"failed": 0, "uncertain": 0}));
        assert_eq!((rig.count("sent"), rig.count("uncertain")), (PEOPLE - lost, lost));
        assert_eq!(retry(json!(["uncertain"])).await, json!({"failed": 0, "uncertain": lost}));
        until("the relay has refused them", || rig.count("failed") == lost);
        rig.until_sent();
        rig.relay.turns(POLITE);
        assert_eq!(retry(json!(["failed"])).await, json!({"failed": lost, "uncertain": 0}));
        rig.until_sent();
        assert_eq!(rig.count("sent"), PEOPLE);
        rig.check(0).await;
    }

    async fn the_gate_decides_again_for_those_who_are_tried_again(server: TestServer) {
        let campaign = campaign(&server).await;
        let brand = server.read(|conn| mannerly::domain::catalog::brand::get(conn, campaign.brand_id));
        let full = server.person_id("full@example.com");
        server.write(|conn, now| {
            use mannerly::domain::consent::ledger::{self, Method, Shown, Statement};
            let shown = Shown {
                form: "test".into(), wording: "Stop".into(), boxes: Vec::new(), policy_version: "1".into(),
                language: None,
            };
            let evidence = ledger::keep(conn, &shown)?;
            let statement = Statement {
                subscriber: full, brand: brand.id, evidence, method: Method::Api, actor: "test",
                campaign: None, at: now, source: None,
            };
            opt_in::withdraw_all(conn, &statement, Scope::Channel(Channel::Email))
        });
        retry(&server, &campaign, json!(["failed", "uncertain"])).await.expect(200);
        server.run_jobs().await;
        server.mail_to("lost@example.com");
        assert_eq!(server.outcomes(&campaign), [
            ("sent".to_owned(), 2), ("skipped bad_address".to_owned(), 1),
            ("skipped withdrawn".to_owned(), 1),
        ]);
    }

    async fn what_is_not_named_or_unknown_is_refused_with_what_the_words_mean(server: TestServer) {
        let campaign = campaign(&server).await;
        let before = server.snapshot();
        for (states, place) in [
            (json!([]), "/states"), (json!(["sent"]), "/states/0"), (json!(["failed", "all"]), "/states/1"),
        ] {
            let problem = expect_problem(retry(&server, &campaign, states).await, 422);
            assert_eq!(pointer(&problem), place);
            assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("may have arrived"), "{problem}");
        }
        // Only the keys of the three requests are new.
        let rows = |rows: Vec<String>| -> Vec<String> {
            rows.into_iter().filter(|row| row.starts_with("delivery") || row.starts_with("campaign")).collect()
        };
        assert_eq!(rows(server.snapshot()), rows(before));
    }

    async fn a_paused_campaign_goes_on_and_a_draft_or_a_cancelled_one_does_not(server: TestServer) {
        let campaign = campaign(&server).await;
        let brand = server.read(|conn| mannerly::domain::catalog::brand::get(conn, campaign.brand_id));
        let draft = server.draft(&brand, |_| {});
        expect_problem(retry(&server, &draft, json!(["failed"])).await, 409);
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.write(|conn, now| state::cancel(conn, draft.id, now));
        expect_problem(retry(&server, &draft, json!(["failed"])).await, 409);
        server.write(|conn, now| state::set_state(conn, campaign.id, State::Paused, now));
        retry(&server, &campaign, json!(["uncertain"])).await.expect(200);
        assert_eq!(server.reload(&campaign).state, State::Sending);
        server.run_jobs().await;
        server.mail_to("lost@example.com");
    }

    async fn more_letters_than_one_batch_are_all_tried_again(server: TestServer) {
        use diesel::prelude::*;
        use mannerly::db::schema::delivery;
        let brand = server.demo_brand();
        let count = mannerly::domain::delivery::retry::BATCH + 3;
        for number in 0..count {
            server.person(&brand, &format!("p{number}@example.com"));
        }
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        server.write(|conn, _| {
            diesel::update(delivery::table).set(delivery::state.eq("failed")).execute(conn)?;
            Ok(())
        });
        let answer = retry(&server, &campaign, json!(["failed"])).await.expect(200).json();
        assert_eq!(answer["failed"], count);
        server.run_jobs().await;
        assert_eq!(server.outcomes(&campaign), [("skipped other_brand".to_owned(), count)]);
    }

    async fn the_picture_of_a_letter_that_is_tried_again_counts_only_under_the_permission_of_the_new_one(server: TestServer) {
        let brand = server.demo_brand();
        let person = server.person(&brand, "lost@example.com").agrees("newsletter").allows(Kind::Opens);
        server.relay.answer_to(&to("lost"), Outcome::Uncertain);
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let old = server.mail_to("lost@example.com").html_links().into_iter().find(|link| link.contains("/o/")).unwrap();
        server.advance(std::time::Duration::from_secs(60));
        person.state(|conn, statement| permission::set(conn, statement, Kind::Opens, false));
        person.state(|conn, statement| permission::set(conn, statement, Kind::Opens, true));
        let hits = || server.snapshot().iter().filter(|row| row.starts_with("hit: ")).count();
        retry(&server, &campaign, json!(["uncertain"])).await.expect(200);
        server.get(&old).await.expect(200);
        assert_eq!(hits(), 0);
        server.relay.answer_to(&to("lost"), Outcome::Accepted(Reply::new(250, None)));
        server.run_jobs().await;
        let new = server.mail_to("lost@example.com").html_links().into_iter().find(|link| link.contains("/o/")).unwrap();
        server.get(&new).await.expect(200);
        assert_eq!(hits(), 1);
    }
}
