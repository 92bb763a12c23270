//! A link to a report: for a browser without a key, for thirty days, and for one campaign.

use std::time::Duration;

use mannerly::domain::account::Scope;
use mannerly::domain::tracking::report::words::short;
use mannerly::domain::tracking::report::{Include, report};
use mannerly::token::{OpenLink, ReportLink};
use serde_json::Value;

use crate::api::key;
use crate::cli::{fails, succeeds};
use crate::support::server::{SECRET, TestServer};
use crate::tracking::{reader, send};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A campaign that reached a dozen people; its row number and its public id.
async fn campaign(server: &TestServer) -> (i64, String) {
    let brand = server.demo_brand();
    for number in 0..12 {
        reader(server, &brand, &format!("canary{number}@example.com"), Some(true));
    }
    let id = send(server, &brand).await;
    server.mails();
    let public_id = server.read(|conn| Ok(mannerly::domain::campaign::get(conn, id)?.public_id));
    (id, public_id.to_string())
}

async fn link(server: &TestServer, public_id: &str) -> Value {
    let key = key(server, &[Scope::ReadAggregate]);
    let path = format!("/campaigns/{public_id}/report/link");
    server.api(&key, "POST", &path, Value::Null).await.expect(200).json()
}

both_databases! {
    async fn a_marketer_reads_the_report_in_a_browser_for_thirty_days(server: TestServer) {
        let (id, public_id) = campaign(&server).await;
        let made = link(&server, &public_id).await;
        let url = made["url"].as_str().unwrap();
        assert_eq!(made["expires_at"], server.now().plus(30 * DAY).to_string());
        let before = server.snapshot();
        let page = server.get(url).await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"));
        for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("x-robots-tag", "noindex, nofollow, noarchive")] {
            assert_eq!(page.header(name), value, "{name}");
        }
        let now = server.now();
        let report = server.read(|conn| report(conn, id, Include::ALL, now));
        assert!(page.text.contains("<svg class=\"chart\" role=\"img\"") && page.text.contains(&short(report.sent)));
        assert!(!page.text.contains("canary") && !page.text.contains("<script"), "nobody's data, and no script");
        assert_eq!(server.snapshot(), before, "looking changes nothing");

        server.advance(30 * DAY);
        server.get(url).await.expect(200);
        server.advance(Duration::from_secs(1));
        let gone = server.get(url).await.expect(410);
        assert!(gone.text.contains("This link is no longer valid") && gone.text.contains("Ask whoever sent it"), "{}", gone.text);
        assert!(!gone.text.contains("chart"));
    }

    async fn an_altered_link_or_one_for_another_page_finds_nothing(server: TestServer) {
        let (id, public_id) = campaign(&server).await;
        let url = link(&server, &public_id).await["url"].as_str().unwrap().to_owned();
        let nothing = server.get("/no-such-page").await.expect(404);
        let pixel = server.app.keys.seal(&OpenLink { campaign: id, subscriber: 1 });
        let expires_at = server.now().plus(DAY).as_micros();
        let unknown = server.app.keys.seal(&ReportLink { campaign: 99_999, expires_at });
        for path in [url[..url.len() - 1].to_owned(), format!("{url}A"), format!("/report/{pixel}"), format!("/report/{unknown}")] {
            assert_eq!(server.get(&path).await.expect(404).bytes, nothing.bytes, "{path}");
        }
        server.post_form(&url, &[]).await.expect(405);
    }

    async fn only_a_key_that_may_read_reports_makes_one(server: TestServer) {
        let (_, public_id) = campaign(&server).await;
        let path = format!("/campaigns/{public_id}/report/link");
        let other = key(&server, &[Scope::ReadPerson]);
        server.api(&other, "POST", &path, Value::Null).await.expect(403);
        server.api("nobody", "POST", &path, Value::Null).await.expect(401);
        let reads = key(&server, &[Scope::ReadAggregate]);
        let unknown = "/campaigns/00000000-0000-0000-0000-000000000000/report/link";
        server.api(&reads, "POST", unknown, Value::Null).await.expect(404);
    }

    async fn the_command_prints_a_link_and_lists_every_campaign_newest_first(server: TestServer) {
        let (_, public_id) = campaign(&server).await;
        let brand = server.read(|conn| mannerly::domain::catalog::brand::find(conn, "civic"));
        // More than are read at once.
        let newer: Vec<String> = (0..520).map(|n| server.draft(&brand, |form| form.name = format!("Draft {n}")).public_id.to_string()).collect();
        let folder = tempfile::tempdir().unwrap();
        let url = server.database_url();
        let listed = succeeds(folder.path(), &["report", "--database-url", url]);
        let ids: Vec<&str> = listed.lines().map(|line| line.split(' ').next().unwrap()).collect();
        let expected: Vec<&str> = newer.iter().rev().map(String::as_str).chain([public_id.as_str()]).collect();
        assert_eq!(ids, expected);

        let said = succeeds(folder.path(), &["report", &public_id, "--link", "--database-url", url, "--secret", SECRET]);
        let address = said.lines().next().unwrap();
        assert!(address.starts_with(&server.url("/report/")), "{said}");
        server.get(address).await.expect(200);
        let other = "another secret that opens nothing of this";
        let said = fails(folder.path(), &["report", &public_id, "--link", "--database-url", url, "--secret", other]);
        assert!(said.contains("was made with another secret"), "{said}");
        let said = fails(folder.path(), &["report", &public_id, "--link", "--database-url", url]);
        assert!(said.contains("--secret: "), "{said}");
    }
}
