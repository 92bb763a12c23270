//! What the server says about its work: what an operator has to know (M-07), and at its most talkative nobody's name
//! (SEC-08).

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;

use mannerly::clock::Moment;
use mannerly::db::Kind;
use mannerly::domain::account::{Scope, api_key};
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::brand;
use mannerly::domain::catalog::dkim_key::{self, NewPair};
use serde_json::{Value, json};

use crate::support::form::{BrowserForm, field};
use crate::support::http::{Answer, seen};
use crate::support::programs::{Program, free_port, serve, sink, until};
use crate::support::relay::POLITE;
use crate::support::rig::Rig;
use crate::support::server::TestServer;

/// The real binary as everybody outside meets it, with its log: each request comes from a network of its own.
struct House<'a> {
    server: &'a TestServer,
    port: u16,
    mails: PathBuf,
    key: &'a str,
    requests: Cell<usize>,
    /// What it answered to what it refused, without the forms, which show their reader what they typed.
    refusals: RefCell<Vec<String>>,
}

impl House<'_> {
    async fn ask(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request(method, path);
        self.keep(Answer::to(if method == "GET" { request } else { request.form(form) }).await)
    }

    async fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, &format!("/api/v1{path}")).bearer_auth(self.key);
        self.keep(Answer::to(if method == "GET" { request } else { request.json(body) }).await)
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let number = self.requests.replace(self.requests.get() + 1);
        let path = path
            .split_once("//")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or(path.to_owned(), |(_, rest)| format!("/{rest}"));
        let request = self.server.request(method, &format!("http://127.0.0.1:{}{path}", self.port));
        request
            .header("x-forwarded-for", format!("{NETWORK}{}.{}", number / 200, number % 200))
            .header("user-agent", "Canary/7")
    }

    fn keep(&self, answer: Answer) -> Answer {
        if answer.status >= 400 && !answer.text.contains("<form") {
            self.refusals.borrow_mut().push(answer.text.clone());
        }
        answer
    }

    /// Waits until so many mails are there to their last line, and reads them.
    fn mails(&self, number: usize) -> Vec<String> {
        let files = || std::fs::read_dir(&self.mails).unwrap().map(|mail| mail.unwrap().path());
        let whole = || {
            let mails = files().filter_map(|mail| std::fs::read_to_string(mail).ok());
            mails.filter(|mail| mail.trim_end().ends_with("--")).collect::<Vec<_>>()
        };
        until("the mails are there", || whole().len() >= number);
        whole().iter().map(|mail| mail.replace("=\n", "")).collect()
    }

    /// The tokens in the mails.
    fn tokens(&self, number: usize) -> BTreeSet<String> {
        let mails = self.mails(number).join("\n");
        let words = mails.split(['/', '>', '"', '\n', ' ', '?', '.']);
        let is_token = |word: &&str| {
            word.len() > 24 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        words.filter(is_token).map(str::to_owned).collect()
    }

    /// Follows the links of a kind in the mails: what the pages say.
    async fn follow(&self, kind: &str, number: usize) -> Vec<(String, String)> {
        let mut pages = Vec::new();
        for token in self.tokens(number) {
            let path = format!("/{kind}/{token}");
            let answer = self.ask("GET", &path, &[]).await;
            if answer.status == 200 {
                pages.push((path, answer.text));
            }
        }
        pages
    }
}

/// Where all requests come from.
const NETWORK: &str = "10.77.";

/// What nobody may ever find in the log.
const SECRETS: [&str; 7] = ["canary", "Canary", "CANARY", "496 0177", "4960177", NETWORK, "mk_"];

/// Somebody signs up with all that a form asks for, confirms, asks for their data, and moves.
async fn live_through(house: &House<'_>) -> BTreeSet<String> {
    let page = house.ask("GET", "/b/civic/sign-up", &[]).await.expect(200).text;
    let sign_up = [
        ("seen", seen(&page)),
        ("email", "canary-form@example.com"),
        ("first_name", "Canaryfirst"),
        ("last_name", "Canarylast"),
        ("company", "Canary & Sons"),
        ("phone", "+44 118 496 0177"),
        ("postal_address", "1 Canary Row"),
        ("shown", "newsletter:email"),
        ("choice", "newsletter:email"),
        ("shown", "events:phone"),
        ("choice", "events:phone"),
        ("shown", "events:post"),
        ("choice", "events:post"),
        ("shown_permission", "opens"),
        ("permission", "opens"),
    ];
    house.ask("POST", "/b/civic/sign-up", &sign_up).await.expect(200);
    assert!(
        house.ask("POST", "/b/civic/sign-up", &[("email", "canary-broken\r\n@example.com")]).await.status
            >= 400
    );
    house.ask("POST", "/b/civic/link", &[("email", "canary-campaign@example.com")]).await.expect(200);
    for (path, page) in house.follow("confirm", 3).await {
        let list = field(&page, "list");
        house.ask("POST", &path, &[("list", list)]).await.expect(200);
    }
    for (path, _) in house.follow("p", 3).await.into_iter().take(1) {
        house.ask("POST", &path, &[("action", "pause"), ("pause_until", "canary-day")]).await;
        house.ask("POST", &path, &[("action", "data-link")]).await.expect(200);
    }
    for (path, page) in house.follow("d", 4).await {
        let correct = BrowserForm::with_button(&page, "correct")
            .set("company", "Canary again")
            .set("phone", "canary-number");
        house.ask("POST", &path, &correct.pressed()).await.expect(422);
        house
            .ask("POST", &path, &[("action", "change-address"), ("new_email", "canary-moved@example.com")])
            .await
            .expect(200);
    }
    for (path, _) in house.follow("a", 5).await {
        house.ask("POST", &path, &[]).await.expect(200);
    }
    house.tokens(6)
}

/// Every token at every place for one, with a field that no form has.
async fn try_everything(house: &House<'_>, tokens: &BTreeSet<String>) {
    for token in tokens {
        for route in ["u", "p", "c", "o", "confirm", "d", "a", "r", "v", "report"] {
            house.ask("GET", &format!("/{route}/{token}"), &[]).await;
            house.ask("POST", &format!("/{route}/{token}?canary-query"), &[("x", "canary-field")]).await;
        }
        for path in [format!("/r/{token}/receipt.json"), format!("/o/{token}.gif"), format!("/{token}")] {
            house.ask("GET", &path, &[]).await;
        }
    }
    for path in
        ["/b/canary-brand/sign-up", "/b/civic/archive/canary", "/b/civic/privacy/canary", "/canary?canary=1"]
    {
        house.ask("GET", path, &[]).await;
    }
    let body =
        json!({ "email": "canary-api@example.com", "shoe": "canary-value", "phone": "+44 118 496 0177" });
    for path in [
        "/subscribers",
        "/subscribers/lookup",
        "/suppressions",
        "/campaigns",
        "/imports",
        "/sources",
        "/brands",
        "/brands/civic/topics",
        "/brands/civic/notices",
        "/brands/civic/sign-ups",
        "/brands/civic/sign-up-forms",
    ] {
        house.api("POST", path, &body).await;
    }
    for path in ["/subscribers?q=canary", "/subscribers/canary", "/campaigns/canary/report"] {
        house.api("GET", path, &body).await;
    }
    let wrong = house.request("GET", "/api/v1/brands").bearer_auth("mk_canary-key");
    house.keep(Answer::to(wrong).await.expect(401));
}

#[tokio::test]
async fn no_log_line_no_status_and_no_refusal_holds_an_address_a_name_a_number_a_network_a_token_or_a_key() {
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
    let mut command = serve(&server, relay, 2, port);
    command.arg("--sign-up-delay=0").env("MANNERLY_BEHIND_PROXY", "true").stderr(log_file);
    let binary = Program(command.spawn().unwrap());
    until("the binary listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let (requests, refusals) = (Cell::new(0), RefCell::default());
    let house = House { server: &server, port, mails, key: key.reveal(), requests, refusals };
    let tokens = live_through(&house).await;
    try_everything(&house, &tokens).await;
    let text = Answer::to(
        house.request("GET", "/api/v1/status").bearer_auth(house.key).header("accept", "text/plain"),
    )
    .await;
    let status = [house.api("GET", "/status", &Value::Null).await.expect(200).text, text.expect(200).text];
    drop(binary);

    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 5, "the log says nothing at all:\n{log}");
    assert_eq!(log.matches("no List-Unsubscribe-Post").count(), 1, "once that nobody signs:\n{log}");
    let refusals = house.refusals.borrow();
    assert!(
        tokens.len() >= 8 && refusals.len() > 100,
        "{} tokens, {} refusals",
        tokens.len(),
        refusals.len()
    );
    let secrets = || SECRETS.iter().copied().chain(tokens.iter().map(String::as_str)).chain([house.key]);
    for said in log.lines().chain(status.iter().chain(refusals.iter()).map(String::as_str)) {
        for secret in secrets() {
            assert!(!said.contains(secret), "{secret} is in:\n{said}");
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
