//! How PostgreSQL finds its way: letters are looked up by their keys, whatever its statistics know yet.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;
use mannerly::db::schema::delivery;
use mannerly::db::{DbConnection, Kind, among};

use crate::import::import;
use crate::support::server::TestServer;

/// The way that a statement would take.
#[derive(QueryId)]
struct Explain<Q>(Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("EXPLAIN ");
        self.0.walk_ast(out)
    }
}

impl<Q: Query> Query for Explain<Q> {
    type SqlType = Text;
}

impl<Q> RunQueryDsl<PgConnection> for Explain<Q> {}

/// The conditions by which the letters of some people are looked up.
fn way(conn: &mut DbConnection, campaign: i64) -> String {
    let people: Vec<i64> = (500..506).collect();
    let letters = delivery::table
        .filter(delivery::campaign_id.eq(campaign).and(among(delivery::subscriber_id, &people)))
        .select(delivery::subscriber_id);
    let DbConnection::Postgres(c) = conn else { panic!("PostgreSQL") };
    let lines: Vec<String> = Explain(letters).load(c).unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn letters_of_a_campaign_that_was_planned_just_now_are_not_walked_through() {
    let mut server = TestServer::start(Kind::Postgres).await;
    server.leave_work_behind();
    let brand = server.demo_brand();
    server.person(&brand, "ana@example.com");
    server.strangers(2000);
    let (old, new) = (server.campaign(&brand), server.campaign(&brand));
    let letters = |campaign: i64| {
        format!(
            "INSERT INTO delivery (campaign_id, subscriber_id, state, attempts, due_at, tracks_opens, tracks_clicks) \
             SELECT {campaign}, id, 'planned', 0, 0, FALSE, FALSE FROM subscriber"
        )
    };
    server.write(|conn, _| {
        let DbConnection::Postgres(c) = conn else { panic!("PostgreSQL") };
        diesel::sql_query(letters(old.id)).execute(c)?;
        // The statistics know of the old campaign and of no other.
        diesel::sql_query("ANALYZE delivery").execute(c)?;
        diesel::sql_query(letters(new.id)).execute(c)?;
        Ok(())
    });
    let written = |campaign| server.write(|conn, _| Ok(way(conn, campaign)));
    let read = |campaign| server.read(|conn| Ok(way(conn, campaign)));
    for way in [written(old.id), written(new.id), read(old.id), read(new.id)] {
        let by_key = way.lines().find(|line| line.contains("Index Cond")).unwrap_or_default();
        assert!(by_key.contains("campaign_id") && by_key.contains("subscriber_id"), "{way}");
    }
}

#[derive(QueryableByName)]
struct Estimate {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

#[tokio::test]
async fn what_a_large_import_brought_is_known_at_once() {
    let server = TestServer::start(Kind::Postgres).await;
    server.demo_brand();
    let mut file = "email,topics,consented_at\n".to_owned();
    for person in 0..1000 {
        file += &format!("reader{person}@example.com,newsletter:email,2026-01-02T03:04:05Z\n");
    }
    import(&server, file);
    for (table, least) in [("subscriber", 1000), ("opt_in", 1000), ("permission", 0)] {
        let estimate = format!("SELECT reltuples::bigint AS rows FROM pg_class WHERE relname = '{table}'");
        let known: Estimate = server.read(|conn| {
            let DbConnection::Postgres(c) = conn else { panic!("PostgreSQL") };
            Ok(diesel::sql_query(estimate).get_result(c)?)
        });
        assert!(known.rows >= least, "{table}: {}", known.rows);
    }
}
