//! Pace and relays: how fast letters go, over which relay, and that a slow one holds up nobody else.

use std::time::Duration;

use mannerly::db::Kind;
use mannerly::db::schema::brand as brand_table;
use mannerly::domain::campaign::{Campaign, State, state};
use mannerly::domain::catalog::Brand;
use serde_json::{Value, json};

use crate::api::{admin, expect_problem, pointer};
use crate::support::server::TestServer;

fn people(server: &TestServer, brand: &Brand, domain: &str, count: usize) {
    for number in 0..count {
        server.person(brand, &format!("p{number}@{domain}")).agrees("newsletter");
    }
}

/// How many mails went out since the last look, to this domain.
fn went(server: &TestServer, domain: &str) -> usize {
    server.mails().iter().filter(|mail| mail.to.ends_with(domain)).count()
}

async fn set(server: &TestServer, key: &str, paces: Value) {
    server.api(key, "PUT", "/pace", json!({"paces": paces})).await.expect(200);
}

fn pace(scope: &str, name: &str, messages: i64, period: &str) -> Value {
    json!({"scope": scope, "name": name, "messages": messages, "period": period})
}

fn sent(server: &TestServer, campaign: &Campaign) -> bool {
    server.reload(campaign).state == State::Sent
}

both_databases! {
    async fn the_whole_server_keeps_its_pace_and_loses_nobody(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        people(&server, &brand, "example.com", 10);
        set(&server, &key, json!([pace("server", "", 120, "minute")])).await;
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let mut all = went(&server, "example.com");
        assert_eq!(all, 1, "an even pace has no head start");
        for half_second in 0..9 {
            assert!(!sent(&server, &campaign), "after {half_second}");
            server.advance(Duration::from_millis(500));
            server.run_jobs().await;
            let more = went(&server, "example.com");
            assert!(more <= 1, "{more} in half a second");
            all += more;
        }
        assert_eq!(all, 10);
        assert_eq!(server.outcomes(&campaign), [("sent".to_owned(), 10)]);
    }

    async fn a_relay_keeps_its_pace(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        people(&server, &brand, "example.com", 4);
        set(&server, &key, json!([pace("relay", "main", 1, "minute")])).await;
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        assert_eq!(went(&server, "example.com"), 1);
        for minute in 0..3 {
            assert!(!sent(&server, &campaign), "after {minute}");
            server.advance(Duration::from_secs(59));
            server.run_jobs().await;
            assert_eq!(went(&server, "example.com"), 0, "before its minute is over");
            server.advance(Duration::from_secs(1));
            server.run_jobs().await;
            assert_eq!(went(&server, "example.com"), 1);
        }
        assert!(sent(&server, &campaign));
    }

    async fn a_slow_domain_at_the_head_of_a_long_queue_holds_up_nobody_behind_it(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        // More than a claim looks at in one go.
        server.readers(&brand, 450);
        people(&server, &brand, "quick.example", 5);
        set(&server, &key, json!([pace("domain", "example.com", 1, "day")])).await;
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let mails = server.mails();
        let to = |domain: &str| mails.iter().filter(|mail| mail.to.ends_with(domain)).count();
        assert_eq!((to("@example.com"), to("@quick.example")), (1, 5));
        server.write(|conn, now| state::cancel(conn, campaign.id, now));
        server.run_jobs().await;
    }

    async fn a_slow_domain_holds_up_nobody_else(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        people(&server, &brand, "slow.example", 8);
        people(&server, &brand, "quick.example", 8);
        set(&server, &key, json!([pace("domain", "slow.example", 1, "hour")])).await;
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let mails = server.mails();
        let to = |domain: &str| mails.iter().filter(|mail| mail.to.ends_with(domain)).count();
        assert_eq!((to("slow.example"), to("quick.example")), (1, 8));
        for _ in 0..7 {
            server.advance(Duration::from_secs(60 * 60));
            server.run_jobs().await;
            assert_eq!(went(&server, "slow.example"), 1);
        }
        assert!(sent(&server, &campaign));
    }

    async fn every_other_domain_has_a_pace_of_its_own(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        for domain in ["a.example", "b.example", "quick.example"] {
            people(&server, &brand, domain, 3);
        }
        let quick = pace("domain", "quick.example", 1000, "second");
        set(&server, &key, json!([pace("domain", "*", 1, "day"), quick])).await;
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        assert_eq!(server.mails().len(), 5, "one each, and all of the quick one");
        server.write(|conn, now| state::cancel(conn, campaign.id, now));
    }

    async fn a_pace_that_is_lifted_lets_the_waiting_go_at_once(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        people(&server, &brand, "slow.example", 6);
        set(&server, &key, json!([pace("domain", "slow.example", 1, "day")])).await;
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        assert_eq!(went(&server, "slow.example"), 1);
        set(&server, &key, json!([])).await;
        server.run_jobs().await;
        assert_eq!(went(&server, "slow.example"), 5);
        assert!(sent(&server, &campaign));
    }

    async fn a_slow_campaign_does_not_slow_another_and_can_be_hurried(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        people(&server, &brand, "example.com", 5);
        let slow = server.draft(&brand, |form| form.subject = "Slow".into());
        let path = format!("/campaigns/{}/pace", slow.public_id);
        expect_problem(server.api(&key, "GET", &path, Value::Null).await, 404);
        let wanted = json!({"messages": 1, "period": "hour"});
        server.api(&key, "PUT", &path, wanted.clone()).await.expect(200);
        assert_eq!(server.api(&key, "GET", &path, Value::Null).await.expect(200).json(), wanted);
        server.write(|conn, now| state::schedule(conn, slow.id, None, now));
        let quick = server.campaign(&brand);
        server.run_jobs().await;
        assert!(sent(&server, &quick) && !sent(&server, &slow));
        assert_eq!(server.mails().iter().filter(|mail| mail.subject == "Slow").count(), 1);
        server.api(&key, "DELETE", &path, Value::Null).await.expect(204);
        server.run_jobs().await;
        assert!(sent(&server, &slow));
        assert_eq!(server.mails().len(), 4);
    }

    async fn the_pace_of_a_campaign_ends_with_it(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        people(&server, &brand, "example.com", 2);
        let slow = |campaign: &Campaign| format!("/campaigns/{}/pace", campaign.public_id);
        let wanted = json!({"messages": 100, "period": "second"});
        let [sent, cancelled, deleted] = [0, 1, 2].map(|_| server.draft(&brand, |_| {}));
        for campaign in [&sent, &cancelled, &deleted] {
            server.api(&key, "PUT", &slow(campaign), wanted.clone()).await.expect(200);
        }
        for campaign in [&sent, &cancelled] {
            let path = format!("/campaigns/{}/schedule", campaign.public_id);
            server.api(&key, "POST", &path, json!({})).await.expect(200);
        }
        let path = |campaign: &Campaign, step: &str| format!("/campaigns/{}{step}", campaign.public_id);
        server.api(&key, "POST", &path(&cancelled, "/cancel"), Value::Null).await.expect(200);
        server.api(&key, "DELETE", &path(&deleted, ""), Value::Null).await.expect(204);
        let left = server.api(&key, "GET", "/pace", Value::Null).await.expect(200).json();
        assert_eq!(left["paces"].as_array().map(Vec::len), Some(1), "{left}");
        server.run_jobs().await;
        server.advance(Duration::from_secs(1));
        server.run_jobs().await;
        assert_eq!((server.mails().len(), server.reload(&sent).state), (2, State::Sent));
        assert_eq!(server.api(&key, "GET", "/pace", Value::Null).await.expect(200).json(), json!({"paces": []}));
    }

    async fn a_pace_that_cannot_be_kept_is_refused_and_nothing_changes(server: TestServer) {
        let key = admin(&server);
        set(&server, &key, json!([pace("relay", "main", 5, "second")])).await;
        for (paces, at) in [
            (json!([pace("relay", "nobody", 1, "second")]), "/paces/0/name"),
            (json!([pace("server", "", 1, "day"), pace("domain", "a b", 1, "second")]), "/paces/1/name"),
            (json!([pace("domain", "a.example", 0, "second")]), "/paces/0/messages"),
            (json!([pace("server", "", 1, "day"), pace("server", "", 2, "day")]), "/paces/1/name"),
            (json!([pace("campaign", "x", 1, "second")]), "/paces/0/scope"),
        ] {
            let answer = server.api(&key, "PUT", "/pace", json!({"paces": paces})).await;
            assert_eq!(pointer(&expect_problem(answer, 422)), at);
        }
        let kept = server.api(&key, "GET", "/pace", Value::Null).await.expect(200).json();
        assert_eq!(kept, json!({"paces": [pace("relay", "main", 5, "second")]}));
    }
}

/// Two relays, of which the second has the greater weight.
async fn two_relays(kind: Kind) -> TestServer {
    TestServer::start_with_relays(kind, &[("small", 1), ("large", 3)], |options| options.connections = 4)
        .await
}

fn counts(server: &TestServer) -> Vec<usize> {
    let counts = server.relays.iter().map(|relay| relay.captured().len()).collect();
    server.mails();
    counts
}

async fn letters_are_shared_by_weight(kind: Kind) {
    let server = two_relays(kind).await;
    let brand = server.demo_brand();
    people(&server, &brand, "example.com", 80);
    let campaign = server.campaign(&brand);
    server.run_jobs().await;
    assert!(sent(&server, &campaign));
    let counts = counts(&server);
    assert_eq!(counts.iter().sum::<usize>(), 80);
    assert!(counts[0] > 0 && counts[1] > counts[0], "{counts:?}");
}

async fn a_relay_with_a_pace_leaves_its_letters_to_the_others(kind: Kind) {
    let server = two_relays(kind).await;
    let (key, brand) = (admin(&server), server.demo_brand());
    people(&server, &brand, "example.com", 20);
    set(&server, &key, json!([pace("relay", "small", 1, "hour")])).await;
    let campaign = server.campaign(&brand);
    server.run_jobs().await;
    assert!(sent(&server, &campaign));
    assert_eq!(counts(&server), [1, 19]);
}

async fn a_relay_that_is_away_leaves_its_letters_to_the_others(kind: Kind) {
    let server = two_relays(kind).await;
    let brand = server.demo_brand();
    people(&server, &brand, "example.com", 20);
    server.relays[1].refuse_connections(true);
    let campaign = server.campaign(&brand);
    server.run_jobs().await;
    assert!(sent(&server, &campaign));
    assert_eq!(counts(&server), [20, 0]);
}

async fn a_brand_can_have_a_relay_of_its_own_and_a_missing_one_pauses_it(kind: Kind) {
    use diesel::prelude::*;
    let server = two_relays(kind).await;
    let brand = server.demo_brand();
    people(&server, &brand, "example.com", 10);
    let relay = |name: &str| {
        server.write(|conn, _| {
            let own = diesel::update(brand_table::table.find(brand.id)).set(brand_table::relay.eq(name));
            Ok(own.execute(conn)?)
        });
    };
    relay("small");
    let campaign = server.campaign(&brand);
    server.run_jobs().await;
    assert!(sent(&server, &campaign));
    assert_eq!(counts(&server), [10, 0]);
    relay("gone");
    let stranded = server.campaign(&brand);
    server.run_jobs().await;
    let stranded = server.reload(&stranded);
    assert_eq!(stranded.state, State::Paused);
    assert!(stranded.pause_reason.unwrap().contains("gone"));
    server.write(|conn, now| state::cancel(conn, stranded.id, now));
}

#[tokio::test]
async fn relays_share_by_weight_stand_in_for_each_other_and_serve_their_own_brand() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        letters_are_shared_by_weight(kind).await;
        a_relay_that_is_away_leaves_its_letters_to_the_others(kind).await;
        a_relay_with_a_pace_leaves_its_letters_to_the_others(kind).await;
        a_brand_can_have_a_relay_of_its_own_and_a_missing_one_pauses_it(kind).await;
    }
}
