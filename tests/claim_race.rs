//! A claim and a withdrawal of the same person at the same time: one of them waits until the other is committed, and
//! then sees it. In both orders, and without leaving anything to chance.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mannerly::clock::Clock;
use mannerly::db::schema::delivery;
use mannerly::db::{DbConnection, Kind};
use mannerly::domain::campaign::State as CampaignState;
use mannerly::domain::consent::Method;
use mannerly::domain::delivery::claim::{Claims, Holder, LEASE, Wanted, claim};
use mannerly::domain::delivery::pacer::Pacer;
use mannerly::domain::preferences::{Way, unsubscribe};
use mannerly::error::Result;
use mannerly::jobs::plan_campaigns;
use mannerly::token::UnsubscribeLink;

use crate::support::server::TestServer;

/// One person and their letter, planned and due.
struct Scene {
    link: UnsubscribeLink,
}

impl Scene {
    async fn set(server: &mut TestServer) -> Self {
        server.leave_work_behind();
        let brand = server.demo_brand();
        let person = server.person(&brand, "ana@example.com").agrees("newsletter").id;
        let campaign = server.campaign(&brand);
        plan_campaigns::run_once(&server.app).await.unwrap();
        assert_eq!(server.reload(&campaign).state, CampaignState::Sending);
        Self { link: UnsubscribeLink { brand: brand.id, subscriber: person, campaign: campaign.id } }
    }

    /// What the dispatcher does for a free connection.
    fn claim(&self, conn: &mut DbConnection, server: &TestServer) -> Result<Claims> {
        let holder = Holder { node: 1, lease: LEASE };
        let wanted = Wanted { campaign: self.link.campaign, letters: 1, holder };
        claim(conn, wanted, &Pacer::new(&Clock::System), server.now())
    }

    /// What the one-click link does.
    fn withdraw(&self, conn: &mut DbConnection, server: &TestServer) -> Result<()> {
        unsubscribe(conn, &self.link, Way::unseen(Method::OneClick), server.now())?;
        Ok(())
    }

    /// State and reason of the letter.
    fn letter(&self, server: &TestServer) -> (String, Option<String>) {
        let letter = delivery::table.find((self.link.campaign, self.link.subscriber));
        server.read(|conn| Ok(letter.select((delivery::state, delivery::reason)).first(conn)?))
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many transactions on this test's database wait for another one.
fn waiting(watcher: &mut PgConnection) -> i64 {
    let waiting = "SELECT count(*) AS count FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    diesel::sql_query(waiting).get_result::<Count>(watcher).unwrap().count
}

/// Does `first` in a transaction, begins `second` in another before the first is committed, and shows that the second
/// waits until then. Returns what both came to.
fn one_after_the_other<A, B: Send>(
    server: &TestServer,
    first: impl FnOnce(&mut DbConnection) -> Result<A>,
    second: impl FnOnce(&mut DbConnection) -> Result<B> + Send,
) -> (A, B) {
    // As another server on the same database has it, so that it does not wait for a connection of this one.
    let mut beside = TestServer::beside(server);
    beside.leave_work_behind();
    let other = &beside.app.db;
    let file = server.database_url().trim_start_matches("sqlite:").to_owned();
    std::thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        let done = server.app.db.write_here(|conn| {
            let done = first(conn)?;
            if server.app.db.kind() == Kind::Sqlite {
                // There is one writer: nobody else can even begin.
                let mut refused = SqliteConnection::establish(&file).unwrap();
                assert!(refused.batch_execute("BEGIN IMMEDIATE").is_err(), "two write at the same time");
            }
            let late = scope.spawn(move || {
                let result = other.write_here(second);
                ended.send(()).unwrap();
                result
            });
            if server.app.db.kind() == Kind::Postgres {
                let mut watcher = PgConnection::establish(server.database_url()).unwrap();
                let give_up = Instant::now() + Duration::from_secs(60);
                while waiting(&mut watcher) == 0 {
                    assert!(end.try_recv().is_err(), "the second did not wait for the first");
                    assert!(Instant::now() < give_up, "the second neither waits nor ends");
                }
            }
            assert!(end.try_recv().is_err(), "the second did not wait for the first");
            Ok((done, late))
        });
        let (done, late) = done.unwrap();
        (done, late.join().unwrap().unwrap())
    })
}

both_databases! {
    async fn a_withdrawal_waits_for_a_claim_that_has_seen_the_consent_so_nothing_is_claimed_after_its_answer(
        server: TestServer
    ) {
        let mut server = server;
        let scene = Scene::set(&mut server).await;
        let (claims, ()) = one_after_the_other(
            &server,
            |conn| scene.claim(conn, &server),
            |conn| scene.withdraw(conn, &server),
        );
        assert_eq!(claims.letters.len(), 1, "it was in hand before the withdrawal was answered");
        assert_eq!(scene.letter(&server).0, "claimed");
    }

    async fn a_claim_waits_for_a_withdrawal_that_is_not_committed_yet_and_then_skips_the_person(server: TestServer) {
        let mut server = server;
        let scene = Scene::set(&mut server).await;
        let ((), claims) = one_after_the_other(
            &server,
            |conn| scene.withdraw(conn, &server),
            |conn| scene.claim(conn, &server),
        );
        assert!(claims.letters.is_empty());
        assert_eq!(scene.letter(&server), ("skipped".to_owned(), Some("withdrawn".to_owned())));
    }
}
