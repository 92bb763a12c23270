//! The second gate: its four rows for opens and for clicks, the anonymous mode, and the race with a withdrawal.

use diesel::prelude::*;

use super::*;
use crate::domain::catalog::Channel;
use crate::domain::consent::suppression::{self, Reason};

#[test]
fn row_1_who_was_never_asked_or_refused_is_not_recorded() {
    for kind in KINDS {
        let house = house();
        house.deliver(ANA, false);
        assert_eq!(house.store(&[request(ANA, kind)]), 0, "{kind}: never asked");
        assert_eq!(house.set_permission(ANA, kind, false, NOW), Change::Refused);
        assert_eq!(house.store(&[request(ANA, kind)]), 0, "{kind}: refused");
        assert!(house.is_untouched());
    }
}

#[test]
fn row_2_who_allows_it_and_did_at_send_is_recorded() {
    for kind in KINDS {
        let house = house();
        house.set_permission(ANA, kind, true, NOW);
        house.deliver(ANA, true);
        let again = Hit { at: later(30), ..request(ANA, kind) };
        assert_eq!(house.store(&[request(ANA, kind), again]), 2);
        assert_eq!(house.store(&[request(ANA, kind)]), 1);
        assert_eq!((house.counted(kind), house.first_at(ANA, kind)), ((0, 0), None), "not judged yet");
        house.settle();
        assert_eq!(house.counted(kind), (3, 1), "three requests of one person");
        assert_eq!(house.first_at(ANA, kind), Some(later(30)));
        assert_eq!(house.recorded(ANA), [(kind, kind == Kind::Clicks); 3]);
    }
}

#[test]
fn row_3_who_withdrew_after_the_letter_was_sent_is_not_recorded() {
    for kind in KINDS {
        let house = house();
        house.set_permission(ANA, kind, true, NOW);
        house.deliver(ANA, true);
        assert_eq!(house.set_permission(ANA, kind, false, later(1)), Change::Withdrawn);
        assert_eq!(house.store(&[request(ANA, kind)]), 0);
        assert!(house.is_untouched(), "{kind}: not even a counter");
    }
}

#[test]
fn row_3_who_was_erased_restricted_or_objected_is_not_recorded() {
    for kind in KINDS {
        let house = house();
        house.set_permission(ANA, kind, true, NOW);
        house.deliver(ANA, true);
        house.write(|conn| {
            diesel::update(subscriber::table.find(ANA))
                .set(subscriber::restricted_at.eq(NOW))
                .execute(conn)?;
            Ok(())
        });
        assert_eq!(house.store(&[request(ANA, kind)]), 0, "{kind}: restricted");
        house.write(|conn| {
            diesel::update(subscriber::table.find(ANA))
                .set((
                    subscriber::restricted_at.eq(None::<Moment>),
                    subscriber::erased_at.eq(NOW),
                    subscriber::email.eq(None::<String>),
                ))
                .execute(conn)?;
            Ok(())
        });
        assert_eq!(house.store(&[request(ANA, kind)]), 0, "{kind}: erased");
        house.write(|conn| {
            diesel::update(subscriber::table.find(ANA))
                .set(subscriber::erased_at.eq(None::<Moment>))
                .execute(conn)?;
            suppression::add(conn, &[ANA as u8; 32], Channel::Email, Some(BRAND), Reason::Objection, NOW)
        });
        assert_eq!(house.store(&[request(ANA, kind)]), 0, "{kind}: objected");
        assert!(house.is_untouched());
    }
}

#[test]
fn row_4_a_permission_given_later_does_not_reach_back() {
    for kind in KINDS {
        let house = house();
        house.deliver(ANA, false);
        house.set_permission(ANA, kind, true, later(1));
        assert_eq!(house.store(&[request(ANA, kind)]), 0, "{kind}: the letter went out without permission");

        house.set_permission(BEN, kind, true, NOW);
        house.deliver(BEN, true);
        house.set_permission(BEN, kind, false, later(1));
        house.set_permission(BEN, kind, true, later(2));
        assert_eq!(
            house.store(&[request(BEN, kind)]),
            0,
            "{kind}: that permission ended and this one is new"
        );
        assert!(house.is_untouched());
    }
}

#[test]
fn withdrawing_deletes_the_hits_of_that_kind_and_keeps_the_counters() {
    let house = house();
    for kind in KINDS {
        house.set_permission(ANA, kind, true, NOW);
    }
    house.deliver(ANA, true);
    assert_eq!(house.store(&[request(ANA, Kind::Opens), request(ANA, Kind::Clicks)]), 2);
    house.settle();

    house.set_permission(ANA, Kind::Opens, false, later(90));
    assert_eq!(house.recorded(ANA), [(Kind::Clicks, true)]);
    assert_eq!(house.first_at(ANA, Kind::Opens), None);
    assert!(house.first_at(ANA, Kind::Clicks).is_some());
    assert_eq!(house.counted(Kind::Opens), (1, 1));

    house.write(|conn| hit::forget_person(conn, ANA));
    assert_eq!(house.recorded(ANA), []);
    assert_eq!(house.first_at(ANA, Kind::Clicks), None);
    assert_eq!(house.counted(Kind::Clicks), (1, 1));
}

#[test]
fn one_brand_s_permission_is_not_another_s() {
    let house = house();
    house.deliver(ANA, true);
    house.write(|conn| {
        let statement = statement(conn, ANA, NOW)?;
        on_backend!(conn, |c| diesel::sql_query(
            "INSERT INTO brand (id, slug, name, legal_name, registered_address, contact_email, marketing_from, \
             service_from, base_url, policy_url, policy_version, consent_wording, anonymous_tracking, changed_at) \
             SELECT 2, 'other', name, legal_name, registered_address, contact_email, marketing_from, service_from, \
             base_url, policy_url, policy_version, consent_wording, anonymous_tracking, changed_at FROM brand"
        )
        .execute(c))?;
        permission::set(conn, &Statement { brand: 2, ..statement }, Kind::Opens, true)
    });
    assert_eq!(house.store(&[request(ANA, Kind::Opens)]), 0);
}

#[test]
fn the_anonymous_mode_counts_without_a_person_and_only_while_it_is_on() {
    let house = house();
    let shared: Vec<Hit> = KINDS.iter().map(|kind| request(0, *kind)).collect();
    assert_eq!(house.store(&shared), 0, "it is off by default");
    assert!(house.is_untouched());
    house.write(|conn| {
        diesel::update(brand::table.find(BRAND)).set(brand::anonymous_tracking.eq(true)).execute(conn)?;
        Ok(())
    });
    assert_eq!(house.store(&shared), 2);
    assert_eq!(house.tally(Kind::Opens), 1);
    assert_eq!(house.tally(Kind::Clicks), 1);
    assert_eq!(house.write(|conn| Ok(hit_table::table.count().get_result::<i64>(conn)?)), 0);

    house.deliver(ANA, false);
    assert_eq!(
        house.store(&[request(ANA, Kind::Opens)]),
        0,
        "a person without permission is still none of it"
    );
}

#[test]
fn a_full_batch_of_permitted_and_other_hits_is_sorted_out_at_once() {
    let house = house();
    house.set_permission(ANA, Kind::Opens, true, NOW);
    house.deliver(ANA, true);
    house.deliver(BEN, false);
    let unknown = Hit { campaign: 99, ..request(ANA, Kind::Opens) };
    let nobody = request(12_345, Kind::Opens);
    let mixed = [request(ANA, Kind::Opens), request(BEN, Kind::Opens), unknown, nobody];
    let batch: Vec<Hit> = mixed.iter().copied().cycle().take(4096).collect();
    assert_eq!(house.store(&batch), 1024);
    house.settle();
    assert_eq!(house.counted(Kind::Opens), (1024, 1));
    assert_eq!(house.store(&[]), 0);
}

#[test]
fn after_a_withdrawal_has_committed_no_hit_of_that_person_is_stored() {
    for _ in 0..20 {
        let house = house();
        house.set_permission(ANA, Kind::Opens, true, NOW);
        house.deliver(ANA, true);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        house.store(&[request(ANA, Kind::Opens); 10]);
                    }
                });
            }
            house.set_permission(ANA, Kind::Opens, false, later(1));
            assert_eq!(house.recorded(ANA), []);
        });
        assert_eq!(house.recorded(ANA), []);
        assert_eq!(house.first_at(ANA, Kind::Opens), None);
    }
}

#[test]
fn a_verdict_that_another_server_wrote_first_counts_once_and_one_on_what_was_withdrawn_counts_nothing() {
    let (options, tomorrow) = (Options::default(), later(24 * 60 * 60));
    let house = house();
    for person in [ANA, BEN] {
        house.set_permission(person, Kind::Opens, true, NOW);
        house.deliver(person, true);
        assert_eq!(house.store(&[request(person, Kind::Opens)]), 1);
    }
    let judged = house.db.read_here(|conn| settle::judge_due(conn, &options, tomorrow)).unwrap();
    assert_eq!(judged.len(), 2);
    house.set_permission(BEN, Kind::Opens, false, later(120));
    for _ in 0..2 {
        assert!(house.write(|conn| settle::write(conn, &options, &judged, tomorrow)));
        assert_eq!(house.counted(Kind::Opens), (1, 1));
    }
    assert_eq!(house.first_at(ANA, Kind::Opens), Some(later(60)));
    assert_eq!(house.first_at(BEN, Kind::Opens), None);
}
