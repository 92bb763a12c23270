//! A campaign on its way while everything around it breaks: the real binary, a relay that does as it is told, and the
//! one check that has to hold after every fault, made from the relay's own log and from the database.

use std::collections::HashMap;
use std::fs::File;
use std::process::Command;
use std::time::Duration;

use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::schema::{delivery, subscriber};
use mannerly::domain::account::{Scope, api_key};
use mannerly::domain::campaign::{Campaign, State, state};
use mannerly::domain::catalog::{Brand, brand};
use mannerly::domain::tracking::report::count::count_all;
use serde_json::Value;

use crate::support::http::Answer;
use crate::support::programs::{Port, Program, serve, until};
use crate::support::relay::{Manners, Relay};
use crate::support::server::TestServer;

/// The lease of the servers of these tests, in seconds: the shortest there is.
pub(crate) const LEASE: u64 = 5;

/// How many connections each server of these tests opens.
pub(crate) const CONNECTIONS: usize = 4;

/// One campaign, those who should get it, and all that it needs.
pub(crate) struct Rig {
    /// The database, looked at from the side; its own jobs never run.
    pub(crate) server: TestServer,
    /// Where the mail goes.
    pub(crate) relay: Relay,
    /// The campaign, scheduled for a moment that is past.
    pub(crate) campaign: Campaign,
    /// More campaigns to the same people.
    pub(crate) others: Vec<Campaign>,
    people: usize,
    port: Port,
    key: String,
    folder: tempfile::TempDir,
}

impl Rig {
    /// A campaign for so many people, before any server has looked at it.
    pub(crate) fn new(mut server: TestServer, people: usize, manners: Manners) -> Self {
        server.leave_work_behind();
        let brand = server.demo_brand();
        server.readers(&brand, people);
        let campaign = scheduled(&server, &brand, "First");
        let (_, key) = server.write(|conn, now| api_key::create(conn, "rig", &[Scope::Admin], now));
        Self {
            key: key.reveal().to_owned(),
            relay: Relay::start(manners),
            port: Port::reserve(),
            folder: tempfile::tempdir().unwrap(),
            server,
            campaign,
            others: Vec::new(),
            people,
        }
    }

    /// A second campaign to the same people.
    pub(crate) fn sends_another(&mut self) {
        let brand = self.server.read(|conn| brand::get(conn, self.campaign.brand_id));
        self.others.push(scheduled(&self.server, &brand, "Second"));
    }

    /// Says that the audience is another one than `new` made.
    pub(crate) fn expects(&mut self, people: usize) {
        self.people = people;
    }

    // ---- The server under test ----

    /// The command that starts a server, with its log in this rig.
    pub(crate) fn command(&self, name: &str, port: &Port) -> Command {
        let mut command = serve(&self.server, self.relay.port(), CONNECTIONS as i64, port.number());
        command.env("MANNERLY_HELLO", name).env("MANNERLY_LEASE", LEASE.to_string()).stderr(self.log());
        command
    }

    /// The command that starts this rig's own server.
    pub(crate) fn boot_command(&self) -> Command {
        self.command("server.test", &self.port)
    }

    /// Where the servers' logs go; shown when a test fails.
    pub(crate) fn log(&self) -> File {
        File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap()
    }

    /// What the servers have logged so far.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Starts a server and does not wait for it.
    pub(crate) fn boot(&self) -> Program {
        Program(self.boot_command().spawn().unwrap())
    }

    /// Starts a server and waits until it answers.
    pub(crate) fn boot_and_wait(&self) -> Program {
        let program = self.boot();
        until("the server listens", || {
            std::net::TcpStream::connect(("127.0.0.1", self.port.number())).is_ok()
        });
        program
    }

    /// An address of the server under test.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port.number())
    }

    /// Asks the server under test for a step of the campaign: `POST` to `pause`, `GET` of `report`.
    pub(crate) async fn step(&self, method: &str, step: &str) -> Answer {
        let path = format!("/api/v1/campaigns/{}/{step}", self.campaign.public_id);
        Answer::to(self.server.request(method, &self.url(&path)).bearer_auth(&self.key)).await
    }

    /// Asks the server under test anything of its API.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = self.server.request(method, &self.url(&format!("/api/v1{path}"))).json(&body);
        Answer::to(request.bearer_auth(&self.key)).await
    }

    // ---- What is true ----

    /// How many letters are in a state.
    pub(crate) fn count(&self, state: &str) -> usize {
        let wanted = delivery::table.filter(delivery::state.eq(state)).count();
        self.server.read(|conn| Ok(wanted.get_result::<i64>(conn)?)) as usize
    }

    /// Each person with the state of their letter and its reason.
    pub(crate) fn people(&self) -> HashMap<String, (String, Option<String>)> {
        self.people_of(&self.campaign)
    }

    /// The same of any campaign of this rig.
    pub(crate) fn people_of(&self, campaign: &Campaign) -> HashMap<String, (String, Option<String>)> {
        let rows: Vec<(String, String, Option<String>)> = self.server.read(|conn| {
            Ok(delivery::table
                .inner_join(subscriber::table)
                .filter(delivery::campaign_id.eq(campaign.id))
                .select((subscriber::email.assume_not_null(), delivery::state, delivery::reason))
                .load(conn)?)
        });
        let rows = rows.into_iter();
        rows.map(|(address, state, reason)| (address, (state, reason))).collect()
    }

    /// Waits until the relay has accepted so many mails.
    pub(crate) fn until_accepted(&self, mails: usize) {
        until("the relay has a part of it", || self.relay.accepted() >= mails);
    }

    /// Every campaign.
    fn campaigns(&self) -> impl Iterator<Item = &Campaign> {
        std::iter::once(&self.campaign).chain(&self.others)
    }

    /// Waits until every letter has its end.
    pub(crate) fn until_sent(&self) {
        let is_sent = |campaign| self.server.reload(campaign).state == State::Sent;
        until("all is sent to its end", || self.campaigns().all(is_sent));
    }

    /// Makes whatever was put off due now.
    pub(crate) fn let_time_pass(&self) {
        self.server.write(|conn, _| {
            let waiting = delivery::table.filter(delivery::state.eq("planned"));
            Ok(diesel::update(waiting).set(delivery::due_at.eq(Moment::from_micros(0))).execute(conn)?)
        });
    }

    /// The promise: everybody is in exactly one state and nobody is lost, the sums are equal, nobody has two mails,
    /// everyone who is `sent` has one, whoever is skipped or failed has none, and no more letters are uncertain than
    /// connections died over one. Holds for each campaign.
    pub(crate) async fn check(&self, uncertain_at_most: usize) {
        let mut uncertain = 0;
        for campaign in self.campaigns() {
            uncertain += self.check_one(campaign).await;
        }
        assert!(uncertain <= uncertain_at_most, "{uncertain} are uncertain, more than {uncertain_at_most}");
    }

    /// Returns how many are uncertain.
    async fn check_one(&self, campaign: &Campaign) -> usize {
        let (people, mails) = (self.people_of(campaign), self.relay.mails(&campaign.subject));
        let total = |state: &str| people.values().filter(|(other, _)| other == state).count();
        let (sent, skipped, failed, uncertain) =
            (total("sent"), total("skipped"), total("failed"), total("uncertain"));
        let sums = format!(
            "{} people: {sent} sent, {skipped} skipped, {failed} failed, {uncertain} uncertain, {} planned, {} claimed; \
             the relay has {}",
            people.len(),
            total("planned"),
            total("claimed"),
            mails.len()
        );
        println!("{sums}");
        assert_eq!(people.len(), self.people, "somebody has no row: {sums}");
        assert_eq!(sent + skipped + failed + uncertain, self.people, "somebody has no end: {sums}");
        for (address, mails) in &mails {
            assert_eq!(*mails, 1, "somebody got it {mails} times: {sums}");
            let (state, _) = people.get(address).expect("only people of the campaign get it");
            assert!(state == "sent" || state == "uncertain", "somebody is {state} and got it: {sums}");
        }
        for (address, (state, _)) in &people {
            assert!(
                state != "sent" || mails.contains_key(address),
                "somebody is sent and got nothing: {sums}"
            );
        }
        let path = format!("/campaigns/{}/report", campaign.public_id);
        self.server.api(&self.key, "GET", &path, Value::Null).await.expect(200);
        let counts = self.server.read(|conn| count_all(conn, campaign.id));
        let total = |by_word: &[(String, i64)]| -> i64 { by_word.iter().map(|(_, people)| people).sum() };
        let told = [counts.audience(), counts.sent, total(&counts.skipped), total(&counts.failed)];
        assert_eq!(told.map(Value::from), [self.people, sent, skipped, failed].map(Value::from), "{sums}");
        assert_eq!(
            [counts.uncertain, counts.waiting()].map(Value::from),
            [uncertain, 0].map(Value::from),
            "{sums}"
        );
        uncertain
    }
}

/// A campaign about the newsletter, scheduled for a moment that is past.
fn scheduled(server: &TestServer, brand: &Brand, subject: &str) -> Campaign {
    let draft = server.draft(brand, |form| form.subject = subject.to_owned());
    // The binary goes by the real clock, whatever that says.
    server.write(|conn, _| state::schedule(conn, draft.id, None, Moment::from_micros(0)))
}

impl Drop for Rig {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.logged();
            let last: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("The end of the server's log:");
            last.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// Lets a random time pass; only a test that strikes at random moments has a reason to.
pub(crate) fn wait(time: Duration) {
    let end = std::time::Instant::now() + time;
    while let Some(left) = end.checked_duration_since(std::time::Instant::now()) {
        std::thread::park_timeout(left);
    }
}
