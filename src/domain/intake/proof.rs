//! Proofs of work: a browser with scripts spends about a second on a sign-up, without its person, so that a program that
//! signs up thousands of addresses of others pays for each of them (SEC-06). Nobody is kept out: who posts without a proof
//! is taken too, hears the same, and only waits longer for their mail.
//!
//! A challenge is sealed and kept nowhere. It is solved by a number `n` for which SHA-256 of `CHALLENGE.n` begins with
//! [`BITS`] zero bits, and it is good once.

use std::time::Duration;

use diesel::prelude::*;

use crate::clock::{HOUR, Moment};
use crate::db::DbConnection;
use crate::db::schema::spent_challenge;
use crate::error::Result;
use crate::secret::{random_number, sha256};
use crate::token::{ChallengeLink, Keys};

/// How many zero bits a solution begins with: some 33,000 tries.
pub const BITS: u32 = 15;

/// How long a page may stay open before its challenge is good for nothing.
pub const VALID: Duration = HOUR.saturating_mul(4);

/// How far the clocks of several servers may be apart.
const SKEW: Duration = Duration::from_secs(60);

/// A challenge that was solved, and may have been spent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    number: i64,
    expires_at: Moment,
}

/// A fresh challenge for a form of this brand.
///
/// # Errors
/// If the system has no randomness to give.
pub fn challenge(keys: &Keys, brand: i64, now: Moment) -> Result<String> {
    Ok(keys.seal(&ChallengeLink { brand, made_at: now.as_micros(), number: random_number()? }))
}

/// The proof in what was posted; none if it is not one for this brand and this time.
pub fn check(keys: &Keys, brand: i64, challenge: &str, solution: &str, now: Moment) -> Option<Proof> {
    // First what costs least.
    let is_number = (1..=16).contains(&solution.len()) && solution.bytes().all(|b| b.is_ascii_digit());
    if !is_number || zeros(challenge, solution) < BITS {
        return None;
    }
    let link: ChallengeLink = keys.open(challenge)?;
    let made_at = Moment::from_micros(link.made_at);
    let expires_at = made_at.plus(VALID);
    let is_good = link.brand == brand && made_at <= now.plus(SKEW) && now < expires_at;
    is_good.then_some(Proof { number: link.number, expires_at })
}

/// With how many zero bits, at most 32, the hash of a solution begins.
fn zeros(challenge: &str, solution: &str) -> u32 {
    let hash = sha256(format!("{challenge}.{solution}").as_bytes());
    hash.first_chunk().map_or(0, |first| u32::from_be_bytes(*first).leading_zeros())
}

/// Spends a proof. Returns whether it was still good: of two that post the same, one is.
///
/// # Errors
/// Of the database.
pub fn spend(conn: &mut DbConnection, proof: Proof) -> Result<bool> {
    let row = (spent_challenge::number.eq(proof.number), spent_challenge::expires_at.eq(proof.expires_at));
    let spent = on_backend!(conn, |c| diesel::insert_into(spent_challenge::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(spent == 1)
}

/// Forgets what nobody could spend any more.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, now: Moment) -> Result<()> {
    diesel::delete(spent_challenge::table.filter(spent_challenge::expires_at.lt(now))).execute(conn)?;
    Ok(())
}

/// Whether [`forget`] would find anything.
///
/// # Errors
/// Of the database.
pub fn any_to_forget(conn: &mut DbConnection, now: Moment) -> Result<bool> {
    let late = spent_challenge::table.filter(spent_challenge::expires_at.lt(now));
    Ok(diesel::select(diesel::dsl::exists(late)).get_result(conn)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Moment = Moment::from_micros(1_800_000_000_000_000);

    fn keys() -> Keys {
        Keys::from_secrets("a secret of the tests and of nothing else").unwrap()
    }

    /// What the browser's script does.
    fn solve(challenge: &str) -> String {
        (0u32..).map(|n| n.to_string()).find(|n| zeros(challenge, n) >= BITS).unwrap()
    }

    #[test]
    fn a_solution_is_good_for_its_brand_and_its_time() {
        let keys = keys();
        let challenge = challenge(&keys, 7, NOW).unwrap();
        let solution = solve(&challenge);
        let at = |brand, now| check(&keys, brand, &challenge, &solution, now);
        assert!(at(7, NOW).is_some() && at(7, NOW.minus(SKEW)).is_some());
        assert_eq!(at(7, NOW), at(7, NOW.plus(VALID).minus(Duration::from_micros(1))));
        assert_eq!(at(8, NOW), None, "another brand's");
        assert_eq!(at(7, NOW.plus(VALID)), None, "too old");
        assert_eq!(at(7, NOW.minus(2 * SKEW)), None, "from the future");
        let others = Keys::from_secrets("another secret that is as long as it has to be").unwrap();
        assert_eq!(check(&others, 7, &challenge, &solution, NOW), None, "made up");
    }

    #[test]
    fn no_two_challenges_are_alike() {
        let (one, other) = (challenge(&keys(), 7, NOW).unwrap(), challenge(&keys(), 7, NOW).unwrap());
        assert_ne!(one, other);
        let solution = solve(&one);
        assert_eq!(check(&keys(), 7, &other, &solution, NOW).is_some(), zeros(&other, &solution) >= BITS);
    }

    proptest! {
        #[test]
        fn what_is_not_a_solution_is_no_proof_and_what_is_has_enough_zeros(
            brand in 1i64..1000,
            solution in "[0-9]{1,18}|.{0,20}",
            changed in any::<prop::sample::Index>(),
        ) {
            let keys = keys();
            let challenge = challenge(&keys, brand, NOW).unwrap();
            let good = check(&keys, brand, &challenge, &solution, NOW);
            let hash = sha256(format!("{challenge}.{solution}").as_bytes());
            let enough = hash[0] == 0 && hash[1] < 2;
            prop_assert!(good.is_none() || enough, "the rule said twice");
            // One letter changed: the seal does not open, whatever the hash is.
            let at = changed.index(challenge.len());
            let letter = if challenge.as_bytes()[at] == b'A' { "B" } else { "A" };
            let mut forged = challenge.clone();
            forged.replace_range(at..=at, letter);
            prop_assert!(keys.open::<ChallengeLink>(&forged).is_none());
        }
    }
}
