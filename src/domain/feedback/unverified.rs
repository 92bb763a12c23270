//! Reports that their sender's domain did not sign: kept so that somebody can look at them, and not acted on (B-06).
//!
//! Only what names a letter by a good token is kept, and once for each letter, so nobody can fill the table.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::unverified_report;
use crate::error::Result;
use crate::mail::dkim;

word_enum! {
    /// What a report says.
    #[schema(as = ReportKind)]
    pub enum Kind {
        /// Somebody called the letter unwanted.
        Complaint = "complaint",
        /// Somebody wants no more of it.
        OptOut = "opt_out",
    }
}

word_enum! {
    /// Why a report is not believed.
    #[schema(as = ReportDoubt)]
    pub enum Doubt {
        /// The domain in its `From` did not sign all of it.
        Unsigned = "unsigned",
        /// It was signed with a key that is not in DNS.
        NoKey = "no_key",
        /// Its signature does not fit: it was changed on the way, or forged.
        Broken = "broken",
        /// This server may not ask DNS, so no signature can be checked.
        NoDns = "no_dns",
    }
}

impl From<dkim::Doubt> for Doubt {
    fn from(doubt: dkim::Doubt) -> Self {
        match doubt {
            dkim::Doubt::Unsigned => Self::Unsigned,
            dkim::Doubt::NoKey => Self::NoKey,
            dkim::Doubt::Broken => Self::Broken,
            dkim::Doubt::NoDns => Self::NoDns,
        }
    }
}

/// A report as it was kept; of the person it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct UnverifiedReport {
    /// What it says.
    pub kind: Kind,
    /// Why it is not believed.
    pub doubt: Doubt,
    /// The domain that it says it is from.
    pub domain: Option<String>,
    /// When it came.
    pub at: Moment,
}

/// Keeps a report about the letter of a campaign to a person. Returns whether it is the first one about it.
///
/// # Errors
/// Of the database.
pub(super) fn keep(
    conn: &mut DbConnection,
    (campaign, person): (i64, i64),
    report: &UnverifiedReport,
) -> Result<bool> {
    let row = (
        unverified_report::campaign_id.eq(campaign),
        unverified_report::subscriber_id.eq(person),
        unverified_report::kind.eq(report.kind),
        unverified_report::doubt.eq(report.doubt),
        unverified_report::domain.eq(&report.domain),
        unverified_report::at.eq(report.at),
    );
    let kept = on_backend!(conn, |c| diesel::insert_into(unverified_report::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(kept > 0)
}

/// The newest reports about a campaign, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn of_campaign(conn: &mut DbConnection, campaign: i64, limit: i64) -> Result<Vec<UnverifiedReport>> {
    Ok(unverified_report::table
        .filter(unverified_report::campaign_id.eq(campaign))
        .order((unverified_report::at.desc(), unverified_report::subscriber_id))
        .limit(limit)
        .select((
            unverified_report::kind,
            unverified_report::doubt,
            unverified_report::domain,
            unverified_report::at,
        ))
        .load(conn)?)
}

/// Forgets what was kept about a person's letters.
///
/// # Errors
/// Of the database.
pub fn forget_person(conn: &mut DbConnection, person: i64) -> Result<()> {
    diesel::delete(unverified_report::table.filter(unverified_report::subscriber_id.eq(person)))
        .execute(conn)?;
    Ok(())
}
