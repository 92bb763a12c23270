//! The server dies, is told to stop, or shares its work with another: the delivery promise holds.

use std::process::Command;
use std::time::{Duration, SystemTime};

use diesel::prelude::*;
use mannerly::clock::{Clock, Moment};
use mannerly::db::Kind;
use mannerly::db::schema::{delivery, outbox};
use mannerly::domain::campaign::state;
use mannerly::domain::delivery::claim::{Holder, LEASE, Wanted, abandoned, claim, give_up};
use mannerly::domain::delivery::settle::{HandedOver, Settlement, settle};
use mannerly::jobs::plan_campaigns;
use mannerly::mail::transport::{Outcome, Reply, Stage};

use crate::support::http::Answer;
use crate::support::programs::{Port, Program, until};
use crate::support::relay::{Manners, POLITE};
use crate::support::rig::{CONNECTIONS, LEASE as LEASE_OF_TESTS, Rig, wait};
use crate::support::server::TestServer;

/// Slow enough that a campaign of a few hundred can be struck in its middle.
const UNHURRIED: Manners = Manners { pause: Duration::from_millis(10), ..POLITE };

/// Slow enough for twenty strikes, also where the machine has much else to do.
const SLOW: Manners = Manners { pause: Duration::from_millis(40), ..POLITE };

/// Numbers that look random and can be had again from their seed.
struct Random(u64);

impl Random {
    /// From 0 up to, but not including, `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

async fn killed_twenty_times(server: TestServer) {
    const PEOPLE: usize = 400;
    const KILLS: usize = 20;
    let seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    println!("the seed is {seed}");
    let rig = Rig::new(server, PEOPLE, SLOW);
    let mut random = Random(seed);
    let mut moments: Vec<u64> = (0..KILLS).map(|_| random.below(PEOPLE as u64 * 3 / 4)).collect();
    moments.sort_unstable();
    let mut deaths_in_the_middle = 0;
    for (number, mails) in moments.into_iter().enumerate() {
        let mut running = rig.boot();
        match number {
            // The first two strike wherever it is then: starting, planning, connecting.
            0 | 1 => wait(Duration::from_millis(random.below(500))),
            _ => {
                until("the relay has a part of it or all of it", || {
                    rig.relay.accepted() as u64 >= mails || rig.count("planned") == 0
                });
                wait(Duration::from_micros(random.below(30_000)));
            }
        }
        // SIGKILL: no handler runs, nothing is flushed.
        running.0.kill().unwrap();
        running.0.wait().unwrap();
        deaths_in_the_middle += usize::from(rig.count("planned") > 0);
    }
    assert!(deaths_in_the_middle > KILLS / 2, "it was over too early to show much");
    let _running = rig.boot();
    rig.until_sent();
    rig.check(CONNECTIONS * KILLS).await;
}

/// Killed while the audience is worked out: with the next start planning goes on behind its cursor.
async fn killed_while_planning(server: TestServer) {
    const PEOPLE: usize = 8000;
    // Strangers: planning considers everybody, and nobody has to be sent a letter.
    let mut rig = Rig::new(server, 1, POLITE);
    rig.server.strangers(PEOPLE - 1);
    rig.expects(PEOPLE);
    let planned = || rig.server.read(|conn| Ok(delivery::table.count().get_result::<i64>(conn)?)) as usize;
    let mut deaths_in_the_middle = 0;
    let done = || rig.server.reload(&rig.campaign).planned_at.is_some();
    while !done() {
        let before = planned();
        let mut running = rig.boot();
        until("planning goes on", || planned() > before || done());
        running.0.kill().unwrap();
        running.0.wait().unwrap();
        deaths_in_the_middle += usize::from((1..PEOPLE).contains(&planned()));
    }
    assert!(deaths_in_the_middle > 0, "planning was too fast to be struck");
    let _running = rig.boot();
    rig.until_sent();
    rig.check(1).await;
}

/// Asked to stop in the middle of a campaign it ends by itself with 0, and nothing is left in anybody's hands.
async fn told_to_stop(server: TestServer, signal: &str) {
    let rig = Rig::new(server, 200, UNHURRIED);
    let mut running = rig.boot();
    rig.until_accepted(50);
    tell(&running, signal);
    assert!(running.0.wait().unwrap().success(), "{signal}");
    assert!(rig.count("planned") > 0, "it was told too late to show anything");
    assert_eq!((rig.count("claimed"), rig.count("uncertain")), (0, 0), "{signal}");
    assert_eq!(rig.relay.accepted(), rig.count("sent"), "{signal}");
    let _running = rig.boot();
    rig.until_sent();
    rig.check(0).await;
}

fn tell(program: &Program, signal: &str) {
    let told = Command::new("kill").args([signal, &program.0.id().to_string()]).status().unwrap();
    assert!(told.success());
}

both_databases! {
    async fn a_campaign_killed_at_twenty_random_moments_reaches_everybody_once(server: TestServer) {
        killed_twenty_times(server).await;
    }

    async fn a_service_mail_in_hand_is_waited_for_as_long_as_the_lease_says(server: TestServer) {
        let rig = Rig::new(server, 1, Manners { pause: Duration::from_secs(600), ..POLITE });
        rig.server.write(|conn, now| state::cancel(conn, rig.campaign.id, now));
        let _running = rig.boot_and_wait();
        let form = rig.server.request("POST", &rig.url("/b/civic/link")).form(&[("email", "p0@example.com")]);
        Answer::to(form).await;
        let waited_for = || -> Vec<Moment> {
            let in_hand = outbox::table.filter(outbox::state.eq("claimed")).select(outbox::due_at);
            rig.server.read(|conn| Ok(in_hand.load(conn)?))
        };
        until("the mail is in hand", || !waited_for().is_empty());
        let latest = Clock::System.now().plus(Duration::from_secs(LEASE_OF_TESTS));
        assert!(waited_for()[0] <= latest, "another server would wait longer than it is told");
    }

    async fn sigterm_ends_it_with_every_outcome_written_and_a_new_start_goes_on(server: TestServer) {
        told_to_stop(server, "-TERM").await;
    }

    async fn sigint_ends_it_with_every_outcome_written_and_a_new_start_goes_on(server: TestServer) {
        told_to_stop(server, "-INT").await;
    }

    async fn planning_that_is_killed_goes_on_and_leaves_nobody_out(server: TestServer) {
        killed_while_planning(server).await;
    }

    async fn an_outcome_that_comes_late_takes_the_place_of_the_uncertainty_and_sends_nothing_again(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = server.demo_brand();
        server.readers(&brand, 3);
        let campaign = server.campaign(&brand);
        plan_campaigns::run_once(&server.app).await.unwrap();
        let wanted =
            Wanted { campaign: campaign.id, letters: 3, holder: Holder { node: 1, lease: LEASE } };
        let claimed = server.write(|conn, now| claim(conn, wanted, &server.app.pacer, now)).letters;
        let later = server.now().plus(LEASE + Duration::from_secs(1));
        let (kind, another) = (server.app.db.kind(), 2);
        assert_eq!(server.write(|conn, _| {
            let abandoned = abandoned(conn, kind, another, later)?;
            give_up(conn, &abandoned, later)
        }), 3);
        assert_eq!(server.outcomes(&campaign), [("uncertain server_died".to_owned(), 3)]);
        let results = [
            Outcome::Accepted(Reply::new(250, None)),
            Outcome::Refused { stage: Stage::Recipient, reply: Reply::new(552, None) },
            Outcome::Deferred { stage: Stage::Recipient, reply: Some(Reply::new(451, None)) },
        ];
        let late: Vec<Settlement> = claimed.iter().zip(results).map(|(claimed, result)| Settlement {
            campaign: campaign.id,
            subscriber: claimed.permit.subscriber(),
            attempts: 1,
            informs: None,
            result: HandedOver::Answered(result),
        }).collect();
        server.write(|conn, _| settle(conn, &late, 1, later));
        let outcomes = [("failed 552", 1), ("sent", 1), ("uncertain server_died", 1)];
        assert_eq!(server.outcomes(&campaign), outcomes.map(|(outcome, people)| (outcome.to_owned(), people)));
    }
}

#[tokio::test]
async fn two_servers_share_a_campaign_and_one_finishes_it_when_the_other_dies() {
    let rig = Rig::new(TestServer::start(Kind::Postgres).await, 400, UNHURRIED);
    let ports = [Port::reserve(), Port::reserve()];
    let mut dies = Program(rig.command("dies.test", &ports[0]).spawn().unwrap());
    let _stays = Program(rig.command("stays.test", &ports[1]).spawn().unwrap());
    let handed_over = |name: &str| rig.relay.log().accepted.iter().filter(|mail| mail.by == name).count();
    until("both take part", || handed_over("dies.test") > 40 && handed_over("stays.test") > 40);
    dies.0.kill().unwrap();
    dies.0.wait().unwrap();
    let at_its_death = handed_over("stays.test");
    assert!(rig.count("planned") > 0, "it was killed too late to show anything");
    until("nothing is left to claim", || rig.count("planned") == 0);
    assert!(handed_over("stays.test") > at_its_death);
    // What the dead one had in hand waits for its lease, and no longer.
    rig.until_sent();
    rig.check(CONNECTIONS).await;
}

#[tokio::test]
async fn two_servers_share_two_campaigns_with_bad_addresses_and_one_finishes_both_when_the_other_dies() {
    const PEOPLE: usize = 300;
    // So few that nobody takes the list for a bad one.
    let known = |address: &str| !["p40@", "p140@", "p240@"].iter().any(|bad| address.starts_with(bad));
    let manners = Manners { knows: known, ..UNHURRIED };
    let mut rig = Rig::new(TestServer::start(Kind::Postgres).await, PEOPLE, manners);
    rig.sends_another();
    let ports = [Port::reserve(), Port::reserve()];
    let mut dies = Program(rig.command("dies.test", &ports[0]).spawn().unwrap());
    let _stays = Program(rig.command("stays.test", &ports[1]).spawn().unwrap());
    let handed_over = |name: &str, subject: &str| {
        let log = rig.relay.log();
        log.accepted.iter().filter(|mail| mail.by == name && mail.subject == subject).count()
    };
    let all =
        [("dies.test", "First"), ("dies.test", "Second"), ("stays.test", "First"), ("stays.test", "Second")];
    until("both take part in both", || all.iter().all(|(name, subject)| handed_over(name, subject) > 20));
    dies.0.kill().unwrap();
    dies.0.wait().unwrap();
    assert!(rig.count("planned") > 0, "it was killed too late to show anything");
    rig.until_sent();
    for campaign in [&rig.campaign, &rig.others[0]] {
        let people = rig.people_of(campaign);
        for address in ["p40@example.com", "p140@example.com", "p240@example.com"] {
            let (state, reason) = &people[address];
            // Whichever campaign came first found out, unless it died before it could write it down.
            let ends = [("failed", "550 5.1.1"), ("skipped", "bad_address"), ("uncertain", "server_died")];
            let end = (state.as_str(), reason.as_deref().unwrap_or_default());
            assert!(ends.contains(&end), "{address} is {end:?}");
        }
    }
    rig.check(CONNECTIONS).await;
}
