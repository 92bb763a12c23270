//! Time: the moment as the whole house keeps it, and the only place that asks the system for it.
//!
//! A [`Moment`] is a count of microseconds since 1970 UTC: exact, eight bytes, the same in both databases.
//! Everything below the doors takes `now` as an argument; tests hand in a clock that they advance.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diesel::backend::Backend;
use diesel::deserialize::FromSqlRow;
use diesel::deserialize::{self, FromSql};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use governor::clock::{Clock as _, MonotonicClock};
use governor::nanos::Nanos;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// A day of 24 hours.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Moment(i64);

impl Moment {
    /// The moment that many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment that much later.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }

    /// The moment that much earlier.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }

    /// The first microsecond of its hour, in UTC.
    pub fn start_of_hour(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(micros_of(HOUR))))
    }

    /// How many whole hours it is later than another moment; fewer than none if it is earlier.
    pub fn hours_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(micros_of(HOUR))
    }

    /// Reads an RFC 3339 timestamp, as in `2026-11-21T10:02:11Z`.
    pub fn parse(text: &str) -> Option<Self> {
        let stamp: jiff::Timestamp = text.parse().ok()?;
        Some(Self(stamp.as_microsecond()))
    }

    /// The calendar day in UTC, as a person reads it: `21 November 2026`.
    pub fn to_day(self) -> String {
        self.stamp().strftime("%-d %B %Y").to_string()
    }

    /// Year and month of the calendar in UTC.
    pub fn year_and_month(self) -> (i32, i32) {
        let (year, month, _) = self.date();
        (i32::from(year), i32::from(month))
    }

    /// Year, month and day of the calendar in UTC.
    pub fn date(self) -> (i16, i8, i8) {
        let date = self.stamp().to_zoned(jiff::tz::TimeZone::UTC).date();
        (date.year(), date.month(), date.day())
    }

    /// The time of day in UTC: `09:30`.
    pub fn time_of_day(self) -> String {
        self.stamp().strftime("%H:%M").to_string()
    }

    /// The moment at which the day of this one, by the calendar in UTC, has begun everywhere on earth: 12:00 UTC, which is
    /// midnight where it is latest.
    pub fn begun_everywhere(self) -> Self {
        Self::parse_day(&self.day_in_form()).map_or(self, |day| day.plus(HOUR * 12))
    }

    /// The beginning of a day of the calendar in UTC, from `2026-12-24`.
    pub fn parse_day(text: &str) -> Option<Self> {
        let day: jiff::civil::Date = text.parse().ok()?;
        let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(start.timestamp().as_microsecond()))
    }

    /// The day of the calendar in UTC as forms write it: `2026-12-24`.
    pub fn day_in_form(self) -> String {
        self.stamp().strftime("%Y-%m-%d").to_string()
    }

    /// The beginning of the same day so many months later; of the month's last day where there is no such day.
    pub fn months_later(self, months: u32) -> Self {
        let day = self.stamp().to_zoned(jiff::tz::TimeZone::UTC).date();
        let later = day.saturating_add(jiff::Span::new().months(i64::from(months.min(1200))));
        // Every moment we make lies within jiff's years; a foreign one stays where it is.
        Self::parse_day(&later.to_string()).unwrap_or(self)
    }

    /// The date and time of RFC 5322, section 3.3, in UTC.
    pub fn to_rfc5322(self) -> String {
        self.stamp().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }

    fn stamp(self) -> jiff::Timestamp {
        // Every moment we make lies within jiff's years -9999 to 9999; a foreign one is shown as the epoch.
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stamp().fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("expected an RFC 3339 timestamp such as 2026-11-21T10:00:00Z")
        })
    }
}

impl utoipa::PartialSchema for Moment {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, in UTC"))
            .into()
    }
}

impl utoipa::ToSchema for Moment {}

impl<DB> ToSql<BigInt, DB> for Moment
where
    DB: Backend,
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB> FromSql<BigInt, DB> for Moment
where
    DB: Backend,
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(bytes).map(Self)
    }
}

/// Where `now` comes from: the system, or a hand-moved clock in tests.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that stands still until it is advanced; clones share the time.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at `start`.
    pub fn fixed(start: Moment) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(start.0)))
    }

    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn now(&self) -> Moment {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Moment(micros_of(since))
            }
            Self::Fixed(micros) => Moment(micros.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock forward; the system's clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(micros) = self {
            micros.fetch_add(micros_of(by), Ordering::SeqCst);
        }
    }
}

/// The house's clock as `governor` reads it. The system's time of day can jump, so a real server counts by the
/// monotonic clock; a fixed clock moves the limits along with everything else.
#[derive(Debug, Clone)]
pub struct Ticks {
    clock: Clock,
    start: Instant,
}

impl Ticks {
    /// Ticks that follow this clock.
    pub fn of(clock: &Clock) -> Self {
        Self { clock: clock.clone(), start: MonotonicClock.now() }
    }
}

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        match &self.clock {
            Clock::System => Nanos::from(MonotonicClock.now().duration_since(self.start)),
            fixed @ Clock::Fixed(_) => {
                Nanos::new(u64::try_from(fixed.now().as_micros()).unwrap_or(0).saturating_mul(1000))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_and_writes_rfc_3339() {
        let moment = Moment::parse("2026-11-21T10:02:11Z").unwrap();
        assert_eq!(moment.to_string(), "2026-11-21T10:02:11Z");
        assert_eq!(moment.to_rfc5322(), "Sat, 21 Nov 2026 10:02:11 +0000");
        assert_eq!(moment.to_day(), "21 November 2026");
        assert_eq!(Moment::parse("yesterday"), None);
    }

    #[test]
    fn months_are_counted_by_the_calendar_and_days_begin_at_midnight() {
        let moment = Moment::parse("2027-01-31T23:59:59Z").unwrap();
        let day = |text: &str| Moment::parse(text).unwrap();
        assert_eq!(moment.months_later(1), day("2027-02-28T00:00:00Z"));
        assert_eq!(moment.months_later(6), day("2027-07-31T00:00:00Z"));
        assert_eq!(Moment::parse_day("2027-02-28"), Some(day("2027-02-28T00:00:00Z")));
        assert_eq!((moment.day_in_form(), moment.time_of_day()), ("2027-01-31".into(), "23:59".into()));
        assert_eq!((Moment::parse_day("2027-02-30"), Moment::parse_day("tomorrow")), (None, None));
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told_and_all_its_clones_agree() {
        let clock = Clock::fixed(Moment::from_micros(0));
        let other = clock.clone();
        clock.advance(Duration::from_secs(1));
        assert_eq!(other.now(), Moment::from_micros(1_000_000));
    }
}
