//! What a claim costs and how long it lasts: letters are claimed and settled together, and nobody gives up on another
//! server's letters before their lease has run out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::Connection;
use diesel::connection::InstrumentationEvent;
use mannerly::db::{DbConnection, Kind};
use mannerly::domain::campaign::Campaign;
use mannerly::domain::delivery::claim::{Claimed, Holder, LEASE, Wanted, claim};
use mannerly::domain::delivery::settle::{HandedOver, Settlement, settle};
use mannerly::error::Result;
use mannerly::jobs::plan_campaigns;
use mannerly::mail::transport::{Outcome, Reply};

use crate::support::server::TestServer;

/// Of no process of these tests.
const ANOTHER: Holder = Holder { node: 1, lease: LEASE };

fn claimed_by_another(server: &TestServer, campaign: &Campaign, letters: usize) -> Vec<Claimed> {
    let wanted = Wanted { campaign: campaign.id, letters, holder: ANOTHER };
    server.write(|conn, now| claim(conn, wanted, &server.app.pacer, now)).letters
}

/// How many statements some work sends to the database.
fn statements<T>(
    conn: &mut DbConnection,
    work: impl FnOnce(&mut DbConnection) -> Result<T>,
) -> Result<(T, usize)> {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let watch = move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    };
    match conn {
        DbConnection::Sqlite(c) => c.set_instrumentation(watch),
        DbConnection::Postgres(c) => c.set_instrumentation(watch),
    }
    let done = work(conn)?;
    let counted = count.load(Ordering::Relaxed);
    Ok((done, counted))
}

both_databases! {
    async fn fifty_letters_are_claimed_and_settled_with_as_many_statements_as_one(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = server.demo_brand();
        server.readers(&brand, 60);
        let campaign = server.campaign(&brand);
        plan_campaigns::run_once(&server.app).await.unwrap();
        let cost = |letters: usize| {
            let wanted = Wanted { campaign: campaign.id, letters, holder: ANOTHER };
            let pacer = &server.app.pacer;
            let (claims, claiming) = server.write(|conn, now| statements(conn, |conn| claim(conn, wanted, pacer, now)));
            assert_eq!(claims.letters.len(), letters);
            let outcomes: Vec<Settlement> = claims.letters.iter().map(|letter| Settlement {
                campaign: campaign.id,
                subscriber: letter.permit.subscriber(),
                attempts: 1,
                informs: letter.informs,
                result: HandedOver::Answered(Outcome::Accepted(Reply::new(250, None))),
            }).collect();
            let ((), settling) =
                server.write(|conn, now| statements(conn, |conn| settle(conn, &outcomes, ANOTHER.node, now)));
            (claiming, settling)
        };
        // What the database keeps ready is made ready by the first.
        cost(1);
        let (one, fifty) = (cost(1), cost(50));
        assert!(one.0 > 0 && one.1 > 0);
        assert_eq!(fifty, one, "statements to claim and to settle");
        assert_eq!(server.outcomes(&campaign), [("planned".to_owned(), 8), ("sent".to_owned(), 52)]);
    }
}

#[tokio::test]
async fn nobody_gives_up_on_another_server_s_letters_before_their_lease_has_run_out() {
    let mut server = TestServer::start(Kind::Postgres).await;
    server.leave_work_behind();
    let brand = server.demo_brand();
    server.readers(&brand, 3);
    let campaign = server.campaign(&brand);
    plan_campaigns::run_once(&server.app).await.unwrap();
    assert_eq!(claimed_by_another(&server, &campaign, 2).len(), 2);
    server.advance(LEASE);
    for _ in 0..2 {
        server.run_jobs().await;
    }
    assert_eq!(server.mails().len(), 1, "the third letter is free");
    assert_eq!(server.outcomes(&campaign), [("claimed".to_owned(), 2), ("sent".to_owned(), 1)]);

    server.advance(Duration::from_micros(1));
    server.run_jobs().await;
    assert_eq!(server.mails().len(), 0, "nothing is sent again");
    assert_eq!(server.outcomes(&campaign), [("sent".to_owned(), 1), ("uncertain server_died".to_owned(), 2)]);
}
