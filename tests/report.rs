//! The report of a campaign: parts that equal the whole, rates over nobody but those who allow it, and no count from
//! which one person could be known.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::DbConnection;
use mannerly::db::schema::{brand, campaign, delivery, link, subscriber};
use mannerly::domain::audience::source;
use mannerly::domain::campaign::Campaign;
use mannerly::domain::catalog::Brand;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::Statement;
use mannerly::domain::consent::opt_in::{self, Scope};
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::report::{Cell, Include, report};
use mannerly::email_address::EmailAddress;
use mannerly::mail::transport::{Enhanced, Outcome, Reply, Stage};
use mannerly::web::page::{DESK_CSS, ReportPage, render};
use mannerly::web::report::{csv, page};
use serde_json::Value;

use crate::api::key;
use crate::cli::{fails, succeeds};
use crate::support::people::own_source;
use crate::support::server::TestServer;
use crate::tracking::{allow, browse, pixel_of, reader, send};

const HOUR: i64 = 3_600_000_000;

/// A campaign that ended, as the jobs and the recorder leave one: letters by their outcome, and counters.
pub(crate) struct Seed<'a> {
    server: &'a TestServer,
    pub(crate) campaign: Campaign,
    people: i64,
}

impl<'a> Seed<'a> {
    fn new(server: &'a TestServer, brand: &Brand, name: &str) -> Self {
        let html = "<p><a href=\"https://example.com/first\">One</a> <a href=\"https://example.com/second\">Two</a></p>";
        let campaign = server.draft(brand, |form| {
            form.name = name.into();
            form.html = html.into();
        });
        server.write(|conn, now| {
            source::ensure(conn, &own_source(), now)?;
            let planned =
                (campaign::planned_at.eq(now), campaign::finished_at.eq(now), campaign::state.eq("sent"));
            diesel::update(campaign::table.find(campaign.id)).set(planned).execute(conn)?;
            Ok(())
        });
        let people = server.read(|conn| {
            Ok(subscriber::table.select(diesel::dsl::max(subscriber::id)).first::<Option<i64>>(conn)?)
        });
        Self { server, campaign: server.reload(&campaign), people: people.unwrap_or_default() }
    }

    /// So many letters to people of a domain, none of whom was known before; `columns` are more columns with values.
    fn letters(&mut self, number: i64, domain: &str, state: &str, columns: &[(&str, &str)]) -> &mut Self {
        let (from, to) = (self.people + 1, self.people + number);
        self.people = to;
        let at = self.server.now().as_micros();
        let into = "INSERT INTO subscriber (id, public_id, email, attributes, source_id, created_at)";
        let who = format!("'x' || i || '@{domain}', '{{}}', (SELECT min(id) FROM source), 0");
        let names: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
        let values: String = columns.iter().map(|(_, value)| format!(", {value}")).collect();
        let more = |name: &str, value: &str| {
            if columns.iter().any(|(given, _)| *given == name) {
                (String::new(), String::new())
            } else {
                (format!(", {name}"), format!(", {value}"))
            }
        };
        let (opens, opens_off) = more("tracks_opens", "FALSE");
        let (clicks, clicks_off) = more("tracks_clicks", "FALSE");
        let deliveries = format!(
            "INSERT INTO delivery (campaign_id, subscriber_id, state, attempts, due_at, finished_at{names}{opens}{clicks}) \
             SELECT {}, id, '{state}', 1, 0, {at}{values}{opens_off}{clicks_off} FROM subscriber WHERE id BETWEEN {from} AND {to}",
            self.campaign.id
        );
        self.server.write(|conn, _| {
            match conn {
                DbConnection::Sqlite(c) => c.batch_execute(&format!(
                    "WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to}) \
                     {into} SELECT i, randomblob(16), {who} FROM n; {deliveries}"
                ))?,
                DbConnection::Postgres(c) => c.batch_execute(&format!(
                    "{into} SELECT i, decode(md5('x' || i), 'hex'), {who} FROM generate_series({from}, {to}) i; {deliveries}"
                ))?,
            }
            Ok(())
        });
        self
    }

    /// Requests of a class, and people whose first of class human it was, in an hour since the campaign began.
    fn came(&mut self, kind: &str, link: i64, hour: i64, class: &str, hits: i64, people: i64) -> &mut Self {
        let hour = (self.server.now().as_micros() / HOUR + hour) * HOUR;
        let row = format!(
            "INSERT INTO hit_count (campaign_id, kind, link_id, hour, class, hits, people) \
             VALUES ({}, '{kind}', {link}, {hour}, '{class}', {hits}, {people})",
            self.campaign.id
        );
        self.server.write(|conn, _| {
            diesel::sql_query(row).execute(conn)?;
            Ok(())
        });
        self
    }

    fn links(&self) -> Vec<i64> {
        let id = self.campaign.id;
        self.server.read(|conn| {
            Ok(link::table
                .filter(link::campaign_id.eq(id))
                .order(link::position)
                .select(link::id)
                .load(conn)?)
        })
    }

    async fn json(&self, query: &str) -> Value {
        let key = key(self.server, &[mannerly::domain::account::Scope::ReadAggregate]);
        let path = format!("/campaigns/{}/report{query}", self.campaign.public_id);
        self.server.api(&key, "GET", &path, Value::Null).await.expect(200).json()
    }
}

/// A campaign with something in every part, without anything small.
pub(crate) fn full<'a>(server: &'a TestServer, brand: &Brand) -> Seed<'a> {
    let mut seed = Seed::new(server, brand, "=November, \"the\" month");
    let on: &[(&str, &str)] = &[("tracks_opens", "TRUE"), ("tracks_clicks", "TRUE")];
    seed.letters(700, "mail.example", "sent", &[])
        .letters(200, "mail.example", "sent", on)
        .letters(100, "post.example", "sent", on)
        .letters(20, "post.example", "sent", &[("bounce", "'soft'"), ("bounce_status", "'4.2.2'")])
        .letters(15, "few.example", "uncertain", on)
        .letters(40, "post.example", "skipped", &[("reason", "'topic_off'")])
        .letters(30, "post.example", "skipped", &[("reason", "'withdrawn'")])
        .letters(25, "post.example", "failed", &[("reason", "'550 5.1.1'")]);
    let [first, second] = seed.links()[..] else { panic!("two links") };
    seed.came("opens", 0, 0, "human", 90, 60)
        .came("opens", 0, 1, "human", 40, 30)
        .came("opens", 0, 2, "human", 5, 5)
        .came("opens", 0, 60, "human", 12, 12)
        .came("opens", 0, 0, "prefetch", 130, 0)
        .came("opens", 0, 0, "proxy", 45, 0)
        .came("clicks", 0, 0, "human", 70, 50)
        .came("clicks", 0, 0, "scanner", 99, 0)
        .came("clicks", first, 0, "human", 50, 38)
        .came("clicks", second, 0, "human", 20, 14);
    seed
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no number"))
}

both_databases! {
    async fn rates_are_over_the_measurable_only(server: TestServer) {
        let brand = server.demo_brand();
        let mut seed = Seed::new(&server, &brand, "November");
        seed.letters(900, "mail.example", "sent", &[])
            .letters(100, "mail.example", "sent", &[("tracks_opens", "TRUE")])
            .came("opens", 0, 0, "human", 52, 40)
            .came("opens", 0, 0, "prefetch", 30, 0);
        let report = seed.json("").await;
        assert_eq!(report["delivered"], 1000);
        assert_eq!(report["opens"]["coverage"], "We may measure opens of 100 of 1,000 delivered letters");
        assert_eq!(report["opens"]["text"], "40 of 100 measurable: 40.0 % (30.9 to 49.8 %)");
        assert_eq!(report["opens"]["rate"], serde_json::json!({"share": 0.4, "low": 0.309, "high": 0.498}));
        let class = |name: &str| {
            let classes = report["opens"]["classes"].as_array().unwrap();
            classes.iter().find(|class| class["class"] == name).unwrap()["hits"].clone()
        };
        assert_eq!((class("human"), class("prefetch")), (52.into(), 30.into()));
        assert!(report["note"].as_str().unwrap().contains("is not evidence"));
    }

    async fn the_parts_equal_the_whole(server: TestServer) {
        let seed = full(&server, &server.demo_brand());
        let report = seed.json("?include=domains,topics,previous").await;
        let outcomes = [&report["sent"], &report["skipped"]["total"], &report["failed"]["total"], &report["uncertain"], &report["waiting"]["total"]];
        assert_eq!(outcomes.map(number), [1020, 70, 25, 15, 0]);
        assert_eq!(outcomes.map(number).iter().sum::<i64>(), number(&report["audience"]));
        assert_eq!(number(&report["allowed"]), 1060);
        let reasons = report["skipped"]["reasons"].as_array().unwrap();
        assert_eq!(reasons.iter().map(|reason| number(&reason["people"])).sum::<i64>(), 70);
        assert_eq!(reasons[0]["text"], "They agreed to none of the campaign's subjects");
        assert_eq!((number(&report["opens"]["measurable"]), number(&report["opens"]["people"])), (315, 107));
        assert_eq!((number(&report["clicks"]["measurable"]), number(&report["clicks"]["people"])), (315, 50));
        let domains = report["domains"].as_array().unwrap();
        assert_eq!(domains.iter().map(|domain| number(&domain["sent"])).sum::<i64>(), 1020);
        assert_eq!(domains.iter().map(|domain| &domain["name"]).collect::<Vec<_>>(), ["mail.example", "post.example"]);
        assert_eq!(domains[1]["bounced"], 20);
    }

    async fn no_small_count_is_shown_or_can_be_computed(server: TestServer) {
        let mut seed = Seed::new(&server, &server.demo_brand(), "November");
        seed.letters(500, "mail.example", "sent", &[("tracks_opens", "TRUE")])
            .letters(3, "tiny.example", "sent", &[("complained_at", "1"), ("tracks_opens", "TRUE")])
            .letters(40, "mail.example", "skipped", &[("reason", "'topic_off'")])
            .letters(30, "mail.example", "skipped", &[("reason", "'withdrawn'")])
            .letters(4, "mail.example", "failed", &[("reason", "'550 5.1.1'")])
            .came("opens", 0, 0, "human", 30, 9)
            .came("opens", 0, 0, "scanner", 7, 0);
        let report = seed.json("?include=domains").await;
        assert_eq!((&report["audience"], &report["sent"]), (&577.into(), &503.into()));
        assert_eq!(report["failed"]["total"], "<10");
        assert_eq!(report["failed"]["reasons"][0]["people"], "<10");
        assert_eq!(report["skipped"]["total"], "hidden", "577 - 503 - 70 is 4");
        let reasons = report["skipped"]["reasons"].as_array().unwrap();
        assert!(reasons.iter().all(|reason| reason["people"] == "hidden"), "40 and 30 are 70");
        assert_eq!(report["allowed"], "hidden");
        assert_eq!(report["complaints"], "<10");
        assert_eq!(report["uncertain"], 0, "nobody is nobody");
        assert_eq!((&report["opens"]["people"], &report["opens"]["rate"]), (&"<10".into(), &Value::Null));
        let classes = report["opens"]["classes"].as_array().unwrap();
        assert!(classes.iter().all(|class| class["hits"] == "<10"), "30 requests of fewer than 10 people");
        let domains = report["domains"].as_array().unwrap();
        let shown: Vec<_> = domains.iter().map(|domain| (domain["name"].as_str().unwrap(), &domain["sent"])).collect();
        assert_eq!(shown, [("mail.example", &"hidden".into()), ("All other domains", &"<10".into())], "503 - 500 is 3");
        assert!(!report.to_string().contains("tiny.example"));
    }

    async fn links_and_hours_show_no_few_people(server: TestServer) {
        let seed = full(&server, &server.demo_brand());
        server.advance(Duration::from_secs(61 * 3600));
        let report = seed.json("").await;
        let links: Vec<_> = report["links"].as_array().unwrap().iter().map(|link| (number(&link["position"]), link["people"].clone(), link["hits"].clone())).collect();
        assert_eq!(links, [(1, 38.into(), 50.into()), (2, 14.into(), 20.into())]);
        let hours = report["hours"].as_array().unwrap();
        assert_eq!(hours.len(), 48);
        // 107 - 60 - 30 leaves 5 and 12, which is later than these hours.
        assert_eq!((&hours[0]["opens"], &hours[1]["opens"], &hours[2]["opens"]), (&60.into(), &30.into(), &"<10".into()));
    }

    async fn the_anonymous_mode_is_counted_apart_and_exactly(server: TestServer) {
        let brand = server.demo_brand();
        server.write(|conn, _| {
            diesel::update(brand::table.find(brand.id)).set(brand::anonymous_tracking.eq(true)).execute(conn)?;
            Ok(())
        });
        let mut seed = Seed::new(&server, &brand, "November");
        seed.letters(9, "example.com", "sent", &[]);
        let few = seed.json("").await;
        assert_eq!((&few["anonymous"]["opens"], &few["anonymous"]["links"]), (&"hidden".into(), &Value::Array(vec![])));
        seed.letters(1, "example.com", "sent", &[]);
        server.write(|conn, _| {
            // As a version left them that told neither links nor hours apart.
            for (kind, hits) in [("opens", 3), ("clicks", 1)] {
                diesel::sql_query(format!("INSERT INTO anonymous_count (campaign_id, kind, link_id, hour, hits) VALUES ({}, '{kind}', 0, 0, {hits})", seed.campaign.id)).execute(conn)?;
            }
            Ok(())
        });
        let report = seed.json("").await;
        let links = ["first", "second"].map(|word| format!("https://example.com/{word}"));
        let links = (1..).zip(&links).map(|(position, url)| serde_json::json!({"position": position, "url": url, "clicks": 0}));
        let links: Vec<Value> = links.collect();
        let anonymous = &report["anonymous"];
        assert_eq!((&anonymous["opens"], &anonymous["clicks"]), (&3.into(), &1.into()));
        assert_eq!((&anonymous["links"], &anonymous["hours"][0]["opens"]), (&Value::Array(links), &0.into()));
        assert_eq!((&report["opens"]["measurable"], &report["clicks"]["measurable"]), (&0.into(), &0.into()));
        assert_eq!(report["opens"]["people"], "<10");
    }

    async fn an_erased_person_s_letter_stays_in_the_sums(server: TestServer) {
        let mut seed = Seed::new(&server, &server.demo_brand(), "November");
        seed.letters(50, "mail.example", "sent", &[("tracks_opens", "TRUE")]).came("opens", 0, 0, "human", 20, 20);
        let before = seed.json("").await;
        server.write(|conn, now| {
            let one = delivery::table.filter(delivery::campaign_id.eq(seed.campaign.id)).select(delivery::subscriber_id);
            let one: Vec<i64> = one.order(delivery::subscriber_id).limit(12).load(conn)?;
            diesel::update(subscriber::table.filter(subscriber::id.eq_any(one)))
                .set((subscriber::erased_at.eq(now), subscriber::email.eq(None::<String>)))
                .execute(conn)?;
            Ok(())
        });
        assert_eq!(seed.json("").await, before);
        let domains = &seed.json("?include=domains").await["domains"];
        assert_eq!((&domains[0]["sent"], &domains[1]["sent"]), (&38.into(), &12.into()));
        assert_eq!((&domains[1]["key"], &domains[1]["name"]), (&Value::Null, &"All other domains".into()));
    }

    async fn it_stands_beside_the_last_five_of_its_topic(server: TestServer) {
        let brand = server.demo_brand();
        for number in 1..=6 {
            let mut seed = Seed::new(&server, &brand, &format!("Number {number}"));
            seed.letters(100 + number, "mail.example", "sent", &[("tracks_opens", "TRUE")])
                .came("opens", 0, 0, "human", 40, 40);
            server.advance(Duration::from_secs(60));
        }
        let report = Seed::new(&server, &brand, "Number 7").json("?include=previous").await;
        let previous = report["previous"].as_array().unwrap();
        let names: Vec<_> = previous.iter().map(|campaign| campaign["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Number 6", "Number 5", "Number 4", "Number 3", "Number 2"]);
        assert_eq!((&previous[0]["delivered"], &previous[0]["opens"]["people"]), (&106.into(), &40.into()));
        assert!(report.get("domains").is_none(), "only what was asked for");
    }

    async fn subjects_are_told_apart(server: TestServer) {
        let brand = server.demo_brand();
        let ids: Vec<i64> = (0..12)
            .map(|number| server.person(&brand, &format!("subject{number}@mail.example")).agrees("transport").id)
            .collect();
        let mut seed = Seed::new(&server, &brand, "November");
        seed.letters(30, "mail.example", "sent", &[]);
        server.write(|conn, now| {
            for id in ids {
                diesel::insert_into(delivery::table)
                    .values((
                        delivery::campaign_id.eq(seed.campaign.id),
                        delivery::subscriber_id.eq(id),
                        delivery::state.eq("sent"),
                        delivery::attempts.eq(1),
                        delivery::due_at.eq(now),
                        delivery::tracks_opens.eq(false),
                        delivery::tracks_clicks.eq(false),
                        delivery::finished_at.eq(now),
                    ))
                    .execute(conn)?;
            }
            Ok(())
        });
        let topics = &seed.json("?include=topics").await["topics"];
        assert_eq!((&topics[0]["key"], &topics[0]["sent"]), (&"transport".into(), &12.into()));
    }

    async fn what_is_asked_for_has_to_exist(server: TestServer) {
        let seed = Seed::new(&server, &server.demo_brand(), "November");
        let admin = crate::api::admin(&server);
        let path = format!("/campaigns/{}/report", seed.campaign.public_id);
        server.api(&admin, "GET", &format!("{path}?include=people"), Value::Null).await.expect(422);
        server.api(&admin, "GET", &format!("{path}.csv?include=people"), Value::Null).await.expect(422);
        let other = key(&server, &[mannerly::domain::account::Scope::ReadPerson]);
        server.api(&other, "GET", &format!("{path}.csv"), Value::Null).await.expect(403);
    }

    async fn what_readers_did_is_reported_once_it_is_judged_and_stays_when_they_withdraw(server: TestServer) {
        let brand = server.demo_brand();
        let address = |number: i32| format!("p{number}@example.com");
        let people: Vec<_> = (0..40).map(|number| reader(&server, &brand, &address(number), Some(number < 30))).collect();
        let id = send(&server, &brand).await;
        let letters: Vec<_> = (0..40).map(|number| server.mail_to(&address(number))).collect();
        for letter in &letters[..15] {
            server.advance(Duration::from_secs(120));
            browse(&server, &pixel_of(letter).unwrap()).await.expect(200);
        }
        let seen = |server: &TestServer| {
            let now = server.now();
            server.read(|conn| report(conn, id, Include::default(), now))
        };
        assert_eq!(seen(&server).opens.people, Cell::Under, "not judged yet");
        server.advance(Duration::from_secs(11 * 60));
        server.run_jobs().await;
        let before = seen(&server);
        assert_eq!(before.opens.coverage, "We may measure opens of 30 of 40 delivered letters");
        assert_eq!((before.opens.measurable, before.opens.people), (Cell::Exact(30), Cell::Exact(15)));
        allow(&people[0], Kind::Opens, false);
        assert_eq!(seen(&server), before, "the counters hold no person");
    }

    async fn unsubscribes_and_what_the_relay_said_belong_to_the_letter(server: TestServer) {
        let brand = server.demo_brand();
        let people: Vec<_> = (0..30).map(|number| reader(&server, &brand, &format!("p{number}@example.com"), None)).collect();
        let gone = Reply { code: 550, enhanced: Some(Enhanced { class: 5, subject: 1, detail: 1 }) };
        let refused = Outcome::Refused { stage: Stage::Recipient, reply: gone };
        for number in 0..10 {
            server.relay.answer_to(&EmailAddress::parse(&format!("p{number}@example.com")).unwrap(), refused);
        }
        let campaign = send(&server, &brand).await;
        server.mails();
        for person in &people[18..] {
            person.state(|conn, statement| {
                let by_letter = Statement { campaign: Some(campaign), ..*statement };
                opt_in::withdraw_all(conn, &by_letter, Scope::Channel(Channel::Email))
            });
        }
        let report = server.read(|conn| report(conn, campaign, Include::default(), server.now()));
        assert_eq!((report.audience, report.sent, report.uncertain), (Cell::Exact(30), Cell::Exact(20), Cell::Exact(0)));
        assert_eq!(report.failed.reasons[0].reason, gone.to_string());
        assert_eq!((report.failed.total, report.unsubscribed), (Cell::Exact(10), Cell::Over(10)), "12 of 20 leave 8");
    }
}

/// The one campaign of which both files are written, at a moment that stands still.
async fn example() -> (TestServer, Campaign, mannerly::domain::tracking::report::Report) {
    let server = TestServer::start(mannerly::db::Kind::Sqlite).await;
    let mut seed = full(&server, &server.demo_brand());
    seed.campaign.public_id = mannerly::id::PublicId("0193a2b4-0000-7000-8000-000000000001".parse().unwrap());
    let now = Moment::from_micros(server.now().as_micros() + 61 * HOUR);
    let report = server.read(|conn| report(conn, seed.campaign.id, Include::ALL, now));
    let campaign = seed.campaign;
    (server, campaign, report)
}

#[tokio::test]
async fn the_csv_file_is_what_it_was() {
    let (_server, campaign, report) = example().await;
    let file = String::from_utf8(csv::write(&campaign, &report).unwrap()).unwrap();
    assert!(file.lines().count() > 40 && file.matches("\r\n").count() == file.matches('\n').count());
    assert!(file.contains("campaign,,name,\"'=November, \"\"the\"\" month\"\r\n"), "no formula, and quoted");
    insta::assert_snapshot!(file.replace("\r\n", "\n"));
}

#[tokio::test]
async fn the_page_is_what_it_was() {
    let (_server, campaign, report) = example().await;
    let html = render(&page(&campaign, &report)).unwrap();
    for hidden in ["topic_off", "style=", "<script"] {
        assert!(!html.contains(hidden), "{hidden}");
    }
    let charts = html.matches("<svg class=\"chart\" role=\"img\"").count();
    assert!(charts >= 9 && html.matches("<desc ").count() == charts);
    insta::assert_snapshot!(html);
    let alone = render(&ReportPage { css: &DESK_CSS, ..page(&campaign, &report) }).unwrap();
    assert!(!alone.contains("<link") && alone.contains("--accent"), "a file needs nothing beside it");
}

both_databases! {
    async fn the_command_writes_both_files(server: TestServer) {
        let seed = full(&server, &server.demo_brand());
        let folder = tempfile::tempdir().unwrap();
        let (id, url) = (seed.campaign.public_id.to_string(), server.database_url());
        let listed = succeeds(folder.path(), &["report", "--database-url", url]);
        assert!(listed.starts_with(&id), "{listed}");
        let said = fails(folder.path(), &["report", &id, "--database-url", url]);
        assert!(said.contains("--html FILE"), "{said}");
        succeeds(folder.path(), &["report", &id, "--html", "a.html", "--csv", "a.csv", "--database-url", url]);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(read("a.html").contains("107 of 315 measurable") && read("a.csv").contains("funnel,,audience,1130"));
    }
}
