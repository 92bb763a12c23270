//! The real binary, killed in the middle of a campaign and started again, against Postfix's `smtp-sink`: everybody
//! exactly once, but for at most one letter per connection of which nobody can know.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use diesel::prelude::*;
use mannerly::clock::{Clock, Moment};
use mannerly::db::Kind;
use mannerly::db::schema::{campaign, delivery};
use mannerly::domain::campaign::{State, state};
use mannerly::domain::delivery::claim::{LEASE, settle_abandoned};

use crate::support::programs::{free_port, sink, start_server, until};
use crate::support::server::TestServer;

const PEOPLE: i64 = 1500;
const CONNECTIONS: i64 = 5;

fn count(server: &TestServer, state: &str) -> i64 {
    server.read(|conn| Ok(delivery::table.filter(delivery::state.eq(state)).count().get_result(conn)?))
}

/// Who got how many mails, by the sink's own account.
fn received(folder: &Path) -> HashMap<String, usize> {
    let mut mails = HashMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let mail = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // A mail that was cut off by the kill has no end; the sink keeps what it got, and nobody acknowledged it.
        let to = mail.lines().find_map(|line| line.strip_prefix("X-Rcpt-Args: <")).unwrap();
        *mails.entry(to.trim_end_matches('>').to_owned()).or_insert(0) += 1;
    }
    mails
}

fn everybody_once_after_a_kill(server: &mut TestServer) {
    server.leave_work_behind();
    let brand = server.demo_brand();
    for number in 0..PEOPLE {
        server.person(&brand, &format!("p{number}@example.com")).agrees("newsletter");
    }
    let sent = server.draft(&brand, |_| {});
    // The binary goes by the real clock, whatever that says.
    server.write(|conn, _| state::schedule(conn, sent.id, None, Moment::from_micros(0)));
    let mailbox = tempfile::tempdir().unwrap();
    let relay = free_port();
    let _sink = sink(mailbox.path(), relay);

    let mut first = start_server(server, relay, CONNECTIONS, Stdio::null());
    until("a part of the campaign is sent", || count(server, "sent") > PEOPLE / 5);
    // SIGKILL: no handler runs, nothing is flushed.
    first.0.kill().unwrap();
    first.0.wait().unwrap();
    let in_hand = count(server, "claimed");
    assert!(count(server, "planned") > 0, "it was killed too late to show anything");
    assert!(in_hand <= CONNECTIONS, "{in_hand} letters in hand");

    let second = start_server(server, relay, CONNECTIONS, Stdio::null());
    until("nothing is left to send", || {
        count(server, "planned") == 0 && count(server, "sent") >= PEOPLE - CONNECTIONS
    });
    until("all is settled", || {
        count(server, "claimed") <= if server.app.db.kind() == Kind::Sqlite { 0 } else { in_hand }
    });
    drop(second);
    if server.app.db.kind() == Kind::Postgres {
        // Another server could still be at work on them, until their lease has run out.
        let later = Clock::System.now().plus(LEASE);
        server.write(|conn, _| settle_abandoned(conn, Kind::Postgres, 0, later));
    }

    let states = server.outcomes(&sent);
    let uncertain = count(server, "uncertain");
    assert_eq!(count(server, "sent") + uncertain, PEOPLE, "{states:?}");
    assert!(uncertain <= CONNECTIONS, "{states:?}");
    let mails = received(mailbox.path());
    assert!(mails.values().all(|count| *count == 1), "somebody got it twice");
    let people: Vec<(String, String)> = server.read(|conn| {
        use mannerly::db::schema::subscriber;
        Ok(delivery::table
            .inner_join(subscriber::table)
            .select((subscriber::email.assume_not_null(), delivery::state))
            .load(conn)?)
    });
    for (address, state) in people {
        assert!(state == "uncertain" || mails.contains_key(&address), "somebody is sent and got nothing");
    }
    let state: State =
        server.read(|conn| Ok(campaign::table.find(sent.id).select(campaign::state).first(conn)?));
    assert!(matches!(state, State::Sent | State::Sending));
}

/// Asked to stop in the middle of a campaign, it ends by itself with 0, and nothing is left in anybody's hands.
fn nothing_in_hand_after_a_signal(server: &mut TestServer, signal: &str) {
    server.leave_work_behind();
    let brand = server.demo_brand();
    for number in 0..PEOPLE {
        server.person(&brand, &format!("p{number}@example.com")).agrees("newsletter");
    }
    let draft = server.draft(&brand, |_| {});
    server.write(|conn, _| state::schedule(conn, draft.id, None, Moment::from_micros(0)));
    let mailbox = tempfile::tempdir().unwrap();
    let relay = free_port();
    let _sink = sink(mailbox.path(), relay);
    let mut running = start_server(server, relay, CONNECTIONS, Stdio::null());
    until("a part of the campaign is sent", || count(server, "sent") > PEOPLE / 5);
    let told = Command::new("kill").args([signal, &running.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(running.0.wait().unwrap().success(), "{signal}");
    assert!(count(server, "planned") > 0, "it was told too late to show anything");
    assert_eq!((count(server, "claimed"), count(server, "uncertain")), (0, 0), "{signal}");
    assert_eq!(received(mailbox.path()).len() as i64, count(server, "sent"), "{signal}");
}

both_databases! {
    async fn a_campaign_killed_in_the_middle_reaches_everybody_once(server: TestServer) {
        let mut server = server;
        everybody_once_after_a_kill(&mut server);
    }

    async fn sigterm_ends_it_with_every_outcome_written(server: TestServer) {
        let mut server = server;
        nothing_in_hand_after_a_signal(&mut server, "-TERM");
    }

    async fn sigint_ends_it_with_every_outcome_written(server: TestServer) {
        let mut server = server;
        nothing_in_hand_after_a_signal(&mut server, "-INT");
    }
}
