//! The send gate against a model written a second time, in another way: a table of every rule with its condition,
//! of which the first that holds is the answer.

use std::sync::Arc;

use mannerly::clock::Moment;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::brand_choice::{AtMost, BrandChoice};
use mannerly::domain::consent::gate::{
    CampaignFacts, Facts, OptInFact, Refusal, Supplied, SupplierFacts, decide,
};
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::suppression::Reason;
use mannerly::email_address::EmailAddress;
use mannerly::mail::transport::Clearance;
use proptest::prelude::*;
use proptest::sample::select;

const NOW: Moment = Moment::from_micros(1_000_000_000_000_000);
const DAY: i64 = 86_400_000_000;

fn days(from_now: i64) -> Moment {
    Moment::from_micros(NOW.as_micros() + from_now * DAY)
}

fn around_now() -> impl Strategy<Value = Moment> {
    select(vec![-60, -31, -30, -1, 0, 1, 40]).prop_map(days)
}

fn opt_in() -> impl Strategy<Value = OptInFact> {
    let channel = select(Channel::ALL.to_vec());
    let state =
        select(vec![State::Pending, State::Granted, State::Granted, State::Granted, State::Withdrawn]);
    let until = prop::option::weighted(0.2, around_now());
    let supplied = prop::option::weighted(0.4, supplied());
    (1i64..5, channel, state, around_now(), until, supplied).prop_map(
        |(topic, channel, state, since, until, supplied)| OptInFact {
            topic,
            channel,
            state,
            since,
            until,
            supplied,
        },
    )
}

/// One answer per topic and channel, as the database has it.
fn opt_ins() -> impl Strategy<Value = Vec<OptInFact>> {
    prop::collection::vec(opt_in(), 0..8).prop_map(|mut facts| {
        facts.sort_by_key(|fact| (fact.topic, fact.channel));
        facts.dedup_by_key(|fact| (fact.topic, fact.channel));
        facts
    })
}

fn supplier() -> impl Strategy<Value = SupplierFacts> {
    let policy = prop::option::weighted(0.8, Just("https://supplier.example/policy".to_owned()));
    let limit = || prop::option::weighted(0.3, around_now());
    (policy, limit(), limit()).prop_map(|(policy_url, licence_from, licence_until)| SupplierFacts {
        name: "Supplier".into(),
        policy_url,
        licence_from,
        licence_until,
    })
}

fn supplied() -> impl Strategy<Value = Supplied> {
    (supplier().prop_map(Arc::new), around_now(), prop::option::of(around_now())).prop_map(
        |(supplier, obtained_at, informed_at)| Supplied { source: 3, supplier, obtained_at, informed_at },
    )
}

fn choice() -> impl Strategy<Value = BrandChoice> {
    (prop::option::weighted(0.2, around_now()), select(AtMost::ALL.to_vec()))
        .prop_map(|(paused_until, at_most)| BrandChoice { paused_until, at_most })
}

/// On either side of half a day before a week and before four weeks, and exactly then.
fn last_letter() -> impl Strategy<Value = Moment> {
    let half_days = select(vec![0, 1, 12, 13, 14, 54, 55, 56]);
    half_days.prop_map(|half_days| Moment::from_micros(NOW.as_micros() - half_days * DAY / 2))
}

fn person() -> impl Strategy<Value = Facts> {
    let address = prop::option::weighted(0.95, Just(EmailAddress::parse("ana@example.com").unwrap()));
    let suppressed = prop::collection::vec(select(Reason::ALL.to_vec()), 0..2);
    let flags = (prop::bool::weighted(0.05), prop::bool::weighted(0.05));
    let suppressed = prop::option::weighted(0.2, suppressed);
    (address, suppressed, flags, opt_ins(), choice(), prop::option::of(last_letter())).prop_map(
        |(address, suppressed, (erased, restricted), opt_ins, choice, last_letter)| Facts {
            subscriber: 7,
            address,
            erased,
            restricted,
            suppressed: suppressed.unwrap_or_default(),
            opt_ins,
            choice,
            last_letter,
        },
    )
}

fn campaign() -> impl Strategy<Value = CampaignFacts> {
    let subjects = prop::collection::vec(3i64..5, 0..3);
    (1i64..3, subjects, prop::option::weighted(0.2, around_now())).prop_map(
        |(communication, subjects, refresh_consents_before)| CampaignFacts {
            campaign: 5,
            brand: 1,
            channel: Channel::Email,
            communication,
            subjects,
            refresh_consents_before,
        },
    )
}

/// The model: every rule that this version knows, in its order, as plain conditions.
fn model(p: &Facts, c: &CampaignFacts) -> Option<Refusal> {
    let has = |reason: Reason| p.suppressed.contains(&reason);
    let of = |topic: i64, email: bool| {
        p.opt_ins.iter().filter(move |o| o.topic == topic && (o.channel == Channel::Email) == email)
    };
    let expired = |o: &OptInFact| matches!(o.until, Some(until) if until <= NOW);
    let stale = |o: &OptInFact| matches!(c.refresh_consents_before, Some(b) if b <= NOW && o.since < b);
    let granted = |o: &OptInFact| o.state == State::Granted;
    let good = |o: &OptInFact| granted(o) && !expired(o) && !stale(o);
    let here: Vec<&OptInFact> = of(c.communication, true).collect();
    let elsewhere = of(c.communication, false).any(granted);
    let subjects_good = c.subjects.iter().any(|s| of(*s, true).any(good));
    let third_party = here.iter().find_map(|o| o.supplied.clone());
    let unlicensed = third_party.as_ref().map(|found| &found.supplier).is_some_and(|s| {
        s.policy_url.is_none()
            || matches!(s.licence_from, Some(from) if from > NOW)
            || matches!(s.licence_until, Some(until) if until <= NOW)
    });
    let untold = third_party.as_ref().map(|found| (found.obtained_at, found.informed_at)).is_some_and(
        |(got, told)| {
            let told = told.map_or(i64::MIN, |at| at.as_micros());
            told < got.as_micros() && NOW.as_micros() - got.as_micros() > 30 * DAY
        },
    );
    let half_days = p.last_letter.map(|last| (NOW.as_micros() - last.as_micros()) / (DAY / 2));
    let too_soon = half_days.is_some_and(|passed| match p.choice.at_most {
        AtMost::Each => false,
        AtMost::Weekly => passed < 13,
        AtMost::Monthly => passed < 55,
    });
    [
        (Refusal::Erased, p.erased || has(Reason::Erasure)),
        (Refusal::Restricted, p.restricted),
        (Refusal::Under13, has(Reason::Under13)),
        (Refusal::SuppressedObjection, has(Reason::Objection)),
        (Refusal::SuppressedComplaint, has(Reason::Complaint)),
        (Refusal::BadAddress, has(Reason::HardBounce) || p.address.is_none()),
        (Refusal::OtherBrand, p.opt_ins.is_empty()),
        (Refusal::BasisExpired, here.iter().any(|o| granted(o) && expired(o))),
        (Refusal::NeedsRefresh, here.iter().any(|o| granted(o) && stale(o))),
        (Refusal::Withdrawn, here.iter().any(|o| o.state == State::Withdrawn)),
        (Refusal::TypeOff, here.is_empty() && !elsewhere),
        (Refusal::TopicOff, here.iter().any(|o| good(o)) && !c.subjects.is_empty() && !subjects_good),
        (Refusal::ChannelOff, here.is_empty() && elsewhere),
        (Refusal::PendingConfirmation, here.iter().any(|o| o.state == State::Pending)),
        (Refusal::SourceTerms, unlicensed),
        (Refusal::Art14Overdue, untold),
        (Refusal::Paused, matches!(p.choice.paused_until, Some(until) if until > NOW)),
        (Refusal::FrequencyCap, too_soon),
    ]
    .into_iter()
    .find_map(|(reason, holds)| holds.then_some(reason))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_gate_says_what_the_model_says(person in person(), campaign in campaign()) {
        match decide(&person, &campaign, NOW) {
            Ok(permit) => {
                prop_assert_eq!(model(&person, &campaign), None);
                prop_assert_eq!(Some(permit.recipient()), person.address.as_ref());
                prop_assert_eq!((permit.campaign(), permit.subscriber()), (5, 7));
            }
            Err(refusal) => prop_assert_eq!(model(&person, &campaign), Some(refusal)),
        }
    }
}

#[test]
fn the_cases_reach_every_reason_and_the_permit() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen: Vec<Option<Refusal>> = Vec::new();
    for _ in 0..20_000 {
        let (person, campaign) = (person(), campaign()).new_tree(&mut runner).unwrap().current();
        let outcome = decide(&person, &campaign, NOW).err();
        if !seen.contains(&outcome) {
            seen.push(outcome);
        }
    }
    let missing: Vec<_> = Refusal::ALL.iter().filter(|reason| !seen.contains(&Some(**reason))).collect();
    assert!(missing.is_empty() && seen.contains(&None), "never reached: {missing:?}");
}
