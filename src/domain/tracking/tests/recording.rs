//! The recorder and the links in memory: stored before answered, and unharmed by a database that is slow or fails.

use std::sync::mpsc;

use super::*;
use crate::domain::tracking::Links;
use crate::domain::tracking::recorder::{Counts, Recorder};

#[tokio::test]
async fn a_hit_is_stored_before_it_is_answered() {
    let house = house();
    house.set_permission(ANA, Kind::Opens, true, NOW);
    house.deliver(ANA, true);
    let recorder = Recorder::start(house.db.clone()).unwrap();
    assert!(recorder.record(request(ANA, Kind::Opens)).await);
    assert_eq!(recorder.counts(), Counts { stored: 1, refused: 0, shed: 0, surplus: 0 });
    assert!(recorder.record(request(BEN, Kind::Opens)).await);
    assert_eq!(recorder.counts(), Counts { stored: 1, refused: 1, shed: 0, surplus: 0 });
}

#[tokio::test]
async fn a_slow_database_delays_nobody_and_loses_nothing() {
    let house = house();
    house.set_permission(ANA, Kind::Opens, true, NOW);
    house.deliver(ANA, true);
    let recorder = Recorder::start(house.db.clone()).unwrap();
    let (started, is_busy) = mpsc::channel();
    let (finish, finished) = mpsc::channel::<()>();
    let db = house.db.clone();
    // Another writer holds the only writing connection.
    let other = std::thread::spawn(move || {
        db.write_here(|_| {
            started.send(()).unwrap();
            finished.recv().unwrap();
            Ok(())
        })
    });
    is_busy.recv().unwrap();
    assert!(!recorder.record(request(ANA, Kind::Opens)).await, "answered before it could be stored");
    finish.send(()).unwrap();
    other.join().unwrap().unwrap();
    recorder.stop();
    assert_eq!(recorder.counts(), Counts { stored: 1, refused: 0, shed: 0, surplus: 0 });
}

#[tokio::test]
async fn while_the_database_fails_hits_wait_and_nobody_waits_for_them() {
    let house = house();
    house.set_permission(ANA, Kind::Opens, true, NOW);
    house.deliver(ANA, true);
    let rename = |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        house.write(|conn| Ok(on_backend!(conn, |c| diesel::sql_query(&sql).execute(c))?))
    };
    rename("hit", "lost");
    let recorder = Recorder::start(house.db.clone()).unwrap();
    for _ in 0..100 {
        assert!(!recorder.record(request(ANA, Kind::Opens)).await);
    }
    rename("lost", "hit");
    recorder.stop();
    assert_eq!(recorder.counts(), Counts { stored: 100, refused: 0, shed: 0, surplus: 0 });
    assert!(!recorder.record(request(ANA, Kind::Opens)).await);
    assert_eq!(recorder.counts().shed, 1, "after the end nothing is taken");
}

#[tokio::test]
async fn a_link_is_read_from_the_database_once() {
    let house = house();
    let links = Links::default();
    assert_eq!(links.get(LINK), None);
    let found = links.find(&house.db, LINK).await.unwrap().unwrap();
    assert_eq!((found.campaign, found.url.as_str()), (CAMPAIGN, "https://example.com/a?b=%20c&d#e"));
    assert_eq!(links.get(LINK), Some(found.clone()));
    assert_eq!(links.find(&house.db, 99).await.unwrap(), None);
    for warmed in [house.write(Links::load), {
        let links = Links::default();
        links.warm(&house.write(|conn| crate::domain::campaign::link::of_campaign(conn, CAMPAIGN)));
        links
    }] {
        assert_eq!(warmed.get(LINK), Some(found.clone()));
    }
}
