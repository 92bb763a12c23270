//! A person or a marketer says stop while the campaign runs at full speed: it counts at once, and nobody is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Double, Text};
use mannerly::clock::{Clock, Moment};
use mannerly::db::DbConnection;
use mannerly::token::UnsubscribeLink;
use serde_json::json;

use crate::support::http::Answer;
use crate::support::programs::until;
use crate::support::relay::{Manners, POLITE};
use crate::support::rig::{Rig, wait};

/// How long a letter that was in hand already may still take.
const IN_HAND: Duration = Duration::from_secs(1);

/// Slow enough that a small campaign can be stopped in its middle.
const UNHURRIED: Manners = Manners { pause: Duration::from_millis(20), ..POLITE };

/// How many people post at the same time.
const AT_ONCE: usize = 4;

/// When somebody was told that it is done, by the relay's clock and by the server's.
type Told = (Instant, Moment);

/// Everyone of these posts their one-click link; when each was told that it is done.
async fn all_unsubscribe(rig: &Rig, people: &[String]) -> HashMap<String, Told> {
    let links: Vec<(String, String)> = people
        .iter()
        .map(|address| {
            let link = UnsubscribeLink {
                brand: rig.campaign.brand_id,
                subscriber: rig.server.person_id(address),
                campaign: rig.campaign.id,
            };
            (address.clone(), rig.url(&format!("/u/{}", rig.server.app.keys.seal(&link))))
        })
        .collect();
    let links = Arc::new(links);
    let mut posting = tokio::task::JoinSet::new();
    for number in 0..AT_ONCE {
        let (links, client) = (Arc::clone(&links), rig.server.client.clone());
        posting.spawn(async move {
            let mut told = Vec::new();
            for (address, url) in links.iter().skip(number).step_by(AT_ONCE) {
                let request = client.post(url).form(&[("List-Unsubscribe", "One-Click")]);
                Answer::to(request).await.expect(200);
                told.push((address.clone(), (Instant::now(), Clock::System.now())));
            }
            told
        });
    }
    posting.join_all().await.into_iter().flatten().collect()
}

/// From now on the database itself writes down when each letter is claimed, in the middle of the claim's transaction.
/// What the claim says of its own time is read before it begins.
fn write_claims_down(rig: &Rig) {
    let table = "CREATE TABLE claim_seen (subscriber_id BIGINT NOT NULL, at DOUBLE PRECISION NOT NULL)";
    rig.server.write(|conn, _| {
        let made = match conn {
            DbConnection::Sqlite(c) => c.batch_execute(&format!(
                "{table};
                 CREATE TRIGGER see_claims AFTER UPDATE ON delivery WHEN NEW.state = 'claimed' AND OLD.state <> 'claimed'
                 BEGIN INSERT INTO claim_seen VALUES (NEW.subscriber_id, unixepoch('subsec')); END"
            )),
            DbConnection::Postgres(c) => c.batch_execute(&format!(
                "{table};
                 CREATE FUNCTION see_claim() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN
                     INSERT INTO claim_seen VALUES (NEW.subscriber_id, extract(epoch FROM clock_timestamp()));
                     RETURN NULL;
                 END $$;
                 CREATE TRIGGER see_claims AFTER UPDATE ON delivery FOR EACH ROW
                 WHEN (NEW.state = 'claimed' AND OLD.state <> 'claimed') EXECUTE FUNCTION see_claim()"
            )),
        };
        Ok(made?)
    });
}

#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Double)]
    at: f64,
}

/// When each letter was claimed, in seconds since 1970.
fn claimed(rig: &Rig) -> HashMap<String, f64> {
    let seen: Vec<Seen> = rig.server.read(|conn| {
        let seen =
            "SELECT email, at FROM claim_seen JOIN subscriber ON subscriber.id = claim_seen.subscriber_id";
        Ok(diesel::sql_query(seen).load(conn)?)
    });
    seen.into_iter().map(|seen| (seen.email, seen.at)).collect()
}

both_databases! {
    async fn nobody_of_a_thousand_who_unsubscribe_is_claimed_after_the_answer(server: TestServer) {
        const LEAVING: usize = 1000;
        const PEOPLE: usize = 3 * LEAVING;
        let rig = Rig::new(server, PEOPLE, POLITE);
        // Every third, so that the campaign comes by them all the time, and in no order of its own.
        let leaving = (0..LEAVING).map(|number| format!("p{}@example.com", 3 * (number * 377 % LEAVING)));
        let leaving: Vec<String> = leaving.collect();
        write_claims_down(&rig);
        let _running = rig.boot_and_wait();
        rig.until_accepted(20);
        let told = all_unsubscribe(&rig, &leaving).await;
        rig.until_sent();

        let (people, log, claimed) = (rig.people(), rig.relay.log(), claimed(&rig));
        let begun: HashMap<&str, Instant> = log.begun.iter().map(|(at, to)| (to.as_str(), *at)).collect();
        let (mut spared, mut in_hand) = (0, 0);
        for (address, (told, moment)) in &told {
            match begun.get(address.as_str()) {
                None => {
                    assert_eq!(people[address], ("skipped".into(), Some("withdrawn".into())));
                    spared += 1;
                }
                Some(begun) => {
                    let told_at = moment.as_micros() as f64 / 1e6;
                    assert!(claimed[address] <= told_at, "{address} was claimed after the answer");
                    assert!(*begun <= *told + IN_HAND, "a letter left {:?} after the answer", *begun - *told);
                    in_hand += usize::from(begun > told);
                }
            }
        }
        assert_eq!((told.len(), rig.count("skipped")), (LEAVING, spared));
        assert!(spared > 0, "everybody had their letter already: too fast to show anything");
        assert!(in_hand <= leaving.len() / 10, "{in_hand} letters can hardly all have been in hand");
        rig.check(0).await;
    }

    async fn a_pause_stops_it_within_a_second_and_loses_nothing(server: TestServer) {
        let rig = Rig::new(server, 300, UNHURRIED);
        let _running = rig.boot_and_wait();
        rig.until_accepted(50);
        rig.step("POST", "pause").await.expect(200);
        let paused = Instant::now();
        wait(IN_HAND + Duration::from_millis(300));
        let late = rig.relay.log().begun.iter().filter(|(at, _)| *at > paused + IN_HAND).count();
        assert_eq!(late, 0, "letters left more than a second after the pause");
        assert_eq!((rig.count("claimed"), rig.count("uncertain")), (0, 0));
        assert_eq!(rig.relay.accepted(), rig.count("sent"));
        assert!(rig.count("planned") > 0, "it was paused too late to show anything");
        rig.step("POST", "resume").await.expect(200);
        rig.until_sent();
        rig.check(0).await;
    }

    async fn a_pace_that_is_set_and_lifted_while_letters_go_counts_within_a_second(server: TestServer) {
        let rig = Rig::new(server, 300, UNHURRIED);
        let _running = rig.boot_and_wait();
        rig.until_accepted(50);
        let daily = json!({"paces": [{"scope": "server", "name": "", "messages": 1, "period": "day"}]});
        rig.api("PUT", "/pace", daily).await.expect(200);
        let slowed = Instant::now();
        wait(IN_HAND + Duration::from_millis(300));
        let late = rig.relay.log().begun.iter().filter(|(at, _)| *at > slowed + IN_HAND).count();
        assert!(late <= 1, "{late} letters left more than a second after the pace was set to one a day");
        assert!(rig.count("planned") > 0, "it was set too late to show anything");
        rig.api("PUT", "/pace", json!({"paces": []})).await.expect(200);
        rig.until_sent();
        rig.check(0).await;
    }

    async fn a_cancelled_campaign_spares_the_rest_and_says_so(server: TestServer) {
        let rig = Rig::new(server, 300, UNHURRIED);
        let _running = rig.boot_and_wait();
        rig.until_accepted(50);
        rig.step("POST", "cancel").await.expect(200);
        until("nothing is in hand", || rig.count("claimed") == 0);
        let spared = rig.people().into_values().filter(|(state, _)| state == "skipped");
        let reasons: Vec<Option<String>> = spared.map(|(_, reason)| reason).collect();
        assert!(!reasons.is_empty(), "it was cancelled too late to show anything");
        assert!(reasons.iter().all(|reason| reason.as_deref() == Some("cancelled")));
        rig.check(0).await;
    }
}
