//! The relay is away, busy, slow or dying: the delivery promise holds.

use std::time::Duration;

use diesel::dsl::max;
use diesel::prelude::*;
use mannerly::clock::{Clock, Moment};
use mannerly::db::schema::{campaign, delivery, subscriber};
use mannerly::jobs::send_deliveries;
use serde_json::json;

use crate::api::admin;
use crate::support::programs::until;
use crate::support::relay::{End, Manners, POLITE};
use crate::support::rig::{CONNECTIONS, Rig, wait};
use crate::support::server::TestServer;

/// Slow enough that a small campaign can be struck in its middle.
const UNHURRIED: Manners = Manners { pause: Duration::from_millis(20), ..POLITE };

/// Nobody listens.
const AWAY: Manners = Manners { open: false, ..UNHURRIED };

/// How many tries each waiting letter had, and when it is due.
fn waiting(rig: &Rig) -> Vec<(i32, Moment)> {
    rig.server.read(|conn| {
        let planned = delivery::table.filter(delivery::state.eq("planned"));
        Ok(planned.select((delivery::attempts, delivery::due_at)).load(conn)?)
    })
}

/// The most tries that any letter had.
fn most_tries(server: &TestServer) -> Option<i32> {
    server.read(|conn| Ok(delivery::table.select(max(delivery::attempts)).first(conn)?))
}

/// A relay that puts off every letter: each waits half an hour, also through a restart, and then goes out.
async fn puts_off(server: TestServer, storm: Manners) {
    const PEOPLE: usize = 40;
    let rig = Rig::new(server, PEOPLE, storm);
    let before = Clock::System.now();
    let running = rig.boot();
    let all_put_off = || waiting(&rig).len() == PEOPLE && waiting(&rig).iter().all(|(tries, _)| *tries == 1);
    until("everybody was put off", all_put_off);
    let half_an_hour = Duration::from_secs(30 * 60);
    let (earliest, latest) = (before.plus(half_an_hour), Clock::System.now().plus(half_an_hour));
    assert!(waiting(&rig).iter().all(|(_, due)| (earliest..=latest).contains(due)));
    drop(running);

    rig.relay.turns(POLITE);
    let _running = rig.boot_and_wait();
    assert!(all_put_off(), "a restart brings nothing forward");
    assert_eq!(rig.relay.accepted(), 0);
    rig.let_time_pass();
    rig.until_sent();
    rig.check(0).await;
}

/// A relay that ends each connection after some mails.
async fn ends_connections(server: TestServer, end: End) -> Rig {
    let rig = Rig::new(server, 80, Manners { mails: 5, end, ..POLITE });
    let _running = rig.boot();
    rig.until_sent();
    rig
}

/// What was under way when the relay died after a final dot is uncertain, letter by letter, and stays so.
async fn drops_after_the_final_dot(server: TestServer, end: End) {
    let rig = ends_connections(server, end).await;
    let dropped = rig.relay.log().dropped;
    assert!(dropped > 0, "nothing was dropped");
    assert_eq!(rig.count("uncertain"), dropped);
    let reasons = rig.people().into_values().filter(|(state, _)| state == "uncertain");
    assert!(reasons.into_iter().all(|(_, reason)| reason.as_deref() == Some("connection_lost")));
    rig.check(dropped).await;
}

both_databases! {
    async fn a_relay_that_is_away_costs_nobody_a_try_and_the_campaign_goes_on_when_it_is_back(server: TestServer) {
        const PEOPLE: usize = 120;
        let rig = Rig::new(server, PEOPLE, AWAY);
        let mut running = rig.boot_and_wait();
        until("the audience is planned", || rig.count("planned") == PEOPLE);
        wait(Duration::from_millis(1200));
        assert_eq!(rig.count("planned"), PEOPLE, "nothing is claimed for a relay that is away");
        rig.relay.turns(UNHURRIED);
        rig.until_accepted(30);
        rig.relay.turns(AWAY);
        until("nothing is in hand", || rig.count("claimed") == 0);
        let accepted = rig.relay.accepted();
        // A whole minute by the clock: the pauses of the dispatcher are real ones here.
        wait(Duration::from_secs(60));
        assert_eq!(rig.relay.accepted(), accepted);
        assert!(rig.count("planned") > 0, "it was away too late to show anything");
        assert!(waiting(&rig).iter().all(|(tries, _)| *tries == 0), "somebody paid for it with a try");
        assert!(running.0.try_wait().unwrap().is_none(), "the server lives");
        rig.relay.turns(UNHURRIED);
        rig.let_time_pass();
        rig.until_sent();
        rig.check(CONNECTIONS).await;
    }

    async fn a_relay_that_turns_everybody_away_with_421_gets_no_letter_until_it_relents(server: TestServer) {
        let rig = Rig::new(server, 60, Manners { greeting: "421 4.3.2 too busy", ..UNHURRIED });
        let _running = rig.boot();
        until("it was tried more than once", || rig.relay.log().connections > 2);
        assert_eq!((rig.count("planned"), rig.relay.accepted()), (60, 0));
        rig.relay.turns(UNHURRIED);
        rig.until_sent();
        rig.check(0).await;
    }

    async fn a_relay_that_has_enough_connections_gets_all_letters_over_those_it_took(server: TestServer) {
        let rig = Rig::new(server, 200, Manners { connections: 2, ..UNHURRIED });
        let _running = rig.boot();
        until("the campaign is half sent", || rig.relay.accepted() > 100);
        let tries: Vec<i32> = waiting(&rig).iter().map(|(tries, _)| *tries).collect();
        assert!(!tries.is_empty(), "it was looked at too late to show anything");
        assert!(tries.iter().all(|tries| *tries == 0), "somebody paid for it with a try");
        rig.until_sent();
        assert!(rig.relay.log().turned_away >= CONNECTIONS - 2, "nobody was turned away");
        assert_eq!((rig.count("sent"), most_tries(&rig.server)), (200, Some(1)));
        rig.check(0).await;
    }

    async fn a_minute_without_a_relay_costs_nobody_a_try_and_nobody_is_lost(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        server.readers(&brand, 30);
        let campaign = server.campaign(&brand);
        // It stops in mid-campaign, with connections that are open.
        let slow = json!({"paces": [{"scope": "server", "messages": 1, "period": "second"}]});
        server.api(&key, "PUT", "/pace", slow).await.expect(200);
        server.run_jobs().await;
        server.api(&key, "PUT", "/pace", json!({"paces": []})).await.expect(200);
        server.relay.refuse_connections(true);
        let before = server.mails().len();
        for _ in 0..60 {
            // The job says that no relay can be reached, and rests; here nobody has to wait for it.
            let _ = send_deliveries::run_once(&server.app).await;
            assert_eq!(server.mails().len(), 0);
            server.advance(Duration::from_secs(1));
        }
        assert_eq!(server.outcomes(&campaign), [("planned".to_owned(), 29), ("sent".to_owned(), 1)]);
        server.relay.refuse_connections(false);
        server.run_jobs().await;
        server.advance(Duration::from_secs(10));
        server.run_jobs().await;
        assert_eq!(before + server.mails().len(), 30);
        assert_eq!(server.outcomes(&campaign), [("sent".to_owned(), 30)]);
        assert_eq!(most_tries(&server), Some(1));
    }

    async fn a_relay_that_says_421_to_every_mail_costs_nobody_a_try(server: TestServer) {
        let rig = Rig::new(server, 60, Manners { mail: "421 4.7.0 too many", ..UNHURRIED });
        let _running = rig.boot();
        until("it was tried more than once", || rig.relay.log().connections > 2);
        until("nothing is in hand", || rig.count("planned") == 60);
        assert!(waiting(&rig).iter().all(|(tries, _)| *tries == 0), "somebody paid for it with a try");
        rig.relay.turns(UNHURRIED);
        rig.let_time_pass();
        rig.until_sent();
        rig.check(0).await;
    }

    async fn letters_put_off_with_451_at_rcpt_wait_and_go_out_later(server: TestServer) {
        puts_off(server, Manners { rcpt: "451 4.7.1 greylisted", ..POLITE }).await;
    }

    async fn letters_put_off_with_451_at_data_wait_and_go_out_later(server: TestServer) {
        puts_off(server, Manners { data: "451 4.3.0 not now", ..POLITE }).await;
    }

    async fn letters_put_off_with_451_at_the_final_dot_wait_and_go_out_later(server: TestServer) {
        puts_off(server, Manners { dot: "451 4.3.0 not now", ..POLITE }).await;
    }

    async fn a_relay_that_says_421_after_some_mails_gets_the_rest_over_new_connections(server: TestServer) {
        ends_connections(server, End::Politely).await.check(0).await;
    }

    async fn a_relay_that_dies_between_two_mails_gets_the_rest_over_new_connections(server: TestServer) {
        ends_connections(server, End::Silently).await.check(0).await;
    }

    async fn what_a_relay_accepted_before_it_died_is_uncertain_and_not_sent_twice(server: TestServer) {
        drops_after_the_final_dot(server, End::AfterAccepting).await;
    }

    async fn what_a_relay_lost_when_it_died_is_uncertain_and_not_sent_again_by_itself(server: TestServer) {
        drops_after_the_final_dot(server, End::AfterLosing).await;
    }

    async fn letters_that_cannot_be_written_fail_alone_although_the_relay_was_told_of_them(server: TestServer) {
        let rig = Rig::new(server, 40, POLITE);
        rig.server.write(|conn, _| {
            let subject = format!("{}{{{{ last_name|default('') }}}}", rig.campaign.subject);
            diesel::update(campaign::table).set(campaign::subject.eq(subject)).execute(conn)?;
            let people: Vec<i64> = subscriber::table.select(subscriber::id).load(conn)?;
            let every_fifth: Vec<i64> = people.into_iter().step_by(5).collect();
            diesel::update(subscriber::table.filter(subscriber::id.eq_any(every_fifth)))
                .set(subscriber::last_name.eq("x".repeat(2000)))
                .execute(conn)?;
            Ok(())
        });
        let _running = rig.boot();
        rig.until_sent();
        let failed: Vec<_> = rig.people().into_values().filter(|(state, _)| state == "failed").collect();
        assert_eq!(failed, vec![("failed".to_owned(), Some("unwritable: subject".to_owned())); 8]);
        assert_eq!(rig.relay.accepted(), 32);
        rig.check(0).await;
    }

    async fn a_slow_relay_is_waited_for(server: TestServer) {
        let rig = Rig::new(server, 10, Manners { pause: Duration::from_millis(500), ..POLITE });
        let _running = rig.boot();
        rig.until_sent();
        rig.check(0).await;
    }
}
