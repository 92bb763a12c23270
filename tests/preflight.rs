//! The preflight through its doors: the API, the clock, and the command line with a real name server.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use mannerly::domain::campaign::{State, state};
use mannerly::domain::catalog::{Brand, dkim_key};
use mannerly::jobs::plan_campaigns;
use mannerly::mail::dns::{Dns, Question, Servers};
use serde_json::{Value, json};

use crate::api::{admin, expect_problem};
use crate::support::dns::{NameServer, mx, txt};
use crate::support::server::{SECRET, TestServer};

fn text(name: &str) -> Question {
    Question::Txt(name.to_owned())
}

/// Gives a brand keys and all records that go with them.
fn put_in_order(server: &TestServer, brand: &Brand) {
    for takes_mail in [Some(&brand.marketing_from), brand.reply_to.as_ref()].into_iter().flatten() {
        server.dns.put(Question::Mx(takes_mail.domain().to_owned()), &["mx.example.com"]);
    }
    server.dkim_keys(brand.marketing_from.domain(), "e1");
    put_records(server, brand);
}

/// The records alone, as they are when everything is in order.
fn put_records(server: &TestServer, brand: &Brand) {
    let domain = brand.marketing_from.domain();
    server.dns.put(text("relay.example.com"), &["v=spf1 mx -all"]);
    server.dns.put(text(domain), &["v=spf1 include:relay.example.com -all"]);
    server.dns.put(text(&format!("_dmarc.{domain}")), &["v=DMARC1; p=reject"]);
    let service = brand.service_from.domain();
    server.dns.put(Question::Mx(service.to_owned()), &["mx.example.com"]);
    server.dns.put(text(service), &["v=spf1 include:relay.example.com -all"]);
    server.dns.put(text(&format!("_dmarc.{service}")), &["v=DMARC1; p=reject"]);
    for key in server.read(|conn| dkim_key::signing_for(conn, domain)) {
        server.dns.put(text(&key.record_name()), &[&key.record_text()]);
    }
}

async fn checked(server: &TestServer, key: &str, path: &str) -> (bool, Vec<String>) {
    let found = server.api(key, "GET", &format!("{path}/preflight"), Value::Null).await.expect(200).json();
    let codes = found["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap().to_owned());
    (found["ready"].as_bool().unwrap(), codes.collect())
}

both_databases! {
    async fn a_campaign_starts_only_when_nothing_blocks_and_the_answer_names_what_does(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand();
        let draft = server.draft(&brand, |_| {});
        let path = format!("/campaigns/{}", draft.public_id);
        put_in_order(&server, &brand);
        let domain = brand.marketing_from.domain();
        // The pages of a test are on this machine, which is always worth a word.
        assert_eq!(checked(&server, &key, &path).await, (true, vec!["pages_without_https".to_owned()]));

        server.dns.put(text(&format!("e1-ed25519._domainkey.{domain}")), &["v=DKIM1; k=ed25519; p=AAAA"]);
        server.dns.put(text(domain), &[]);
        let before = server.snapshot();
        let codes = ["spf_missing", "dkim_other_key", "pages_without_https"].map(str::to_owned).to_vec();
        assert_eq!(checked(&server, &key, &path).await, (false, codes));
        let problem = expect_problem(server.api(&key, "POST", &format!("{path}/schedule"), json!({})).await, 409);
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.iter().map(|e| e["code"].as_str().unwrap()).collect::<Vec<_>>(),
            ["spf_missing", "dkim_other_key"]);
        assert!(errors[1]["detail"].as_str().unwrap().contains("another DKIM key"), "{problem}");
        assert_eq!(server.snapshot(), before);

        // Only a warning: no policy; and what nobody answers.
        put_records(&server, &brand);
        server.dns.put(text(&format!("_dmarc.{domain}")), &["v=DMARC1; rua=mailto:dmarc@example.com"]);
        server.dns.fail(text(domain));
        let codes = ["pages_without_https", "dmarc_without_policy", "dns_unanswered"].map(str::to_owned).to_vec();
        assert_eq!(checked(&server, &key, &path).await, (true, codes));
        server.api(&key, "POST", &format!("{path}/schedule"), json!({})).await.expect(200);
        // That it is no draft any more is said before anything that DNS has to do with it.
        server.dns.put(text(domain), &[]);
        let problem = expect_problem(server.api(&key, "POST", &format!("{path}/schedule"), json!({})).await, 409);
        assert_eq!(problem["errors"], Value::Null, "{problem}");
        server.run_jobs().await;
        assert_eq!(server.reload(&draft).state, State::Sent);
    }

    async fn without_dns_the_checks_that_need_it_are_left_out_and_it_says_so(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand();
        let draft = server.draft(&brand, |_| {});
        let path = format!("/api/v1/campaigns/{}/preflight", draft.public_id);
        let found = server.request("GET", &path).bearer_auth(&key).send().await.unwrap();
        let found: Value = found.json().await.unwrap();
        assert_eq!((&found["ready"], &found["asks_dns"]), (&json!(true), &json!(false)));
    }

    async fn what_was_scheduled_for_later_is_checked_again_when_its_time_comes(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        put_in_order(&server, &brand);
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        let draft = server.draft(&brand, |_| {});
        let path = format!("/campaigns/{}", draft.public_id);
        let at = json!({"at": server.now().plus(week)});
        server.api(&key, "POST", &format!("{path}/schedule"), at).await.expect(200);
        // That of service mail is above it, and would hold for it too.
        for from in [&brand.marketing_from, &brand.service_from] {
            server.dns.put(text(&format!("_dmarc.{}", from.domain())), &[]);
        }
        server.advance(week);
        server.run_jobs().await;
        let paused = server.reload(&draft);
        assert_eq!(paused.state, State::Paused);
        assert!(paused.pause_reason.unwrap().contains("DMARC"), "the reason is the finding");
        assert!(server.outcomes(&draft).is_empty());
        let still = expect_problem(server.api(&key, "POST", &format!("{path}/resume"), Value::Null).await, 409);
        assert_eq!(still["errors"][0]["code"], "dmarc_missing");
        put_records(&server, &brand);
        server.api(&key, "POST", &format!("{path}/resume"), Value::Null).await.expect(200);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
    }

    async fn a_campaign_whose_name_server_is_silent_holds_up_no_other(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = server.demo_brand();
        server.readers(&brand, 1);
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        server.app.dns = Dns::new(Servers::At(silent.local_addr().unwrap()));
        let day = Duration::from_secs(24 * 60 * 60);
        let later = server.draft(&brand, |_| {});
        server.write(|conn, now| state::schedule(conn, later.id, Some(now.plus(day)), now));
        server.advance(day);
        let now = server.draft(&brand, |_| {});
        server.write(|conn, at| state::schedule(conn, now.id, None, at));
        let planned = |campaign| server.reload(campaign).planned_at.is_some();
        let mut planning = std::pin::pin!(plan_campaigns::run_once(&server.app));
        while !planned(&now) {
            // The job goes on while it is asked; nothing here waits for the silent one.
            let begun = tokio::time::timeout(Duration::from_millis(10), &mut planning).await;
            assert!(begun.is_err(), "it ended before the name server can have been given up");
        }
        assert!(!planned(&later), "it is planned only after its preflight");
    }

    async fn a_campaign_that_is_changed_while_it_is_checked_is_not_scheduled(server: TestServer) {
        let brand = server.demo_brand();
        let draft = server.draft(&brand, |_| {});
        let checked = server.app.preflight(draft.id).await.unwrap();
        server.write(|conn, _| checked.still_holds(conn));
        server.advance(Duration::from_secs(1));
        server.write(|conn, now| {
            state::schedule(conn, draft.id, None, now)?;
            state::pause(conn, draft.id, None, now)
        });
        let changed = server.app.db.write_here(|conn| checked.still_holds(conn));
        assert!(matches!(changed, Err(mannerly::error::Error::Conflict(_))));
    }
}

#[tokio::test]
async fn a_real_name_server_is_asked_and_what_fails_is_no_answer() {
    let long = format!("v=spf1 {}-all", "ip4:192.0.2.1 ".repeat(20));
    let server = NameServer::start([
        txt("brand.test", &long),
        mx("brand.test", "MX.Brand.Test."),
        mx("null.test", "."),
    ]);
    let questions = [
        text("brand.test"),
        text("null.test"),
        text("nothing.test"),
        text("broken.test"),
        Question::Mx("brand.test".into()),
        Question::Mx("null.test".into()),
        Question::Address("brand.test".into()),
    ];
    let answers = Dns::new(Servers::At(server.address)).ask(questions.clone().into()).await.unwrap();
    let found: Vec<_> = questions.iter().map(|question| answers[question].as_deref()).collect();
    let one = |text: &str| vec![text.to_owned()];
    let none: &[String] = &[];
    assert_eq!(found[0], Ok(&one(&long)[..]), "the strings of one text are joined");
    assert_eq!((found[1], found[2]), (Ok(none), Ok(none)), "no such record, no such name");
    assert!(found[3].is_err(), "a failure is no answer");
    assert_eq!((found[4], found[5]), (Ok(&one("mx.brand.test")[..]), Ok(&one("")[..])));
    assert_eq!(found[6], Ok(none));
}

#[tokio::test]
async fn a_name_server_that_is_silent_is_waited_for_only_a_few_seconds() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let begun = Instant::now();
    let asked = Dns::new(Servers::At(silent.local_addr().unwrap()));
    let answers = asked.ask([text("brand.test")].into()).await.unwrap();
    assert!(answers[&text("brand.test")].is_err());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

fn mannerly(server: &TestServer, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mannerly"))
        .args(arguments)
        .args(["--database-url", server.database_url(), "--secret", SECRET, "--relay-signs"])
        .env_clear()
        .output()
        .expect("the program should run")
}

#[tokio::test]
async fn the_command_line_checks_a_brand_and_fails_if_something_blocks() {
    let server = TestServer::start(mannerly::db::Kind::Sqlite).await;
    let brand = server.demo_brand();
    let domain = brand.marketing_from.domain();
    let records = || {
        vec![
            mx(domain, "mx.example.com."),
            txt(domain, "v=spf1 mx -all"),
            txt("_dmarc.example.com", "v=DMARC1; p=none"),
        ]
    };
    let run = |records: Vec<_>| {
        let name_server = NameServer::start(records);
        let dns = name_server.address.to_string();
        let output = mannerly(&server, &["preflight", brand.slug.as_str(), "--dns", &dns]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, said) = run(records());
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("Nothing stands in the way"), "{said}");
    let mut without_spf = records();
    without_spf.remove(1);
    let (status, said) = run(without_spf);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.starts_with("blocking spf_missing (sender rules of Google and Yahoo): "), "{said}");
    let said = mannerly(&server, &["preflight", brand.slug.as_str(), "--dns", "none"]);
    assert!(String::from_utf8(said.stdout).unwrap().contains("DNS was not asked"));
    let unknown = mannerly(&server, &["preflight", "nobody", "--dns", "none"]);
    assert_eq!(unknown.status.code(), Some(1));
}
