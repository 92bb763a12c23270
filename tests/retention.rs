//! How long opens and clicks are kept, hits and marks on letters: by time, in partitions on PostgreSQL, and the counters for
//! ever.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mannerly::db::DbConnection;
use mannerly::db::schema::{delivery, hit, hit_count, mark_count};
use mannerly::domain::tracking::report::{Cell, Include, Report, report};
use mannerly::token::DataRequestLink;

use crate::support::server::TestServer;
use crate::tracking::{browse, link_of, pixel_of, reader, send};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    hits: i64,
}

fn hits(server: &TestServer) -> i64 {
    server.read(|conn| Ok(hit::table.count().get_result(conn)?))
}

/// The months that have a partition, with the hits in each; nothing on SQLite.
fn months(server: &TestServer) -> Vec<(String, i64)> {
    server.read(|conn| {
        let DbConnection::Postgres(c) = conn else { return Ok(Vec::new()) };
        let tables: Vec<Table> = diesel::sql_query(
            "SELECT c.relname::text AS name, (SELECT count(*) FROM hit h WHERE h.tableoid = c.oid) AS hits
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'hit'::regclass ORDER BY 1",
        )
        .load(c)?;
        Ok(tables.into_iter().map(|table| (table.name, table.hits)).collect())
    })
}

both_databases! {
    async fn hits_are_kept_for_a_year_and_their_counters_for_ever(server: TestServer) {
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        server.advance(Duration::from_secs(60));
        browse(&server, &pixel_of(&letter).unwrap()).await.expect(200);
        server.advance(30 * DAY);
        browse(&server, &link_of(&letter)).await.expect(302);
        server.advance(DAY);
        server.run_jobs().await;
        let counters = || -> Vec<(i64, i64)> {
            server.read(|conn| Ok(hit_count::table.select((hit_count::hits, hit_count::people)).load(conn)?))
        };
        let before = counters();
        assert_eq!((hits(&server), before.len()), (2, 3));

        server.advance(333 * DAY);
        server.run_jobs().await;
        assert_eq!(hits(&server), 2, "364 days");
        server.advance(2 * DAY);
        server.run_jobs().await;
        assert_eq!(hits(&server), 1, "366 days");
        server.advance(60 * DAY);
        server.run_jobs().await;
        assert_eq!((hits(&server), counters()), (0, before));
        let kept: Vec<String> = months(&server).into_iter().map(|(name, _)| name).collect();
        assert!(!kept.contains(&"hit_202611".to_owned()), "a month that is out of time goes whole: {kept:?}");
    }

    async fn months_have_their_partition_ahead_and_take_over_what_came_before_it(server: TestServer) {
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        // Far beyond the months that were made: nobody ran the jobs for a year.
        server.advance(300 * DAY);
        browse(&server, &pixel_of(&letter).unwrap()).await.expect(200);
        let in_default = |found: &[(String, i64)]| found.iter().any(|(name, hits)| name == "hit_default" && *hits == 1);
        let found = months(&server);
        assert!(found.is_empty() || in_default(&found), "{found:?}");
        server.run_jobs().await;
        let found = months(&server);
        let there = ["hit_202709", "hit_202710", "hit_202711"].map(str::to_owned);
        if !found.is_empty() {
            assert!(there.iter().all(|name| found.iter().any(|(found, _)| found == name)), "{found:?}");
            assert!(found.contains(&("hit_202709".to_owned(), 1)), "{found:?}");
        }
        assert_eq!(hits(&server), 1);
    }

    async fn what_a_person_first_did_goes_with_the_hits_and_the_report_keeps_its_numbers(server: TestServer) {
        const READERS: usize = 84;
        let brand = server.demo_brand();
        let domain = |n: usize| ["mail.example".to_owned(), "post.example".to_owned()].into_iter().nth(n / 30);
        let address = |n: usize| format!("p{n}@{}", domain(n).unwrap_or_else(|| format!("rare{n}.example")));
        let come = |n: usize| reader(&server, &brand, &address(n), Some(true));
        let people: Vec<_> = (0..READERS).map(|n| if n < 25 { come(n).agrees("transport") } else { come(n) }).collect();
        let campaign = send(&server, &brand).await;
        let letters: Vec<_> = (0..READERS).map(|n| server.mail_to(&address(n))).collect();
        let open = async |n: usize| browse(&server, &pixel_of(&letters[n]).unwrap()).await;
        for n in (0..15).chain(30..42).chain(60..72) {
            server.advance(Duration::from_secs(120));
            open(n).await.expect(200);
            if n % 2 == 0 {
                server.advance(Duration::from_secs(60));
                browse(&server, &link_of(&letters[n])).await.expect(302);
            }
        }
        server.advance(Duration::from_secs(11 * 60));
        server.run_jobs().await;
        let report = |server: &TestServer| {
            let now = server.now();
            let report = server.read(|conn| report(conn, campaign, Include::ALL, now));
            Report { hours: Vec::new(), ..report }
        };
        let marks = |server: &TestServer| -> i64 {
            let marked = delivery::opened_at.is_not_null().or(delivery::clicked_at.is_not_null());
            server.read(|conn| Ok(delivery::table.filter(marked).count().get_result(conn)?))
        };
        let before = report(&server);
        let domains = before.domains.as_ref().unwrap();
        assert_eq!((domains[0].opened, domains[1].opened, domains.len()), (Cell::Exact(15), Cell::Exact(12), 3));
        assert_eq!(before.topics.as_ref().unwrap()[0].opened, Cell::Exact(15));
        assert_eq!((before.opens.people, marks(&server)), (Cell::Exact(39), 39));
        // One who opens late keeps that mark for longer than the others.
        server.advance(300 * DAY);
        open(20).await.expect(200);
        server.advance(DAY);
        server.run_jobs().await;
        let with_the_late_one = report(&server);
        assert_eq!((with_the_late_one.opens.people, marks(&server)), (Cell::Exact(40), 40));

        server.advance(66 * DAY);
        server.run_jobs().await;
        assert_eq!((marks(&server), report(&server)), (1, with_the_late_one.clone()), "each goes when it is old");
        let counted: Vec<String> = server.read(|conn| {
            Ok(mark_count::table.filter(mark_count::part.eq("domain")).order(mark_count::name).select(mark_count::name).load(conn)?)
        });
        assert_eq!(counted, ["", "mail.example", "post.example"], "a domain with a single reader is not named");
        // Whoever opened may do so again; nobody knows any more whether it is the first time.
        open(0).await.expect(200);
        open(21).await.expect(200);
        server.advance(DAY);
        server.run_jobs().await;
        assert_eq!((report(&server).opens.people, marks(&server)), (Cell::Exact(40), 1));
        server.advance(300 * DAY);
        server.run_jobs().await;
        assert_eq!(marks(&server), 0);
        assert_eq!((report(&server).domains, report(&server).topics), (with_the_late_one.domains, with_the_late_one.topics));

        // A copy of one's data has nothing of it either.
        let expires_at = server.now().plus(Duration::from_secs(3600)).as_micros();
        let link = DataRequestLink { brand: brand.id, subscriber: people[0].id, expires_at };
        let data = format!("/d/{}", server.app.keys.seal(&link));
        let copy = server.post_form(&data, &[("action", "copy")]).await.expect(200).json();
        let letter = &copy["deliveries"][0];
        assert!(letter["opened_at"].is_null() && letter["clicked_at"].is_null(), "{letter}");
    }
}
