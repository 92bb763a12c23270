//! What the server says about its work: what an operator has to know (M-07), and at its most talkative nobody's name
//! (SEC-08).

use std::fs::File;
use std::process::Stdio;

use mannerly::clock::Moment;
use mannerly::db::Kind;
use mannerly::domain::account::{Scope, api_key};
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::brand;
use mannerly::domain::catalog::dkim_key::{self, NewPair};
use serde_json::json;

use crate::support::http::{Answer, seen};
use crate::support::programs::{Program, free_port, serve, sink, until};
use crate::support::relay::POLITE;
use crate::support::rig::Rig;
use crate::support::server::TestServer;

#[tokio::test]
async fn no_log_line_holds_an_address_a_name_a_token_or_a_key() {
    let mut server = TestServer::start(Kind::Sqlite).await;
    server.leave_work_behind();
    let brand = server.demo_brand();
    server.person(&brand, "canary-campaign@example.com").agrees("newsletter");
    let draft = server.draft(&brand, |_| {});
    server.write(|conn, _| state::schedule(conn, draft.id, None, Moment::from_micros(0)));
    let (_, key) = server.write(|conn, now| api_key::create(conn, "log", &[Scope::Admin], now));

    let folder = tempfile::tempdir().unwrap();
    let (mails, log) = (folder.path().join("mails"), folder.path().join("log"));
    std::fs::create_dir(&mails).unwrap();
    let (relay, port) = (free_port(), free_port());
    let _sink = sink(&mails, relay);
    let log_file = Stdio::from(File::create(&log).unwrap());
    let binary =
        Program(serve(&server, relay, 2, port).arg("--sign-up-delay=0").stderr(log_file).spawn().unwrap());
    until("the binary listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let post =
        |path: &str, fields: &[(&str, &str)]| Answer::to(server.request("POST", &url(path)).form(fields));

    let form = Answer::to(server.request("GET", &url("/b/civic/sign-up"))).await.expect(200).text;
    let sign_up = [
        ("seen", seen(&form)),
        ("email", "canary-form@example.com"),
        ("first_name", "Canaryfirst"),
        ("shown", "newsletter:email"),
        ("choice", "newsletter:email"),
    ];
    post("/b/civic/sign-up", &sign_up).await.expect(200);
    assert!(post("/b/civic/sign-up", &[("email", "canary-broken\r\n@example.com")]).await.status >= 400);
    post("/b/civic/link", &[("email", "canary-campaign@example.com")]).await;
    until("the mails are there", || std::fs::read_dir(&mails).unwrap().count() >= 3);
    let mails: Vec<String> = std::fs::read_dir(&mails)
        .unwrap()
        .map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap())
        .collect();
    let tokens: Vec<String> = mails
        .iter()
        .flat_map(|mail| {
            mail.replace("=\n", "").split(['/', '>', '"', '\n', ' ']).map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|word| {
            word.len() > 24 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        })
        .collect();
    assert!(tokens.len() >= 3, "no tokens were found in the mails");
    for token in &tokens {
        for route in ["u", "p", "c", "o", "confirm", "d", "a", "r"] {
            Answer::to(server.request("GET", &url(&format!("/{route}/{token}")))).await;
            post(&format!("/{route}/{token}"), &[("x", "canary-field")]).await;
        }
    }
    let body = json!({ "email": "canary-api@example.com", "shoe": "canary-value" });
    for path in ["/subscribers", "/subscribers/lookup", "/suppressions", "/campaigns"] {
        let request = server.request("POST", &url(&format!("/api/v1{path}")));
        Answer::to(request.bearer_auth(key.reveal()).json(&body)).await;
    }
    Answer::to(server.request("GET", &url("/api/v1/brands")).bearer_auth("mk_canary-key")).await.expect(401);
    drop(binary);

    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 5, "the log says nothing at all:\n{log}");
    assert_eq!(log.matches("no List-Unsubscribe-Post").count(), 1, "once that nobody signs:\n{log}");
    let mut secrets: Vec<&str> = tokens.iter().map(String::as_str).collect();
    secrets.extend(["canary", "Canary", key.reveal()]);
    for line in log.lines() {
        for secret in &secrets {
            assert!(!line.contains(secret), "{secret} is in the log:\n{line}");
        }
    }
}

#[tokio::test]
async fn the_log_says_why_letters_go_without_one_click_and_what_to_do_about_it() {
    let why = "its letters carry no List-Unsubscribe-Post";
    for (key, says) in [
        (None, Some("make a key with `mannerly dkim create`")),
        (Some("waits"), Some("publish its record and run `mannerly dkim use`")),
        (Some("signs"), None),
    ] {
        let rig = Rig::new(TestServer::start(Kind::Sqlite).await, 1, POLITE);
        let brand = rig.server.read(|conn| brand::get(conn, rig.campaign.brand_id));
        let domain = brand.marketing_from.domain();
        if let Some(name) = key {
            let pair = NewPair::generate().unwrap();
            rig.server.write(|conn, now| {
                dkim_key::store(conn, &rig.server.app.keys, domain, Some(name), &pair, now)?;
                if name == "signs" { dkim_key::activate(conn, domain, name, now) } else { Ok(Vec::new()) }
            });
        }
        let _running = rig.boot_and_wait();
        rig.until_sent();
        match says {
            Some(what) => until("the log says it", || {
                rig.logged()
                    .lines()
                    .any(|line| line.contains(why) && line.contains(what) && line.contains(domain))
            }),
            None => assert!(!rig.logged().contains(why)),
        }
    }
}
