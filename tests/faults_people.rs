//! A person or a marketer says stop while the campaign runs at full speed: it counts at once, and nobody is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use mannerly::clock::{Clock, Moment};
use mannerly::db::schema::{delivery, subscriber};
use mannerly::token::UnsubscribeLink;

use crate::support::http::Answer;
use crate::support::programs::until;
use crate::support::relay::{Manners, POLITE};
use crate::support::rig::{LEASE, Rig, wait};

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

/// When each letter was claimed that went out: the end of its lease stays with it.
fn claimed(rig: &Rig) -> HashMap<String, Moment> {
    let leases: Vec<(String, Option<Moment>)> = rig.server.read(|conn| {
        let letters = delivery::table.inner_join(subscriber::table);
        Ok(letters.select((subscriber::email.assume_not_null(), delivery::lease_until)).load(conn)?)
    });
    let lease = Duration::from_secs(LEASE);
    leases.into_iter().filter_map(|(address, until)| Some((address, until?.minus(lease)))).collect()
}

both_databases! {
    async fn nobody_of_a_thousand_who_unsubscribe_is_claimed_after_the_answer(server: TestServer) {
        const LEAVING: usize = 1000;
        const PEOPLE: usize = 3 * LEAVING;
        let rig = Rig::new(server, PEOPLE, POLITE);
        // Every third, so that the campaign comes by them all the time, and in no order of its own.
        let leaving = (0..LEAVING).map(|number| format!("p{}@example.com", 3 * (number * 377 % LEAVING)));
        let leaving: Vec<String> = leaving.collect();
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
                    assert!(claimed[address] <= *moment, "{address} was claimed after the answer");
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
