//! Lanes: how fast a brand's confirmation mails may leave to one receiving domain, and to all whose form came without a
//! proof of work (SEC-06). Whoever is one too many waits; who would wait for more than a day is passed over in silence,
//! and may sign up again.
//!
//! Each lane is one row with the moment until which it is taken (the generic cell rate algorithm, ITU-T I.371), so it is
//! the same for all servers and survives a restart. A domain is kept only as a keyed hash.

use std::time::Duration;

use diesel::prelude::*;

use crate::clock::{DAY, HOUR, Moment};
use crate::db::DbConnection;
use crate::db::schema::mail_lane;
use crate::domain::intake::Options;
use crate::email_address::EmailAddress;
use crate::error::Result;
use crate::secret::hex;
use crate::token::Keys;

/// Mails of a brand to one receiving domain in an hour, at most.
const DOMAIN_HOURLY: u32 = 600;

/// Nobody waits longer.
const WAIT_MAX: Duration = DAY;

/// How fast a lane is: so many at once, and then one each so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    at_once: u32,
    every: Duration,
}

impl Pace {
    /// In no hour more than so many, half of them at once.
    fn hourly(most: u32) -> Self {
        let half = (most / 2).max(1);
        Self { at_once: half, every: HOUR / half }
    }

    /// When one more may go, and until when the lane is taken then; both from until when it is taken now.
    fn admit(self, taken_until: Moment, now: Moment) -> (Moment, Moment) {
        let taken_until = taken_until.max(now);
        let turn = taken_until.minus(self.every * (self.at_once - 1)).max(now);
        (turn, taken_until.plus(self.every))
    }
}

/// When a confirmation mail that was asked for at `received` may leave, and its place in each lane is taken then; none
/// if that would be too late in one of them, and no place is taken.
///
/// # Errors
/// Of the database.
pub fn turn(
    conn: &mut DbConnection,
    keys: &Keys,
    brand: i64,
    (email, is_proven): (&EmailAddress, bool),
    options: Options,
    received: Moment,
    now: Moment,
) -> Result<Option<Moment>> {
    let domain = format!("domain:{}", hex(&keys.address_hash("domain", email.domain())));
    let mut lanes = vec![(domain, Pace::hourly(DOMAIN_HOURLY))];
    let mut turn = now;
    if !is_proven {
        // First the narrow one: whoever it turns away does not even look at the wide one, which proven mails need too.
        lanes.insert(0, ("unproven".to_owned(), Pace::hourly(options.unproven_hourly)));
        turn = turn.max(received.plus(options.unproven_delay));
    }
    let mut places = Vec::with_capacity(lanes.len());
    for (lane, pace) in lanes {
        let (at, taken_until) = pace.admit(taken_until(conn, brand, &lane, now)?, now);
        if at > now.plus(WAIT_MAX) {
            return Ok(None);
        }
        turn = turn.max(at);
        places.push((lane, taken_until));
    }
    // A place is taken only where every lane has one.
    for (lane, taken_until) in places {
        diesel::update(mail_lane::table.find((brand, lane)))
            .set(mail_lane::taken_until.eq(taken_until))
            .execute(conn)?;
    }
    Ok(Some(turn))
}

/// Until when a lane is taken; it is held until the transaction ends.
fn taken_until(conn: &mut DbConnection, brand: i64, lane: &str, now: Moment) -> Result<Moment> {
    let row = (mail_lane::brand_id.eq(brand), mail_lane::lane.eq(lane), mail_lane::taken_until.eq(now));
    on_backend!(conn, |c| diesel::insert_into(mail_lane::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    let find = mail_lane::table.find((brand, lane)).select(mail_lane::taken_until);
    Ok(match conn {
        DbConnection::Sqlite(c) => find.first(c)?,
        DbConnection::Postgres(c) => find.for_update().first(c)?,
    })
}

/// Forgets lanes that are free.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, now: Moment) -> Result<()> {
    diesel::delete(mail_lane::table.filter(mail_lane::taken_until.lt(now))).execute(conn)?;
    Ok(())
}

/// Whether [`forget`] would find anything.
///
/// # Errors
/// Of the database.
pub fn any_to_forget(conn: &mut DbConnection, now: Moment) -> Result<bool> {
    let free = mail_lane::table.filter(mail_lane::taken_until.lt(now));
    Ok(diesel::select(diesel::dsl::exists(free)).get_result(conn)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_hour_has_more_than_it_may_and_nobody_is_overtaken(
            most in 1u32..50,
            gaps in prop::collection::vec(0u64..200, 1..200),
        ) {
            let pace = Pace::hourly(most);
            let (mut now, mut taken_until) = (Moment::from_micros(1_800_000_000_000_000), Moment::from_micros(0));
            let mut turns = Vec::new();
            for gap in gaps {
                now = now.plus(Duration::from_secs(gap));
                let (turn, next) = pace.admit(taken_until, now);
                prop_assert!(turn >= now);
                taken_until = next;
                turns.push(turn);
            }
            prop_assert!(turns.is_sorted());
            for (first, turn) in turns.iter().enumerate() {
                let in_the_hour = turns[first..].iter().take_while(|later| **later < turn.plus(HOUR)).count();
                prop_assert!(in_the_hour <= most.max(2) as usize, "{in_the_hour} of {most}");
            }
        }
    }

    #[test]
    fn a_lane_that_nobody_used_for_a_while_lets_half_an_hours_share_through_at_once() {
        let pace = Pace::hourly(10);
        let now = Moment::from_micros(1_800_000_000_000_000);
        let mut taken_until = Moment::from_micros(0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let (turn, next) = pace.admit(taken_until, now);
            waits.push((turn.as_micros() - now.as_micros()) / 60_000_000);
            taken_until = next;
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 12, 24]);
    }
}
