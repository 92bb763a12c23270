//! What keeps the sign-up form from flooding others with mail: work that a browser does unseen, and a wait for who sends
//! without it. Nobody is refused, and the answer tells nothing.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::schema::{mail_lane, spent_challenge};
use mannerly::domain::intake::{self, proof};
use mannerly::secret::sha256;

use crate::support::http::{Answer, seen};
use crate::support::server::TestServer;

const MINUTE: Duration = Duration::from_secs(60);

/// A server that lets `hourly` mails of a brand leave in an hour without a proof, each after a minute.
async fn strict(kind: mannerly::db::Kind, hourly: u32) -> TestServer {
    let options = intake::Options { unproven_delay: MINUTE, unproven_hourly: hourly };
    TestServer::start_with(kind, |all| all.intake = options).await
}

fn value<'a>(page: &'a str, name: &str) -> &'a str {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
    after.split('"').next().unwrap()
}

/// What the page's script does.
fn solve(challenge: &str) -> String {
    let is_solved = |number: &u32| {
        let hash = sha256(format!("{challenge}.{number}").as_bytes());
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).leading_zeros() >= proof::BITS
    };
    (0u32..).find(is_solved).unwrap().to_string()
}

async fn post(server: &TestServer, page: &str, email: &str, proof: &[(&str, &str)]) -> Answer {
    let fields = [
        ("email", email),
        ("shown", "newsletter:email"),
        ("choice", "newsletter:email"),
        ("seen", seen(page)),
    ];
    server.post_form("/b/civic/sign-up", &[&fields[..], proof].concat()).await
}

async fn page(server: &TestServer) -> String {
    server.get("/b/civic/sign-up").await.expect(200).text
}

/// Signs up without scripts; the network may not send so many at once.
async fn sign_up(server: &TestServer, email: &str) {
    post(server, &page(server).await, email, &[]).await.expect(200);
}

fn count(server: &TestServer) -> (i64, i64) {
    server.read(|conn| {
        Ok((spent_challenge::table.count().get_result(conn)?, mail_lane::table.count().get_result(conn)?))
    })
}

both_databases! {
    async fn who_solved_the_challenge_gets_the_mail_at_once_and_everybody_else_a_minute_later(server: TestServer) {
        let kind = server.app.db.kind();
        let server = strict(kind, 60).await;
        server.demo_brand();
        let (one, other) = (page(&server).await, page(&server).await);
        let challenge = value(&one, "challenge");
        assert!(one.contains(&format!("data-bits=\"{}\"", proof::BITS)) && challenge != value(&other, "challenge"));
        let solution = solve(challenge);
        let proven = post(&server, &one, "ana@example.com", &[("challenge", challenge), ("proof", &solution)]).await;
        let plain = post(&server, &other, "bob@example.com", &[]).await;
        assert_eq!((proven.status, &proven.bytes), (200, &plain.bytes), "the answer tells nothing");
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        assert!(server.mails().is_empty());
        server.advance(MINUTE - Duration::from_micros(1));
        server.run_jobs().await;
        assert!(server.mails().is_empty());
        server.advance(Duration::from_micros(1));
        server.run_jobs().await;
        server.mail_to("bob@example.com");
    }

    async fn a_solution_is_good_once_for_its_own_brand_and_for_four_hours(server: TestServer) {
        let kind = server.app.db.kind();
        let server = strict(kind, 60).await;
        server.demo_brand();
        server.other_brand();
        let form = page(&server).await;
        let challenge = value(&form, "challenge").to_owned();
        let solution = solve(&challenge);
        let proof = [("challenge", challenge.as_str()), ("proof", solution.as_str())];
        let harbour = server.get("/b/harbour/sign-up").await.text;
        let fields = [("email", "a@one.example"), ("shown", "newsletter:email"), ("choice", "newsletter:email"), ("seen", seen(&harbour))];
        server.post_form("/b/harbour/sign-up", &[&fields[..], &proof].concat()).await.expect(200);
        for bad in ["", "0", "00000000000000000", "-1", "1e9", "99999999999999999999"] {
            let email = format!("bad{}@one.example", bad.len());
            post(&server, &form, &email, &[("challenge", &challenge), ("proof", bad)]).await.expect(200);
        }
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "another brand's, and what is no solution");
        post(&server, &form, "b@one.example", &proof).await.expect(200);
        post(&server, &form, "c@one.example", &proof).await.expect(200);
        server.run_jobs().await;
        server.mail_to("b@one.example");
        assert!(server.mails().is_empty(), "it was spent");
        let late = page(&server).await;
        let challenge = value(&late, "challenge").to_owned();
        let solution = solve(&challenge);
        server.advance(proof::VALID);
        server.run_jobs().await;
        server.mails();
        post(&server, &late, "d@one.example", &[("challenge", &challenge), ("proof", &solution)]).await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "it was too old");
        server.advance(2 * proof::VALID);
        server.run_jobs().await;
        server.mail_to("d@one.example");
        assert_eq!(count(&server), (0, 0), "what is over is forgotten");
    }

    async fn a_flood_without_proofs_drips_and_what_would_drip_for_days_is_not_sent(server: TestServer) {
        let kind = server.app.db.kind();
        let server = strict(kind, 2).await;
        server.demo_brand();
        // One an hour, a day at most: one now and twenty-four later, and of the rest nobody hears.
        for number in 0..40 {
            sign_up(&server, &format!("victim{number}@town{number}.example")).await;
            server.advance(Duration::from_secs(10));
        }
        let mut sent = Vec::new();
        for _ in 0..60 {
            server.run_jobs().await;
            sent.push(server.mails().len());
            server.advance(60 * MINUTE);
        }
        assert!(sent.iter().all(|hour| *hour <= 2), "{sent:?}");
        assert!((24..=26).contains(&sent.iter().sum::<usize>()), "{sent:?}");
        // Who spends some work is not behind them.
        for number in 0..30 {
            sign_up(&server, &format!("later{number}@town{number}.example")).await;
            server.advance(Duration::from_secs(10));
        }
        let form = page(&server).await;
        let solution = solve(value(&form, "challenge"));
        post(&server, &form, "ana@example.com", &[("challenge", value(&form, "challenge")), ("proof", &solution)])
            .await
            .expect(200);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        server.advance(25 * 60 * MINUTE);
        server.run_jobs().await;
        server.mails();
    }

    async fn one_receiving_domain_gets_no_more_than_its_share_in_an_hour_and_it_is_not_named(server: TestServer) {
        server.demo_brand();
        let brand = server.read(|conn| mannerly::domain::catalog::brand::find(conn, "civic"));
        let email = mannerly::email_address::EmailAddress::parse("x@Town.example").unwrap();
        let other = mannerly::email_address::EmailAddress::parse("x@village.example").unwrap();
        let turn = |email: &mannerly::email_address::EmailAddress| {
            server.write(|conn, now| {
                let options = server.app.options.intake;
                intake::lane::turn(conn, &server.app.keys, brand.id, (email, true), options, now, now)
            })
        };
        let turns: Vec<_> = (0..400).map(|_| turn(&email).unwrap()).collect();
        assert_eq!(turns.iter().filter(|at| **at == server.now()).count(), 300);
        assert!(turns.is_sorted() && turns[399] > server.now());
        assert_eq!(turn(&other), Some(server.now()));
        let rows: Vec<String> = server.snapshot().into_iter().filter(|row| row.starts_with("mail_lane")).collect();
        assert!(rows.len() >= 2 && !rows.iter().any(|row| row.contains("town") || row.contains("village")));
    }

    async fn who_is_turned_away_takes_nobodys_place(server: TestServer) {
        server.demo_brand();
        let brand = server.read(|conn| mannerly::domain::catalog::brand::find(conn, "civic"));
        let turn = |address: &str, is_proven: bool, hourly: u32| {
            let email = mannerly::email_address::EmailAddress::parse(address).unwrap();
            let options = intake::Options { unproven_delay: MINUTE, unproven_hourly: hourly };
            server.write(|conn, now| {
                intake::lane::turn(conn, &server.app.keys, brand.id, (&email, is_proven), options, now, now)
            })
        };
        let lanes = || -> Vec<String> {
            server.snapshot().into_iter().filter(|row| row.starts_with("mail_lane")).collect()
        };
        // Without proof one an hour, and a day at most: after that nobody, and the domain is as free as before.
        let asked: Vec<_> = (0..40).map(|_| turn("a@big.example", false, 2)).collect();
        let before = lanes();
        assert!(asked[0].is_some() && asked[39].is_none());
        for _ in 0..400 {
            assert_eq!(turn("a@big.example", false, 2), None);
        }
        assert_eq!(lanes(), before);
        assert_eq!(turn("b@big.example", true, 2), Some(server.now()), "a proven one leaves at once");
        // And a domain that is full takes no place of those without proof at other domains.
        while turn("a@full.example", true, 2).is_some() {}
        let before = lanes();
        assert_eq!(turn("a@full.example", false, 1_000_000), None);
        assert_eq!(lanes(), before);
    }

    async fn the_api_without_a_key_has_no_better_lane_than_a_form_without_scripts(server: TestServer) {
        let kind = server.app.db.kind();
        let server = strict(kind, 60).await;
        let brand = server.demo_brand();
        let body = serde_json::json!({
            "email": "ana@example.com", "choices": ["newsletter:email"], "shown": ["newsletter:email"],
            "wording": brand.consent_wording,
        });
        let request = server.request("POST", "/api/v1/brands/civic/sign-ups").json(&body);
        Answer::to(request).await.expect(202);
        server.run_jobs().await;
        assert!(server.mails().is_empty());
        server.advance(MINUTE);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
    }
}
