//! What the preference page and the unsubscribe link do, without HTTP.

use std::time::Duration;

use super::sample::{T0, World};
use super::*;
use crate::domain::consent::ledger::{Decision, Method};
use crate::domain::consent::opt_in::Answer;
use crate::domain::consent::permission::Change;
use crate::token::{PreferencesLink, UnsubscribeLink};

const SCREEN: Screen<'_> = Screen {
    opens_wording: "Count opens",
    clicks_wording: "Count clicks",
    profiling_wording: "Choose by it",
    is_current: true,
    language: Lang::English,
};

fn link(world: &World) -> PreferencesLink {
    PreferencesLink { brand: world.brand.id, subscriber: world.person.id, campaign: 7 }
}

fn boxes(words: &[&str]) -> Vec<(String, Channel)> {
    let parse = |word: &&str| {
        let (slug, channel) = word.split_once(':').unwrap();
        (slug.to_owned(), Channel::parse(channel).unwrap())
    };
    words.iter().map(parse).collect()
}

fn try_save(world: &World, posted: &Posted) -> Result<Changes> {
    world.db.write_here(|conn| match save(conn, &link(world), posted, &SCREEN, T0)? {
        Some(act) => act::changes(conn, &act),
        None => Ok(Changes::default()),
    })
}

/// What was shown ends in `+` where the box started ticked.
fn posted(shown: &[&str], ticked: &[&str]) -> Posted {
    let start = |word: &&str| (boxes(&[word.trim_end_matches('+')]).remove(0), word.ends_with('+'));
    Posted { shown: shown.iter().map(start).collect(), ticked: boxes(ticked), ..Posted::default() }
}

#[test]
fn a_save_grants_what_was_ticked_and_withdraws_what_was_emptied() {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    world.grant(&world.newsletter, Channel::Phone);
    let all = ["newsletter:email+", "newsletter:phone+", "transport:email", "transport:phone"];
    let changes = try_save(&world, &posted(&all, &["newsletter:phone", "transport:email"])).unwrap();
    let words =
        |choices: &[Choice]| choices.iter().map(|choice| choice.say(Lang::English)).collect::<Vec<_>>();
    assert_eq!(words(&changes.granted), ["Transport by email"]);
    assert_eq!(words(&changes.withdrawn), ["Newsletter by email"]);
    assert_eq!(words(&changes.continues), ["Newsletter by phone"]);
    assert_eq!(world.state(&world.transport, Channel::Email), Some(State::Granted));
    assert_eq!(world.state(&world.newsletter, Channel::Email), Some(State::Withdrawn));
    assert_eq!(world.state(&world.transport, Channel::Phone), None, "never asked stays never asked");
}

#[test]
fn a_box_that_was_not_shown_is_left_as_it_was() {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    try_save(&world, &posted(&["transport:email"], &[])).unwrap();
    assert_eq!(world.state(&world.newsletter, Channel::Email), Some(State::Granted));
    assert_eq!(world.ledger().len(), 1);
}

#[test]
fn a_pending_box_is_confirmed_by_a_tick_and_stays_pending_without_one() {
    let world = World::new();
    world.answer(&world.newsletter, Channel::Email, Answer::Pending);
    try_save(&world, &posted(&["newsletter:email"], &[])).unwrap();
    assert_eq!(world.state(&world.newsletter, Channel::Email), Some(State::Pending));
    try_save(&world, &posted(&["newsletter:email"], &["newsletter:email"])).unwrap();
    assert_eq!(world.state(&world.newsletter, Channel::Email), Some(State::Granted));
}

#[test]
fn the_ledger_keeps_what_was_shown_how_it_stood_before_and_by_which_link() {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    let mut form =
        posted(&["newsletter:email+", "transport:email"], &["newsletter:email", "transport:email"]);
    form.shown_permissions = vec![(Kind::Opens, Start::Empty), (Kind::Clicks, Start::Empty)];
    form.ticked_permissions = vec![Kind::Clicks];
    let changes = try_save(&world, &form).unwrap();
    assert_eq!(changes.permissions, [(Kind::Opens, Change::Refused), (Kind::Clicks, Change::Granted)]);
    let ledger = world.ledger();
    let [_, transport, opens, clicks] = &ledger[..] else { panic!("three new entries") };
    assert_eq!(transport.topic.as_deref(), Some("transport"));
    assert_eq!((transport.decision, transport.method), (Decision::Granted, Method::PreferencePage));
    assert_eq!(transport.wording, world.brand.consent_wording);
    assert_eq!(
        transport.shown,
        r#"[{"name":"newsletter:email","ticked":true,"words":"Newsletter"},{"name":"transport:email","ticked":false,"words":"Transport"},{"name":"permission:opens","ticked":false},{"name":"permission:clicks","ticked":false}]"#
    );
    assert_eq!((opens.decision, opens.wording.as_str()), (Decision::Refused, "Count opens"));
    assert_eq!((clicks.decision, clicks.wording.as_str()), (Decision::Granted, "Count clicks"));
}

#[test]
fn saving_the_same_again_writes_nothing() {
    let world = World::new();
    let mut form = posted(&["newsletter:email"], &["newsletter:email"]);
    form.shown_permissions = vec![(Kind::Opens, Start::Empty)];
    try_save(&world, &form).unwrap();
    let entries = world.ledger().len();
    let again = try_save(&world, &form).unwrap();
    assert!(again.granted.is_empty() && again.withdrawn.is_empty() && again.permissions.is_empty());
    assert_eq!(world.ledger().len(), entries);
}

#[test]
fn what_was_left_as_it_was_shown_grants_nothing_again() {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    world.allow(Kind::Opens);
    world.answer(&world.newsletter, Channel::Email, Answer::Withdrawn);
    let entries = world.ledger().len();
    let untouched = ["newsletter:email+", "transport:email"];
    for ticked in [&["newsletter:email"][..], &["newsletter:email", "transport:email"]] {
        assert!(
            matches!(try_save(&world, &posted(&untouched, ticked)), Err(Error::Outdated(_))),
            "{ticked:?}"
        );
    }
    assert_eq!(world.ledger().len(), entries);
    try_save(&world, &posted(&untouched, &["transport:email"])).unwrap();
    assert_eq!(world.state(&world.newsletter, Channel::Email), Some(State::Withdrawn));
    let ledger = world.ledger();
    assert_eq!(ledger.len(), entries + 1, "what was emptied is withdrawn already");
    let shown = &ledger[entries].shown;
    assert!(
        shown.contains(r#"{"name":"newsletter:email","ticked":true,"words":"Newsletter"}"#),
        "as it was shown: {shown}"
    );
}

#[test]
fn what_was_granted_meanwhile_and_not_touched_goes_on() {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    world.grant(&world.transport, Channel::Email);
    let changes = try_save(&world, &posted(&["newsletter:email+", "transport:email"], &[])).unwrap();
    assert_eq!((changes.withdrawn.len(), changes.continues.len()), (1, 1));
    assert_eq!(world.state(&world.transport, Channel::Email), Some(State::Granted));
}

#[test]
fn a_permission_is_answered_by_its_box_and_how_it_started() {
    use crate::domain::consent::permission::State::{Granted, Refused};
    for (start, ticked, stored, expected) in [
        (Start::Ticked, true, Some(Granted), Ok(Some(Granted))),
        (Start::Ticked, true, Some(Refused), Err(())),
        (Start::Ticked, false, Some(Granted), Ok(Some(Refused))),
        (Start::Ticked, false, Some(Refused), Ok(Some(Refused))),
        (Start::Empty, true, None, Ok(Some(Granted))),
        (Start::Empty, true, Some(Refused), Ok(Some(Granted))),
        (Start::Empty, false, None, Ok(Some(Refused))),
        (Start::Empty, false, Some(Granted), Ok(Some(Granted))),
        (Start::Emptied, false, Some(Granted), Ok(Some(Granted))),
        (Start::Emptied, false, None, Ok(None)),
        (Start::Emptied, true, None, Ok(Some(Granted))),
        (Start::Emptied, true, Some(Granted), Ok(Some(Granted))),
    ] {
        let world = World::new();
        if stored.is_some() {
            world.allow(Kind::Opens);
        }
        if stored == Some(Refused) {
            world.write(|conn| {
                let statement = world.statement(conn, &world.brand);
                permission::set(conn, &statement, Kind::Opens, false)
            });
        }
        let mut form = posted(&[], &[]);
        form.shown_permissions = vec![(Kind::Opens, start)];
        form.ticked_permissions = if ticked { vec![Kind::Opens] } else { Vec::new() };
        let saved = try_save(&world, &form);
        let now = world.write(|conn| permission::find(conn, world.person.id, world.brand.id, Kind::Opens));
        let outcome = saved.map(|_| now.map(|found| found.state)).map_err(|_| ());
        assert_eq!(outcome, expected, "{start:?} {ticked} {stored:?}");
    }
}

#[test]
fn forged_boxes_are_refused_and_nothing_is_changed() {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    let forged = [
        posted(&["newsletter:email"], &["transport:email"]),
        posted(&["newsletter:email", "no-such:email"], &[]),
        posted(&["newsletter:email", "newsletter:post"], &["newsletter:post"]),
        Posted { ticked_permissions: vec![Kind::Opens], ..posted(&["newsletter:email"], &[]) },
    ];
    for form in forged {
        assert!(matches!(try_save(&world, &form), Err(Error::Invalid(_) | Error::Outdated(_))), "{form:?}");
    }
    assert_eq!(world.state(&world.newsletter, Channel::Email), Some(State::Granted));
    assert_eq!(world.ledger().len(), 1);
}

#[test]
fn stopping_everything_ends_all_channels_of_this_brand_only_with_one_entry() {
    let world = World::new();
    world.grant(&world.newsletter, Channel::Email);
    world.grant(&world.transport, Channel::Phone);
    let elsewhere = world.write(|conn| topic::find(conn, world.other.id, "newsletter"));
    world.grant(&elsewhere, Channel::Email);
    for stopped in [true, false] {
        assert_eq!(
            world.write(|conn| stop_everything(conn, &link(&world), Lang::English, T0)).is_some(),
            stopped
        );
    }
    assert_eq!(world.state(&world.transport, Channel::Phone), Some(State::Withdrawn));
    assert_eq!(world.state(&elsewhere, Channel::Email), Some(State::Granted));
    assert_eq!(world.ledger().len(), 4);
}

#[test]
fn one_click_ends_all_marketing_email_of_the_brand_once_and_again_after_a_new_opt_in() {
    let world = World::new();
    let click = UnsubscribeLink { brand: world.brand.id, subscriber: world.person.id, campaign: 99 };
    let press = |later: u64| {
        let now = T0.plus(Duration::from_secs(later));
        world.write(|conn| unsubscribe(conn, &click, Way::unseen(Method::OneClick), now))
    };
    world.grant(&world.newsletter, Channel::Email);
    world.grant(&world.newsletter, Channel::Phone);
    world.answer(&world.transport, Channel::Email, Answer::Pending);
    let first = press(1);
    assert!(first.stopped && first.known);
    assert_eq!(
        first.continues,
        [Choice { topic: "Newsletter".into(), kind: topic::Kind::Communication, channel: Channel::Phone }]
    );
    for again in 2..6 {
        assert!(!press(again).stopped);
    }
    let ledger = world.ledger();
    let [.., entry] = &ledger[..] else { panic!("an entry") };
    assert_eq!(ledger.len(), 4, "five presses are one event (M-05)");
    assert_eq!((entry.topic.as_deref(), entry.channel), (None, Some(Channel::Email)));
    assert_eq!(entry.wording, "all marketing email from Civic Notes");
    assert_eq!(world.state(&world.transport, Channel::Email), Some(State::Withdrawn));
    world.grant(&world.newsletter, Channel::Email);
    assert!(press(9).stopped, "an old letter's link ends a newer opt-in too");
}
