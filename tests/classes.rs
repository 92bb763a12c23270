//! Honest classes: what each request is taken for, by a corpus of recorded shapes and by what comes before and after.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::Kind as Database;
use mannerly::db::schema::{delivery, hit, hit_count};
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::Brand;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::{Class, Reason};
use mannerly::jobs::judge_hits;
use serde::Deserialize;

use crate::support::http::Answer;
use crate::support::server::TestServer;
use crate::tracking::{allow, browse, link_of, pixel_of, reader, send};

#[derive(Deserialize)]
struct Corpus {
    request: Vec<Shape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    rule: String,
    name: String,
    kind: String,
    #[serde(default = "get")]
    method: String,
    from: Option<String>,
    #[serde(default = "a_minute")]
    after: u64,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    wanted: String,
}

fn get() -> String {
    "GET".to_owned()
}

fn a_minute() -> u64 {
    60
}

/// A class and its reason; neither before it is judged.
type Verdict = (Option<Class>, Option<Reason>);

/// What everything recorded was taken for, by person and in the order of time.
fn verdicts(server: &TestServer) -> BTreeMap<i64, Vec<Verdict>> {
    let rows: Vec<(i64, Option<Class>, Option<Reason>)> = server.read(|conn| {
        let columns = (hit::subscriber_id, hit::class, hit::reason);
        Ok(hit::table.order((hit::at, hit::id)).select(columns).load(conn)?)
    });
    let mut verdicts = BTreeMap::<_, Vec<_>>::new();
    for (person, class, reason) in rows {
        verdicts.entry(person).or_default().push((class, reason));
    }
    verdicts
}

fn reasons(server: &TestServer) -> Vec<Reason> {
    verdicts(server).into_values().flatten().filter_map(|(_, reason)| reason).collect()
}

/// Hits and people of the whole campaign, by class.
fn counted(server: &TestServer, kind: Kind) -> BTreeMap<Class, (i64, i64)> {
    let rows: Vec<(Class, i64, i64)> = server.read(|conn| {
        let whole = hit_count::table.filter(hit_count::kind.eq(kind).and(hit_count::link_id.eq(0)));
        Ok(whole.select((hit_count::class, hit_count::hits, hit_count::people)).load(conn)?)
    });
    let mut counted = BTreeMap::<_, (i64, i64)>::new();
    for (class, hits, people) in rows {
        let (all_hits, all_people) = counted.entry(class).or_default();
        *all_hits += hits;
        *all_people += people;
    }
    counted
}

async fn settle(server: &TestServer) {
    server.advance(Duration::from_secs(10 * 60 + 1));
    server.run_jobs().await;
}

/// Sends a letter with so many links to one person; returns the links.
async fn letter_with_links(server: &TestServer, brand: &Brand, links: usize) -> Vec<String> {
    let html: String =
        (0..links).map(|n| format!("<p><a href=\"https://example.com/{n}\">{n}</a></p>")).collect();
    let draft = server.draft(brand, |form| form.html = html);
    server.write(|conn, now| state::schedule(conn, draft.id, None, now));
    server.run_jobs().await;
    let letter = server.mail_to("ana@example.com");
    letter.html_links().into_iter().filter(|link| link.contains("/c/")).collect()
}

async fn every_shape_of_the_corpus_is_what_it_is(kind: Database) {
    let server = TestServer::start_with(kind, |options| options.behind_proxy = true).await;
    let mut corpus: Corpus = toml::from_str(include_str!("corpus/requests.toml")).unwrap();
    assert!(corpus.request.len() >= 60, "{} shapes", corpus.request.len());
    let brand = server.demo_brand();
    let people: Vec<i64> = (0..corpus.request.len())
        .map(|n| reader(&server, &brand, &format!("reader{n}@example.com"), Some(true)).id)
        .collect();
    send(&server, &brand).await;
    let sent = server.now();
    let mut letters: BTreeMap<String, _> =
        server.mails().into_iter().map(|mail| (mail.to.clone(), mail)).collect();
    let mut shapes: Vec<(usize, Shape)> = corpus.request.drain(..).enumerate().collect();
    shapes.sort_by_key(|(_, shape)| shape.after);
    for (n, shape) in &shapes {
        let elapsed = server.now().as_micros() - sent.as_micros();
        server.advance(Duration::from_secs(shape.after) - Duration::from_micros(elapsed.unsigned_abs()));
        let letter = letters.remove(&format!("reader{n}@example.com")).unwrap();
        let (url, status) = match shape.kind.as_str() {
            "opens" => (pixel_of(&letter).unwrap(), 200),
            _ => (link_of(&letter), 302),
        };
        let mut request = server.request(&shape.method, &url);
        for (name, value) in &shape.headers {
            request = request.header(name, value);
        }
        if let Some(from) = &shape.from {
            request = request.header("X-Forwarded-For", from);
        }
        Answer::to(request).await.expect(status);
    }
    settle(&server).await;
    let verdicts = verdicts(&server);
    for (n, Shape { rule, name, wanted, .. }) in &shapes {
        let found = verdicts.get(&people[*n]).map(Vec::as_slice).unwrap_or_default();
        let wanted: Vec<_> =
            Reason::parse(wanted).map(|reason| (Some(reason.class()), Some(reason))).into_iter().collect();
        assert_eq!(found, wanted, "{rule}: {name}");
    }
    // T-09: a client's address, user agent and referring page are nowhere in the database.
    let everything = server.snapshot().join("\n");
    for trace in ["104.28.42", "66.249.84", "AppleWebKit", "GoogleImageProxy", "safelinks", "urldefense"] {
        assert!(!everything.contains(trace), "{trace}");
    }
}

#[tokio::test]
async fn every_shape_of_the_corpus_is_what_it_is_sqlite() {
    every_shape_of_the_corpus_is_what_it_is(Database::Sqlite).await;
}

#[tokio::test]
async fn every_shape_of_the_corpus_is_what_it_is_postgres() {
    every_shape_of_the_corpus_is_what_it_is(Database::Postgres).await;
}

#[tokio::test]
async fn the_letters_of_many_people_fetched_from_one_network_at_once_are_a_scanner_s() {
    for kind in [Database::Sqlite, Database::Postgres] {
        let server = TestServer::start_with(kind, |options| options.behind_proxy = true).await;
        let brand = server.demo_brand();
        for n in 0..12 {
            reader(&server, &brand, &format!("reader{n}@example.com"), Some(true));
        }
        send(&server, &brand).await;
        server.advance(Duration::from_secs(60));
        let rename = |from: &str, to: &str| {
            server.write(|conn, _| Ok(conn.batch_execute(&format!("ALTER TABLE {from} RENAME TO {to}"))?));
        };
        for letter in server.mails() {
            let browser = server.request("GET", &link_of(&letter)).header("Accept-Language", "en");
            let browser = browser.header("User-Agent", "Mozilla/5.0 (X11; rv:145.0) Firefox/145.0");
            Answer::to(browser.header("X-Forwarded-For", "203.0.113.9")).await.expect(302);
        }
        // What was noticed in memory outlives a database that fails.
        rename("hit", "lost_hit");
        judge_hits::run_once(&server.app).await.unwrap_err();
        rename("lost_hit", "hit");
        settle(&server).await;
        assert_eq!(reasons(&server), [Reason::Crowd; 12], "those before it was a crowd too");
        assert!(!server.snapshot().join("\n").contains("203.0.113"));
    }
}

both_databases! {
    async fn a_burst_is_a_scanner_s_from_its_first_click_and_a_click_two_hours_later_a_person_s(server: TestServer) {
        let brand = server.demo_brand();
        let ana = reader(&server, &brand, "ana@example.com", Some(true));
        let links = letter_with_links(&server, &brand, 12).await;
        assert_eq!(links.len(), 12);
        server.advance(Duration::from_secs(60));
        for link in &links {
            browse(&server, link).await.expect(302);
            server.advance(Duration::from_millis(250));
        }
        // Not judged before it has been quiet for ten minutes after the last of them.
        server.advance(Duration::from_secs(9 * 60));
        server.run_jobs().await;
        assert_eq!(verdicts(&server)[&ana.id], [(None, None); 12]);
        assert!(counted(&server, Kind::Clicks).is_empty());
        settle(&server).await;
        assert_eq!(reasons(&server), [Reason::Burst; 12]);

        server.advance(Duration::from_secs(2 * 60 * 60));
        browse(&server, &links[3]).await.expect(302);
        let clicked_at = server.now();
        settle(&server).await;
        assert_eq!(reasons(&server).last(), Some(&Reason::Plausible));
        let wanted = BTreeMap::from([(Class::Scanner, (12, 0)), (Class::Human, (1, 1))]);
        assert_eq!(counted(&server, Kind::Clicks), wanted);
        let first: Vec<Option<Moment>> =
            server.read(|conn| Ok(delivery::table.select(delivery::clicked_at).load(conn)?));
        assert_eq!(first, [Some(clicked_at)], "a scanner's click is nobody's");
    }

    async fn people_are_counted_once_for_the_campaign_and_once_for_each_link(server: TestServer) {
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        let links = letter_with_links(&server, &brand, 2).await;
        server.advance(Duration::from_secs(60));
        for _ in 0..2 {
            for link in [&links[0], &links[0], &links[1]] {
                browse(&server, link).await.expect(302);
            }
            settle(&server).await;
            server.advance(Duration::from_secs(60 * 60));
        }
        let wanted = BTreeMap::from([(Class::Human, (4, 1)), (Class::Duplicate, (2, 0))]);
        assert_eq!(counted(&server, Kind::Clicks), wanted);
        let by_link: Vec<(i64, i64)> = server.read(|conn| {
            let human = hit_count::table.filter(hit_count::class.eq(Class::Human).and(hit_count::link_id.ne(0)));
            let sums = (hit_count::hits, hit_count::people);
            Ok(human.order((hit_count::link_id, hit_count::hour)).select(sums).load(conn)?)
        });
        assert_eq!(by_link, [(1, 1), (1, 0), (1, 1), (1, 0)], "the first hour of each link has its person");
    }

    async fn what_is_withdrawn_before_it_is_judged_is_never_counted(server: TestServer) {
        let brand = server.demo_brand();
        let ana = reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        server.advance(Duration::from_secs(60));
        browse(&server, &pixel_of(&letter).unwrap()).await.expect(200);
        allow(&ana, Kind::Opens, false);
        settle(&server).await;
        assert!(verdicts(&server).is_empty() && counted(&server, Kind::Opens).is_empty());
    }
}
