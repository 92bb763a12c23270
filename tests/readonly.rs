//! Looking changes nothing: whatever GET, HEAD and OPTIONS scanners send, every row of every table stays.
//!
//! What they look at is really there: a campaign that went out, a confirmation that waits, and pages that answer.

use diesel::prelude::*;
use mannerly::db::schema::link;
use mannerly::domain::campaign::archive;
use mannerly::domain::catalog::Channel;
use mannerly::domain::catalog::notice::{self, NoticeForm};
use mannerly::domain::consent::brand_choice::AtMost;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::preferences::{self, Posted, Screen};
use mannerly::i18n::Lang;
use mannerly::token::{
    AddressChangeLink, ClickLink, ConfirmLink, OpenLink, PreferencesLink, ReceiptLink, ReportLink, ViewLink,
};
use mannerly::web::Entry;

use crate::api;
use crate::person::Person;
use crate::support::http::Answer;
use crate::support::server::TestServer;

/// Programs that fetch the links of mails before people do.
const SCANNERS: [&str; 10] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
    "Mozilla/5.0 (compatible; Barracuda Sentinel/1.0)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/5.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; proofpoint)",
    "Mimecast-Link-Scanner",
    "curl/8.5.0",
    "",
];

/// A house where everything that a link can name is there.
pub(crate) struct Sample {
    /// Gets the newsletter and was never asked about tracking.
    pub(crate) person: Person,
    /// Row number of a campaign that reached the person.
    pub(crate) campaign: i64,
    /// Row number of a link in it.
    pub(crate) link: i64,
    /// Row number of a confirmation that waits for its button.
    pub(crate) confirmation: i64,
    /// Row number of a change of address that waits for its button.
    pub(crate) change: i64,
    /// Row number of something that the person did on a page.
    pub(crate) act: i64,
    /// A key of the API that may do everything.
    pub(crate) key: String,
    /// The public id of the campaign.
    campaign_id: String,
    /// The public id of the person.
    subscriber_id: String,
}

impl Sample {
    /// Furnishes a server; the letters are taken away.
    pub(crate) async fn new(server: &TestServer) -> Self {
        let person = Person::reader(server);
        server.other_brand();
        server.give_a_logo(&person.brand);
        person.grant(server, "transport", Channel::Phone);
        let campaign = server.campaign(&person.brand);
        server.run_jobs().await;
        server.mail_to(crate::person::ADDRESS);
        server.write(|conn, now| archive::set(conn, campaign.public_id, true, now));
        let notice = NoticeForm {
            version: "1.1".into(),
            language: None,
            valid_from: None,
            text: "# What we keep".into(),
        };
        server.write(|conn, now| notice::add(conn, &person.brand, &notice, now));
        let key = api::admin(server);
        let people =
            server.api(&key, "GET", "/subscribers", serde_json::Value::Null).await.expect(200).json();
        // That the key was used is written down once in a while; from here on it is.
        server.run_jobs().await;
        Self {
            campaign: campaign.id,
            act: act(server, &person),
            change: change(server, &person).await,
            link: link_of(server, campaign.id),
            confirmation: person.pending_confirmation(server),
            campaign_id: campaign.public_id.to_string(),
            subscriber_id: people["items"][0]["id"].as_str().unwrap().to_owned(),
            person,
            key,
        }
    }

    /// A path of the route table with what is there in place of its parameters. A new kind of path has to be added.
    pub(crate) fn fill(&self, server: &TestServer, path: &str) -> String {
        let (keys, subscriber) = (&server.app.keys, self.person.id);
        let token = match path.split('/').nth(1).unwrap_or_default() {
            "p" => self.person.preferences(server),
            "u" => self.person.unsubscribe(server),
            "d" => self.person.data(server),
            "o" => keys.seal(&OpenLink { campaign: self.campaign, subscriber }),
            "r" => keys.seal(&ReceiptLink { act: self.act }),
            "a" => keys.seal(&AddressChangeLink { change: self.change }),
            "c" => keys.seal(&ClickLink { link: self.link, subscriber }),
            "v" => keys.seal(&ViewLink { campaign: self.campaign, subscriber }),
            "report" => {
                let expires_at = server.now().plus(std::time::Duration::from_secs(3600)).as_micros();
                keys.seal(&ReportLink { campaign: self.campaign, expires_at })
            }
            "confirm" => keys.seal(&ConfirmLink { confirmation: self.confirmation }),
            _ => String::new(),
        };
        let token = token.rsplit('/').next().unwrap_or_default();
        let filled = path
            .replace("{brand}", self.person.brand.slug.as_str())
            .replace("{topic}", "newsletter")
            .replace("{version}", "1.1")
            .replace("{form}", mannerly::cli::demo::catalogue::EVENTS)
            .replace("{subscriber}", &self.subscriber_id)
            .replace("{campaign}", &self.campaign_id);
        let filled = if token.is_empty() { filled } else { filled.replace("{token}", token) };
        assert!(!filled.contains('{') || filled.contains("{suppression}"), "no sample for {path}");
        filled.replace("{suppression}", "00000000-0000-0000-0000-000000000000")
    }

    /// Every path of the route table once, filled; and the lines that answer it.
    pub(crate) fn every_path(&self, server: &TestServer) -> Vec<(String, Vec<Entry>)> {
        let mut paths: Vec<(String, Vec<Entry>)> = Vec::new();
        for entry in mannerly::web::table() {
            let path = self.fill(server, entry.path);
            match paths.last_mut() {
                Some((last, entries)) if *last == path => entries.push(entry),
                _ => paths.push((path, vec![entry])),
            }
        }
        paths
    }
}

/// The person wants to use another address; the mail about it is taken away.
async fn change(server: &TestServer, person: &Person) -> i64 {
    server
        .post_form(
            &person.data(server),
            &[("action", "change-address"), ("new_email", "moved@council.example")],
        )
        .await
        .expect(200);
    server.run_jobs().await;
    server.mail_to("moved@council.example");
    server.read(|conn| {
        use mannerly::db::schema::address_change;
        Ok(address_change::table.select(address_change::id).first(conn)?)
    })
}

/// The person wants a letter a week at most.
fn act(server: &TestServer, person: &Person) -> i64 {
    let link = PreferencesLink { brand: person.brand.id, subscriber: person.id, campaign: 0 };
    let posted = Posted { at_most: Some((AtMost::Each, AtMost::Weekly)), ..Posted::default() };
    let screen = Screen {
        opens_wording: "",
        clicks_wording: "",
        profiling_wording: "",
        is_current: true,
        language: Lang::English,
    };
    server.write(|conn, now| preferences::save(conn, &link, &posted, &screen, now)).unwrap().id
}

/// Row number of the first link of a campaign.
fn link_of(server: &TestServer, campaign: i64) -> i64 {
    server.read(|conn| {
        Ok(link::table
            .filter(link::campaign_id.eq(campaign))
            .order(link::position)
            .select(link::id)
            .first(conn)?)
    })
}

/// What a path answers to GET when there is something to see.
fn expected(path: &str, entries: &[Entry]) -> u16 {
    match path.split('/').nth(1).unwrap_or_default() {
        _ if entries.iter().all(|entry| entry.method != "GET") => 405,
        "c" => 302,
        "favicon.ico" => 204,
        // Nothing was put there, and a look puts nothing there.
        _ if path.ends_with("/pace") && path.contains("/campaigns/") => 404,
        _ => 200,
    }
}

both_databases! {
    async fn five_hundred_looks_of_scanners_leave_all_tables_as_they_were(server: TestServer) {
        let sample = Sample::new(&server).await;
        let paths = sample.every_path(&server);
        let before = server.snapshot();
        let mut looks = 0;
        while looks < 500 {
            for (path, entries) in &paths {
                for method in ["GET", "HEAD", "OPTIONS"] {
                    let agent = SCANNERS[looks % SCANNERS.len()];
                    let mut request = server.request(method, path).header("user-agent", agent);
                    if entries.iter().any(|entry| entry.scope.is_some()) {
                        request = request.bearer_auth(&sample.key);
                    }
                    let status = Answer::to(request).await.status;
                    let wanted = if method == "OPTIONS" { 204 } else { expected(path, entries) };
                    assert_eq!(status, wanted, "{method} {path}");
                    looks += 1;
                }
            }
        }
        server.run_jobs().await;
        assert_eq!(server.snapshot(), before);
    }

    async fn of_a_person_who_allowed_it_only_a_get_of_pixel_or_link_is_recorded(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        person.allow(&server, Kind::Clicks);
        let campaign = server.campaign(&person.brand);
        server.run_jobs().await;
        server.mail_to(crate::person::ADDRESS);
        let (keys, subscriber) = (&server.app.keys, person.id);
        let link = link_of(&server, campaign.id);
        for path in [
            format!("/o/{}.gif", keys.seal(&OpenLink { campaign: campaign.id, subscriber })),
            format!("/c/{}", keys.seal(&ClickLink { link, subscriber })),
        ] {
            let before = server.snapshot();
            for method in ["HEAD", "OPTIONS", "POST", "PUT", "DELETE"] {
                Answer::to(server.request(method, &path)).await;
                assert_eq!(server.snapshot(), before, "{method} {path}");
            }
            server.get(&path).await;
            assert_ne!(server.snapshot(), before, "this one counts");
        }
    }
}
