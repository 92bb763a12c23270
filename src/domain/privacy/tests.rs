//! Erasing and copying, without HTTP.

use super::*;
use crate::clock::DAY;
use crate::domain::catalog::Channel;
use crate::domain::consent::confirmation;
use crate::domain::consent::ledger::{Decision, Method, SUBSCRIBER};
use crate::domain::consent::opt_in::Answer;
use crate::domain::consent::permission::{self, Kind};
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::preferences::sample::{T0, World};
use crate::domain::preferences::{Way, unsubscribe};
use crate::error::Error;
use crate::token::UnsubscribeLink;

/// Everything personal of the world's person.
const CANARIES: [&str; 5] = ["canary@council", "Canaria", "Yellowbird", "118 496", "Canary Wharf"];

fn with_a_past() -> World {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    world.answer(&world.transport, Channel::Phone, Answer::Pending);
    world.allow(Kind::Opens);
    world.write(|conn| {
        let statement = world.statement(conn, &world.brand);
        let wants = [Kind::Clicks];
        let asking = confirmation::Asking {
            person: world.person.id,
            brand: world.brand.id,
            evidence: statement.evidence,
            wants: &wants,
            profile: Some(r#"{"first_name":"Canaria"}"#),
            mailed_at: T0,
        };
        confirmation::open(conn, &asking, T0)
    });
    world
}

fn erase_now(world: &World) -> bool {
    world.write(|conn| erase(conn, &world.keys, world.person.id, SUBSCRIBER, T0))
}

/// The octets of all files of the database.
fn files(world: &World) -> Vec<u8> {
    let mut octets = Vec::new();
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        octets.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    octets
}

#[test]
fn erasure_leaves_a_row_number_the_ledger_and_the_hashes() {
    let world = with_a_past();
    let before = world.ledger().len();
    assert!(erase_now(&world));
    let ledger = world.ledger();
    assert_eq!(ledger.len(), before + 1, "the proof stays, and one entry says that it ended");
    let last = ledger.last().unwrap();
    assert_eq!((last.method, last.decision), (Method::Erasure, Decision::Withdrawn));
    assert_eq!((last.topic.as_ref(), last.channel), (None, None));
    assert_eq!(world.state(&world.newsletter, Channel::Email), None);
    assert!(world.write(|conn| permission::of_subscriber(conn, world.person.id)).is_empty());
    for (channel, address) in [
        (Channel::Email, "Canary@council.example"),
        (Channel::Phone, "+441184960123"),
        (Channel::Post, "9 canary wharf road"),
    ] {
        let hash = suppression::hash(&world.keys, channel, address).unwrap();
        let found = world.write(|conn| suppression::of_address(conn, &hash, channel));
        assert_eq!(found.len(), 1, "{channel}");
        assert_eq!((found[0].reason, found[0].brand_id), (Reason::Erasure, None));
    }
    assert!(!erase_now(&world), "again there is nothing to erase");
    assert_eq!(world.ledger().len(), before + 1);
}

#[test]
fn nothing_personal_is_left_in_the_files_of_the_database() {
    let world = with_a_past();
    let holds = |octets: &[u8], word: &str| octets.windows(word.len()).any(|w| w == word.as_bytes());
    let before = files(&world);
    assert!(CANARIES.iter().all(|word| holds(&before, word)));
    erase_now(&world);
    // The journal keeps what it was before until it starts anew; afterwards only the file itself counts.
    let World { db, folder, .. } = world;
    drop(db);
    let file = std::fs::read(folder.path().join("test.db")).unwrap();
    for word in CANARIES {
        assert!(!holds(&file, word), "{word}");
    }
}

#[test]
fn a_confirmation_link_of_an_erased_person_grants_nothing() {
    let world = with_a_past();
    erase_now(&world);
    let confirmed = world.db.write_here(|conn| confirmation::confirm(conn, 1, T0));
    assert!(matches!(confirmed, Err(Error::NotFound(_))));
}

#[test]
fn unsubscribing_after_erasure_finds_nothing_to_do() {
    let world = with_a_past();
    erase_now(&world);
    let entries = world.ledger().len();
    let link = UnsubscribeLink { brand: world.brand.id, subscriber: world.person.id, campaign: 5 };
    let outcome = world.write(|conn| unsubscribe(conn, &link, Way::unseen(Method::OneClick), T0));
    assert!(!outcome.stopped && !outcome.known);
    assert_eq!(world.ledger().len(), entries);
}

#[test]
fn the_copy_holds_everything_and_an_erased_person_has_none() {
    let world = with_a_past();
    let copy = world.write(|conn| export(conn, &world.keys, world.person.id, 400 * DAY, T0));
    let text = serde_json::to_string(&copy).unwrap();
    for word in CANARIES {
        assert!(text.contains(word), "{word}");
    }
    assert_eq!((copy.opt_ins.len(), copy.permissions.len(), copy.confirmations.len()), (2, 1, 1));
    assert_eq!(copy.ledger[0].wording, world.brand.consent_wording);
    assert_eq!(copy.about.brands[0].legal_name, "Civic Notes Ltd");
    let whole = serde_json::to_value(&copy).unwrap();
    for part in
        whole.as_object().unwrap().keys().filter(|part| !["made_at", "about"].contains(&part.as_str()))
    {
        assert!(copy.about.purposes.contains_key(part.as_str()), "what {part} is for");
        assert!(copy.about.retention.contains_key(part.as_str()), "how long {part} stays");
    }
    assert!(copy.about.retention["hits"].starts_with("400 days"), "what the operator set");
    assert!(copy.about.retention["confirmations"].contains("7 days"));
    erase_now(&world);
    let again = world.db.write_here(|conn| export(conn, &world.keys, world.person.id, 400 * DAY, T0));
    assert!(matches!(again, Err(Error::NotFound(_))));
}
