//! How long opens and clicks are kept: by time, in partitions on PostgreSQL, and the counters for ever.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mannerly::db::DbConnection;
use mannerly::db::schema::{hit, hit_count};

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
}
