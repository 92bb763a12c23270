//! Hosts of a brand's own: only that brand is found there, and its letters lead there.

use mannerly::domain::campaign::{archive, state};
use mannerly::token::{
    ConfirmLink, DataRequestLink, PreferencesLink, ReceiptLink, ReportLink, UnsubscribeLink, ViewLink,
};
use serde_json::{Value, json};

use crate::api::{admin, brand, expect_problem, pointer};
use crate::readonly::Sample;
use crate::support::http::Answer;
use crate::support::server::TestServer;

async fn get_at(server: &TestServer, host: &str, path: &str) -> Answer {
    Answer::to(server.request("GET", path).header("host", host)).await
}

/// Gives a brand hosts of its own; the first one is where its letters lead.
pub(crate) async fn move_to(server: &TestServer, slug: &str, hosts: &[&str]) -> Answer {
    let key = admin(server);
    let mut form = server.api(&key, "GET", &format!("/brands/{slug}"), Value::Null).await.expect(200).json();
    form.as_object_mut().unwrap().remove("changed_at");
    if let Some(first) = hosts.first() {
        form["base_url"] = json!(format!("https://{first}"));
    }
    form["hosts"] = json!(hosts);
    server.api(&key, "PUT", &format!("/brands/{slug}"), form).await
}

both_databases! {
    async fn only_the_brand_itself_is_found_at_its_own_host(server: TestServer) {
        server.demo_brand();
        server.other_brand();
        move_to(&server, "civic", &["news.civic.example", "civic.example"]).await.expect(200);
        for host in ["news.civic.example", "NEWS.civic.example", "civic.example:8443", "civic.example."] {
            get_at(&server, host, "/b/civic/sign-up").await.expect(200);
            for path in ["/b/harbour/sign-up", "/b/harbour/link", "/b/harbour/archive", "/b/harbour/page.css"] {
                get_at(&server, host, path).await.expect(404);
            }
            let home = get_at(&server, host, "/").await.expect(200).text;
            assert!(home.contains("Civic Notes") && !home.contains("Harbour Weekly"), "{host}");
            get_at(&server, host, "/healthz").await.expect(200);
        }
        let nothing = get_at(&server, "civic.example", "/no-such-page").await.expect(404);
        assert_eq!(get_at(&server, "civic.example", "/b/harbour/sign-up").await.bytes, nothing.bytes, "as if it were not there");
    }

    async fn another_spelling_of_a_path_opens_nothing(server: TestServer) {
        let sample = Sample::new(&server).await;
        move_to(&server, "harbour", &["harbour.example"]).await.expect(200);
        let (brand, subscriber, campaign) = (sample.person.brand.id, sample.person.id, sample.campaign);
        let token = server.app.keys.seal(&PreferencesLink { brand, subscriber, campaign });
        let other = format!("%{:02x}{}", token.as_bytes()[0], &token[1..]);
        for path in [
            "/b/%63ivic/sign-up".to_owned(), "/%62/civic/sign-up".into(), "/b/c%69vic/link".into(), "/b/civic%2Farchive".into(),
            "/b/%2563ivic/sign-up".into(), "/b/civic/%73ign-up".into(), format!("/p/{other}"), format!("/%70/{token}"),
        ] {
            get_at(&server, "harbour.example", &path).await.expect(404);
        }
        get_at(&server, "harbour.example", "/b/%68arbour/sign-up").await.expect(200);
        get_at(&server, "civic.example", &format!("/p/{other}")).await.expect(200);
    }

    async fn who_asks_for_another_host_in_a_header_is_believed_only_behind_a_proxy(server: TestServer) {
        server.demo_brand();
        server.other_brand();
        move_to(&server, "civic", &["civic.example"]).await.expect(200);
        let forwarded = |server: &TestServer, name: &str, value: &str| {
            server.request("GET", "/b/harbour/sign-up").header("host", "civic.example").header(name, value)
        };
        for (name, value) in [("x-forwarded-host", "elsewhere.example"), ("forwarded", "host=elsewhere.example")] {
            Answer::to(forwarded(&server, name, value)).await.expect(404);
        }
        let kind = server.app.db.kind();
        let server = TestServer::start_with(kind, |options| options.behind_proxy = true).await;
        server.demo_brand();
        server.other_brand();
        move_to(&server, "civic", &["civic.example"]).await.expect(200);
        Answer::to(forwarded(&server, "x-forwarded-host", "elsewhere.example")).await.expect(200);
        let request = server.request("GET", "/b/harbour/sign-up").header("host", "10.0.0.1");
        Answer::to(request.header("x-forwarded-host", "civic.example")).await.expect(404);
    }

    async fn the_front_page_of_its_own_host_is_the_brands_own_however_many_there_are(server: TestServer) {
        server.demo_brand();
        let key = admin(&server);
        for number in 0..100 {
            server.api(&key, "POST", "/brands", brand(&format!("brand-{number}"))).await.expect(201);
        }
        server.other_brand();
        move_to(&server, "harbour", &["harbour.example"]).await.expect(200);
        let home = get_at(&server, "harbour.example", "/").await.expect(200).text;
        assert!(home.contains("Harbour Weekly") && !home.contains("Civic Notes") && !home.contains("brand-1/"), "{home}");
    }

    async fn a_host_that_nobody_has_for_themselves_shows_all(server: TestServer) {
        server.demo_brand();
        server.other_brand();
        move_to(&server, "civic", &["news.civic.example"]).await.expect(200);
        for host in ["unknown.example", "127.0.0.1", "[::1]:8080", "notnews.civic.example"] {
            get_at(&server, host, "/b/civic/sign-up").await.expect(200);
            get_at(&server, host, "/b/harbour/sign-up").await.expect(200);
        }
        move_to(&server, "civic", &[]).await.expect(200);
        get_at(&server, "news.civic.example", "/b/harbour/sign-up").await.expect(200);
    }

    async fn links_of_another_brands_people_find_nothing_there_but_always_a_way_out(server: TestServer) {
        let sample = Sample::new(&server).await;
        move_to(&server, "harbour", &["harbour.example"]).await.expect(200);
        let (keys, person) = (&server.app.keys, &sample.person);
        let (brand, subscriber, campaign) = (person.brand.id, person.id, sample.campaign);
        let expires_at = server.now().as_micros() + 3_600_000_000;
        let own = [
            format!("/p/{}", keys.seal(&PreferencesLink { brand, subscriber, campaign })),
            format!("/d/{}", keys.seal(&DataRequestLink { brand, subscriber, expires_at })),
            format!("/r/{}", keys.seal(&ReceiptLink { act: sample.act })),
            format!("/r/{}/receipt.json", keys.seal(&ReceiptLink { act: sample.act })),
            format!("/v/{}", keys.seal(&ViewLink { campaign, subscriber })),
            format!("/report/{}", keys.seal(&ReportLink { campaign, expires_at })),
            format!("/confirm/{}", keys.seal(&ConfirmLink { confirmation: sample.confirmation })),
        ];
        let before = server.snapshot();
        for path in &own {
            get_at(&server, "civic.example", path).await.expect(200);
            get_at(&server, "harbour.example", path).await.expect(404);
            let posted = server.request("POST", path).header("host", "harbour.example").form(&[("action", "stop")]);
            Answer::to(posted).await.expect(404);
        }
        assert_eq!(server.snapshot(), before);
        let out = format!("/u/{}", keys.seal(&UnsubscribeLink { brand, subscriber, campaign }));
        get_at(&server, "harbour.example", &out).await.expect(200);
        let posted = server.request("POST", &out).header("host", "harbour.example").form(&[("List-Unsubscribe", "One-Click")]);
        Answer::to(posted).await.expect(200);
        get_at(&server, "harbour.example", "/p/forged").await.expect(404);
    }

    async fn every_route_of_a_brand_or_a_person_is_looked_at(server: TestServer) {
        let sample = Sample::new(&server).await;
        move_to(&server, "harbour", &["harbour.example"]).await.expect(200);
        for (path, _) in sample.every_path(&server) {
            let first = path.split('/').nth(1).unwrap();
            let is_own = path.starts_with("/b/civic/") || ["p", "r", "d", "a", "v", "confirm", "report"].contains(&first);
            let is_known = ["u", "o", "c", "api", "assets", ".well-known", "", "healthz", "readyz", "favicon.ico"].contains(&first);
            assert!(is_own || is_known, "{path}: whose is it?");
            if is_own {
                get_at(&server, "harbour.example", &path).await.expect(404);
            }
        }
    }

    async fn letters_lead_to_the_brands_own_host(server: TestServer) {
        server.demo_brand();
        move_to(&server, "civic", &["news.civic.example"]).await.expect(200);
        let brand = server.read(|conn| mannerly::domain::catalog::brand::find(conn, "civic"));
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let draft = server.draft(&brand, |form| form.archive = true);
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
        let mail = server.mail_to("ana@example.com");
        for sign in ["/u/", "/p/", "/v/"] {
            assert!(mail.link(sign).starts_with("https://news.civic.example/"), "{sign}");
        }
        assert!(server.read(|conn| archive::list(conn, &brand, 0)).0.len() == 1);
        let feed = get_at(&server, "news.civic.example", "/b/civic/archive.atom").await.expect(200).text;
        assert!(feed.contains("https://news.civic.example/b/civic/archive/"));
    }

    async fn a_host_is_one_brands_and_is_checked_when_it_is_saved(server: TestServer) {
        let key = admin(&server);
        let make = |slug: &str, base: &str, hosts: &[&str]| {
            let mut form = brand(slug);
            form["base_url"] = json!(base);
            form["hosts"] = json!(hosts);
            form
        };
        let one = make("one", "https://one.example", &["ONE.example", "www.one.example"]);
        let made = server.api(&key, "POST", "/brands", one).await.expect(201).json();
        assert_eq!(made["hosts"], json!(["one.example", "www.one.example"]));
        for (form, field) in [
            (make("two", "https://two.example", &["two.example", "www.one.example"]), "/hosts"),
            (make("two", "https://www.one.example", &[]), "/base_url"),
            (make("two", "https://two.example", &["other.example"]), "/hosts"),
            (make("two", "https://two.example", &["two.example", "https://a.example"]), "/hosts"),
            (make("two", "https://two.example", &["two.example", "localhost"]), "/hosts"),
        ] {
            let before = server.snapshot();
            assert_eq!(pointer(&expect_problem(server.api(&key, "POST", "/brands", form).await, 422)), field);
            assert_eq!(server.snapshot().len(), before.len());
        }
        server.api(&key, "POST", "/brands", make("two", "https://shared.example", &[])).await.expect(201);
        server.api(&key, "POST", "/brands", make("three", "https://shared.example", &[])).await.expect(201);
        let taken = move_to(&server, "three", &["shared.example"]).await;
        let problem = expect_problem(taken, 422);
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("shared.example is where two has its pages"));
        let list = server.api(&key, "GET", "/brands", Value::Null).await.json();
        assert_eq!(list["items"][0]["hosts"], json!(["one.example", "www.one.example"]));
    }
}
