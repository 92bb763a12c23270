//! Several servers, and people who withdraw, at the same time: nobody counts twice, and nobody is stored who said no.

use std::sync::mpsc;
use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::DatabaseUrl;
use mannerly::db::schema::{delivery, hit, hit_count};
use mannerly::domain::audience::subscriber;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::hit::store;
use mannerly::domain::tracking::settle::settle;
use mannerly::domain::tracking::{Class, Hit, Options};

use crate::support::people::Person;
use crate::support::postgres::TestDatabase;
use crate::support::server::TestServer;
use crate::tracking::{allow, hits_of, reader, send};

#[tokio::test]
async fn what_was_withdrawn_while_a_batch_waited_is_not_stored_whatever_isolation_the_database_prefers() {
    let database = TestDatabase::migrated();
    database.set("default_transaction_isolation", "repeatable read");
    let server = TestServer::start_at(DatabaseUrl::Postgres(database.url().to_owned()));
    let brand = server.demo_brand();
    let person = reader(&server, &brand, "ana@example.com", Some(true));
    let campaign = send(&server, &brand).await;
    server.mail_to("ana@example.com");
    let hit = Hit { campaign, link: None, subscriber: person.id, at: server.now(), sign: None };
    let stored = server.write(|conn, _| {
        subscriber::get(conn, person.id)?;
        std::thread::scope(|scope| scope.spawn(|| allow(&person, Kind::Opens, false)).join().unwrap());
        store(conn, &[hit])
    });
    assert_eq!(stored, 0);
}

both_databases! {
    async fn a_person_whom_several_servers_see_at_once_counts_once(server: TestServer) {
        let brand = server.demo_brand();
        let readers: Vec<i64> = (0..20)
            .map(|n| reader(&server, &brand, &format!("reader{n}@example.com"), Some(true)).id)
            .collect();
        let campaign = send(&server, &brand).await;
        assert_eq!(server.mails().len(), readers.len());
        server.advance(Duration::from_secs(60));
        let at = server.now();
        let batch: Vec<Hit> =
            readers.iter().map(|person| Hit { campaign, link: None, subscriber: *person, at, sign: None }).collect();
        let together = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    together.wait();
                    server.app.db.write_here(|conn| store(conn, &batch)).unwrap()
                });
            }
        });
        server.advance(Duration::from_secs(11 * 60));
        let options = Options::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| while settle(&server.app.db, &options, server.now()).unwrap() > 0 {});
            }
        });
        let counted: Vec<(Class, i64, i64)> = server.read(|conn| {
            let columns = (hit_count::class, hit_count::hits, hit_count::people);
            Ok(hit_count::table.order(hit_count::class).select(columns).load(conn)?)
        });
        assert_eq!(counted, [(Class::Duplicate, 60, 0), (Class::Human, 20, 20)]);
    }

    async fn after_a_withdrawal_has_committed_no_hit_of_that_person_is_stored(server: TestServer) {
        let brand = server.demo_brand();
        let readers: Vec<Person<'_>> =
            (0..20).map(|n| reader(&server, &brand, &format!("reader{n}@example.com"), Some(true))).collect();
        let campaign = send(&server, &brand).await;
        assert_eq!(server.mails().len(), readers.len());
        let at = server.now();
        let batch: Vec<Hit> = readers
            .iter()
            .flat_map(|person| [Hit { campaign, link: None, subscriber: person.id, at, sign: None }; 5])
            .collect();
        let (ended, end) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..60 {
                            server.app.db.write_here(|conn| store(conn, &batch)).unwrap();
                        }
                    })
                })
                .collect();
            let judge = scope.spawn(|| {
                let (options, later) = (Options::default(), at.plus(Duration::from_secs(24 * 60 * 60)));
                for _ in 0..60 {
                    settle(&server.app.db, &options, later).unwrap();
                }
            });
            scope.spawn(|| {
                for person in &readers {
                    allow(person, Kind::Opens, false);
                    // Committed: from here on nothing of this person may be there, whatever the writers hold.
                    assert_eq!(hits_of(&server, person.id), []);
                }
                drop(ended);
            });
            assert!(end.recv().is_err(), "all have withdrawn");
            for writer in writers {
                writer.join().unwrap();
            }
            judge.join().unwrap();
        });
        assert_eq!(server.read(|conn| Ok(hit::table.count().get_result::<i64>(conn)?)), 0);
        let marked = delivery::table.filter(delivery::opened_at.is_not_null()).count();
        assert_eq!(server.read(|conn| Ok(marked.get_result::<i64>(conn)?)), 0, "nobody is marked by a judge");
    }
}
