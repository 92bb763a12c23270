//! How the real server speaks to a relay: commands together where the relay offers it and one at a time where not, each
//! answer taken for its own letter, and many letters over one connection.

use crate::support::relay::{Manners, POLITE, Pipelining};
use crate::support::rig::{CONNECTIONS, Rig};
use crate::support::server::TestServer;

/// Every twelfth person has no mailbox: so few that nobody takes the list for a bad one.
const SOME_UNKNOWN: Manners = Manners { knows: has_mailbox, ..POLITE };

fn has_mailbox(address: &str) -> bool {
    number(address) % 12 != 7
}

fn number(address: &str) -> usize {
    address.trim_start_matches('p').split('@').next().and_then(|number| number.parse().ok()).unwrap()
}

/// A campaign to 60 people; whoever has no mailbox, and nobody else, has failed for that.
async fn each_has_the_answer_that_was_theirs(server: TestServer, manners: Manners) -> Rig {
    let rig = Rig::new(server, 60, manners);
    let running = rig.boot();
    rig.until_sent();
    drop(running);
    for (address, (state, reason)) in rig.people() {
        let wanted = if has_mailbox(&address) { ("sent", None) } else { ("failed", Some("550 5.1.1")) };
        assert_eq!((state.as_str(), reason.as_deref()), wanted, "{address}");
    }
    rig.check(0).await;
    rig
}

both_databases! {
    async fn a_relay_that_offers_pipelining_hears_mail_rcpt_and_data_together(server: TestServer) {
        // It answers none of them before it has all three, so whoever waits for an answer waits for ever.
        let needed = Manners { pipelining: Pipelining::Needed, ..SOME_UNKNOWN };
        let rig = each_has_the_answer_that_was_theirs(server, needed).await;
        assert!(rig.relay.log().hasty > 0);
    }

    async fn a_relay_that_does_not_offer_it_hears_one_command_at_a_time(server: TestServer) {
        let missing = Manners { pipelining: Pipelining::Missing, ..SOME_UNKNOWN };
        let rig = each_has_the_answer_that_was_theirs(server, missing).await;
        assert_eq!(rig.relay.log().hasty, 0, "something came before it was asked for");
    }

    async fn many_letters_go_over_each_connection(server: TestServer) {
        let rig = each_has_the_answer_that_was_theirs(server, SOME_UNKNOWN).await;
        let connections = rig.relay.log().connections;
        assert!((1..=CONNECTIONS).contains(&connections), "{connections} connections for 60 letters");
    }
}
